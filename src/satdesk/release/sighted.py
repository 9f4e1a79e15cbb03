"""A date with what is known of its sighting: areas, sites, gaps, the map, how its seams show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satdesk.core.layer import Layer
from satdesk.core.sighting import State
from satdesk.files.vector_output import write_features
from satdesk.radiometry.seam_visibility import Visibility
from satdesk.release.assembly import Assembly
from satdesk.release.content import Artifact
from satdesk.release.coverage import (
    coverage_facts,
    gap_features,
    site_facts,
    state_word,
    states_by_cell,
)
from satdesk.release.dated import Dated, acquired
from satdesk.release.display import seams_seen
from satdesk.release.hidden import cloud_facts
from satdesk.release.mosaic_files import sightings_layer
from satdesk.release.plan import Plan
from satdesk.release.sighted_names import GAPS_NAME, MAP_NAME, SOURCE_NAME
from satdesk.release.source_map import MapFacts, write_source_map

__all__ = ["Sightings", "sighted_facts", "write_sighted"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sightings:
    """What was written of a mosaic beside its image.

    Attributes:
        assembly: How it was put together.
        path: Of ``source.tif``.
        pixels: ``(scene, state)``: pixels of the district.
    """

    assembly: Assembly
    path: Path
    pixels: NDArray[np.int64]

    def layer(self, plan: Plan) -> Layer:
        """``source.tif`` as a layer."""
        return sightings_layer(self.path, plan.grid)


def sighted_facts(
    plan: Plan, index: int, sightings: Sightings, shown: Layer
) -> tuple[tuple[str, object], ...]:
    """What release.json says of a mosaic: how it was made, what was seen, how its seams show.

    Args:
        plan: Of the release.
        index: Of the date.
        sightings: Of that date.
        shown: The balanced and blended mosaic, linear in light.
    """
    layer = sightings.layer(plan)
    made = sightings.assembly
    seen = {
        **_visibility(seams_seen(shown, layer, made)),
        "beside_what_is_not_seen_clear": _visibility(seams_seen(shown, layer, made, edges=True)),
    }
    pixel_m2 = abs(plan.grid.affine.a * plan.grid.affine.e)
    coverage = coverage_facts(sightings.pixels, sightings.assembly.scene_ids, pixel_m2)
    coverage["sites"] = site_facts(layer, plan.sites.shown)
    return (
        *cloud_facts(plan, index, sightings.pixels),
        ("mosaic", {**sightings.assembly.facts, "seam_visibility": seen}),
        ("coverage", coverage),
    )


def _visibility(found: Visibility) -> dict[str, object]:
    return {
        "pairs": found.pairs,
        "gradient_ratio": _rounded(found.gradient_ratio),
        "step_ratio": _rounded(found.step_ratio),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def write_sighted(
    plan: Plan, date: Dated, sightings: Sightings, folder: Path, home: Path
) -> list[Artifact]:
    """Draw the map of a mosaic, and the gaps as polygons where there are any."""
    layer = sightings.layer(plan)
    cells, cell_px = states_by_cell(layer, plan.district.geometry)
    cell_m = cell_px * abs(plan.grid.affine.a)
    write_source_map(home / MAP_NAME, cells, _map_facts(plan, date, sightings, cell_m))
    written = [(MAP_NAME, "source-map", "image/png", "Which scene gave which part")]
    gaps = gap_features(cells, cell_px, plan.grid, plan.district.geometry)
    if gaps:
        write_features(home / GAPS_NAME, gaps)
        written.append((GAPS_NAME, "gaps", "application/geo+json", "What was not seen clear"))
    cog = "image/tiff; application=geotiff; profile=cloud-optimized"
    written.append((SOURCE_NAME, "source", cog, "Which scene gave each pixel, and how it was seen"))
    return [
        Artifact(
            path=(home / name).relative_to(folder).as_posix(),
            role=role,
            media_type=media_type,
            date_id=date.id,
            title=f"{title}, {date.id}",
        )
        for name, role, media_type, title in written
        if (home / name).is_relative_to(folder)
    ]


def _map_facts(plan: Plan, date: Dated, sightings: Sightings, cell_m: float) -> MapFacts:
    pixels = sightings.pixels
    total = max(int(pixels.sum()), 1)
    mark = "SIMULATED – " if date.simulated else ""
    return MapFacts(
        title=f"{mark}{plan.district.title}, {date.id}: which scene shows what",
        scenes=tuple(
            f"{number}  {acquired(scene).day.isoformat()}  {scene.id}  "
            f"{100 * int(pixels[number].sum()) / total:.1f} %"
            for number, scene in enumerate(date.scenes, start=1)
        ),
        notes=_state_lines(pixels.sum(axis=0), total),
        cell_m=cell_m,
    )


def _state_lines(counts: Sequence[int] | NDArray[np.int64], total: int) -> tuple[str, ...]:
    shares: dict[str, Any] = {
        state_word(state).replace("_", " "): 100 * int(counts[state]) / total for state in State
    }
    told = "; ".join(f"{word} {share:.1f} %" for word, share in shares.items() if share)
    return (f"Of the district: {told}.".replace("not told", "imaged, not told whether hidden"),)
