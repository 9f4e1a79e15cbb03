"""Where a cloud's shadow falls, and which cloud shades a place, at one height of cloud.

Both are found on a thinned grid, since terrain bends the ways slowly, and interpolated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from satdesk.radiometry.cloud_shadows import Sighting, cloud_places

__all__ = ["Rays", "rays_at"]

Floats = NDArray[np.floating]
Bools = NDArray[np.bool_]
Places = tuple[NDArray[np.int32], Bools]

_STEP = 4
_ROUNDS = 12


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rays:
    """Ways of the sun's light past clouds at one height, as pixels of a picture.

    Attributes:
        casters: For each place on the ground ``(y, x)`` the number of the pixel, counted along
            rows, at which the picture shows what hangs towards the sun, and whether it shows
            anything there.
        shadows: For each pixel likewise, where the shadow of what hangs over it would fall.
    """

    casters: Places
    shadows: Places

    def from_caster(self, plane: Floats) -> Floats:
        """``(y, x)`` of `plane` at the casters; 0 where the picture does not show them."""
        return _looked_up(plane, self.casters)

    def from_shadow(self, plane: Floats) -> Floats:
        """``(y, x)`` of `plane` at the shadows; 0 where the picture does not show them."""
        return _looked_up(plane, self.shadows)


def rays_at(sighting: Sighting, imaged: Bools, height_m: float) -> Rays:
    """The ways past clouds at `height_m`, on the scale of the ground's heights.

    Args:
        sighting: Ground, sun and view.
        imaged: ``(y, x)``, True = the picture shows something.
        height_m: Of the clouds.
    """
    thin = sighting.thinned(_STEP)
    above = thin.heights < height_m
    return Rays(
        casters=_places(cloud_places(thin, height_m), above, imaged),
        shadows=_places(_shadow_places(thin, height_m), above, imaged),
    )


def _shadow_places(sighting: Sighting, height_m: float) -> tuple[Floats, Floats]:
    """Row and column of the shadow of what each pixel shows at the clouds' height."""
    heights, sun, view = sighting.heights, sighting.sun, sighting.view
    rise = height_m - heights
    row, col = np.indices(heights.shape, dtype=np.float32)
    up_row, up_col = row + view.row * rise, col + view.col * rise
    low_row, low_col = up_row - sun.row * rise, up_col - sun.col * rise
    for _ in range(_ROUNDS):  # half of each step: steep ground would make it swing
        ground = ndimage.map_coordinates(heights, [low_row, low_col], order=1, mode="nearest")
        low_row = (low_row + up_row - sun.row * (height_m - ground)) / 2
        low_col = (low_col + up_col - sun.col * (height_m - ground)) / 2
    return low_row, low_col


def _places(thin: tuple[Floats, Floats], above: Bools, imaged: Bools) -> Places:
    """Full-size nearest pixels of thinned places, and whether they are imaged."""
    rows, cols = imaged.shape
    row, col = np.indices(thin[0].shape, dtype=np.float32)
    at_row = _expanded((thin[0] - row) * _STEP, imaged.shape)
    at_col = _expanded((thin[1] - col) * _STEP, imaged.shape)
    at_row += np.arange(rows, dtype=np.float32)[:, None]
    at_col += np.arange(cols, dtype=np.float32)
    r, c = np.rint(at_row).astype(np.int32), np.rint(at_col).astype(np.int32)
    inside = (r >= 0) & (c >= 0) & (r < rows) & (c < cols)
    inside &= np.repeat(np.repeat(above, _STEP, 0), _STEP, 1)[:rows, :cols]
    r, c = np.clip(r, 0, rows - 1), np.clip(c, 0, cols - 1)
    index = r * np.int32(cols) + c
    return index, np.asarray(inside & np.take(imaged, index))


def _expanded(plane: Floats, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Bilinear between every `_STEP`-th row and column."""
    result = np.asarray(plane, np.float32)
    for axis, size in enumerate(shape):
        at = np.arange(size, dtype=np.float32) / _STEP
        last = result.shape[axis] - 1
        low = np.minimum(at.astype(np.int64), max(last - 1, 0))
        part = np.clip(at - low, 0, 1).reshape((-1, 1) if axis == 0 else (1, -1))
        first = np.take(result, low, axis)
        result = first + part * (np.take(result, np.minimum(low + 1, last), axis) - first)
    return np.asarray(result, np.float32)


def _looked_up(plane: Floats, places: Places) -> Floats:
    index, known = places
    return np.where(known, np.take(plane, index), plane.dtype.type(0))
