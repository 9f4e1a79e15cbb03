"""The world's relief: real, coarse terrain with invented detail, as heights on a fine lattice.

The lattice, bilinear between its nodes, *is* the ground: pictures are taken of it, truth is read
from it and the DEM is written from it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RectBivariateSpline
from scipy.ndimage import gaussian_filter, map_coordinates

from satdesk.core.sensor import Terrain
from satdesk.simulate.erosion import eroded
from satdesk.simulate.landscape import Landscape
from satdesk.simulate.noise import noise, spline_rows
from satdesk.simulate.plane import Plane

__all__ = ["CUT_M", "HALF_M", "NODE_M", "Relief", "make_relief"]

Floats = NDArray[np.float64]

NODE_M = 8.0
HALF_M = 3520.0
_POST_DEG = 1 / 120
CUT_M = 16.0
_CUT_STRENGTH = 0.05
_CUT_ROUNDS = 12
_HILLS_M = (830.0, 410.0, 205.0, 98.0, 50.0)
_GRAIN_M = (61.0, 33.0, 17.0)
_ROUGHNESS = 0.06


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Relief:
    """Heights above the ellipsoid on nodes every `NODE_M` metres of the plane.

    Attributes:
        plane: Where the lattice lies.
        heights: ``(y, x)`` metres, rows from north to south.
        west: x of the first column of nodes.
        flow: ``(y, x)`` log₁₀ of the square metres that drain through, on a lattice of `CUT_M`.
        west: x of the first column of nodes.
        north: y of the first row of nodes.
    """

    plane: Plane
    heights: Floats
    flow: Floats
    west: float = -HALF_M
    north: float = HALF_M

    def height(self, lon: Floats, lat: Floats) -> Floats:
        """`core.sensor.Terrain`: bilinear between the nodes; NaN outside the world."""
        return self.at(*self.plane.from_lonlat(np.asarray(lon, float), np.asarray(lat, float)))

    def at(self, x: Floats, y: Floats) -> Floats:
        """As `height`, for metres of the plane."""
        return sample(self.heights, (x - self.west) / NODE_M, (self.north - y) / NODE_M)

    def smooth(
        self, field: NDArray[np.floating], axes: tuple[Floats, Floats]
    ) -> NDArray[np.float32]:
        """A field on the nodes, drawn smooth (cubic B-spline) on a finer window."""
        rows, cols = field.shape
        wy = spline_rows((self.north - axes[1]) / NODE_M, rows)
        wx = spline_rows((axes[0] - self.west) / NODE_M, cols)
        return np.asarray((wx @ (wy @ field.astype(np.float32)).T).T)

    def flow_on(self, axes: tuple[Floats, Floats]) -> NDArray[np.float32]:
        """The drainage, drawn smooth on a finer window."""
        rows, cols = self.flow.shape
        wy = spline_rows((self.north - axes[1]) / CUT_M, rows)
        wx = spline_rows((axes[0] - self.west) / CUT_M, cols)
        return np.asarray((wx @ (wy @ self.flow.astype(np.float32)).T).T)

    @property
    def axes(self) -> tuple[Floats, Floats]:
        """The x of the nodes' columns, the y of their rows."""
        rows, cols = self.heights.shape
        across, down = NODE_M * np.arange(cols, dtype=float), NODE_M * np.arange(rows, dtype=float)
        return self.west + across, self.north - down

    @property
    def slopes(self) -> tuple[Floats, Floats]:
        """Rise per metre towards east and towards north, on the nodes."""
        down, right = np.gradient(self.heights, NODE_M)
        return np.asarray(right), np.asarray(-down)


def sample(field: Floats, col: Floats, row: Floats) -> Floats:
    """Bilinear between the nodes of a field, whose first lies at 0, 0; NaN outside."""
    row, col = np.broadcast_arrays(row, col)
    found = map_coordinates(field, [row.ravel(), col.ravel()], order=1, cval=np.nan)
    return np.asarray(found.reshape(row.shape))


def make_relief(
    base: Terrain, plane: Plane, seed: int, landscape: Landscape = Landscape.MOUNTAIN
) -> Relief:
    """Add detail to a coarse terrain: noise, valleys that water has cut into it, and more noise.

    Args:
        base: Coarse heights above the ellipsoid.
        plane: Centre of the world.
        seed: Another seed, other detail.
        landscape: How high the relief is, of the mountain's height.
    """
    coarse = _axes(CUT_M)
    heights = _coarse(base, plane, coarse)
    for octave, wavelength in enumerate(_HILLS_M):
        heights = heights + 0.075 * wavelength * noise(coarse, wavelength, seed + octave)
    heights, drainage = eroded(heights, CUT_M, _CUT_STRENGTH, _CUT_ROUNDS)
    heights = gaussian_filter(heights, 0.9)
    fine = _axes(NODE_M)
    rows = np.arange(len(coarse[1]))
    ground = RectBivariateSpline(rows, rows, heights)
    at = np.arange(len(fine[1])) * (NODE_M / CUT_M)
    ground = ground(at, at)
    for octave, wavelength in enumerate(_GRAIN_M):
        down, right = np.gradient(ground, NODE_M)
        steep = np.minimum(gaussian_filter(np.hypot(down, right), 2), 0.8)
        field = noise(fine, wavelength, seed + 20 + octave)
        ground = ground + _ROUGHNESS * wavelength * (0.15 + steep) * field
    flow = gaussian_filter(np.log10(drainage.area_m2.reshape(heights.shape)), 0.6)
    mean = float(ground.mean())
    flattened = mean + landscape.share * (ground - mean)
    return Relief(plane=plane, heights=np.asarray(flattened, np.float64), flow=flow)


def _axes(step_m: float) -> tuple[Floats, Floats]:
    along = step_m * np.arange(round(2 * HALF_M / step_m) + 1, dtype=float)
    return along - HALF_M, HALF_M - along


def _coarse(base: Terrain, plane: Plane, axes: tuple[Floats, Floats]) -> Floats:
    """The base through a cubic spline over 30″ posts: bilinear facets would show in the light."""
    lon, _ = plane.to_lonlat(axes[0], np.zeros_like(axes[0]))
    _, lat = plane.to_lonlat(np.zeros_like(axes[1]), axes[1])
    post_lon = _posts(lon)
    post_lat = _posts(lat)
    heights = base.height(*np.meshgrid(post_lon, post_lat))
    spline = RectBivariateSpline(post_lat, post_lon, heights)
    return np.asarray(spline(lat[::-1], lon)[::-1])


def _posts(degrees: Floats) -> Floats:
    low = np.floor(degrees.min() / _POST_DEG) - 4
    high = np.ceil(degrees.max() / _POST_DEG) + 4
    return (np.arange(low, high) + 0.5) * _POST_DEG
