"""The world's relief: real, coarse terrain with invented detail, as heights on a fine lattice.

The lattice, bilinear between its nodes, *is* the ground: pictures are taken of it, truth is read
from it and the DEM is written from it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

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
_STRIP, _HALO = 512, 12
_SHIPPED_LON, _SHIPPED_LAT = (45.27, 46.98), (39.52, 40.58)
"""What the shipped terrain covers, a little inside its edges."""

Drawn = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Relief:
    """Heights above the ellipsoid on nodes every `node_m` metres of the plane.

    Attributes:
        plane: Where the lattice lies.
        heights: ``(y, x)`` metres, rows from north to south.
        flow: ``(y, x)`` log₁₀ of the square metres that drain through, on a lattice of `cut_m`
            whose first node is that of the heights.
        west: x of the first column of nodes.
        north: y of the first row of nodes.
        node_m: Distance between nodes of the heights.
        cut_m: Distance between nodes of the drainage; a whole multiple of `node_m`.
        range_m: No lower and no higher than the ground is, anywhere in the world.
        steepest: No less than the greatest slope anywhere in the world, rise per metre.
    """

    plane: Plane
    heights: Floats
    flow: Floats
    west: float = -HALF_M
    north: float = HALF_M
    node_m: float = NODE_M
    cut_m: float = CUT_M
    range_m: tuple[float, float]
    steepest: float

    def height(self, lon: Floats, lat: Floats) -> Floats:
        """`core.sensor.Terrain`: bilinear between the nodes; NaN outside the world."""
        return self.at(*self.plane.from_lonlat(np.asarray(lon, float), np.asarray(lat, float)))

    def at(self, x: Floats, y: Floats) -> Floats:
        """As `height`, for metres of the plane."""
        return sample(self.heights, (x - self.west) / self.node_m, (self.north - y) / self.node_m)

    def part(self, west: float, south: float, east: float, north: float) -> Relief:
        """The same ground around a window only, with three nodes of the drainage to spare."""
        rows, cols = self.flow.shape
        left = _within((west - self.west) / self.cut_m - 3, cols - 2)
        right = _within((east - self.west) / self.cut_m + 4, cols - 1)
        top = _within((self.north - north) / self.cut_m - 3, rows - 2)
        bottom = _within((self.north - south) / self.cut_m + 4, rows - 1)
        right, bottom = max(right, left + 1), max(bottom, top + 1)
        k = round(self.cut_m / self.node_m)
        return replace(
            self,
            heights=self.heights[top * k : bottom * k + 1, left * k : right * k + 1],
            flow=self.flow[top : bottom + 1, left : right + 1],
            west=self.west + left * self.cut_m,
            north=self.north - top * self.cut_m,
        )

    def smooth(self, field: NDArray[np.floating], axes: tuple[Floats, Floats]) -> Drawn:
        """A field on the nodes, drawn smooth (cubic B-spline) on a finer window."""
        return _drawn(
            field, (self.north - axes[1]) / self.node_m, (axes[0] - self.west) / self.node_m
        )

    def flow_on(self, axes: tuple[Floats, Floats]) -> Drawn:
        """The drainage, drawn smooth on a finer window."""
        return _drawn(
            self.flow, (self.north - axes[1]) / self.cut_m, (axes[0] - self.west) / self.cut_m
        )

    @property
    def axes(self) -> tuple[Floats, Floats]:
        """The x of the nodes' columns, the y of their rows."""
        rows, cols = self.heights.shape
        across = self.node_m * np.arange(cols, dtype=float)
        return self.west + across, self.north - self.node_m * np.arange(rows, dtype=float)

    @property
    def slopes(self) -> tuple[Floats, Floats]:
        """Rise per metre towards east and towards north, on the nodes."""
        down, right = np.gradient(self.heights, self.node_m)
        return np.asarray(right), np.asarray(-down)


def _within(position: float, last: int) -> int:
    return int(np.clip(np.floor(position), 0, last))


def _drawn(field: NDArray[np.floating], row: Floats, col: Floats) -> Drawn:
    """A field at places between its nodes; only the nodes near them are touched."""
    top, left = (max(0, int(np.floor(at.min())) - 2) for at in (row, col))
    bottom, right = (int(np.floor(at.max())) + 4 for at in (row, col))
    near = field[top:bottom, left:right].astype(np.float32)
    wy = spline_rows(row - top, near.shape[0])
    wx = spline_rows(col - left, near.shape[1])
    return np.asarray((wx @ (wy @ near).T).T)


def sample(field: Floats, col: Floats, row: Floats) -> Floats:
    """Bilinear between the nodes of a field, whose first lies at 0, 0; NaN outside."""
    row, col = np.broadcast_arrays(row, col)
    found = map_coordinates(field, [row.ravel(), col.ravel()], order=1, cval=np.nan)
    return np.asarray(found.reshape(row.shape))


