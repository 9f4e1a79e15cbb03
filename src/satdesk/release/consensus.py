"""Whether matched points agree on one turn and one scale: those of a true match do.

H. Jégou, M. Douze, C. Schmid, ECCV 2008 ("weak geometric consistency").
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["agreeing", "consensus"]

_TURNS, _SIZES = 12, 12
_SIZE_STEP = 0.5
"""Powers of two a bin of scale spans."""


def consensus(query: NDArray[np.float32], reference: NDArray[np.float32]) -> int:
    """How many of matched points, ``(n, 2)`` shapes of each, agree on one turn and scale."""
    if not len(query):
        return 0
    sizes, turns = reference[:, 0] - query[:, 0], (reference[:, 1] - query[:, 1]) % 1
    return int(agreeing(np.zeros(len(query), np.intp), 1, sizes, turns)[0])


def agreeing(
    number: NDArray[np.intp],
    count: int,
    sizes: NDArray[np.float32],
    turns: NDArray[np.float32],
    weights: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """For each of `count` pieces the most votes in two neighbouring bins of turn and of scale."""
    scale = np.clip(np.floor(sizes / _SIZE_STEP).astype(np.intp) + _SIZES // 2, 0, _SIZES - 1)
    turn = np.minimum((turns * _TURNS).astype(np.intp), _TURNS - 1)
    bins = (number * _TURNS + turn) * _SIZES + scale
    table = np.bincount(bins, weights, count * _TURNS * _SIZES).reshape(count, _TURNS, _SIZES)
    pairs = table + np.roll(table, -1, axis=1)
    pairs[:, :, :-1] += pairs[:, :, 1:].copy()
    return np.asarray(pairs.max(axis=(1, 2)), np.float64)
