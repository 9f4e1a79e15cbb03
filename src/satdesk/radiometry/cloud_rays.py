"""Where a cloud's shadow falls, and which cloud shades a place, at one height of cloud.

Both are found on a thinned grid, since terrain bends the ways slowly, and interpolated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from satdesk.radiometry.cloud_shadows import Sighting, cloud_places, height_at

__all__ = ["Rays", "rays_at"]

Floats = NDArray[np.floating]
Bools = NDArray[np.bool_]
Places = tuple[NDArray[np.int32], Bools]
T = TypeVar("T", bound=np.generic)

_STEP = 4
_ROUNDS = 12
_STRIP_ROWS = 128


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

    def from_caster(self, plane: NDArray[T]) -> NDArray[T]:
        """``(y, x)`` of `plane` at the casters; 0 where the picture does not show them."""
        return _looked_up(plane, self.casters)

    def from_shadow(self, plane: NDArray[T]) -> NDArray[T]:
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
        ground = height_at(heights, low_row, low_col)
        low_row = (low_row + up_row - sun.row * (height_m - ground)) / 2
        low_col = (low_col + up_col - sun.col * (height_m - ground)) / 2
    return low_row, low_col


def _places(thin: tuple[Floats, Floats], above: Bools, imaged: Bools) -> Places:
    """Full-size nearest pixels of thinned places, and whether they are imaged; by strips."""
    rows, cols = imaged.shape
    row, col = np.indices(thin[0].shape, dtype=np.float32)
    pairs = zip(thin, (row, col), strict=True)
    ways = [_along_rows((place - at) * _STEP, cols) for place, at in pairs]
    index, known = np.empty((rows, cols), np.int32), np.empty((rows, cols), np.bool_)
    wide = np.repeat(above, _STEP, 1)[:, :cols]
    for top in range(0, rows, _STRIP_ROWS):
        at = np.arange(top, min(top + _STRIP_ROWS, rows))
        r, c = (np.rint(_at_rows(way, at)).astype(np.int32) for way in ways)
        r += at[:, None].astype(np.int32)
        c += np.arange(cols, dtype=np.int32)
        inside = (r >= 0) & (c >= 0) & (r < rows) & (c < cols) & wide[at // _STEP]
        index[at] = np.where(inside, r * np.int32(cols) + c, 0)
        known[at] = inside & np.take(imaged, index[at])
    return index, known


def _along_rows(plane: Floats, size: int) -> NDArray[np.float32]:
    """Bilinear between every `_STEP`-th column."""
    low, part = _between(np.arange(size), plane.shape[1])
    first = np.take(plane, low, 1)
    last = np.take(plane, np.minimum(low + 1, plane.shape[1] - 1), 1)
    return np.asarray(first + part * (last - first), np.float32)


def _at_rows(plane: Floats, at: NDArray[np.int64]) -> NDArray[np.float32]:
    """Bilinear between every `_STEP`-th row, at the rows `at`."""
    low, part = _between(at, plane.shape[0])
    first = plane[low]
    last = plane[np.minimum(low + 1, plane.shape[0] - 1)]
    return np.asarray(first + part[:, None] * (last - first), np.float32)


def _between(at: NDArray[np.int64], count: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    low = np.minimum(at // _STEP, max(count - 2, 0))
    return low, np.clip(at / _STEP - low, 0, 1).astype(np.float32)


def _looked_up(plane: NDArray[T], places: Places) -> NDArray[T]:
    index, known = places
    found: NDArray[T] = np.take(plane, index)
    found[~known] = 0
    return found
