"""The district report of measured cover: clear, cloud, shadow, not imaged, before any release."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from satdesk.core.bands import Band
from satdesk.core.place import District, Site
from satdesk.core.raster import Raster
from satdesk.core.sighting import SOURCE, STATE, State
from satdesk.core.units import Quantity
from satdesk.files.vector_output import write_features
from satdesk.files.vectors import Feature
from satdesk.geometry.frames import pixel_size_m
from satdesk.geometry.grids import offset
from satdesk.products.clipped import inside
from satdesk.products.seamed import Sighted
from satdesk.release.composition import Parts, placed
from satdesk.release.coverage import coverage_facts, gap_features, site_facts, states_by_cell
from satdesk.release.covers import scene_cover
from satdesk.release.ground import Ground, grid_over, seen_ground, source_gsd_m
from satdesk.release.recipe import TerrainChoice
from satdesk.release.source_map import MapFacts, write_source_map

__all__ = ["Seen", "seen_date", "seen_facts", "write_seen"]

_MOST_CELLS = 2_000_000
"""Of a district: masks look at three million at most, those around it among them."""
_PREFERRED = (State.CLEAR, State.NOT_TOLD, State.SHADOW, State.CLOUD, State.NOT_IMAGED)
"""What a mosaic would rather show."""

States = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seen:
    """The district on one date, cell by cell.

    Attributes:
        grid: Cells.
        inside: ``(y, x)`` True = in the district.
        states: For each scene ``(y, x)`` of `State`.
        told_by: For each scene who told of cloud; None = nobody could.
        reasons: For each scene why nobody could; empty where somebody did.
    """

    grid: GeoBox
    inside: NDArray[np.bool_]
    states: tuple[States, ...]
    told_by: tuple[str | None, ...]
    reasons: tuple[str, ...]

    @property
    def best(self) -> tuple[States, States]:
        """``(y, x)`` number of the scene that saw each cell best, from 1, and how it was seen."""
        rank = np.full(len(State), len(State), np.uint8)
        rank[list(_PREFERRED)] = np.arange(len(_PREFERRED))
        ranked = np.stack([rank[state] for state in self.states])
        chosen = ranked.argmin(axis=0)
        state = np.take_along_axis(np.stack(self.states), chosen[None], axis=0)[0]
        return np.where(state == State.NOT_IMAGED, 0, chosen + 1).astype(np.uint8), state


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Sights:
    """Source and state as a layer, not valid where nothing was imaged."""

    grid: GeoBox
    source: States
    state: States

    @property
    def bands(self) -> tuple[Band, ...]:
        return (SOURCE, STATE)

    @property
    def quantity(self) -> Quantity:
        return Quantity.SIGHTING

    def read(self, grid: GeoBox) -> Raster:
        """Any window; beyond the grid nothing was imaged."""
        row, col = offset(self.grid, grid)
        values = np.zeros((2, *(int(size) for size in grid.shape)), np.uint8)
        rows, cols = self.state.shape
        top, left = max(-row, 0), max(-col, 0)
        part = np.s_[max(row, 0) : max(min(row + values.shape[1], rows), 0),
                     max(col, 0) : max(min(col + values.shape[2], cols), 0)]  # fmt: skip
        for plane, whole in zip(values, (self.source, self.state), strict=True):
            cut = whole[part]
            plane[top : top + cut.shape[0], left : left + cut.shape[1]] = cut
        return Raster(
            values=values, valid=values[0] > 0, grid=grid, bands=self.bands, quantity=self.quantity
        )


def seen_date(
    parts: Sequence[Parts],
    district: District,
    ground: Ground,
    methods: tuple[str, ...],
    terrain: TerrainChoice | None = None,
) -> Seen:
    """Look for what hides the ground of the scenes of one date.

    On cells of the widest multispectral pixel of the scenes, or wider ones where the district would
    have more than two million.

    Args:
        parts: Of each scene.
        district: The area.
        ground: Its terrain.
        methods: Of `cover_sources.METHODS`.
        terrain: That was named, for the ground around the district.
    """
    pixel = max(source_gsd_m(part.images[-1]) for part in parts)
    grid = grid_over(district.geometry, gsd_m=pixel)
    cells = math.prod(int(size) for size in grid.shape)
    if cells > _MOST_CELLS:
        wider = pixel * math.ceil(math.sqrt(cells / _MOST_CELLS))
        grid = grid_over(district.geometry, gsd_m=wider)
    looked = [_looked(part, grid, ground, methods, terrain) for part in parts]
    return Seen(
        grid=grid,
        inside=inside(district.geometry, grid, grid),
        states=tuple(states for states, _, _ in looked),
        told_by=tuple(told for _, told, _ in looked),
        reasons=tuple(reason for _, _, reason in looked),
    )


def _looked(
    part: Parts,
    grid: GeoBox,
    ground: Ground,
    methods: tuple[str, ...],
    terrain: TerrainChoice | None,
) -> tuple[States, str | None, str]:
    image = part.images[-1]
    seen = seen_ground(ground, image)
    cover = scene_cover(part, grid, ground, methods, terrain)
    layer = placed(image, part, grid, seen, "nearest")
    sighted = Sighted(layer=layer, cover=cover.layer)
    states = sighted.states(grid, sighted.read(grid).valid)
    if cover.layer is None:
        return states, None, str(cover.facts["reason"])
    return states, str(cover.facts["method"]), ""


def seen_facts(
    seen: Seen, scene_ids: Sequence[str], district: District, sites: Sequence[Site]
) -> dict[str, Any]:
    """The measured part of a date's report, JSON-ready."""
    source, state = seen.best
    pixel_m2 = math.prod(pixel_size_m(seen.grid))
    date = coverage_facts(_counted(state, seen.inside), (), pixel_m2)
    sights = _Sights(grid=seen.grid, source=source, state=state)
    return {
        "cell_m": round(math.sqrt(pixel_m2), 3),
        "states": date["states"],
        "scenes": [
            {
                "id": name,
                "states": coverage_facts(_counted(each, seen.inside), (), pixel_m2)["states"],
                "told_by": told,
                "not_told_because": reason or None,
            }
            for name, each, told, reason in zip(
                scene_ids, seen.states, seen.told_by, seen.reasons, strict=True
            )
        ],
        "sites": site_facts(sights, sites),
        "missing": [
            {
                **dict(feature.properties),
                "bbox": [round(v, 6) for v in feature.geometry.bounds],
            }
            for feature in _missing(seen, district)
            if feature.geometry is not None
        ],
    }


