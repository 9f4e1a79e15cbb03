"""Ground that the camera cannot see because relief stands before it.

A ray that leaves the ground towards the satellite climbs; where the terrain rises above it, the
ground at its foot is hidden, and an orthoimage would repeat there what stands before it (a ghost).
The direction of the ray is the camera's own: where the same pixel looks at a greater height.

Most views hide nothing: a slope must fall away from the satellite more steeply than the ray. That
is tested first, for all cells at once, and only terrain that fails it is followed ray by ray.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from satdesk.core.sensor import FloatArray, SensorModel, Terrain
from satdesk.geometry.affine import mapped
from satdesk.geometry.frames import geodesic_m, to_lonlat
from satdesk.geometry.terrain import GridTerrain

__all__ = ["SeenTerrain", "seen_terrain"]

_STEP_CELLS = 0.25
"""A ray is held against the terrain this often: no crest slips through by more."""
_CLEAR_M = 0.5
"""Terrain this little above a ray does not hide: it is less than a DEM knows."""
_FINEST_M = 10.0
_MOST_PARTS = 16
_FEWEST_PARTS = 2
_TIE = 1e-5
"""Grids often share their edges with a DEM's: rounding must not choose the part on such an edge."""
_MOST_POINTS = 32_000_000
_NODES = 33
_TILE = 128
"""Cells within which the rays are taken as parallel: they turn by some 0.01 degrees a kilometre."""
_LIFT_M = 100.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeenTerrain:
    """A terrain without the ground that one camera cannot see.

    Attributes:
        terrain: All of it.
        hidden: ``(y, x)`` bool, True = hidden; each cell of `terrain` cut into `parts` × `parts`.
        parts: See `hidden`.
    """

    terrain: GridTerrain
    hidden: NDArray[np.bool_]
    parts: int

    def height(self, lon: ArrayLike, lat: ArrayLike) -> FloatArray:
        """Heights as `GridTerrain.height`; NaN also where the ground is hidden."""
        return self.height_at(*self.cells(lon, lat))

    def cells(self, lon: ArrayLike, lat: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """``col, row`` in the grid of heights, from its outer corner."""
        return self.terrain.cells(lon, lat)

    def height_at(self, col: FloatArray, row: FloatArray) -> FloatArray:
        """Heights at positions in the grid of heights; NaN as in `height`."""
        height = self.terrain.height_at(col, row)
        known = np.isfinite(height)
        rows, cols = self.hidden.shape
        across = np.where(known, np.clip(col * self.parts + _TIE, 0, cols - 1), 0).astype(np.intp)
        down = np.where(known, np.clip(row * self.parts + _TIE, 0, rows - 1), 0).astype(np.intp)
        return np.where(self.hidden[down, across], np.nan, height)

    def lineage_digest(self) -> str:
        """SHA-256 over the terrain and what is hidden of it."""
        packed = np.packbits(self.hidden).tobytes()
        return hashlib.sha256(self.terrain.lineage_digest().encode() + packed).hexdigest()

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, SeenTerrain)
            and self.terrain == other.terrain
            and np.array_equal(self.hidden, other.hidden)
        )

    def __hash__(self) -> int:
        return hash(self.lineage_digest())


def seen_terrain(terrain: Terrain, model: SensorModel) -> tuple[Terrain, float]:
    """`terrain` as `model` sees it, and the share of it (0–1) that is hidden.

    Args:
        terrain: Heights; only a `GridTerrain` can hide anything.
        model: The camera; where it does not answer, its direction is taken from where it does.

    Returns:
        `terrain` itself and 0 where nothing is hidden, or where the camera sees none of it.
    """
    if not isinstance(terrain, GridTerrain) or min(terrain.heights.shape) < 3:
        return terrain, 0.0
    lean = _lean(terrain, model)
    if lean is None or not _can_hide(terrain.heights, lean):
        return terrain, 0.0
    parts = _parts(terrain)
    hidden = _hidden(terrain, lean, parts)
    known = np.isfinite(terrain.heights)
    share = float(hidden.sum()) / max(int(known.sum()) * parts * parts, 1)
    if not hidden.any():
        return terrain, 0.0
    return SeenTerrain(terrain=terrain, hidden=hidden, parts=parts), share


def _lean(terrain: GridTerrain, model: SensorModel) -> FloatArray | None:
    """``(2, node, node)``: cells (col, row) by which a ray moves for each metre that it climbs."""
    rows, cols = terrain.heights.shape
    x, y = np.meshgrid(np.linspace(0.5, cols - 0.5, _NODES), np.linspace(0.5, rows - 0.5, _NODES))
    lon, lat = to_lonlat(terrain.crs, *mapped(terrain.affine, x, y))
    height = terrain.height_at(x, y)
    unknown = np.isnan(height)
    if unknown.any():
        height = np.where(unknown, np.nanmedian(terrain.heights), height)
    upper = model.locate(*model.project(lon, lat, height), height + _LIFT_M)
    col, row = terrain.cells(*upper)
    lean = np.stack([col - x, row - y]) / _LIFT_M
    known = np.isfinite(lean).all(axis=0)
    if not known.any():
        return None
    return np.where(known, lean, np.median(lean[:, known], axis=1)[:, None, None])


