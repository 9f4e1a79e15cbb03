"""What hides a date's district, in numbers: from the mask of its one scene or of its mosaic."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from satdesk.core.layer import Layer
from satdesk.core.sighting import State
from satdesk.products.clipped import inside
from satdesk.products.seamed import Sighted
from satdesk.products.sights import Sights
from satdesk.release.coverage import coverage_facts, site_facts
from satdesk.release.pictures import Stored, stored_layer
from satdesk.release.plan import Plan
from satdesk.scale.tiles import tiles

__all__ = ["cloud_facts", "single_scene_facts"]

_TILE = 2048


def single_scene_facts(
    plan: Plan, index: int, stored: Stored
) -> tuple[tuple[str, dict[str, Any]], ...]:
    """``coverage`` and ``cloud`` of a date of one scene; nothing where nobody looked for clouds."""
    (made,) = plan.compositions[index]
    if made.cover is None or made.cover.layer is None:
        return ()
    sights = Sights(scene=Sighted(layer=stored_layer(stored), cover=made.cover.layer))
    pixels = _counted(sights, plan.district.geometry)
    pixel_m2 = abs(plan.grid.affine.a * plan.grid.affine.e)
    coverage = coverage_facts(pixels, (made.parts.scene.id,), pixel_m2)
    coverage["sites"] = site_facts(sights, plan.sites.shown)
    return (("coverage", coverage), *cloud_facts(plan, index, pixels))


def _counted(sights: Layer, district: BaseGeometry) -> NDArray[np.int64]:
    """``(scene, state)``: pixels inside the district; row 0 = no scene."""
    pixels = np.zeros((2, len(State)), np.int64)
    for tile in tiles(sights.grid, _TILE):
        keep = inside(district, sights.grid, tile.grid)
        if not keep.any():
            continue
        raster = sights.read(tile.grid)
        source = np.where(raster.valid, raster.values[0], 0)[keep]
        state = np.where(raster.valid, raster.values[1], State.NOT_IMAGED)[keep]
        codes = source.astype(np.int64) * len(State) + state
        pixels += np.bincount(codes, minlength=pixels.size).reshape(pixels.shape)
    return pixels


def cloud_facts(
    plan: Plan, index: int, pixels: NDArray[np.int64]
) -> tuple[tuple[str, dict[str, Any]], ...]:
    """The fact ``cloud`` of a date from its counted pixels; nothing where nobody looked.

    Args:
        plan: Of the release.
        index: Of the date.
        pixels: ``(scene, state)`` inside the district.
    """
    told = [c.cover.facts["method"] for c in plan.compositions[index] if c.cover and c.cover.layer]
    if not told:
        return ()
    counts = pixels.sum(axis=0)
    total, imaged = int(counts.sum()), int(counts.sum() - counts[State.NOT_IMAGED])
    hidden = int(counts[State.CLOUD] + counts[State.SHADOW])
    facts = {
        "hidden_percent": _percent(hidden, total),
        "cloud_percent": _percent(int(counts[State.CLOUD]), total),
        "shadow_percent": _percent(int(counts[State.SHADOW]), total),
        "cloud_percent_of_picture": _percent(int(counts[State.CLOUD]), imaged),
        "shadow_percent_of_picture": _percent(int(counts[State.SHADOW]), imaged),
        "not_told_percent_of_picture": _percent(int(counts[State.NOT_TOLD]), imaged),
        "told_by": ", ".join(dict.fromkeys(told)),
    }
    return (("cloud", facts),)


def _percent(part: int, whole: int) -> float:
    return round(100 * part / max(whole, 1), 3)
