"""The pixels of a block as a TIFF wants them before they are compressed.

Planes become pixels (interleaved), an incomplete block is filled up by repeating its last column
and row, which costs the codec next to nothing, and a predictor stores each sample as its difference
from
its left neighbour: TIFF 6.0 section 14 (predictor 2) for integers, TIFF Technical Note 3 (predictor
3) for floating point.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["filled", "predicted"]


def filled(values: NDArray[Any], size: int) -> NDArray[Any]:
    """``(plane, y, x)`` filled up to `size` pixels a side by repeating the last column and row."""
    _, rows, cols = values.shape
    if (rows, cols) == (size, size):
        return np.ascontiguousarray(values)
    return np.pad(values, ((0, 0), (0, size - rows), (0, size - cols)), mode="edge")


def predicted(values: NDArray[Any], size: int, *, differences: bool = True) -> NDArray[np.uint8]:
    """The bytes of a block, not yet compressed.

    Args:
        values: ``(plane, y, x)``, integers or floats, at most `size` pixels a side.
        size: Edge of the block in pixels.
        differences: Apply the predictor; without it the samples are only interleaved.

    Returns bytes in the order of the file: row by row, little-endian samples of a pixel together
    (or, for floats with predictor 3, a row's bytes of equal significance together, the highest
    first).
    """
    whole = filled(values, size).transpose(1, 2, 0)
    pixels = np.ascontiguousarray(whole, dtype=whole.dtype.newbyteorder("<"))
    if not differences:
        return pixels.reshape(-1).view(np.uint8)
    return _float_differences(pixels) if pixels.dtype.kind == "f" else _differences(pixels)


def _differences(pixels: NDArray[Any]) -> NDArray[np.uint8]:
    whole = pixels.view(f"<u{pixels.dtype.itemsize}")
    out = whole.copy()
    out[:, 1:] -= whole[:, :-1]  # modulo 2^bits, as the reader's sum is
    return out.reshape(-1).view(np.uint8)


def _float_differences(pixels: NDArray[Any]) -> NDArray[np.uint8]:
    rows, cols, planes = pixels.shape
    samples = pixels.view(np.uint8).reshape(rows, cols * planes, pixels.dtype.itemsize)
    ranked = samples[:, :, ::-1].transpose(0, 2, 1).reshape(rows, -1)
    out = ranked.copy()
    out[:, planes:] -= ranked[:, :-planes]
    return out.reshape(-1)
