"""The pixels of a block as a TIFF wants them before they are compressed.

An incomplete block is filled up by repeating its last column
and row, which costs the codec next to nothing, and a predictor stores each sample as its difference
from
its left neighbour: TIFF 6.0 section 14 (predictor 2) for integers, TIFF Technical Note 3 (predictor
3) for floating point.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from satdesk.files.reduction import dense_rows

try:
    from satdesk import _blocks as _compiled
except ImportError:  # no compiler where satdesk was installed
    _compiled = None  # type: ignore[assignment]

__all__ = ["filled", "predicted", "predicted_by_numpy"]


def filled(pixels: NDArray[Any], size: int) -> NDArray[Any]:
    """``(y, x, plane)`` filled up to `size` pixels a side by repeating the last column and row."""
    rows, cols, _ = pixels.shape
    if (rows, cols) == (size, size):
        return np.ascontiguousarray(pixels)
    return np.pad(pixels, ((0, size - rows), (0, size - cols), (0, 0)), mode="edge")


def predicted(pixels: NDArray[Any], size: int, *, differences: bool = True) -> NDArray[np.uint8]:
    """The bytes of a block, not yet compressed.

    Args:
        pixels: ``(y, x, plane)``, integers or floats, at most `size` pixels a side.
        size: Edge of the block in pixels.
        differences: Apply the predictor; without it the block is only filled up.

    Returns bytes in the order of the file: row by row, little-endian samples of a pixel together
    (or, for floats with predictor 3, a row's bytes of equal significance together, the highest
    first).

    Integers are done by ``satdesk._blocks``, written in C, where it could be built.
    """
    little = pixels.dtype.newbyteorder("=") == pixels.dtype.newbyteorder("<")
    plain = little and pixels.dtype.isnative and pixels.dtype.kind in "ui"
    if _compiled is None or not differences or not plain or pixels.dtype.itemsize == 8:
        return predicted_by_numpy(pixels, size, differences=differences)
    out = np.empty((size, size, pixels.shape[2]), pixels.dtype)
    _compiled.predict(dense_rows(pixels), out, size)
    return out.reshape(-1).view(np.uint8)


def predicted_by_numpy(
    pixels: NDArray[Any], size: int, *, differences: bool = True
) -> NDArray[np.uint8]:
    """The definition of `predicted`."""
    whole = filled(pixels, size)
    block = whole.astype(whole.dtype.newbyteorder("<"), copy=False).reshape(size, -1)
    if not differences:
        return block.reshape(-1).view(np.uint8)
    planes = pixels.shape[2]
    if block.dtype.kind == "f":
        return _differences(_by_significance(block), planes)
    return _differences(block.view(f"<u{block.dtype.itemsize}"), planes)


def _differences(rows: NDArray[Any], step: int) -> NDArray[np.uint8]:
    """Each sample less the one `step` before it in its row, modulo 2^bits."""
    out = np.empty_like(rows)
    out[:, :step] = rows[:, :step]
    np.subtract(rows[:, step:], rows[:, :-step], out=out[:, step:])
    return out.reshape(-1).view(np.uint8)


def _by_significance(rows: NDArray[Any]) -> NDArray[np.uint8]:
    samples = rows.view(np.uint8).reshape(len(rows), -1, rows.dtype.itemsize)
    return np.ascontiguousarray(samples[:, :, ::-1].transpose(0, 2, 1)).reshape(len(rows), -1)
