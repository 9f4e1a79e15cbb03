"""The district report of a date: what of it was seen clear, under cloud, in shadow, or not at all.

Areas are numbers of pixels times the pixel; in a UTM zone that is within 0.1 % of the ground.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from shapely.geometry import box
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union

from satdesk.core.layer import Layer
from satdesk.core.place import Site
from satdesk.core.sighting import State
from satdesk.files.vectors import Feature
from satdesk.geometry.areas import area_km2
from satdesk.geometry.frames import crs_of, from_lonlat, to_lonlat
from satdesk.geometry.grids import subgrid
from satdesk.products.clipped import inside

__all__ = ["coverage_facts", "gap_features", "site_facts", "state_word", "states_by_cell"]

_SITE_M = 250.0
_MOST_CELLS = 400
_LEAST_HA = 0.05


def state_word(state: State) -> str:
    """``clear``, ``cloud``, ``shadow``, ``not_imaged``, ``not_told``."""
    return state.name.lower()


def coverage_facts(
    pixels: NDArray[np.int64], scene_ids: Sequence[str], pixel_m2: float
) -> dict[str, Any]:
    """Areas of a date and of each of its scenes, JSON-ready.

    Args:
        pixels: ``(scene, state)`` inside the district; row 0 = no scene.
        scene_ids: By number from 1.
        pixel_m2: Area of a pixel.
    """
    total = int(pixels.sum())
    return {
        "district_ha": round(total * pixel_m2 / 1e4, 2),
        "states": _states(pixels.sum(axis=0), total, pixel_m2),
        "scenes": [
            {"number": number, "id": name, "states": _states(pixels[number], total, pixel_m2)}
            for number, name in enumerate(scene_ids, start=1)
        ],
    }


def _states(counts: NDArray[np.int64], total: int, pixel_m2: float) -> dict[str, Any]:
    return {
        state_word(state): {
            "ha": round(int(counts[state]) * pixel_m2 / 1e4, 2),
            "percent": round(100 * int(counts[state]) / max(total, 1), 3),
        }
        for state in State
        if counts[state] or state in {State.CLEAR, State.NOT_IMAGED}
    }


def site_facts(sights: Layer, sites: Sequence[Site]) -> list[dict[str, Any]]:
    """How the surroundings of each site were seen: within 250 m, or within its uncertainty."""
    return [_site(sights, site) for site in sites if site.geometry is not None]


def _site(sights: Layer, site: Site) -> dict[str, Any]:
    radius = max(_SITE_M, site.uncertainty_m or 0.0)
    middle = shapely.centroid(site.geometry)
    x, y = from_lonlat(crs_of(sights.grid), np.array([middle.x]), np.array([middle.y]))
    col, row = ~sights.grid.affine @ (float(x[0]), float(y[0]))
    reach = math.ceil(radius / abs(sights.grid.affine.a))
    facts: dict[str, Any] = {"id": site.id, "title": site.title, "radius_m": round(radius, 1)}
    if not (math.isfinite(col) and math.isfinite(row)):
        return {**facts, "states": {}}
    top, left = math.floor(row) - reach, math.floor(col) - reach
    window = subgrid(sights.grid, top, left, (2 * reach + 1, 2 * reach + 1))
    raster = sights.read(window)
    rows, cols = np.ogrid[-reach : reach + 1, -reach : reach + 1]
    around = rows**2 + cols**2 <= reach**2
    state = np.where(raster.valid, raster.values[1], State.NOT_IMAGED)[around]
    counts = np.bincount(state, minlength=len(State))
    percent = {
        state_word(each): round(100 * int(counts[each]) / state.size, 1)
        for each in State
        if counts[each]
    }
    return {**facts, "states": percent}


def states_by_cell(sights: Layer, district: BaseGeometry) -> tuple[NDArray[np.int64], int]:
    """Source and state in the middle of each of at most some 400 × 400 cells.

    Returns:
        ``(2, y, x)``, -1 outside the district; and the edge of a cell in pixels.
    """
    grid = sights.grid
    cell = max(1, math.ceil(max(grid.shape) / _MOST_CELLS))
    rows, cols = (-(-int(size) // cell) for size in grid.shape)
    found = np.full((2, rows, cols), -1, np.int64)
    deep = max(1, 1024 // cell)
    for top in range(0, rows, deep):
        strip = grid[top * cell : min((top + deep) * cell, int(grid.shape[0])), :]
        keep = inside(district, grid, strip)
        raster = sights.read(strip)
        values = np.where(keep, np.where(raster.valid, raster.values, 0).astype(np.int64), -1)
        row = np.minimum(np.arange(min(deep, rows - top)) * cell + cell // 2, keep.shape[0] - 1)
        col = np.minimum(np.arange(cols) * cell + cell // 2, keep.shape[1] - 1)
        found[:, top : top + len(row)] = values[:, row[:, None], col[None, :]]
    return found, cell


def gap_features(
    cells: NDArray[np.int64], cell_px: int, grid: GeoBox, district: BaseGeometry
) -> list[Feature]:
    """What would complete the date: the pieces that nobody saw clear, largest first.

    Each is drawn along cells, in longitude/latitude, with its area on the ellipsoid and why it is
    missing; pieces below 0.05 ha are left out.
    """
    pieces: list[tuple[float, str, BaseGeometry]] = []
    for state in (State.NOT_IMAGED, State.CLOUD, State.SHADOW):
        drawn = _outlined(cells[1] == state, cell_px, grid)
        if drawn.is_empty:
            continue
        shape = shapely.transform(drawn, lambda xy: np.column_stack(to_lonlat(crs_of(grid), *xy.T)))
        for part in shapely.get_parts(shapely.make_valid(shape).intersection(district)):
            area = 100 * area_km2(part) if part.geom_type == "Polygon" else 0.0
            if area >= _LEAST_HA:
                pieces.append((area, state_word(state), part))
    pieces.sort(key=lambda piece: (-piece[0], piece[1], piece[2].wkb_hex))
    return [
        Feature(
            geometry=part,
            properties=(("number", k), ("missing", why), ("area_ha", round(area, 2))),
        )
        for k, (area, why, part) in enumerate(pieces, start=1)
    ]


def _outlined(where: NDArray[np.bool_], cell_px: int, grid: GeoBox) -> BaseGeometry:
    """The cells as polygons in the grid's CRS: runs of each row, joined."""
    boxes = []
    for row, line in enumerate(where):
        edges = np.flatnonzero(np.diff(np.concatenate([[0], line.view(np.int8), [0]])))
        for start, stop in zip(edges[::2], edges[1::2], strict=True):
            left, top = grid.affine @ (float(start * cell_px), float(row * cell_px))
            right, low = grid.affine @ (float(stop * cell_px), float((row + 1) * cell_px))
            boxes.append(box(min(left, right), min(top, low), max(left, right), max(top, low)))
    return unary_union(boxes)
