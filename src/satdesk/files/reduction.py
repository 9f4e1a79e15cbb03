"""Half the resolution: what overviews are made of.

A pixel of the result is the mean of the pixels of its 2 × 2 square that are usable: not nodata, or
of an opacity above 0. Means of integers are rounded to the nearest, halves away from zero; means of
floats are formed in double precision. At an odd edge the square has what there is of it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["RESAMPLINGS", "halved"]

RESAMPLINGS = ("average", "nearest")


def halved(
    values: NDArray[Any],
    *,
    nodata: float | None = None,
    alpha: bool = False,
    resampling: str = "average",
) -> NDArray[Any]:
    """`values` at half the resolution.

    Args:
        values: ``(plane, y, x)``, any real type.
        nodata: The number that is left out of means, in each plane for itself; where nothing else
        is
            there, the result is nodata.
        alpha: The last plane is opacity: where it is 0, a pixel is left out of the means of all
        planes,
            its own too; where nothing else is there, the result is 0.
        resampling: ``average``, or ``nearest`` (the upper left pixel of each square).

    Returns ``(plane, ceil(y / 2), ceil(x / 2))`` of the same type.
    """
    if resampling == "nearest":
        return np.ascontiguousarray(values[:, ::2, ::2])
    usable = _usable(values, nodata, alpha=alpha)
    if usable is None:
        return _rounded(_quarter_sums(values), _counts(values.shape[1:]), values.dtype)
    kept = np.where(usable, values, 0).astype(values.dtype, copy=False)
    counts = _quarter_sums(usable.astype(np.uint8))
    means = _rounded(_quarter_sums(kept), np.maximum(counts, 1), values.dtype)
    empty = 0 if nodata is None else nodata
    return np.where(counts > 0, means, empty).astype(values.dtype, copy=False)


def _usable(values: NDArray[Any], nodata: float | None, *, alpha: bool) -> NDArray[np.bool_] | None:
    if alpha:
        return np.asarray(values[-1:] > 0)
    if nodata is None:
        return None
    return np.asarray(~np.isnan(values) if np.isnan(nodata) else values != nodata)


def _quarter_sums(values: NDArray[Any]) -> NDArray[Any]:
    """Sums over the squares: whole numbers for integers, doubles for floats, in one fixed order."""
    wide = np.float64 if values.dtype.kind == "f" else np.int64
    rows, cols = values.shape[1:]
    even = np.zeros((values.shape[0], rows + rows % 2, cols + cols % 2), wide)
    even[:, :rows, :cols] = values
    upper = even[:, 0::2, 0::2] + even[:, 0::2, 1::2]
    return np.asarray(upper + (even[:, 1::2, 0::2] + even[:, 1::2, 1::2]))


def _counts(shape: tuple[int, ...]) -> NDArray[Any]:
    return _quarter_sums(np.ones((1, *shape), np.uint8))


def _rounded(sums: NDArray[Any], counts: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    if dtype.kind == "f":
        return np.asarray(sums / counts, dtype)
    half_up = (2 * np.abs(sums) + counts) // (2 * counts)
    return np.asarray(np.where(sums < 0, -half_up, half_up), dtype)
