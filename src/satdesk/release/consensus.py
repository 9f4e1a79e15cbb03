"""Whether matched points agree on one turn, one scale and one place: those of a true match do.

Turn and scale: H. Jégou, M. Douze, C. Schmid, ECCV 2008 ("weak geometric consistency"). The place
is needed too where something repeats within a picture: the letters of a mark and the lines of a
grid have one turn and one scale wherever they are found.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

__all__ = ["Matches", "consensus", "most_agreeing"]

_TURNS, _SIZES = 12, 12
_SIZE_STEP = 0.5
"""Powers of two a bin of scale spans."""
_PLACE_PX = 64.0
"""A cell of the place; turn and scale, known to some hundredths, blur it over half a piece."""


def consensus(query: NDArray[np.float32], reference: NDArray[np.float32]) -> int:
    """How many of matched points, ``(n, 2)`` shapes of each, agree on one turn and scale."""
    if not len(query):
        return 0
    sizes, turns = reference[:, 0] - query[:, 0], (reference[:, 1] - query[:, 1]) % 1
    return int(_voted(np.zeros(len(query), np.intp), 1, sizes, turns).max())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Matches:
    """Points of a query that resemble points of known pieces; one entry a pair.

    Attributes:
        number: ``(n,)`` of the piece, from 0.
        size: ``(n,)`` scale from query to piece, as a power of two.
        turn: ``(n,)`` likewise, in turns (0–1), clockwise as pictures are seen.
        here: ``(n, 2)`` col and row in the query, from the middle of it.
        there: ``(n, 2)`` col and row in the piece.
        weight: ``(n,)`` what the pair counts.
    """

    number: NDArray[np.intp]
    size: NDArray[np.float32]
    turn: NDArray[np.float32]
    here: NDArray[np.float32]
    there: NDArray[np.float32]
    weight: NDArray[np.float64]


def most_agreeing(matches: Matches, count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of each of `count` pieces the pairs, and their weight, that agree on turn, scale and place.

    The place is where the middle of the query would lie in the piece.
    """
    counts, weights = np.zeros(count), np.zeros(count)
    kept, scale, turn = _one_turn(matches, count)
    number, weight = matches.number[kept], matches.weight[kept]
    turned = scale[:, None] * _rotated(matches.here[kept], turn)
    middle = matches.there[kept] - turned
    for shift in product((0.0, 0.5), repeat=2):  # or a cluster could be cut by the edge of a cell
        cell = np.floor(middle / _PLACE_PX + shift).astype(np.int64)
        keys, inverse = np.unique(
            (number.astype(np.int64) << 40) + ((cell[:, 0] + 2**19) << 20) + cell[:, 1] + 2**19,
            return_inverse=True,
        )
        piece = keys >> 40
        np.maximum.at(counts, piece, np.bincount(inverse, minlength=len(keys)))
        np.maximum.at(weights, piece, np.bincount(inverse, weight, len(keys)))
    return counts, weights


def _one_turn(
    matches: Matches, count: int
) -> tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.float64]]:
    """Numbers of the pairs in the bins of turn and scale with the most weight of their piece.

    With them the piece's scale and turn (radians), means over those pairs.
    """
    number = matches.number
    table = _voted(number, count, matches.size, matches.turn, matches.weight)
    first, second = np.divmod(table.reshape(count, _TURNS * _SIZES).argmax(axis=1), _SIZES)
    turn, scale = _bins(matches.size, matches.turn)
    near = ((turn - first[number]) % _TURNS < 2) & ((scale - second[number]) // 2 == 0)
    kept = np.flatnonzero(near)
    at, weight, angle = number[kept], matches.weight[kept], 2 * np.pi * matches.turn[kept]
    total = np.maximum(np.bincount(at, weight, count), 1e-12)
    size = np.bincount(at, weight * matches.size[kept], count) / total
    along, across = (np.bincount(at, weight * f(angle), count) for f in (np.cos, np.sin))
    return kept, np.exp2(size)[at], np.arctan2(across, along)[at]


def _rotated(points: NDArray[np.float32], angle: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(n, 2)`` turned by `angle`, clockwise as pictures are seen (rows run down)."""
    x, y = points.T
    cos, sin = np.cos(angle), np.sin(angle)
    return np.stack([cos * x - sin * y, sin * x + cos * y], axis=1)


def _bins(
    sizes: NDArray[np.float32], turns: NDArray[np.float32]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    scale = np.clip(np.floor(sizes / _SIZE_STEP).astype(np.intp) + _SIZES // 2, 0, _SIZES - 1)
    return np.minimum((turns * _TURNS).astype(np.intp), _TURNS - 1), scale


def _voted(
    number: NDArray[np.intp],
    count: int,
    sizes: NDArray[np.float32],
    turns: NDArray[np.float32],
    weights: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """``(count, turns, scales)``: the votes in each bin of turn and scale and in those after it."""
    turn, scale = _bins(sizes, turns)
    bins = (number * _TURNS + turn) * _SIZES + scale
    table = np.bincount(bins, weights, count * _TURNS * _SIZES).reshape(count, _TURNS, _SIZES)
    pairs = table + np.roll(table, -1, axis=1)
    pairs[:, :, :-1] += pairs[:, :, 1:].copy()
    return np.asarray(pairs, np.float64)
