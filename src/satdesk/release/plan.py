"""Everything about a release that is decided before a pixel is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from odc.geo.geobox import GeoBox
from shapely import make_valid, transform
from shapely.geometry.base import BaseGeometry

from satdesk.core.layer import Layer
from satdesk.core.place import District
from satdesk.core.scene import Scene
from satdesk.core.sensor import Terrain
from satdesk.errors import DisjointInputError
from satdesk.files.decoded import DecodedBlocks
from satdesk.geometry.budget import Budget
from satdesk.products.clipped import Clipped
from satdesk.products.mosaic import Mosaic
from satdesk.products.seamed import Seamed
from satdesk.release.acceptance import Acceptance
from satdesk.release.accuracy import AccuracyJob, coarse_terrain, scene_budget, unmet_accuracy
from satdesk.release.area import Sites, chosen_district, chosen_sites
from satdesk.release.budgets import date_budgets
from satdesk.release.composition import Composition, Parts, compose, parts_of
from satdesk.release.cover_sources import methods_of
from satdesk.release.covers import covered
from satdesk.release.dated import Dated, dated_scenes, require_one_side
from satdesk.release.ground import (
    Ground,
    grid_over,
    ground_under,
    image_outline,
    require_metres,
    source_gsd_m,
)
from satdesk.release.inputs import terrain_names
from satdesk.release.known_ground import unknown_ground
from satdesk.release.pictures import Progress
from satdesk.release.recipe import Recipe, SceneChoice
from satdesk.release.registration import registered_dates

__all__ = ["Plan", "planned"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a release will be.

    Attributes:
        compositions: For each date, those of its scenes; the first has priority.
        budgets: For each date, how exactly its places lie; None where that is not concerned.
        acceptance: The rules that may be broken, and those that were.
        mosaics: For each date, its scenes put together; None = one scene, or not decided yet.
    """

    recipe: Recipe
    district: District
    sites: Sites
    dates: tuple[Dated, ...]
    ground: Ground
    grid: GeoBox
    compositions: tuple[tuple[Composition, ...], ...]
    budgets: tuple[Budget | None, ...]
    acceptance: Acceptance
    mosaics: tuple[Seamed | None, ...] = ()

    def layer(self, index: int) -> Clipped:
        """The picture of one date: its scenes laid over each other, cut to the district."""
        return Clipped(source=self._whole(index), polygon=self.district.geometry)

    def _whole(self, index: int) -> Layer:
        mosaic = self.mosaics[index] if self.mosaics else None
        if mosaic is not None:
            return mosaic
        layers = tuple(each.layer for each in self.compositions[index])
        return layers[0] if len(layers) == 1 else Mosaic(layers=layers)


def planned(recipe: Recipe, scenes: Sequence[Scene], told: Progress) -> Plan:
    """Open district, sites and terrain, choose the grid, measure what must be fitted.

    Raises:
        InputError: An input cannot be used.
        LimitError: A measured value breaks a limit that the recipe does not accept.
    """
    require_metres(recipe.grid.crs)
    district = chosen_district(recipe.district)
    dates = dated_scenes(scenes, recipe.scenes)
    require_one_side(dates, recipe.event)
    blocks = DecodedBlocks()
    parts = [[parts_of(scene, recipe.grid, blocks) for scene in date.scenes] for date in dates]
    used = tuple(image for group in parts for part in group for image in part.images)
    every = [part for group in parts for part in group]
    _require_overlap(every, district, None)
    ground = ground_under(
        district.geometry, recipe.terrain, used, wanted=any(part.veiled for part in every)
    )
    _require_overlap(every, district, ground.terrain)
    grid = grid_over(
        district.geometry,
        gsd_m=recipe.grid.gsd_m or max(source_gsd_m(g[0].finest) for g in parts),
        crs=recipe.grid.crs,
    )
    acceptance = Acceptance(reasons=dict(recipe.accept))
    compositions = []
    for number, group in enumerate(parts):
        told("measure", number, len(parts))
        compositions.append(
            tuple(
                _composed(part, choice, district, grid, ground, recipe, acceptance)
                for part, choice in zip(group, dates[number].choices, strict=True)
            )
        )
    told("measure", len(parts), len(parts))
    laid = registered_dates(dates, compositions, grid, recipe.registration, acceptance)
    methods = methods_of(recipe.masks.method)
    if methods:
        around = recipe.terrain
        laid = tuple(
            tuple(covered(each, grid, ground, methods, around) for each in group) for group in laid
        )
    budgets = date_budgets(laid, [date.id for date in dates], grid)
    return Plan(
        recipe=recipe,
        district=district,
        sites=chosen_sites(recipe.sites, district),
        dates=dates,
        ground=ground,
        grid=grid,
        compositions=_judged(laid, budgets, dates, recipe.grid.accuracy_m, acceptance),
        budgets=budgets,
        acceptance=acceptance,
    )


def _composed(
    part: Parts,
    choice: SceneChoice,
    district: District,
    grid: GeoBox,
    ground: Ground,
    recipe: Recipe,
    acceptance: Acceptance,
) -> Composition:
    seen = make_valid(image_outline(part.finest, ground.terrain)).intersection(district.geometry)
    subject = terrain_names(recipe.terrain)
    slanted = None if part.finest.grid.crs is not None else ground.terrain
    missing = unknown_ground(seen, slanted, acceptance, subject=subject)
    budget = scene_budget(
        AccuracyJob(
            scene=part.scene,
            image=part.finest,
            area=seen,
            ground=ground,
            terrain=recipe.terrain,
            refinement=choice.refinement,
        )
    )
    coarse = coarse_terrain(budget, recipe.grid.accuracy_m, acceptance, subject=subject)
    made = compose(part, grid, ground, kernel=recipe.grid.resampling, acceptance=acceptance)
    return replace(made, notices=(*made.notices, *missing, *coarse), budget=budget)


def _judged(
    groups: Sequence[tuple[Composition, ...]],
    budgets: Sequence[Budget | None],
    dates: Sequence[Dated],
    wanted_m: float | None,
    acceptance: Acceptance,
) -> tuple[tuple[Composition, ...], ...]:
    """The compositions, with what is to be said of the accuracy that is wanted."""
    judged = []
    for group, budget, date in zip(groups, budgets, dates, strict=True):
        said = unmet_accuracy(budget, wanted_m, acceptance, subject=date.id)
        first = replace(group[0], notices=(*group[0].notices, *said))
        judged.append((first, *group[1:]))
    return tuple(judged)


def _require_overlap(parts: Sequence[Parts], district: District, terrain: Terrain | None) -> None:
    """Without a terrain the outlines are wide: it need not be read for a place far away."""
    for part in parts:
        outline = image_outline(part.finest, terrain)
        if not make_valid(outline).intersects(district.geometry):
            raise DisjointInputError(
                "the scene and the district do not overlap",
                subject=part.scene.id,
                found="scene in longitude/latitude {:.3f} {:.3f} {:.3f} {:.3f}".format(
                    *outline.bounds
                ),
                expected="district {} in {:.3f} {:.3f} {:.3f} {:.3f}".format(
                    district.title, *district.geometry.bounds
                ),
                remedy=_apart(outline, district.geometry),
            )


def _apart(outline: BaseGeometry, district: BaseGeometry) -> str:
    """What to do where a scene does not show the district."""
    swapped = transform(district, lambda xy: xy[:, ::-1])
    if make_valid(swapped).intersects(make_valid(outline)):
        return "write longitude before latitude: the district's are swapped"
    return "choose another scene or another district"
