"""A small trained network over the codes of single pixels: clear, cloud or shadow of a cloud.

It counts in whole numbers: codes, weights and the units' answers are, and no sum of theirs reaches
2 to the power of 24, so a float32 holds each exactly. In whatever order a library adds, on whatever
processor, the answer is the same. The softmax is looked up.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from satdesk.errors import UsageError
from satdesk.radiometry.cover_features import MOST
from satdesk.radiometry.cover_look import Look, Said

__all__ = ["CLASSES", "MOST_ANSWER", "CoverNetworks", "PixelNetwork"]

Floats = NDArray[np.floating]

CLASSES = ("clear", "cloud", "cloud_shadow")
"""What the networks tell apart, in the order of their answers."""
MOST_ANSWER = 1023
"""The largest answer of a unit."""

_EXACT = 2**24
_STRIP_PX = 16_384
_STEPS = 64
_LEAST_LIKELY = 1e-4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PixelNetwork:
    """A perceptron with one hidden layer of rectified units and a softmax (Bishop 2006, ch. 5).

    Attributes:
        names: Of what is asked (`cover_look.asked_of`), in the order of the weights.
        hidden: ``(unit, name + 1)`` whole numbers, the last column added.
        halvings: How often the sums of a unit are halved before they are rounded to its answer.
        outer: ``(class, unit + 1)`` whole numbers, likewise.
        one: What stands for 1 in the sums of the classes: a power of 2.

    Raises:
        UsageError: Shapes that do not fit together, other than three classes, or weights so large
            that a sum might be rounded.
    """

    names: tuple[str, ...]
    hidden: NDArray[np.float32]
    halvings: int
    outer: NDArray[np.float32]
    one: int

    def __post_init__(self) -> None:
        count, units = len(self.names), self.hidden.shape[0]
        wanted = ((units, count + 1), (len(CLASSES), units + 1))
        if (self.hidden.shape, self.outer.shape) != wanted:
            raise UsageError(
                "a network's arrays must fit together",
                found=f"{self.hidden.shape}, {self.outer.shape}",
                expected=str(wanted),
            )
        most = max(_largest_sum(self.hidden, MOST), _largest_sum(self.outer, MOST_ANSWER))
        if not most < _EXACT or any((w != np.rint(w)).any() for w in (self.hidden, self.outer)):
            raise UsageError(
                "a network's weights must be whole numbers with exact sums",
                found=f"sums up to {most:g}",
                expected=f"below {_EXACT}",
            )

    def told(self, look: Look) -> Said:
        """What the network says of every place of a look, for equally frequent classes."""
        rows, cols = look.shape
        answers = [np.empty((rows, cols), np.uint8) for _ in CLASSES]
        deep = max(_STRIP_PX // cols, 1)
        for top in range(0, rows, deep):
            part = slice(top, min(top + deep, rows))
            for answer, said in zip(answers, self._strip(look, part), strict=True):
                answer[part] = said.reshape(-1, cols)
        return Said(likely=answers[0], cloud=answers[1], shadow=answers[2])

    def _strip(self, look: Look, part: slice) -> tuple[NDArray[np.uint8], ...]:
        count = (part.stop - part.start) * look.shape[1]
        asked = np.empty((len(self.names) + 1, count), np.float32)
        for row, name in zip(asked, self.names, strict=False):
            row[:] = look.asked(name, part).ravel()
        asked[-1] = 1
        return self.answers(asked)

    def answers(self, asked: NDArray[np.float32]) -> tuple[NDArray[np.uint8], ...]:
        """The likeliest class, and the likelihoods of cloud and of shadow as 255ths.

        Args:
            asked: ``(name + 1, place)`` codes, the last row 1.
        """
        units = np.ones((len(self.hidden) + 1, asked.shape[1]), np.float32)
        np.matmul(self.hidden, asked, out=units[:-1])
        units[:-1] *= np.float32(0.5**self.halvings)
        np.clip(np.rint(units, out=units), 0, MOST_ANSWER, out=units)
        units[-1] = 1
        sums = self.outer @ units
        below = (sums.max(axis=0) - sums) * np.float32(_STEPS / self.one)
        last = len(_softmax_table()) - 1
        grown = np.take(_softmax_table(), np.minimum(np.rint(below), last).astype(np.int32))
        shares = np.rint(grown * (np.float32(255) / (grown[0] + grown[1] + grown[2])))
        likely = sums.argmax(axis=0).astype(np.uint8)
        return likely, shares[1].astype(np.uint8), shares[2].astype(np.uint8)


@cache
def _softmax_table() -> NDArray[np.float32]:
    """65536ths of exp(-n / 64), down to what rounds to nothing beside 1."""
    count = math.ceil(-_STEPS * math.log(_LEAST_LIKELY))
    return np.array([round(65536 * math.exp(-n / _STEPS)) for n in range(count)] + [0], np.float32)


def _largest_sum(weights: NDArray[np.float32], most: int) -> float:
    sizes = np.abs(weights.astype(np.float64))
    return float((sizes[:, :-1].sum(axis=1) * most + sizes[:, -1]).max())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CoverNetworks:
    """Networks that are asked one after the other.

    Each but the first sees what the one before says around and along the sun's rays
    (auto-context: Tu, Bai, *IEEE Trans. Pattern Anal. Mach. Intell.* 32, 2010).

    Attributes:
        passes: The networks, two at least.
        source: What they were trained on.
    """

    passes: tuple[PixelNetwork, ...]
    source: str

    def __post_init__(self) -> None:
        if len(self.passes) < 2:
            raise UsageError("cover is told by two networks at least", found=str(len(self.passes)))
