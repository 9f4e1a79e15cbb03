"""A small trained network over the features of single pixels: clear, cloud or shadow of a cloud."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from satdesk.errors import UsageError

__all__ = ["CLASSES", "CoverNetworks", "PixelNetwork"]

Floats = NDArray[np.floating]

CLASSES = ("clear", "cloud", "cloud_shadow")
"""What the networks tell apart, in the order of their answers."""

_STRIP_PX = 65_536
_REACH = 5.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PixelNetwork:
    """A perceptron with one hidden layer of rectified units and a softmax (Bishop 2006, ch. 5).

    Attributes:
        names: Of the features, in the order of the weights.
        mean: ``(feature,)``, subtracted first.
        spread: ``(feature,)``, divided by; what lies beyond five spreads counts as five.
        hidden: ``(feature + 1, unit)``, the last row added.
        outer: ``(unit + 1, class)``, likewise.

    Raises:
        UsageError: Shapes that do not fit together, or other than three classes.
    """

    names: tuple[str, ...]
    mean: NDArray[np.float32]
    spread: NDArray[np.float32]
    hidden: NDArray[np.float32]
    outer: NDArray[np.float32]

    def __post_init__(self) -> None:
        count, units = len(self.names), self.hidden.shape[-1]
        wanted = ((count,), (count,), (count + 1, units), (units + 1, len(CLASSES)))
        found = tuple(a.shape for a in (self.mean, self.spread, self.hidden, self.outer))
        if found != wanted:
            raise UsageError(
                "a network's arrays must fit together", found=str(found), expected=str(wanted)
            )

    def probabilities(self, features: Mapping[str, Floats]) -> NDArray[np.float32]:
        """``(class, y, x)`` in the order of `CLASSES`, for equally frequent classes.

        Args:
            features: ``(y, x)`` of every name.
        """
        planes = [features[name] for name in self.names]
        rows, cols = planes[0].shape
        answer = np.empty((len(CLASSES), rows, cols), np.float32)
        deep = max(_STRIP_PX // cols, 1)
        for top in range(0, rows, deep):
            part = np.stack([plane[top : top + deep] for plane in planes], axis=-1)
            answer[:, top : top + deep] = np.moveaxis(self._told(part.astype(np.float32)), -1, 0)
        return answer

    def _told(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        scaled = np.clip((values - self.mean) / self.spread, -_REACH, _REACH)
        units = np.maximum(scaled @ self.hidden[:-1] + self.hidden[-1], 0)
        sums = units @ self.outer[:-1] + self.outer[-1]
        grown = np.exp(sums - sums.max(axis=-1, keepdims=True))
        return np.asarray(grown / grown.sum(axis=-1, keepdims=True), np.float32)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CoverNetworks:
    """Two networks, the second of which sees what the first says around and along the sun's rays.

    Auto-context: Tu, Bai, *IEEE Trans. Pattern Anal. Mach. Intell.* 32, 2010.

    Attributes:
        first: Over what a place looks like, and what its caster and its shadow look like.
        second: Over the same and the first one's answers.
        source: What they were trained on.
    """

    first: PixelNetwork
    second: PixelNetwork
    source: str
