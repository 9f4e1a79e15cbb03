"""Whole numbers for reflectance and its logarithm: sums of them are exact in whatever order.

A processor may add in another order, fuse a product with a sum, or take a logarithm from another
table; each changes the last bit, and with it a pixel that stands on an edge. So what the networks
are asked is computed in steps that every IEEE 754 processor does alike: whole numbers small enough
that no sum is ever rounded, single operations that are rounded correctly, a logarithm looked up.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

__all__ = [
    "LOGARITHM",
    "REFLECTANCE",
    "bell",
    "fixed",
    "logarithms",
    "products",
    "rounded",
    "smoothed",
    "solution",
]

Ints = NDArray[np.int16]
Floats = NDArray[np.floating]

REFLECTANCE = 8192
"""Of one: a reflectance of 1, in whole numbers; four is the most that an int16 holds."""
LOGARITHM = 2048
"""Likewise of a natural logarithm."""

_LEAST = 0.004
_MOST = 32_767
_WEIGHT = 4096
_PIVOT = 1e-9


def fixed(plane: Floats, one: float = REFLECTANCE) -> Ints:
    """``(y, x)`` int16 of a plane; what is not a number becomes 0, what is too large the largest.

    Args:
        plane: Numbers.
        one: What becomes of 1.
    """
    return rounded(np.nan_to_num(plane * np.float32(one), nan=0.0, posinf=_MOST, neginf=-_MOST))


def rounded(plane: Floats) -> Ints:
    """The nearest whole numbers, to the even one half way, within ±32767."""
    return np.clip(np.rint(plane), -_MOST, _MOST).astype(np.int16)


def logarithms(plane: Ints) -> Ints:
    """Natural logarithms of reflectances (both fixed), of 0.004 at least."""
    return np.take(_table(), np.maximum(plane, 0))


@cache
def _table() -> Ints:
    steps = (math.log(max(n / REFLECTANCE, _LEAST)) for n in range(_MOST + 1))
    return np.array([round(LOGARITHM * step) for step in steps], np.int16)


@cache
def bell(sigma_px: float) -> tuple[int, ...]:
    """Weights of a Gaussian out to three standard deviations: whole numbers, 4096 at the top."""
    reach = math.ceil(3 * sigma_px)
    return tuple(
        round(_WEIGHT * math.exp(-0.5 * (n / sigma_px) ** 2)) for n in range(-reach, reach + 1)
    )


def smoothed(plane: NDArray[np.generic], sigma_px: float) -> NDArray[np.float64]:
    """Sums under `bell` along both axes, 0 beyond the edges: whole numbers, exact.

    Args:
        plane: ``(y, x)`` of whole numbers of at most 25 bits.
        sigma_px: Standard deviation, at most some 10.
    """
    weights = np.array(bell(sigma_px), np.float64)
    result = np.asarray(plane, np.float64)
    for axis in (0, 1):
        result = ndimage.correlate1d(result, weights, axis, mode="constant")
    return result


def products(values: NDArray[np.integer]) -> list[list[float]]:
    """Means of the products of ``(n, count)`` centred whole numbers: their covariance, exact sums.

    Every sum stays below 2 to the power of 53 for up to four million int16.
    """
    count = max(values.shape[1], 1)
    sums = [int(row.sum(dtype=np.int64)) for row in values]
    wide = values.astype(np.float64)
    raw = wide @ wide.T  # whole numbers: the same in every order
    return [
        [float(raw[i, j]) / count - (sums[i] / count) * (sums[j] / count) for j in range(len(sums))]
        for i in range(len(sums))
    ]


def solution(matrix: list[list[float]], right: list[float]) -> list[float]:
    """Of a few linear equations with a positive definite matrix, by elimination (no library's)."""
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    size = len(rows)
    for k in range(size):
        pivot = rows[k][k] if abs(rows[k][k]) > _PIVOT else _PIVOT
        for below in range(k + 1, size):
            factor = rows[below][k] / pivot
            rows[below] = [a - factor * b for a, b in zip(rows[below], rows[k], strict=True)]
    found = [0.0] * size
    for k in range(size - 1, -1, -1):
        rest = rows[k][size]
        for after in range(k + 1, size):
            rest -= rows[k][after] * found[after]
        found[k] = rest / (rows[k][k] if abs(rows[k][k]) > _PIVOT else _PIVOT)
    return found
