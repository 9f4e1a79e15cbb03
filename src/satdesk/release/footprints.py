"""The district report: what the outlines of the scenes cover and, on request, what hides it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import shapely
from shapely import make_valid
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union

from satdesk.bundles.report import acquisition_facts
from satdesk.core.place import District, Site
from satdesk.core.scene import Scene
from satdesk.files.store import new_folder
from satdesk.files.vector_output import write_features
from satdesk.files.vectors import Feature
from satdesk.geometry.areas import area_km2
from satdesk.release.area import chosen_district, chosen_sites
from satdesk.release.composition import parts_of
from satdesk.release.cover_sources import methods_of
from satdesk.release.dated import Dated, acquired, dated_scenes
from satdesk.release.footprint_map import write_footprint_map
from satdesk.release.ground import ground_under, image_outline
from satdesk.release.inputs import choice_paths
from satdesk.release.recipe import Recipe
from satdesk.release.scenes import open_scene
from satdesk.release.seen import Seen, seen_date, seen_facts, write_seen

__all__ = ["Covered", "district_report", "footprint_facts", "write_footprints"]

_LEAST_HA = 0.01
_OUTLINES = "outlines of the scenes; no pixel was read, clouds were not looked for"
_MEASURED = "outlines of the scenes; cloud and shadow were looked for, as seen says"


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """The district on one date, as the outlines of its scenes say.

    Attributes:
        date: Its scenes.
        outlines: One for each scene, longitude/latitude, cut to the district.
        seen: Their union.
        gaps: What none of them covers, largest first.
        sights: How each cell was seen; None = nobody looked.
    """

    date: Dated
    outlines: tuple[BaseGeometry, ...]
    seen: BaseGeometry
    gaps: tuple[BaseGeometry, ...]
    sights: Seen | None = None


def district_report(
    recipe: Recipe, out: Path | None, *, masks: str | None = None, overwrite: bool = False
) -> dict[str, Any]:
    """What the scenes of `recipe` can show of its district (``report.schema.json``).

    Without masks no pixel is read: clouds are not looked for, and ground behind relief counts as
    seen.

    Args:
        recipe: As for a release.
        out: Receives maps, outlines and gaps as GeoJSON; None = nothing is written.
        masks: Who tells of cloud and shadow, as in ``[masks]``; None = what the recipe says.
        overwrite: Replace `out`.

    Raises:
        InputError: An input cannot be used.
    """
    district = chosen_district(recipe.district)
    scenes = [open_scene(choice) for choice in recipe.scenes]
    methods = methods_of(recipe.masks.method if masks is None else masks)
    covered = _covered(recipe, district, scenes, methods)
    sites = chosen_sites(recipe.sites, district).shown
    if out is not None:
        inputs = [path for choice in recipe.scenes for path in choice_paths(choice)]
        with new_folder(out, overwrite, inputs=inputs) as folder:
            write_footprints(folder, district, covered)
    return footprint_facts(district, covered, sites)


def _covered(
    recipe: Recipe, district: District, scenes: Sequence[Scene], methods: tuple[str, ...]
) -> list[Covered]:
    wish = replace(recipe.grid, quantity="counts")
    parts = {scene.id: parts_of(scene, wish) for scene in scenes}
    used = tuple(image for each in parts.values() for image in each.images)
    ground = ground_under(district.geometry, recipe.terrain, used)
    terrain = ground.terrain
    whole = make_valid(district.geometry)
    found = []
    for date in dated_scenes(scenes, recipe.scenes):
        outlines = tuple(
            make_valid(image_outline(parts[scene.id].finest, terrain)).intersection(whole)
            for scene in date.scenes
        )
        seen = unary_union(outlines)
        measured = [parts[scene.id] for scene in date.scenes] if methods else []
        found.append(
            Covered(
                date=date,
                outlines=outlines,
                seen=seen,
                gaps=_pieces(whole, seen),
                sights=seen_date(measured, district, ground, methods, recipe.terrain)
                if measured
                else None,
            )
        )
    return found


def _pieces(whole: BaseGeometry, seen: BaseGeometry) -> tuple[BaseGeometry, ...]:
    parts = [
        part
        for part in shapely.get_parts(whole.difference(seen))
        if part.geom_type == "Polygon" and _ha(part) >= _LEAST_HA
    ]
    return tuple(sorted(parts, key=lambda part: (-_ha(part), part.wkb_hex)))


def _ha(area: BaseGeometry) -> float:
    polygons = [p for p in shapely.get_parts(area) if p.geom_type == "Polygon"]
    return 100 * sum(area_km2(polygon) for polygon in polygons)


def footprint_facts(
    district: District, covered: Sequence[Covered], sites: Sequence[Site]
) -> dict[str, Any]:
    """The report, JSON-ready."""
    whole = _ha(make_valid(district.geometry))
    return {
        "district": {"id": district.id, "title": district.title, "area_ha": round(whole, 2)},
        "basis": _MEASURED if any(each.sights for each in covered) else _OUTLINES,
        "dates": [_date(each, whole, district, sites) for each in covered],
    }


def _date(each: Covered, whole: float, district: District, sites: Sequence[Site]) -> dict[str, Any]:
    seen = _ha(each.seen)
    names = [scene.id for scene in each.date.scenes]
    return {
        "id": each.date.id,
        "days": [day.isoformat() for day in each.date.days],
        "imaged": _share(seen, whole),
        "not_imaged": _share(max(whole - seen, 0.0), whole),
        "scenes": [_scene(each, number, whole) for number in range(len(each.outlines))],
        "sites": [
            {
                "id": site.id,
                "title": site.title,
                "scenes": [
                    scene.id
                    for scene, outline in zip(each.date.scenes, each.outlines, strict=True)
                    if site.geometry is not None and outline.intersects(site.geometry)
                ],
            }
            for site in sites
        ],
        "gaps": [
            {
                "number": number,
                "area_ha": round(_ha(gap), 2),
                "bbox": [round(value, 6) for value in gap.bounds],
            }
            for number, gap in enumerate(each.gaps, start=1)
        ],
        "seen": None if each.sights is None else seen_facts(each.sights, names, district, sites),
    }


def _scene(each: Covered, number: int, whole: float) -> dict[str, Any]:
    scene, outline = each.date.scenes[number], each.outlines[number]
    others = unary_union([o for k, o in enumerate(each.outlines) if k != number])
    angles = scene.center
    return {
        "id": scene.id,
        "acquisition": acquisition_facts(acquired(scene)),
        "imaged": _share(_ha(outline), whole),
        "alone": _share(_ha(outline.difference(others)), whole),
        "cloud_percent": scene.cloud_percent,
        "incidence_deg": None if angles is None else angles.incidence_deg,
        "sun_elevation_deg": None if angles is None else angles.sun_elevation_deg,
    }


def _share(area: float, whole: float) -> dict[str, float]:
    return {"ha": round(area, 2), "percent": round(100 * area / whole, 3)}


def write_footprints(folder: Path, district: District, covered: Sequence[Covered]) -> None:
    """For each date maps, its outlines and its gaps, named by the date."""
    for each in covered:
        name = each.date.id
        if each.sights is not None:
            _write_sights(folder, district, each, each.sights)
        write_footprint_map(
            folder / f"{name}-footprints.png",
            district,
            [
                (f"{acquired(scene).day.isoformat()}  {scene.id}", outline)
                for scene, outline in zip(each.date.scenes, each.outlines, strict=True)
            ],
            each.gaps,
            title=_title(district, each.date),
        )
        outlines = [
            Feature(geometry=outline, properties=(("scene", scene.id),))
            for scene, outline in zip(each.date.scenes, each.outlines, strict=True)
            if not outline.is_empty
        ]
        if outlines:
            write_features(folder / f"{name}-footprints.geojson", outlines)
        if each.gaps:
            write_features(
                folder / f"{name}-gaps.geojson",
                [
                    Feature(
                        geometry=gap,
                        properties=(
                            ("number", number),
                            ("missing", "not_imaged"),
                            ("area_ha", round(_ha(gap), 2)),
                        ),
                    )
                    for number, gap in enumerate(each.gaps, start=1)
                ],
            )


def _write_sights(folder: Path, district: District, each: Covered, sights: Seen) -> None:
    write_seen(
        folder,
        each.date.id,
        sights,
        [f"{acquired(scene).day.isoformat()}  {scene.id}" for scene in each.date.scenes],
        district,
        title=_title(district, each.date),
    )


def _title(district: District, date: Dated) -> str:
    return f"{'SIMULATED – ' if date.simulated else ''}{district.title}, {date.id}"