def _can_hide(heights: NDArray[np.floating], lean: FloatArray) -> bool:
    """Whether any slope along a ray's own direction rises faster than the flattest ray."""
    steepest = np.array([_steepest(np.diff(heights, axis=axis)) for axis in (1, 0)])
    return bool((np.abs(lean).reshape(2, -1).max(axis=1) * steepest).sum() >= 1.0)


def _steepest(rises: NDArray[np.floating]) -> float:
    """The largest magnitude of those that are known."""
    low, high = (f.reduce(rises, axis=None, initial=0.0) for f in (np.fmin, np.fmax))
    return float(max(high, -low))


def _parts(terrain: GridTerrain) -> int:
    """Parts into which a cell is cut: of some ten metres, and never too many."""
    rows, cols = terrain.heights.shape
    x, y = np.array([cols / 2, cols / 2 + 1]), np.array([rows / 2, rows / 2])
    lon, lat = to_lonlat(terrain.crs, *mapped(terrain.affine, x, y))
    cell_m = float(geodesic_m(lon[:1], lat[:1], lon[1:], lat[1:])[0])
    wanted = round(cell_m / _FINEST_M)
    affordable = int(math.sqrt(_MOST_POINTS / (rows * cols)))
    return max(1, min(max(wanted, _FEWEST_PARTS), affordable, _MOST_PARTS))


def _hidden(terrain: GridTerrain, lean: FloatArray, parts: int) -> NDArray[np.bool_]:
    """Tile by tile, in each of which the rays are parallel."""
    rows, cols = terrain.heights.shape
    hidden = np.zeros((rows * parts, cols * parts), dtype=np.bool_)
    top_m, low_m = float(np.nanmax(terrain.heights)), float(np.nanmin(terrain.heights))
    for row in range(0, rows, _TILE):
        for col in range(0, cols, _TILE):
            size = (min(_TILE, rows - row), min(_TILE, cols - col))
            ray = _between(lean, terrain.heights.shape, col + size[1] / 2, row + size[0] / 2)
            around = _around(terrain, row, col, size, np.abs(ray).max() * (top_m - low_m))
            if not _can_hide(around, ray):
                continue
            here = np.s_[
                row * parts : (row + size[0]) * parts, col * parts : (col + size[1]) * parts
            ]
            hidden[here] = _behind(terrain, ray, (row, col), size, parts)
    return hidden


def _around(
    terrain: GridTerrain, row: int, col: int, size: tuple[int, int], reach: float
) -> NDArray[np.floating]:
    """Heights of a tile and as far around it as a ray can go."""
    more = math.ceil(reach) + 1
    return terrain.heights[
        max(row - more, 0) : row + size[0] + more, max(col - more, 0) : col + size[1] + more
    ]


def _behind(
    terrain: GridTerrain, ray: FloatArray, start: tuple[int, int], size: tuple[int, int], parts: int
) -> NDArray[np.bool_]:
    """Which parts of a tile's cells are hidden.

    The terrain is drawn on lines along the rays' direction, `along` cells from the tile's middle.
    A ray climbs one metre while it moves ``|ray|`` cells, so ground at `a` is hidden where some
    ground farther along stands higher above that slanted line: where the greatest ``height − along
    / |ray|`` of what follows is greater than its own.
    """
    speed = float(np.hypot(*ray))
    unit = ray / speed
    down, across = np.mgrid[0 : size[0] * parts, 0 : size[1] * parts]
    middle = np.array([start[1] + size[1] / 2, start[0] + size[0] / 2])
    x = start[1] + (across + 0.5) / parts - middle[0]
    y = start[0] + (down + 0.5) / parts - middle[1]
    along, beside = x * unit[0] + y * unit[1], y * unit[0] - x * unit[1]
    relief = float(np.nanmax(terrain.heights)) - float(np.nanmin(terrain.heights))
    a = np.arange(along.min(), along.max() + speed * relief + _STEP_CELLS, _STEP_CELLS)
    b = np.arange(beside.min(), beside.max() + 1 / parts, 1 / parts)
    height = terrain.height_at(
        middle[0] + a * unit[0] - b[:, None] * unit[1],
        middle[1] + a * unit[1] + b[:, None] * unit[0],
    )
    slanted = np.where(np.isfinite(height), height, -np.inf) - a / speed
    highest = np.maximum.accumulate(slanted[:, ::-1], axis=1)[:, ::-1]
    struck = np.zeros(slanted.shape, dtype=np.bool_)
    struck[:, :-1] = highest[:, 1:] > slanted[:, :-1] + _CLEAR_M
    struck &= np.isfinite(height)
    place = np.rint((along - a[0]) / _STEP_CELLS).astype(np.intp)
    line = np.rint((beside - b[0]) * parts).astype(np.intp)
    return np.asarray(struck[line, place])


def _between(lean: FloatArray, shape: tuple[int, ...], col: float, row: float) -> FloatArray:
    """The ray ``(2,)`` at a position in the grid of heights: of the nearest node."""
    across = round(col / shape[1] * (_NODES - 1))
    down = round(row / shape[0] * (_NODES - 1))
    ray: FloatArray = lean[:, down, across]
    return ray
