"""The ground: heights above the WGS 84 ellipsoid, and nothing else.

A geoid shift has happened before a terrain is made (`files.dem`).
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

import numpy as np
from affine import Affine
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from satdesk.core.sensor import FloatArray
from satdesk.errors import UsageError
from satdesk.geometry.affine import mapped
from satdesk.geometry.frames import from_lonlat, horizontal, nearest_turn
from satdesk.geometry.resample import bilinear_at

__all__ = ["ConstantTerrain", "GridTerrain", "fill_voids"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstantTerrain:
    """The same height everywhere.

    Attributes:
        height_m: Metres above the WGS 84 ellipsoid.
    """

    height_m: float

    def __post_init__(self) -> None:
        if not math.isfinite(self.height_m):
            raise UsageError("a terrain's height must be finite", found=repr(self.height_m))

    def height(self, lon: ArrayLike, lat: ArrayLike) -> FloatArray:
        """The height, of the broadcast shape of `lon` and `lat`; NaN where one of them is."""
        return np.where(np.isfinite(np.add(lon, lat)), self.height_m, np.nan)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GridTerrain:
    """Heights on a grid, bilinear between the cells' centres.

    Attributes:
        heights: ``(y, x)`` float32 or float64, metres above the WGS 84 ellipsoid; NaN = unknown.
            Must not be written to.
        affine: Outer corner of the first cell and the cell's size, in units of `crs`.
        crs: Horizontal CRS, as pyproj reads it.
        interpolation: ``bilinear``, the only one.

    Raises:
        UsageError: Heights that are not a plane of floats, an unknown interpolation or CRS, an
            affine that cannot be inverted.
    """

    heights: NDArray[np.floating]
    affine: Affine
    crs: str
    interpolation: str = "bilinear"

    def __post_init__(self) -> None:
        if self.heights.ndim != 2 or self.heights.dtype.kind != "f" or not self.heights.size:
            raise UsageError(
                "a terrain's heights must be (y, x) floats",
                found=f"{self.heights.shape} {self.heights.dtype}",
            )
        if self.interpolation != "bilinear":
            raise UsageError("unknown interpolation", found=self.interpolation, expected="bilinear")
        if self.affine.is_degenerate:
            raise UsageError("a terrain's affine must be invertible", found=str(self.affine))
        horizontal(self.crs)

    def height(self, lon: ArrayLike, lat: ArrayLike) -> FloatArray:
        """Heights in metres at ``lon, lat`` (degrees).

        NaN where one of the four surrounding cells is unknown, and beyond the outermost centres:
        half a cell inside the grid's edge.
        """
        return self.height_at(*self.cells(lon, lat))

    def cells(self, lon: ArrayLike, lat: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """``col, row`` in the grid of heights, from its outer corner."""
        x, y = from_lonlat(self.crs, lon, lat)
        middle = self.affine.c + self.affine.a * self.heights.shape[1] / 2
        return mapped(~self.affine, nearest_turn(self.crs, x, middle), y)

    def height_at(self, col: FloatArray, row: FloatArray) -> FloatArray:
        """Heights at positions in the grid of heights; NaN as in `height`."""
        return bilinear_at(self.heights, col, row)

    def lineage_digest(self) -> str:
        """SHA-256 over heights, place and rule."""
        digest = hashlib.sha256(np.ascontiguousarray(self.heights).tobytes())
        place = (self.heights.shape, self.heights.dtype.str, tuple(self.affine)[:6])
        digest.update(repr((place, self.crs, self.interpolation)).encode())
        return digest.hexdigest()

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, GridTerrain)
            and self.affine == other.affine
            and (self.crs, self.interpolation) == (other.crs, other.interpolation)
            and self.heights.dtype == other.heights.dtype
            and np.array_equal(self.heights, other.heights, equal_nan=True)
        )

    def __hash__(self) -> int:
        return hash((self.heights.shape, tuple(self.affine)[:6], self.crs))


def fill_voids(
    heights: NDArray[np.floating], max_cells: float
) -> tuple[NDArray[np.floating], int, int]:
    """Fill small holes from around.

    A hole is a set of unknown cells that touch by sides or corners. It is filled where it does
    not touch the edge of the array and none of its cells lies farther than `max_cells` cells
    from a known one. The surface laid in is the membrane held by the hole's rim (the discrete
    Laplace equation): it never leaves the range of the heights around.

    Args:
        heights: ``(y, x)``, NaN = unknown.
        max_cells: Half-width in cells of the largest hole to fill; 0 fills none.

    Returns:
        The heights (a new array where something was filled), the number of cells filled, and the
        number left unknown.
    """
    void = np.isnan(heights)
    n_void = int(void.sum())
    if n_void in {0, heights.size} or max_cells <= 0:
        return heights, 0, n_void
    holes, _ = ndimage.label(void, structure=np.ones((3, 3)))
    too_deep = ndimage.distance_transform_edt(void) > max_cells
    edge = np.zeros_like(void)
    edge[[0, -1], :] = edge[:, [0, -1]] = True
    kept_open = np.unique(holes[void & (too_deep | edge)])
    to_fill = void & ~np.isin(holes, kept_open)
    n_filled = int(to_fill.sum())
    if not n_filled:
        return heights, 0, n_void
    filled = heights.copy()
    filled[to_fill] = _membrane(heights, to_fill)
    return filled, n_filled, n_void - n_filled


def _membrane(heights: NDArray[np.floating], hole: NDArray[np.bool_]) -> FloatArray:
    """Heights of the hole's cells, each the mean of its four neighbours."""
    from scipy import sparse  # noqa: PLC0415 - slow to load, and few terrains have holes
    from scipy.sparse import linalg  # noqa: PLC0415 - as above

    rows, cols = np.nonzero(hole)
    number = np.full(hole.shape, -1)
    number[hole] = np.arange(rows.size)
    right_side = np.zeros(rows.size)
    here, there = [], []
    for d_row, d_col in ((-1, 0), (1, 0), (0, -1), (0, 1)):
        near = (rows + d_row, cols + d_col)
        inner = hole[near]
        right_side += np.where(inner, 0.0, heights[near].astype(np.float64))
        here.append(np.flatnonzero(inner))
        there.append(number[near][inner])
    i, j = np.concatenate(here), np.concatenate(there)
    laplace = sparse.coo_matrix((np.full(i.size, -1.0), (i, j)), shape=(rows.size, rows.size))
    solved = linalg.spsolve((laplace + 4 * sparse.eye(rows.size)).tocsc(), right_side)
    return np.atleast_1d(solved)