def make_relief(
    base: Terrain,
    plane: Plane,
    seed: int,
    landscape: Landscape = Landscape.MOUNTAIN,
    half_m: float = HALF_M,
) -> Relief:
    """Add detail to a coarse terrain: noise, valleys that water has cut into it, and more noise.

    Args:
        base: Coarse heights above the ellipsoid.
        plane: Centre of the world.
        seed: Another seed, other detail.
        landscape: How high the relief is, of the mountain's height.
        half_m: From the middle to the edges; made a multiple of 64 m. Wide worlds have wider nodes
            (16 m beyond 16 km) and coarser valleys (32 m beyond 8 km, 64 m beyond 16 km).
    """
    half_m = half_m if half_m == HALF_M else float(np.ceil(half_m / 64) * 64)
    node_m, cut_m = _lattices(half_m)
    coarse = _axes(half_m, cut_m)
    heights = _coarse(base, plane, coarse)
    for octave, wavelength in enumerate(_HILLS_M):
        if wavelength >= 3 * cut_m:
            heights = heights + 0.075 * wavelength * noise(coarse, wavelength, seed + octave)
    heights, drainage = eroded(heights, cut_m, _CUT_STRENGTH, _CUT_ROUNDS)
    flow = gaussian_filter(np.log10(drainage.area_m2.reshape(heights.shape)), 0.6)
    ground = _finer(gaussian_filter(heights, 0.9), coarse, node_m)
    ground = _grained(ground, _axes(half_m, node_m), seed, node_m, 3 * cut_m)
    mean = float(ground.mean())
    ground -= mean
    ground *= landscape.share
    ground += mean
    return Relief(
        plane=plane,
        heights=ground,
        flow=flow,
        west=-half_m,
        north=half_m,
        node_m=node_m,
        cut_m=cut_m,
        range_m=(float(ground.min()) - 20, float(ground.max()) + 20),
        steepest=_steepest(ground, node_m),
    )


def _lattices(half_m: float) -> tuple[float, float]:
    """Metres between nodes of heights and of drainage in a world so wide."""
    if half_m <= 8_000:
        return NODE_M, CUT_M
    return (NODE_M, 32.0) if half_m <= 16_000 else (16.0, 64.0)


def _finer(heights: Floats, axes: tuple[Floats, Floats], node_m: float) -> Floats:
    """Heights on closer nodes, by a cubic spline; written strip by strip."""
    step = abs(axes[1][1] - axes[1][0])
    rows = np.arange(len(axes[1]))
    spline = RectBivariateSpline(rows, rows, heights)
    at = np.arange((len(rows) - 1) * round(step / node_m) + 1) * (node_m / step)
    ground = np.empty((len(at), len(at)))
    for top in range(0, len(at), _STRIP):
        ground[top : top + _STRIP] = spline(at[top : top + _STRIP], at)
    return ground


def _grained(
    ground: Floats, axes: tuple[Floats, Floats], seed: int, node_m: float, below_m: float
) -> Floats:
    """Noise that is stronger where it is steep, strip by strip; octaves upon each other."""
    octaves = [(20 + i, w) for i, w in enumerate(_GRAIN_M)]
    # What is too fine for a coarse drainage has not been added before it.
    octaves = [(i, w) for i, w in enumerate(_HILLS_M) if w < below_m and w > 2 * node_m] + octaves
    for number, wavelength in octaves:
        if wavelength <= 2 * node_m:
            continue
        fresh = np.empty_like(ground)
        for top in range(0, len(ground), _STRIP):
            first = max(0, top - _HALO)
            near = ground[first : top + _STRIP + _HALO]
            down, right = np.gradient(near, node_m)
            steep = np.minimum(gaussian_filter(np.hypot(down, right), 2), 0.8)
            inner = slice(top - first, top - first + min(_STRIP, len(ground) - top))
            field = noise((axes[0], axes[1][top : top + _STRIP]), wavelength, seed + number)
            fresh[top : top + _STRIP] = (
                near[inner] + _ROUGHNESS * wavelength * (0.15 + steep[inner]) * field
            )
        ground = fresh
    return ground


def _steepest(ground: Floats, node_m: float) -> float:
    """The greatest slope of any bilinear piece, from its two sides."""
    right = np.abs(np.diff(ground, axis=1)).max()
    down = np.abs(np.diff(ground, axis=0)).max()
    return float(np.hypot(right, down) / node_m)


def _axes(half_m: float, step_m: float) -> tuple[Floats, Floats]:
    along = step_m * np.arange(round(2 * half_m / step_m) + 1, dtype=float)
    return along - half_m, half_m - along


def _coarse(base: Terrain, plane: Plane, axes: tuple[Floats, Floats]) -> Floats:
    """The base through a cubic spline over 30″ posts: bilinear facets would show in the light."""
    lon, _ = plane.to_lonlat(axes[0], np.zeros_like(axes[0]))
    _, lat = plane.to_lonlat(np.zeros_like(axes[1]), axes[1])
    post_lon, post_lat = _posts(lon), _posts(lat)
    # Beyond the shipped terrain it is mirrored: invented there, too.
    there = (_mirrored(post_lon, _SHIPPED_LON), _mirrored(post_lat, _SHIPPED_LAT))
    heights = base.height(*np.meshgrid(*there))
    spline = RectBivariateSpline(post_lat, post_lon, heights)
    return np.asarray(spline(lat[::-1], lon)[::-1])


def _mirrored(degrees: Floats, ends: tuple[float, float]) -> Floats:
    low, high = ends
    reflected = np.where(degrees < low, 2 * low - degrees, degrees)
    return np.asarray(np.where(reflected > high, 2 * high - reflected, reflected))


def _posts(degrees: Floats) -> Floats:
    low = np.floor(degrees.min() / _POST_DEG) - 4
    high = np.ceil(degrees.max() / _POST_DEG) + 4
    return (np.arange(low, high) + 0.5) * _POST_DEG