def _counted(state: States, keep: NDArray[np.bool_]) -> NDArray[np.int64]:
    counts = np.bincount(state[keep], minlength=len(State))
    return counts.astype(np.int64)[None]


def _missing(seen: Seen, district: District) -> list[Feature]:
    """What nobody saw clear, by why; what would complete the date."""
    source, state = seen.best
    sights = _Sights(grid=seen.grid, source=source, state=state)
    cells, edge = states_by_cell(sights, district.geometry)
    return gap_features(cells, edge, seen.grid, district.geometry)


def write_seen(
    folder: Path, name: str, seen: Seen, scenes: Sequence[str], district: District, *, title: str
) -> None:
    """The map of what was seen, and what is missing as GeoJSON, named by the date."""
    source, state = seen.best
    sights = _Sights(grid=seen.grid, source=source, state=state)
    cells, edge = states_by_cell(sights, district.geometry)
    told = ", ".join(dict.fromkeys(one for one in seen.told_by if one)) or "nobody"
    facts = MapFacts(
        title=title,
        scenes=tuple(scenes),
        notes=(f"Each place by the scene that saw it best. Cloud and shadow told by: {told}.",),
        cell_m=edge * math.sqrt(math.prod(pixel_size_m(seen.grid))),
    )
    write_source_map(folder / f"{name}-seen.png", cells, facts)
    missing = _missing(seen, district)
    if missing:
        write_features(folder / f"{name}-missing.geojson", missing)
