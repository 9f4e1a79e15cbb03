"""A date of a release as plates, page and catalogue read it."""

from __future__ import annotations

from pathlib import Path

from shapely import make_valid
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union

from satdesk.core.layer import Layer
from satdesk.core.lineage import lineage
from satdesk.release.accuracy_words import budget_facts
from satdesk.release.assembly import assembly_notices
from satdesk.release.composition import Composition
from satdesk.release.content import DatedImage
from satdesk.release.dated import days_notices
from satdesk.release.dated_files import WrittenDate
from satdesk.release.ground import image_outline
from satdesk.release.hidden import single_scene_facts
from satdesk.release.plan import Plan
from satdesk.release.sighted import sighted_facts
from satdesk.release.times import relation

__all__ = ["dated_image"]

_FOOTPRINT_DEG = 1e-5


def dated_image(
    plan: Plan, index: int, written: WrittenDate, visual: Path, shown: Layer
) -> DatedImage:
    """What was written of one date, with everything that is said of it."""
    stored, sightings = written.image, written.sightings
    if sightings is None:
        sighted: tuple[tuple[str, object], ...] = single_scene_facts(plan, index, stored)
    else:
        sighted = sighted_facts(plan, index, sightings, shown)
    date, compositions = plan.dates[index], plan.compositions[index]
    first = compositions[0]
    scene = first.parts.scene
    clouds = [s.cloud_percent for s in date.scenes if s.cloud_percent is not None]
    return DatedImage(
        id=date.id,
        scene_ids=tuple(scene.id for scene in date.scenes),
        acquisition=date.acquisition,
        relation=relation(date.acquisition, plan.recipe.event),
        mission=scene.mission,
        instrument=scene.instrument,
        angles=scene.center,
        credit=date.credit or "credit not stated",
        simulated=date.simulated,
        visual=visual,
        image=stored.path if date.licence.analysis is True else None,
        bands=stored.bands,
        quantity=stored.quantity,
        product=first.parts.product,
        gsd_m=abs(plan.grid.affine.a),
        native_gsd_m=first.parts.finest.native_gsd_m,
        seen_share=written.seen,
        cloud_percent=max(clouds) if clouds else None,
        licence=date.licence,
        lineage=lineage(plan.layer(index)),
        facts=(*_facts(plan, index), *sighted),
        notices=tuple(
            dict.fromkeys(
                (
                    *(n for each in compositions for n in each.notices),
                    *days_notices(date),
                    *assembly_notices(None if sightings is None else sightings.assembly),
                )
            )
        ),
        source=None if sightings is None else sightings.path,
        footprint_wkt=_footprint(plan, compositions).wkt,
        outlines_wkt=tuple(each.wkt for each in _outlines(plan, compositions)),
    )


def _facts(plan: Plan, index: int) -> tuple[tuple[str, object], ...]:
    date, compositions, budget = plan.dates[index], plan.compositions[index], plan.budgets[index]
    checked = () if budget is None else (("accuracy", budget_facts(budget)),)
    if len(compositions) == 1:
        return (*compositions[0].facts, *checked)
    named = zip(date.scenes, compositions, strict=True)
    return (*((scene.id, dict(each.facts)) for scene, each in named), *checked)


def _footprint(plan: Plan, compositions: tuple[Composition, ...]) -> BaseGeometry:
    whole = unary_union(_outlines(plan, compositions))
    seen = whole.intersection(make_valid(plan.district.geometry))
    return seen.simplify(_FOOTPRINT_DEG)


def _outlines(plan: Plan, compositions: tuple[Composition, ...]) -> list[BaseGeometry]:
    """Where each scene lies, with what of it is outside the district."""
    return [
        make_valid(image_outline(each.parts.finest, plan.ground.terrain)) for each in compositions
    ]
