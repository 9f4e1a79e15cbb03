"""Which ground lies in the shadow of relief."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from satdesk.core.slant import Slant

__all__ = ["shaded_by_relief"]

Floats = NDArray[np.floating]
Bools = NDArray[np.bool_]


def shaded_by_relief(heights: Floats, sun: Slant) -> Bools:
    """Where relief stands between the ground and the sun; the ground's own far side too.

    The heights are laid on lines that run away from the sun, a pixel apart. A place lies in
    shadow where some ``height + distance / slant`` nearer to the sun is higher than its own: one
    running maximum a line, however long the shadows. The Earth's curve (8 m in 10 km) is left out.

    Args:
        heights: ``(y, x)`` metres; NaN = unknown, which throws no shadow and lies in none.
        sun: The way to the sun in pixels of the grid.

    Returns:
        ``(y, x)``, True = in shadow. Relief outside the array throws none: give enough around;
        along its sunward edge a pixel may be wrong.
    """
    if sun.length == 0:
        return np.zeros(heights.shape, np.bool_)
    rows, cols = heights.shape
    known = np.isfinite(heights)
    filled = np.where(known, heights, -1e4).astype(np.float32)
    along, across = _axes((rows, cols))
    row, col = _on_lines((rows, cols), along, across, sun)
    # A rim of the same heights: between the edge and nothing there is no cliff.
    rimmed = np.pad(filled, 2, mode="edge")
    profile = map_coordinates(rimmed, [row + 2, col + 2], order=1, mode="constant", cval=-1e4)
    rise = (profile - along[:, None] / sun.length).astype(np.float64)
    # What stands on the line before a place, itself left out: no place shades itself.
    before = np.maximum.accumulate(rise, axis=0)
    depth = np.zeros_like(rise)
    depth[1:] = before[:-1] - rise[1:]
    here = _places((rows, cols), along, across, sun)
    return np.asarray((map_coordinates(depth, here, order=1, mode="nearest") > 0) & known)


def _axes(shape: tuple[int, int]) -> tuple[Floats, Floats]:
    """Pixels towards the sun, descending, and across, of lines over the whole array."""
    reach = math.hypot(*shape) / 2 + 3
    steps = np.arange(-math.ceil(reach), math.ceil(reach) + 1, dtype=np.float64)
    return steps[::-1].copy(), steps


def _on_lines(
    shape: tuple[int, int], along: Floats, across: Floats, sun: Slant
) -> tuple[Floats, Floats]:
    """Rows and columns of the places of the lines."""
    to_col, to_row = sun.col / sun.length, sun.row / sun.length
    middle = (shape[0] - 1) // 2, (shape[1] - 1) // 2
    row = middle[0] + along[:, None] * to_row + across[None, :] * to_col
    col = middle[1] + along[:, None] * to_col - across[None, :] * to_row
    return row, col


def _places(
    shape: tuple[int, int], along: Floats, across: Floats, sun: Slant
) -> tuple[Floats, Floats]:
    """Where each pixel lies in the arrays of the lines: the way back of `_on_lines`."""
    to_col, to_row = sun.col / sun.length, sun.row / sun.length
    row = np.arange(shape[0])[:, None] - (shape[0] - 1) // 2
    col = np.arange(shape[1])[None, :] - (shape[1] - 1) // 2
    towards, aside = row * to_row + col * to_col, row * to_col - col * to_row
    return along[0] - towards, aside - across[0]
