"""Values between pixels, with masks.

Positions count from the outer corner of the array's first pixel, whose centre is 0.5, 0.5.

**Which pixels are usable.** A result is usable exactly where the pixel that contains its position
lies inside the array and is usable: an image neither grows nor shrinks by resampling.

**What an unusable neighbour does.** It carries no weight. The bilinear weights of the others are
divided by their sum, which cannot fall below a quarter. A cubic kernel has negative weights, whose
remainder could nearly cancel and blow noise up, so where any of a cubic's neighbours is unusable
or outside, that one result is bilinear. Nothing else ever changes the kernel.

**Coarser output.** A kernel of the source's own width skips pixels when the output is coarser, and
what it skips comes back as aliasing. ``widen`` stretches the kernel to the output's pixel; whoever
makes a coarser image asks for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satdesk.core.sensor import FloatArray
from satdesk.errors import UsageError

__all__ = ["KERNELS", "bilinear_at", "reach_px", "sample"]

KERNELS = ("nearest", "bilinear", "cubic")
"""``nearest`` keeps the type of the values; the others give float32, of wide types float64."""

_CHUNK = 1 << 14
Mask = NDArray[np.bool_]


def sample(
    values: NDArray[Any],
    valid: Mask,
    col: FloatArray,
    row: FloatArray,
    kernel: str,
    widen: tuple[float, float] = (1.0, 1.0),
) -> tuple[NDArray[Any], Mask]:
    """Values at positions between pixels.

    Args:
        values: ``(band, y, x)``.
        valid: ``(y, x)``, True = usable. What stands in `values` elsewhere is never looked at.
        col: Positions from the outer corner of the array, any shape; NaN = nowhere.
        row: As `col`.
        kernel: One of `KERNELS`; ``cubic`` is Keys' with a = −0.5 (IEEE Trans. ASSP 29(6), 1981).
        widen: Source pixels that an output pixel spans in col and row; less than 1 counts as 1.

    Returns:
        Values ``(band, *shape)`` and their mask ``(*shape)``; values are 0 where it is False.

    Raises:
        UsageError: An unknown kernel.
    """
    if kernel not in KERNELS:
        raise UsageError("unknown kernel", found=repr(kernel), expected=", ".join(KERNELS))
    shape = np.broadcast(col, row).shape
    col, row = np.broadcast_to(col, shape).ravel(), np.broadcast_to(row, shape).ravel()
    out = np.zeros((values.shape[0], col.size), dtype=_result_type(values.dtype, kernel))
    good = np.zeros(col.size, dtype=np.bool_)
    source = _source(values, valid)
    for start in range(0, col.size, _CHUNK):
        piece = slice(start, start + _CHUNK)
        _sample_piece(source, (col[piece], row[piece]), (kernel, widen), out[:, piece], good[piece])
    return out.reshape(values.shape[0], *shape), good.reshape(shape)


def reach_px(kernel: str, widen: tuple[float, float] = (1.0, 1.0)) -> int:
    """Number of source pixels around a position that a kernel may look at, rounded up."""
    half = {"nearest": 0, "bilinear": 1, "cubic": 2}[kernel]
    return int(np.ceil(half * max(*widen, 1.0))) + 1


def bilinear_at(
    plane: NDArray[Any], col: FloatArray, row: FloatArray, *, wraps: bool = False
) -> FloatArray:
    """Bilinear interpolation between the cells' centres of one plane.

    Args:
        plane: ``(y, x)``, NaN = unknown.
        col: Positions from the outer corner of the plane.
        row: As `col`; a column of rows and a row of columns make a grid.
        wraps: True where the last column's neighbour is the first (a grid around the Earth).

    Returns:
        float64; NaN where one of the four cells is unknown and outside the outermost centres.
    """
    rows, cols = plane.shape
    x, y = np.asarray(col) - 0.5, np.asarray(row) - 0.5
    last_col = cols if wraps else cols - 1
    in_rows = (y >= 0) & (y <= rows - 1)
    in_cols = np.isfinite(x) if wraps else (x >= 0) & (x <= last_col)
    x, y = np.where(in_cols, x % cols if wraps else x, 0.0), np.where(in_rows, y, 0.0)
    left = np.minimum(x.astype(np.intp), max(last_col - 1, 0))
    top = np.minimum(y.astype(np.intp), max(rows - 2, 0))
    right = (left + 1) % cols
    bottom = np.minimum(top + 1, rows - 1)
    across, down = x - left, y - top
    if y.ndim == 2 and y.shape[1] == 1 and x.ndim == 1 and y.size:
        first = int(top.min())
        lines = plane[first : int(bottom.max()) + 1]
        lines = lines[:, left] * (1 - across) + lines[:, right] * across
        upper, lower = lines[top[:, 0] - first], lines[bottom[:, 0] - first]
    else:
        upper = plane[top, left] * (1 - across) + plane[top, right] * across
        lower = plane[bottom, left] * (1 - across) + plane[bottom, right] * across
    value: FloatArray = upper * (1 - down) + lower * down
    known = in_rows & in_cols
    return value if known.all() else np.where(known, value, np.nan)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """The array as the inner loop wants it: flat, unusable pixels zero."""

    planes: NDArray[Any]
    valid: Mask
    shape: tuple[int, int]
    complete: bool


def _source(values: NDArray[Any], valid: Mask) -> _Source:
    complete = bool(valid.all())
    planes = values if complete else np.where(valid, values, np.zeros((), values.dtype))
    rows, cols = valid.shape
    return _Source(
        planes=planes.reshape(values.shape[0], rows * cols),
        valid=valid.ravel(),
        shape=(rows, cols),
        complete=complete,
    )


def _sample_piece(
    source: _Source,
    position: tuple[FloatArray, FloatArray],
    how: tuple[str, tuple[float, float]],
    out: NDArray[Any],
    good: Mask,
) -> None:
    rows, cols = source.shape
    col, row = position
    inside = (col >= 0) & (col < cols) & (row >= 0) & (row < rows)
    at = np.flatnonzero(inside)
    at = at[source.valid[_flat(row[at].astype(np.intp), col[at].astype(np.intp), cols)]]
    good[at] = True
    if not at.size:
        return
    col, row = col[at], row[at]
    kernel, widen = how
    if kernel == "nearest":
        out[:, at] = source.planes[:, _flat(row.astype(np.intp), col.astype(np.intp), cols)]
        return
    if kernel == "bilinear":
        out[:, at] = _weighted(source, col, row, _triangle, widen)[0]
        return
    total, whole = _weighted(source, col, row, _keys, widen)
    out[:, at] = total
    if not whole.all():
        some = ~whole
        out[:, at[some]] = _weighted(source, col[some], row[some], _triangle, widen)[0]


def _weighted(
    source: _Source,
    col: FloatArray,
    row: FloatArray,
    shape: Callable[[FloatArray], FloatArray],
    widen: tuple[float, float],
) -> tuple[FloatArray, Mask]:
    """Weighted mean of the usable neighbours, and where all of them are usable."""
    rows, cols = source.shape
    first_c, weights_c = _taps(col, shape, widen[0])
    first_r, weights_r = _taps(row, shape, widen[1])
    if _undisturbed(source, (first_r, len(weights_r)), (first_c, len(weights_c))):
        return _plain_sum(source, (first_r, weights_r), (first_c, weights_c))
    total = np.zeros((source.planes.shape[0], col.size))
    weight_sum = np.zeros(col.size)
    whole = np.ones(col.size, dtype=np.bool_)
    for k, weight_r in enumerate(weights_r):
        for m, weight_c in enumerate(weights_c):
            r, c = first_r + k, first_c + m
            weight = weight_r * weight_c
            inside = (r >= 0) & (r < rows) & (c >= 0) & (c < cols)
            index = _flat(np.clip(r, 0, rows - 1), np.clip(c, 0, cols - 1), cols)
            usable = inside & source.valid[index]
            whole &= usable | (weight == 0)
            weight = np.where(usable, weight, 0.0)
            weight_sum += weight
            for band, plane in enumerate(source.planes):
                total[band] += weight * plane[index]
    # Where all are usable the weights already sum to one: dividing would only add rounding.
    return total / np.where(whole, 1.0, weight_sum), whole


def _undisturbed(
    source: _Source, down: tuple[NDArray[np.intp], int], across: tuple[NDArray[np.intp], int]
) -> bool:
    """True where no neighbour of any position is outside or unusable."""
    (first_r, count_r), (first_c, count_c) = down, across
    top, bottom = int(first_r.min()), int(first_r.max()) + count_r
    left, right = int(first_c.min()), int(first_c.max()) + count_c
    if top < 0 or left < 0 or bottom > source.shape[0] or right > source.shape[1]:
        return False
    box = source.valid.reshape(source.shape)[top:bottom, left:right]
    return source.complete or bool(box.all())


def _plain_sum(
    source: _Source,
    down: tuple[NDArray[np.intp], list[FloatArray]],
    across: tuple[NDArray[np.intp], list[FloatArray]],
) -> tuple[FloatArray, Mask]:
    """The same sum in the same order, to the same bits, without looking at masks."""
    (first_r, weights_r), (first_c, weights_c) = down, across
    cols = source.shape[1]
    first = _flat(first_r, first_c, cols)
    total = np.zeros((source.planes.shape[0], first.size))
    for k, weight_r in enumerate(weights_r):
        for m, weight_c in enumerate(weights_c):
            index, weight = first + (k * cols + m), weight_r * weight_c
            for band, plane in enumerate(source.planes):
                total[band] += weight * plane.take(index)
    return total, np.ones(first.size, dtype=np.bool_)


def _taps(
    position: FloatArray, shape: Callable[[FloatArray], FloatArray], widen: float
) -> tuple[NDArray[np.intp], list[FloatArray]]:
    """First neighbour along one axis, and the weights of it and those after it; they sum to one."""
    widen = max(widen, 1.0)
    half = (1.0 if shape is _triangle else 2.0) * widen
    first = np.floor(position - 0.5 - half).astype(np.intp) + 1
    count = int(np.ceil(2 * half))
    weights = [shape((first + k + 0.5 - position) / widen) for k in range(count)]
    if widen > 1.0:
        total = np.sum(weights, axis=0)
        weights = [weight / total for weight in weights]
    return first, weights


def _triangle(t: FloatArray) -> FloatArray:
    return np.maximum(1 - abs(t), 0.0)


def _keys(t: FloatArray) -> FloatArray:
    t = abs(t)
    near = 1 + t * t * (1.5 * t - 2.5)
    far = 2 + t * (-4 + t * (2.5 - 0.5 * t))
    value: FloatArray = np.where(t < 1, near, np.where(t < 2, far, 0.0))
    return value


def _flat(row: NDArray[np.intp], col: NDArray[np.intp], cols: int) -> NDArray[np.intp]:
    return row * cols + col


def _result_type(dtype: np.dtype[Any], kernel: str) -> np.dtype[Any]:
    if kernel == "nearest":
        return dtype
    return (
        np.result_type(dtype, np.float32)
        if dtype.itemsize <= 2
        else np.dtype(np.float32 if dtype == np.float32 else np.float64)
    )
