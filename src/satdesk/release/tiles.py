"""A pyramid of web map tiles: which zooms there are, and which tiles exist.

The tiles follow the common XYZ scheme in EPSG:3857 (row 0 at the top) with 512 pixels a side, so a
tile of zoom ``z`` is as sharp as a 256-pixel tile of zoom ``z + 1``. A tile without a single usable
pixel is not written (`satdesk.release.tile_files`): `TileIndex` tells which ones exist, so that a
page never asks for one that is not there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import groupby

from affine import Affine
from odc.geo.geobox import GeoBox

from satdesk.errors import DisjointInputError, UsageError
from satdesk.geometry.frames import lonlat_bounds

__all__ = [
    "TILE",
    "Pyramid",
    "TileIndex",
    "TileRow",
    "plan_pyramid",
    "tile_grid",
]

TILE = 512
"""Pixels a side."""

_RADIUS = 6_378_137.0
_HALF_WORLD = math.pi * _RADIUS
"""Half of the equator's length on EPSG:3857's sphere, metres."""

_MERCATOR_LIMIT_DEG = 85.0
_LAST_ZOOM = 22


@dataclass(frozen=True, slots=True, kw_only=True)
class Pyramid:
    """Which zooms cover which rectangle.

    Attributes:
        bounds: West, south, east, north in EPSG:3857 metres.
        first: The zoom at which the rectangle fits into half a tile.
        last: The zoom whose pixels are about those of the picture.
    """

    bounds: tuple[float, float, float, float]
    first: int
    last: int

    @property
    def zooms(self) -> range:
        """From the coarsest to the finest."""
        return range(self.first, self.last + 1)

    def extent_px(self, zoom: int) -> float:
        """The longer side of the rectangle in pixels of a zoom."""
        west, south, east, north = self.bounds
        return max(east - west, north - south) * (TILE << zoom) / (2 * _HALF_WORLD)

    def ground_m(self, zoom: int) -> float:
        """Edge of a pixel of a zoom on the ground, in the rectangle's middle, metres."""
        middle = math.atan(math.sinh((self.bounds[1] + self.bounds[3]) / 2 / _RADIUS))
        return 2 * _HALF_WORLD / (TILE << zoom) * math.cos(middle)

    def columns(self, zoom: int) -> range:
        """Tile columns that touch the rectangle."""
        return _touched(zoom, self.bounds[0] + _HALF_WORLD, self.bounds[2] + _HALF_WORLD)

    def rows(self, zoom: int) -> range:
        """Tile rows that touch the rectangle, from the top."""
        return _touched(zoom, _HALF_WORLD - self.bounds[3], _HALF_WORLD - self.bounds[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class TileRow:
    """One row of tiles of one zoom that may exist."""

    zoom: int
    y: int
    columns: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TileIndex:
    """The tiles that exist, as rows with at least one tile, coarse zooms first."""

    rows: tuple[TileRow, ...]

    def paths(self) -> tuple[str, ...]:
        """POSIX paths ``z/x/y.webp``, in order."""
        return tuple(f"{row.zoom}/{x}/{row.y}.webp" for row in self.rows for x in row.columns)

    def runs(self) -> dict[str, dict[str, list[list[int]]]]:
        """JSON-ready ``{zoom: {y: [[first, last], …]}}`` with inclusive runs of columns."""
        zooms: dict[str, dict[str, list[list[int]]]] = {}
        for row in self.rows:
            zooms.setdefault(str(row.zoom), {})[str(row.y)] = _runs(row.columns)
        return zooms


def plan_pyramid(grid: GeoBox, gsd_m: float) -> Pyramid:
    """The zooms from "all of it at a glance" to about the picture's own pixels.

    The finest zoom is the first whose pixels, measured on the ground (EPSG:3857's are larger by
    1/cos latitude), are at most a tenth coarser than `gsd_m`.

    Raises:
        UsageError: A pixel size that is not positive.
        DisjointInputError: The grid reaches beyond what EPSG:3857 can show (85° of latitude).
    """
    if not gsd_m > 0:
        raise UsageError("a pixel size must be positive", found=f"{gsd_m:g} m")
    west, south, east, north = lonlat_bounds(grid)
    if max(abs(south), abs(north)) > _MERCATOR_LIMIT_DEG:
        raise DisjointInputError(
            "the page's map projection ends at 85° of latitude",
            found=f"{south:.2f}° to {north:.2f}°",
            remedy="issue a district nearer to the equator",
        )
    box = (*_mercator(west, south), *_mercator(east, north))
    widest = max(box[2] - box[0], box[3] - box[1])
    cosine = math.cos(math.radians((south + north) / 2))
    finest = math.log2(2 * _HALF_WORLD * cosine / (TILE * gsd_m))
    last = min(max(math.ceil(finest - math.log2(1.1)), 0), _LAST_ZOOM)
    first = math.floor(math.log2(_HALF_WORLD / widest))
    return Pyramid(bounds=box, first=min(max(first, 0), last), last=last)


def tile_grid(zoom: int, x: int, y: int) -> GeoBox:
    """The 512 × 512 pixels of one tile in EPSG:3857."""
    pixel = 2 * _HALF_WORLD / (TILE << zoom)
    west, north = x * TILE * pixel - _HALF_WORLD, _HALF_WORLD - y * TILE * pixel
    return GeoBox((TILE, TILE), Affine(pixel, 0.0, west, 0.0, -pixel, north), "EPSG:3857")


def _mercator(lon: float, lat: float) -> tuple[float, float]:
    """EPSG:3857 metres: the sphere's Mercator on geodetic latitudes (EPSG method 1024)."""
    return (
        math.radians(lon) * _RADIUS,
        math.asinh(math.tan(math.radians(lat))) * _RADIUS,
    )


def _touched(zoom: int, start: float, end: float) -> range:
    """Tiles that the stretch from `start` to `end` touches, metres from the plane's left or top."""
    size = 2 * _HALF_WORLD / (1 << zoom)
    first = max(math.floor(start / size), 0)
    last = min(math.ceil(end / size), 1 << zoom)
    return range(first, max(last, first + 1))


def _runs(columns: tuple[int, ...]) -> list[list[int]]:
    """Inclusive ``[first, last]`` of neighbouring columns; a run keeps ``column − index``."""
    runs = []
    for _, group in groupby(enumerate(columns), key=lambda pair: pair[1] - pair[0]):
        members = [column for _, column in group]
        runs.append([members[0], members[-1]])
    return runs
