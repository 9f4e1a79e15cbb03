"""A layer cut to a polygon: pixels whose centre lies outside are not valid.

The polygon is carried into the pixel plane of the layer's whole grid once, and every tile asks for
its own rows of that one drawing, counted in whole pixels. So a pixel on the edge falls on the same
side in whichever tile it is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from shapely.geometry.base import BaseGeometry

from satdesk.core.bands import Band
from satdesk.core.layer import Layer
from satdesk.core.raster import Raster
from satdesk.core.units import Quantity
from satdesk.errors import DisjointInputError, UsageError
from satdesk.geometry.grids import offset

__all__ = ["Clipped", "inside"]

LONLAT = "OGC:CRS84"
"""Longitude before latitude, degrees, WGS 84."""

_STEP_DEG = 0.01
_STEP_M = 1000.0
"""An edge is bent every kilometre or so: a chord of it leaves the curve by a few centimetres."""
_MOST_POINTS = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Clipped:
    """`source` inside a polygon.

    Attributes:
        source: What is to be clipped; it keeps its grid.
        polygon: Polygon or MultiPolygon in `crs`; holes are outside. Its edges are straight in
            `crs` and are bent as the grid's CRS bends them.
        crs: CRS of `polygon`, first axis to the east; longitude/latitude unless stated.

    Raises:
        UsageError: Not a valid polygon, or the grid has no CRS.
    """

    source: Layer
    polygon: BaseGeometry
    crs: str = LONLAT

    def __post_init__(self) -> None:
        if self.source.grid.crs is None:
            raise UsageError("only a georeferenced layer can be clipped to a polygon")
        if self.polygon.geom_type not in {"Polygon", "MultiPolygon"} or self.polygon.is_empty:
            raise UsageError(
                "a layer is clipped to a polygon", found=self.polygon.geom_type, expected="Polygon"
            )
        if not self.polygon.is_valid:
            raise UsageError(
                "the polygon crosses itself",
                found=shapely.is_valid_reason(self.polygon),
                remedy="repair it, for example with shapely's make_valid",
            )

    @property
    def grid(self) -> GeoBox:
        """The source's."""
        return self.source.grid

    @property
    def bands(self) -> tuple[Band, ...]:
        """The source's."""
        return self.source.bands

    @property
    def quantity(self) -> Quantity:
        """The source's."""
        return self.source.quantity

    def read(self, grid: GeoBox) -> Raster:
        """The source's pixels; valid where the source says so and the centre lies inside.

        Raises:
            DisjointInputError: The polygon lies where the grid's CRS is not defined.
        """
        keep = inside(self.polygon, self.source.grid, grid, crs=self.crs)
        window = _extent(keep)
        part = self.source.read(grid[window])
        values = np.zeros((len(part.bands), *keep.shape), part.values.dtype)
        valid = np.zeros(keep.shape, bool)
        # What lies outside becomes 0, so that no number of it travels on, in whatever tile.
        values[:, *window] = np.where(keep[window], part.values, 0)
        valid[window] = part.valid & keep[window]
        return Raster(
            values=values, valid=valid, grid=grid, bands=part.bands, quantity=part.quantity
        )


def inside(
    polygon: BaseGeometry, whole: GeoBox, grid: GeoBox, *, crs: str = LONLAT
) -> NDArray[np.bool_]:
    """Which pixels of `grid` have their centre in `polygon`.

    By the crossing rule: a centre is inside if an odd number of edges lies to its right. A centre
    exactly on an edge belongs to one of two neighbouring polygons, never to both.

    Args:
        polygon: In `crs`; holes are outside.
        whole: The grid in whose pixel plane the polygon is drawn.
        grid: Shifted against `whole` by whole pixels.
        crs: CRS of `polygon`, first axis to the east.

    Returns:
        ``(y, x)`` bool, True = inside.

    Raises:
        UsageError: `grid` is not on the lattice of `whole`.
        DisjointInputError: The polygon lies where the grid's CRS is not defined.
    """
    row0, col0 = offset(whole, grid)
    rows, cols = grid.shape
    row, col = _crossings(_edges(polygon, crs, whole), row0, rows)
    # Each crossing flips all pixels whose centre lies to its right.
    first = np.clip(np.ceil(col - 0.5) - col0, 0, cols).astype(np.intp)
    flips = np.zeros((rows, cols + 1), np.uint32)
    np.add.at(flips, (row, first), 1)
    return np.asarray(np.cumsum(flips[:, :cols], axis=1) % 2 == 1)


def _crossings(
    edges: NDArray[np.float64], row0: int, rows: int
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Where `edges` cross the lines through the centres of `rows` rows from `row0` on.

    Args:
        edges: ``(edge, 4)``: col, row of one end and of the other.
        row0: First row.
        rows: Number of rows.

    Returns:
        Row counted from `row0`, and column in the pixel plane, one a crossing.
    """
    upper = np.minimum(edges[:, 1], edges[:, 3])
    lower = np.maximum(edges[:, 1], edges[:, 3])
    # Half open, upper <= centre < lower, so that a vertex on the line counts once.
    first = np.clip(np.ceil(upper - 0.5) - row0, 0, rows).astype(np.intp)
    last = np.clip(np.ceil(lower - 0.5) - row0, 0, rows).astype(np.intp)
    counts = last - first
    edge = np.repeat(np.arange(len(edges)), counts)
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    row = first[edge] + within
    col1, row1, col2, row2 = edges[edge].T
    share = (row + row0 + 0.5 - row1) / (row2 - row1)
    return row, col1 + share * (col2 - col1)


@lru_cache(maxsize=8)  # every tile asks for the same drawing; it depends on nothing else
def _edges(polygon: BaseGeometry, crs: str, whole: GeoBox) -> NDArray[np.float64]:
    """Edges ``(edge, 4)`` in the pixel plane of `whole`: col, row of both ends."""
    source, target = pyproj.CRS(crs), pyproj.CRS(str(whole.crs))
    if source != target:
        step = _STEP_DEG if source.is_geographic else _STEP_M
        polygon = shapely.segmentize(polygon, max(step, polygon.length / _MOST_POINTS))
    rings = shapely.get_rings(shapely.get_parts(polygon))
    points, ring = shapely.get_coordinates(rings, return_index=True)
    x, y = pyproj.Transformer.from_crs(source, target, always_xy=True).transform(*points.T)
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise DisjointInputError(
            "the polygon lies where the grid's CRS is not defined", expected=str(whole.crs)
        )
    inverse = ~whole.affine
    col = inverse.a * x + inverse.b * y + inverse.c
    row = inverse.d * x + inverse.e * y + inverse.f
    joined = ring[:-1] == ring[1:]
    edges: NDArray[np.float64] = np.column_stack([col[:-1], row[:-1], col[1:], row[1:]])
    return np.asarray(edges[joined])


def _extent(keep: NDArray[np.bool_]) -> tuple[slice, slice]:
    """The smallest window that holds every True; one pixel where there is none."""
    rows, cols = np.flatnonzero(keep.any(axis=1)), np.flatnonzero(keep.any(axis=0))
    if rows.size == 0:
        return slice(0, 1), slice(0, 1)
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(cols[0]), int(cols[-1]) + 1)
