"""Terrain files: any number of tiles with a declared vertical datum → heights above the ellipsoid.

The vertical datum is what the caller says, else what every file itself declares: the vertical part
of its CRS (EPSG 5773, 3855, 5714, or a three-dimensional geographic CRS) or a tag VERTICAL_DATUM.
Where nobody says, the work stops: a geoid forgotten moves an oblique image by tens of metres.
The shift to the ellipsoid is done here, once; GDAL is never asked for it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.windows import Window

from satdesk.core.sensor import Terrain
from satdesk.errors import (
    BrokenInputError,
    DisjointInputError,
    UndeclaredInputError,
    UnsafeInputError,
    UsageError,
)
from satdesk.files.ellipsoid import above_ellipsoid, geoid_for
from satdesk.files.geoid import Bounds, LoadedGeoid
from satdesk.files.rasters import opened_raster
from satdesk.geometry.affine import mapped
from satdesk.geometry.frames import from_lonlat, horizontal, to_lonlat
from satdesk.geometry.terrain import GridTerrain, fill_voids

__all__ = ["VERTICALS", "LoadedTerrain", "open_terrain"]

VERTICALS = ("EGM96", "EGM2008", "MSL", "ellipsoid")
FILL_CELLS = 8

_EPSG_VERTICAL = {5773: "EGM96", 3855: "EGM2008", 5714: "MSL"}
_NAMED_VERTICAL = (
    ("egm2008", "EGM2008"),
    ("egm96", "EGM96"),
    ("egm1996", "EGM96"),
    ("meansealevel", "MSL"),
    ("ellipsoid", "ellipsoid"),
)
"""Parts of names without blanks and signs."""
_UNITS_M = {
    "": 1.0, "m": 1.0, "metre": 1.0, "meter": 1.0, "metres": 1.0, "meters": 1.0,
    "ft": 0.3048, "foot": 0.3048, "feet": 0.3048,
    "us-ft": 1200 / 3937, "us survey foot": 1200 / 3937,
}  # fmt: skip
_PLAUSIBLE_M = (-12_000.0, 9_500.0)
_USUAL_VOIDS = (-9999.0, -32768.0, -32767.0, -99999.0)
"""What many files mean by "void" even where they forget to declare it."""
_LARGEST_CELLS = 200_000_000
_MSL_NOTICE = "The terrain's heights are above mean sea level; EGM96 was taken for it."


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedTerrain:
    """A terrain, and what is to be said of it.

    Attributes:
        terrain: Heights above the ellipsoid.
        facts: JSON-ready ``(name, value)`` pairs for the log and ``release.json``.
        notices: Sentences that must stand on the product.
    """

    terrain: Terrain
    facts: tuple[tuple[str, object], ...]
    notices: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tile:
    """The part of one file that is needed; metres above its own vertical datum, NaN = void."""

    path: Path
    heights: NDArray[np.float32]
    affine: Affine
    crs: str
    declared: str | None


def open_terrain(
    paths: Sequence[Path] | Path,
    *,
    vertical: str | None,
    geoid: Path | None = None,
    bounds: Bounds | None = None,
    fill_cells: float = FILL_CELLS,
) -> LoadedTerrain:
    """Open tiles or a VRT as one terrain.

    Args:
        paths: Files, or one. Those of another CRS, cell size or lattice than the first are
            resampled onto its cells, and the facts say so. Where files overlap, the first that
            knows the height has it.
        vertical: One of `VERTICALS`; None = as the files declare.
        geoid: File of the geoid; None = the one that `vertical` names.
        bounds: ``lon_min, lat_min, lon_max, lat_max`` in degrees that the terrain must serve; no
            more than them and a margin is read. None = everything. Across the antimeridian
            `lon_max` may exceed 180 or lie below `lon_min`.
        fill_cells: Half-width in cells of the largest void that is filled from around.

    Returns:
        The terrain. Outside the files and in voids left open its height is NaN; the facts say
        which share of `bounds` is known.

    Raises:
        UsageError: No file, an unknown vertical datum, a geoid for ellipsoidal heights.
        MissingInputError: A file is not there.
        UnreadableInputError: A file cannot be decoded.
        UndeclaredInputError: Nobody states the vertical datum, or a file's CRS.
        BrokenInputError: Tiles of different vertical datums, more than one band, heights that no
            ground has, nothing but voids.
        DisjointInputError: The files and the bounds do not overlap.
        UnsafeInputError: More than 200 million cells would be read.
    """
    paths = [Path(paths)] if isinstance(paths, str | PathLike) else paths
    _check_call(paths, vertical, geoid)
    bounds = None if bounds is None else _ascending(bounds)
    tiles = _tiles(paths, bounds, margin=int(np.ceil(fill_cells)) + 4)
    datum, notices = _datum(tiles, vertical)
    odd = [tile.path.name for tile in tiles if not _fits(tiles[0], tile)]
    heights, affine = _mosaic([t if _fits(tiles[0], t) else _onto(tiles[0], t) for t in tiles])
    filled, n_filled, n_left = fill_voids(heights, fill_cells)
    crs = tiles[0].crs
    loaded = geoid_for(datum, geoid, filled.shape, affine, crs)
    above = filled if loaded is None else above_ellipsoid(filled, affine, crs, loaded)
    terrain = GridTerrain(heights=np.asarray(above, dtype=np.float32), affine=affine, crs=crs)
    facts = (
        ("files", [tile.path.name for tile in tiles]),
        ("files_resampled", odd),
        ("vertical_datum", datum),
        *_geoid_facts(loaded),
        ("cells_filled", n_filled),
        ("cells_unknown", n_left),
        ("fill_limit_cells", fill_cells),
        ("known_share", None if bounds is None else _known_share(terrain, bounds, paths)),
    )
    notices += (_MSL_NOTICE,) if datum == "MSL" and geoid is None else ()
    notices += (loaded.statement,) if loaded is not None and loaded.statement else ()
    return LoadedTerrain(terrain=terrain, facts=facts, notices=notices)


def _geoid_facts(loaded: LoadedGeoid | None) -> tuple[tuple[str, object], ...]:
    return (
        ("geoid", None if loaded is None else loaded.grid.name),
        ("geoid_source", None if loaded is None else loaded.source),
        ("geoid_stand_in", loaded is not None and loaded.stand_in),
    )


def _check_call(paths: Sequence[Path], vertical: str | None, geoid: Path | None) -> None:
    if not paths:
        raise UsageError("a terrain needs at least one file", found="none")
    if vertical is not None and vertical not in VERTICALS:
        raise UsageError("unknown vertical datum", found=vertical, expected=", ".join(VERTICALS))
    if vertical == "ellipsoid" and geoid is not None:
        raise UsageError(
            "heights above the ellipsoid need no geoid",
            found=str(geoid),
            remedy="leave --geoid out, or name the true vertical datum",
        )


def _tiles(paths: Sequence[Path], bounds: Bounds | None, *, margin: int) -> list[_Tile]:
    tiles = [tile for path in paths if (tile := _read_tile(path, bounds, margin)) is not None]
    if not tiles:
        raise DisjointInputError(
            "the terrain does not cover the place",
            subject=_names(paths),
            found="no common area",
            expected=f"heights within longitude/latitude {bounds}",
            remedy="name the tiles that cover it",
        )
    if all(np.isnan(tile.heights).all() for tile in tiles):
        raise BrokenInputError(
            "the terrain holds nothing but voids here",
            subject=_names([tile.path for tile in tiles]),
            found=f"{sum(tile.heights.size for tile in tiles)} cells, none known",
            expected="heights",
            remedy="name a terrain without a hole at this place",
        )
    return tiles


def _ascending(bounds: Bounds) -> Bounds:
    lon_min, lat_min, lon_max, lat_max = bounds
    if not all(map(math.isfinite, bounds)) or lat_min > lat_max:
        raise UsageError("bounds must ascend", found=str(bounds), expected="degrees, min and max")
    return lon_min, lat_min, lon_max + 360 * (lon_max < lon_min), lat_max


def _read_tile(path: Path, bounds: Bounds | None, margin: int) -> _Tile | None:
    with (
        rasterio.Env(GTIFF_REPORT_COMPD_CS=True, GDAL_NUM_THREADS="ALL_CPUS"),
        opened_raster(Path(path)) as data,
    ):
        if data.count != 1:
            raise BrokenInputError(
                "a terrain file must have one band",
                subject=path,
                found=f"{data.count} bands",
                expected="heights in one band",
            )
        if data.crs is None:
            raise UndeclaredInputError(
                "the terrain file does not say where it lies",
                subject=path,
                found="no CRS",
                expected="a CRS in the file",
                remedy="assign one with gdal_translate -a_srs",
            )
        crs = pyproj.CRS.from_user_input(data.crs.to_wkt())
        flat = _short(crs)
        window, turn = _window(data, flat, bounds, margin)
        if window is None:
            return None
        heights = _heights(path, data, window)
        affine = _corner(data, window, turn)
        declared = _declared(crs, data.tags())
    return _Tile(path=Path(path), heights=heights, affine=affine, crs=flat, declared=declared)


def _short(crs: pyproj.CRS) -> str:
    """The horizontal CRS by its EPSG code where it has one: short in lineages, equal by text."""
    flat = horizontal(crs.to_wkt())
    code = flat.to_epsg()
    return f"EPSG:{code}" if code is not None else str(flat.to_wkt())


def _declared(crs: pyproj.CRS, tags: dict[str, str]) -> str | None:
    """The vertical datum that a file states itself; text of an unknown one as it stands."""
    if crs.is_compound:
        upright = crs.sub_crs_list[1]
        above = "" if upright.datum is None else upright.datum.name
        by_code = _EPSG_VERTICAL.get(upright.to_epsg() or 0)
        return by_code or _by_name(f"{upright.name} {above}") or upright.name
    if crs.is_geographic and len(crs.axis_info) == 3:
        return "ellipsoid"
    told = tags.get("VERTICAL_DATUM")
    return None if told is None else _by_name(told) or told


def _by_name(text: str) -> str | None:
    """The datum that a name means: older files write ``EGM96 geoid (meters)``."""
    word = re.sub(r"[^a-z0-9]", "", text.lower())
    if "depth" in word:
        return None
    return next((datum for name, datum in _NAMED_VERTICAL if name in word), None)


def _window(
    data: Any,  # noqa: ANN401 - rasterio has no types
    crs: str,
    bounds: Bounds | None,
    margin: int,
) -> tuple[Window | None, float]:
    """What of a file is needed, and by how many degrees it is turned to lie beside `bounds`."""
    rows, cols = data.height, data.width
    turn = 0.0
    left, top, right, bottom = 0, 0, cols, rows
    if bounds is not None:
        along = np.linspace(0, 1, 21)
        lon = bounds[0] + (bounds[2] - bounds[0]) * along
        lat = bounds[1] + (bounds[3] - bounds[1]) * along
        x, y = from_lonlat(crs, *np.meshgrid(lon, lat))
        if horizontal(crs).is_geographic:
            middle = (data.bounds.left + data.bounds.right) / 2
            turn = 360.0 * round(((bounds[0] + bounds[2]) / 2 - middle) / 360)
        col, row = mapped(~data.transform, x - turn, y)
        if np.isnan(col).all():
            return None, turn
        left = max(int(np.nanmin(col)) - margin, 0)
        top = max(int(np.nanmin(row)) - margin, 0)
        right = min(int(np.nanmax(col)) + margin + 1, cols)
        bottom = min(int(np.nanmax(row)) + margin + 1, rows)
    if right <= left or bottom <= top:
        return None, turn
    _check_size(data.name, (right - left) * (bottom - top))
    return Window(left, top, right - left, bottom - top), turn


def _corner(data: Any, window: Window, turn: float) -> Affine:  # noqa: ANN401 - as above
    moved = data.transform @ Affine.translation(window.col_off, window.row_off)
    corner: Affine = Affine.translation(turn, 0) @ moved
    return corner


def _heights(path: Path, data: Any, window: Window) -> NDArray[np.float32]:  # noqa: ANN401 - as above
    unit = (data.units[0] or "").strip().lower()
    if unit not in _UNITS_M:
        raise UndeclaredInputError(
            "the terrain's unit is not known",
            subject=path,
            found=unit,
            expected="metres or feet",
            remedy="write the heights in metres",
        )
    raw = data.read(1, window=window, masked=True)
    factor, shift = data.scales[0], data.offsets[0]
    if raw.dtype != np.float32 or (factor, shift) != (1, 0):
        raw = raw.astype(np.float64) * factor + shift
    heights = np.asarray(np.ma.filled(raw, np.nan))
    known = np.isfinite(heights)
    heights[~known] = np.nan
    low, high = (float(f(heights)) if known.any() else 0.0 for f in (np.nanmin, np.nanmax))
    if low in _USUAL_VOIDS or not _plausible(low * _UNITS_M[unit], high * _UNITS_M[unit]):
        raise BrokenInputError(
            "no ground has such heights",
            subject=path,
            found=f"{low:g} to {high:g} {unit or 'm'}",
            expected="heights; voids marked by the file's nodata value",
            remedy="declare the nodata value with gdal_translate -a_nodata",
        )
    metres = heights if _UNITS_M[unit] == 1 else heights.astype(np.float64) * _UNITS_M[unit]
    return metres.astype(np.float32, copy=False)


def _plausible(low_m: float, high_m: float) -> bool:
    return _PLAUSIBLE_M[0] <= low_m and high_m <= _PLAUSIBLE_M[1]


def _datum(tiles: list[_Tile], vertical: str | None) -> tuple[str, tuple[str, ...]]:
    notices: list[str] = []
    for tile in tiles:
        if vertical is None and tile.declared not in VERTICALS:
            raise UndeclaredInputError(
                "the terrain's vertical datum is not declared"
                if tile.declared is None
                else "the terrain's vertical datum is none that is known here",
                subject=tile.path,
                found=tile.declared or "nothing about it in the file",
                expected=f"one of {', '.join(VERTICALS)}",
                remedy="say what its heights are above with --vertical",
            )
        if tile.declared not in (None, vertical or tile.declared):
            notices.append(
                f"{tile.path.name} declares heights above {tile.declared}; "
                f"{vertical} was stated instead and used."
            )
    datums = {vertical or str(tile.declared) for tile in tiles}
    if len(datums) > 1:
        raise BrokenInputError(
            "terrain tiles must share a vertical datum",
            subject=_names([tile.path for tile in tiles]),
            found=", ".join(sorted(datums)),
            expected="one",
        )
    datum = datums.pop()
    return datum, tuple(notices)


def _mosaic(tiles: list[_Tile]) -> tuple[NDArray[np.float32], Affine]:
    first = tiles[0]
    if len(tiles) == 1:
        return first.heights, first.affine
    places = [_place(first, tile) for tile in tiles]
    top, left = (min(place[k] for place in places) for k in (0, 1))
    bottom = max(p[0] + t.heights.shape[0] for p, t in zip(places, tiles, strict=True))
    right = max(p[1] + t.heights.shape[1] for p, t in zip(places, tiles, strict=True))
    _check_size(str(first.path), (bottom - top) * (right - left))
    whole = np.full((bottom - top, right - left), np.nan, dtype=np.float32)
    for (row, col), tile in zip(places, tiles, strict=True):
        rows, cols = tile.heights.shape
        part = whole[row - top : row - top + rows, col - left : col - left + cols]
        np.copyto(part, tile.heights, where=np.isnan(part))
    return whole, first.affine @ Affine.translation(left, top)


def _fits(first: _Tile, tile: _Tile) -> bool:
    """True where a tile's cells lie on the first one's lattice, to a tenth of a cell."""
    relative = ~first.affine @ tile.affine
    reach = max(tile.heights.shape)
    drift = reach * max(abs(relative.a - 1), abs(relative.b), abs(relative.d), abs(relative.e - 1))
    off = max(abs(v - round(v)) for v in (relative.f, relative.c))
    return tile.crs == first.crs and drift <= 0.1 and off <= 0.1


def _place(first: _Tile, tile: _Tile) -> tuple[int, int]:
    """``row, col`` of a tile in the lattice of the first one."""
    relative = ~first.affine @ tile.affine
    return round(relative.f), round(relative.c)


def _onto(first: _Tile, tile: _Tile) -> _Tile:
    """A tile of another CRS, cell size or lattice, bilinear on the first one's cells.

    Its outermost heights are held for the half cell to its edge: else a gap would stay open
    between neighbours.
    """
    padded = GridTerrain(
        heights=np.pad(tile.heights, 1, mode="edge"),
        affine=tile.affine @ Affine.translation(-1, -1),
        crs=tile.crs,
    )
    rows, cols = tile.heights.shape
    grid = np.meshgrid(np.linspace(0, cols, 33), np.linspace(0, rows, 33))
    x, y = from_lonlat(first.crs, *to_lonlat(tile.crs, *mapped(tile.affine, *grid)))
    col, row = mapped(~first.affine, x, y)
    if np.isnan(col).all():
        raise DisjointInputError(
            "two terrain tiles have no common frame",
            subject=tile.path,
            found=f"outside {first.crs[:60]}",
            remedy="name the tiles of one region",
        )
    left, top = math.floor(np.nanmin(col)), math.floor(np.nanmin(row))
    width, height = math.ceil(np.nanmax(col)) - left, math.ceil(np.nanmax(row)) - top
    _check_size(str(tile.path), width * height)
    corner = first.affine @ Affine.translation(left, top)
    cells = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    lon, lat = to_lonlat(first.crs, *mapped(corner, *cells))
    in_col, in_row = padded.cells(lon, lat)
    outside = (in_col < 1) | (in_col > cols + 1) | (in_row < 1) | (in_row > rows + 1)
    heights = np.where(outside, np.nan, padded.height_at(in_col, in_row))
    return replace(tile, heights=heights.astype(np.float32), affine=corner, crs=first.crs)


def _known_share(terrain: GridTerrain, bounds: Bounds, paths: Sequence[Path]) -> float:
    lon, lat = np.meshgrid(
        np.linspace(bounds[0], bounds[2], 64), np.linspace(bounds[1], bounds[3], 64)
    )
    share = float(np.isfinite(terrain.height(lon, lat)).mean())
    if share == 0:
        raise DisjointInputError(
            "the terrain knows no height in the place asked for",
            subject=_names(paths),
            found="no common area, or voids only",
            expected=f"heights within longitude/latitude {bounds}",
            remedy="name the tiles that cover it",
        )
    return round(share, 6)


def _check_size(name: str, cells: int) -> None:
    if cells > _LARGEST_CELLS:
        raise UnsafeInputError(
            "the terrain would not fit into memory",
            subject=name,
            found=f"{cells} cells",
            expected=f"at most {_LARGEST_CELLS}",
            remedy="name fewer tiles or a smaller area",
        )


def _names(paths: Sequence[Path]) -> str:
    return ", ".join(Path(path).name for path in paths)
