"""How far around a district a scene is looked at: as far as a shadow can fall into it.

A cloud outside of a district can shade it. It stands towards the sun, as far away as the sun's ray
takes to climb to it; the picture shows it shifted by the line of sight. How high clouds are is not
known beforehand: a first look on wide cells, over all that could throw a shadow into the district
and as much on the other side, tells whether there are clouds at all, and how high they hang. It
holds many shadows that prove it, where the district may hold none.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from affine import Affine
from odc.geo.geobox import GeoBox
from shapely import segmentize, transform

from satdesk.core.scene import Scene, SourceImage
from satdesk.core.sensor import FloatArray
from satdesk.geometry.affine import mapped
from satdesk.geometry.frames import crs_of, from_lonlat, pixel_size_m
from satdesk.release.ground import image_outline, source_gsd_m
from satdesk.release.slants import sun_slant, view_slant

__all__ = ["HIGHEST_M", "Halo", "Looked", "cover_grid"]

HIGHEST_M = 12_500.0
"""Above the lowest ground: no cloud is looked for higher than 12 000 m above the mean."""

_MOST_CELLS = 3_000_000
_FIRST_CELLS = 1_500_000
_FIRST_M = 24.0
"""Cells of the first look: as wide as half of the smallest cloud that is surely one."""
_COARSEST_M = 30.0
"""Cells are made no wider than this to look farther: on wider ones masks were never measured."""
_MARGIN_M = 200.0
"""Beyond the last cloud, for what is judged by its surroundings."""
_WIDE_M = 2500.0
"""Beyond it in a first look."""
_HALVINGS = 12
_OUTLINE_DEG = 0.02

Span = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """Which cells are looked at.

    Attributes:
        ratio: Pixels of the district's grid along a cell.
        cells: Those over the district's grid.
        grid: All of them: `cells`, and what lies around.
        rise_m: Of clouds above the ground whose shadows would be told; 0 = nothing lies around.
    """

    ratio: int
    cells: GeoBox
    grid: GeoBox
    rise_m: float

    @property
    def kept(self) -> tuple[slice, slice]:
        """Rows and columns of `cells` in `grid`."""
        relative = ~self.grid.affine @ self.cells.affine
        row, col = round(relative.f), round(relative.c)
        rows, cols = (int(size) for size in self.cells.shape)
        return slice(row, row + rows), slice(col, col + cols)

    @property
    def around_m(self) -> float:
        """The farthest that is looked beyond the district's grid."""
        top, left = self.kept
        rows, cols = (int(size) for size in self.grid.shape)
        most = max(top.start, left.start, rows - top.stop, cols - left.stop)
        return float(most * math.sqrt(math.prod(pixel_size_m(self.grid))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Halo:
    """What of a scene lies around a grid, towards the sun.

    Attributes:
        grid: Of the district.
        pixel_m: Of the image that is looked at.
        way: Rows and columns of `grid` by which the picture shows a cloud away from its shadow, for
            each metre that it hangs above the ground.
        rows: First and last of `grid` that the image may reach, in its pixels.
        cols: Likewise.
    """

    grid: GeoBox
    pixel_m: float
    way: tuple[float, float] = (0.0, 0.0)
    rows: Span = (0, 0)
    cols: Span = (0, 0)

    @classmethod
    def of(cls, scene: Scene, image: SourceImage, grid: GeoBox) -> Self:
        """Nothing lies around where sun or line of sight is not known: no shadow is told then."""
        pixel_m = source_gsd_m(image)
        sun, view = sun_slant(scene, grid), view_slant(scene, image, grid)
        if sun is None or view is None:
            return cls(grid=grid, pixel_m=pixel_m)
        rows, cols = _reached(image, grid)
        way = (sun.row - view.row, sun.col - view.col)
        return cls(grid=grid, pixel_m=pixel_m, way=way, rows=rows, cols=cols)

    def first(self) -> Looked | None:
        """All around whence a shadow, or whither, may fall, on wide cells; less where it is much.

        None = the district alone is so much that cells would be too wide.
        """
        ratio = max(self._ratio, round(_FIRST_M / self._own_m))
        if _count(self._looked(ratio, 0.0)) > _FIRST_CELLS:
            return None
        return self._as_fits(ratio, HIGHEST_M, _FIRST_CELLS, wide=True)

    def up_to(self, rise_m: float) -> Looked:
        """What could throw a shadow from clouds `rise_m` above the ground, on cells of the image.

        Where these are more than three million they are wider, up to 30 m; else less is looked at.
        """
        ratio = self._ratio
        while _count(looked := self._looked(ratio, rise_m)) > _MOST_CELLS:
            if (ratio + 1) * self._own_m > _COARSEST_M:
                return self._as_fits(ratio, rise_m, _MOST_CELLS)
            ratio += 1
        return looked

    @property
    def _own_m(self) -> float:
        return math.sqrt(math.prod(pixel_size_m(self.grid)))

    @property
    def _ratio(self) -> int:
        return cover_grid(self.grid, self.pixel_m)[0]

    def _as_fits(self, ratio: int, rise_m: float, most: int, *, wide: bool = False) -> Looked:
        whole = self._looked(ratio, rise_m, wide=wide)
        if _count(whole) <= most:
            return whole
        low, high = 0.0, rise_m
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            fits = _count(self._looked(ratio, middle, wide=wide)) <= most
            low, high = (middle, high) if fits else (low, middle)
        return self._looked(ratio, low, wide=wide)

    def _looked(self, ratio: int, rise_m: float, *, wide: bool = False) -> Looked:
        cells = _blocks(self.grid, ratio)
        margin = (_WIDE_M if wide else _MARGIN_M) / self._own_m if rise_m > 0 else 0.0
        (top, bottom), (left, right) = (
            _grown(int(size), ratio, _Reach(way * rise_m, margin, wide), reached)
            for size, way, reached in zip(
                cells.shape, self.way, (self.rows, self.cols), strict=True
            )
        )
        shape = (bottom - top, right - left)
        grid = GeoBox(shape, cells.affine @ Affine.translation(left, top), cells.crs)
        return Looked(ratio=ratio, cells=cells, grid=grid, rise_m=rise_m)


def cover_grid(grid: GeoBox, pixel_m: float) -> tuple[int, GeoBox]:
    """Blocks of whole pixels of `grid`, about as wide as `pixel_m` or, of many, wider.

    Returns:
        Pixels of `grid` along a block, and the grid of the blocks, which may reach beyond `grid`.
    """
    own = math.sqrt(math.prod(pixel_size_m(grid)))
    rows, cols = (int(size) for size in grid.shape)
    ratio = max(round(pixel_m / own), math.ceil(math.sqrt(rows * cols / _MOST_CELLS)), 1)
    return ratio, _blocks(grid, ratio)


def _blocks(grid: GeoBox, ratio: int) -> GeoBox:
    shape = (-(-int(grid.shape[0]) // ratio), -(-int(grid.shape[1]) // ratio))
    return GeoBox(shape, grid.affine @ Affine.scale(ratio), grid.crs)


def _count(looked: Looked) -> int:
    return math.prod(int(size) for size in looked.grid.shape)


@dataclass(frozen=True, slots=True)
class _Reach:
    """Pixels along one axis: to the farthest cloud, beyond it, and whether to both sides."""

    way: float
    margin: float
    both: bool

    @property
    def before(self) -> float:
        return self.margin + (abs(self.way) if self.both else max(-self.way, 0.0))

    @property
    def after(self) -> float:
        return self.margin + (abs(self.way) if self.both else max(self.way, 0.0))


def _grown(size: int, ratio: int, reach: _Reach, reached: Span) -> Span:
    """First cell and the one after the last, of `size` cells grown as far as the image reaches."""
    first = max(-reach.before, float(min(reached[0], 0))) / ratio
    last = min(size * ratio + reach.after, float(max(reached[1], size * ratio))) / ratio
    return math.floor(first), max(math.ceil(last), size)


def _reached(image: SourceImage, grid: GeoBox) -> tuple[Span, Span]:
    """Rows and columns of `grid` between which the image lies, whatever the terrain."""

    def placed(lonlat: FloatArray) -> FloatArray:
        x, y = from_lonlat(crs_of(grid), lonlat[:, 0], lonlat[:, 1])
        return np.column_stack(mapped(~grid.affine, x, y))

    outline = transform(segmentize(image_outline(image, None), _OUTLINE_DEG), placed)
    left, top, right, bottom = outline.bounds
    return (math.floor(top), math.ceil(bottom)), (math.floor(left), math.ceil(right))
