"""Half the resolution: what overviews are made of.

A pixel of the result is the mean of the pixels of its 2 × 2 square that are usable: not nodata, or
of an opacity above 0. Means of integers are rounded to the nearest, halves away from zero; means of
floats are formed in double precision. At an odd edge the square has what there is of it.

The commonest types are halved by ``satdesk._blocks``, pictures for eyes by ``satdesk._colours``,
written in C, where they could be built; numpy gives the same to the last bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

try:
    from satdesk import _blocks as _compiled
except ImportError:  # no compiler where satdesk was installed
    _compiled = None  # type: ignore[assignment]
try:
    from satdesk import _colours
except ImportError:
    _colours = None  # type: ignore[assignment]

__all__ = [
    "RESAMPLINGS",
    "dense_rows",
    "halved",
    "halved_by_numpy",
    "halved_colours",
    "halved_colours_by_numpy",
]

RESAMPLINGS = ("average", "nearest")
_COMPILED_TYPES = {"uint8": "B", "uint16": "H", "float32": "f"}
_ALL, _NODATA, _ALPHA = 0, 1, 2


def halved(
    pixels: NDArray[Any],
    *,
    nodata: float | None = None,
    alpha: bool = False,
    resampling: str = "average",
) -> NDArray[Any]:
    """`pixels` at half the resolution.

    Args:
        pixels: ``(y, x, plane)``, any real type.
        nodata: The number that is left out of means, in each plane for itself; where nothing else
            is there, the result is nodata.
        alpha: The last plane is opacity: where it is 0, a pixel is left out of the means of all
            planes, its own too; where nothing else is there, the result is 0.
        resampling: ``average``, or ``nearest`` (the upper left pixel of each square).

    Returns ``(ceil(y / 2), ceil(x / 2), plane)`` of the same type.
    """
    if resampling == "nearest":
        return np.ascontiguousarray(pixels[::2, ::2])
    kind = _COMPILED_TYPES.get(pixels.dtype.name)
    if _compiled is None or kind is None or not pixels.size or (alpha and kind == "f"):
        return halved_by_numpy(pixels, nodata=nodata, alpha=alpha)
    mode = _ALPHA if alpha else _NODATA if _occurs(nodata, pixels.dtype) else _ALL
    rows, cols, planes = pixels.shape
    out = np.empty(((rows + 1) // 2, (cols + 1) // 2, planes), pixels.dtype)
    _compiled.halve(dense_rows(pixels), out, kind, mode, nodata or 0.0, True)
    return out


def halved_colours(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A picture for eyes at half the resolution: edges become half opaque.

    Args:
        pixels: ``(y, x, 4)`` sRGB and opacity, not multiplied in; even in rows and columns.

    Returns:
        ``(y / 2, x / 2, 4)``: means of colours weighted by opacity, and of opacity, to the nearest,
        halves up; 0 in all planes where opacity rounds to 0.
    """
    if (pixels[..., 3] == 255).all():
        return halved(pixels)
    if _colours is None:
        return halved_colours_by_numpy(pixels)
    out = np.empty((pixels.shape[0] // 2, pixels.shape[1] // 2, 4), np.uint8)
    _colours.halve(np.ascontiguousarray(pixels), out)
    return out


def halved_colours_by_numpy(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The definition of `halved_colours`."""
    opacity = pixels[..., 3:].astype(np.uint32)
    weighted, total = _square_totals(opacity * pixels[..., :3]), _square_totals(opacity)
    colours = (2 * weighted + total) // np.maximum(2 * total, 1)
    half = np.concatenate([colours, (total + 2) // 4], axis=2).astype(np.uint8)
    half[half[..., 3] == 0] = 0
    return half


def _square_totals(values: NDArray[np.uint32]) -> NDArray[np.uint32]:
    upper, lower = values[0::2], values[1::2]
    return upper[:, 0::2] + upper[:, 1::2] + lower[:, 0::2] + lower[:, 1::2]


def dense_rows(pixels: NDArray[Any]) -> NDArray[Any]:
    """``(y, x, plane)`` with the samples of each row beside each other, as compiled code reads it.

    Rows may lie apart, as in a part of a larger array.
    """
    _, cols, planes = pixels.shape
    item = pixels.itemsize
    row, pixel, sample = pixels.strides
    dense = sample == item and pixel == item * planes and row >= item * planes * cols
    return pixels if dense else np.ascontiguousarray(pixels)


def halved_by_numpy(
    pixels: NDArray[Any], *, nodata: float | None = None, alpha: bool = False
) -> NDArray[Any]:
    """The definition of `halved` by means."""
    usable = _usable(pixels, nodata, alpha=alpha)
    if usable is None:
        return _rounded(_square_sums(pixels), _counts(pixels.shape[:2]), pixels.dtype)
    kept = np.where(usable, pixels, 0).astype(pixels.dtype, copy=False)
    counts = _square_sums(usable.astype(np.uint8))
    means = _rounded(_square_sums(kept), np.maximum(counts, 1), pixels.dtype)
    empty = 0 if nodata is None or alpha else nodata
    return np.where(counts > 0, means, empty).astype(pixels.dtype, copy=False)


def _usable(pixels: NDArray[Any], nodata: float | None, *, alpha: bool) -> NDArray[np.bool_] | None:
    if alpha:
        return np.asarray(pixels[..., -1:] > 0)
    if nodata is None or not _occurs(nodata, pixels.dtype):
        return None
    return np.asarray(~np.isnan(pixels) if np.isnan(nodata) else pixels != nodata)


def _occurs(nodata: float | None, dtype: np.dtype[Any]) -> bool:
    """Whether pixels of a type can be nodata at all."""
    if nodata is None:
        return False
    if dtype.kind == "f":
        return True
    limits = np.iinfo(dtype)
    return float(nodata).is_integer() and limits.min <= nodata <= limits.max


def _square_sums(pixels: NDArray[Any]) -> NDArray[Any]:
    """Sums over the squares: whole numbers for integers, doubles for floats, in one fixed order."""
    wide = np.float64 if pixels.dtype.kind == "f" else np.int64
    rows, cols, planes = pixels.shape
    even = np.zeros((rows + rows % 2, cols + cols % 2, planes), wide)
    even[:rows, :cols] = pixels
    upper = even[0::2, 0::2] + even[0::2, 1::2]
    return np.asarray(upper + (even[1::2, 0::2] + even[1::2, 1::2]))


def _counts(shape: tuple[int, ...]) -> NDArray[Any]:
    return _square_sums(np.ones((*shape, 1), np.uint8))


def _rounded(sums: NDArray[Any], counts: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    if dtype.kind == "f":
        return np.asarray(sums / counts, dtype)
    half_up = (2 * np.abs(sums) + counts) // (2 * counts)
    return np.asarray(np.where(sums < 0, -half_up, half_up), dtype)
