"""One scene orthorectified into one file, without a release."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shapely import make_valid

from satdesk.core.lineage import lineage
from satdesk.core.scene import Scene
from satdesk.errors import DisjointInputError
from satdesk.files.store import new_file
from satdesk.release.acceptance import Acceptance
from satdesk.release.accuracy import AccuracyJob, coarse_terrain, scene_budget, unmet_accuracy
from satdesk.release.accuracy_words import budget_facts
from satdesk.release.budgets import picture_budget
from satdesk.release.cog import write_image
from satdesk.release.composition import Composition, Parts, compose, parts_of
from satdesk.release.ground import (
    grid_outline,
    grid_over,
    ground_under,
    image_outline,
    require_metres,
    source_gsd_m,
)
from satdesk.release.inputs import scene_files, terrain_files, terrain_names
from satdesk.release.known_ground import unknown_ground
from satdesk.release.lookahead import sources_ahead
from satdesk.release.plain_facts import grid_facts, notice_facts
from satdesk.release.recipe import GridChoice, TerrainChoice
from satdesk.scale.run import Executor

if TYPE_CHECKING:
    from satdesk.release.pictures import Progress

__all__ = ["write_ortho"]


def write_ortho(  # noqa: PLR0913 - the wishes of one job, keyword-only
    scene: Scene,
    out: Path,
    *,
    wish: GridChoice,
    terrain: TerrainChoice,
    bounds: tuple[float, float, float, float] | None,
    reasons: Mapping[str, str],
    overwrite: bool,
    executor: Executor,
    checksum: bool = False,
    given: tuple[Path, ...] = (),
    refinement: Path | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Write `scene` as a COG at `out` and answer as ``ortho.schema.json`` says.

    Args:
        scene: What to rectify.
        out: Must not exist, unless `overwrite` replaces it in one step.
        wish: Product, quantity, CRS, pixel, kernel, codec, and the accuracy wanted.
        terrain: The ground; not needed for images that are georeferenced already.
        bounds: ``xmin, ymin, xmax, ymax`` in the output CRS; None = the whole scene.
        reasons: Rules that are accepted, with their reasons.
        overwrite: Replace what is there.
        checksum: Answer the file's SHA-256 as well, which takes a second for a gigabyte.
        executor: How the picture is computed.
        given: What the caller named as the scene: `out` may not lie inside it.
        refinement: The file that `scene` was refined by; None = it was not.
        progress: Told each step.
    """
    told = progress or (lambda _step, _done, _total: None)
    inputs = (*scene_files(scene), *terrain_files(terrain), *given)
    digest = hashlib.sha256() if checksum else None
    with new_file(out, overwrite, inputs=inputs) as path, ExitStack() as beside:
        parts = parts_of(scene, wish)
        acceptance = Acceptance(reasons=reasons)
        composition = _composition(parts, wish, terrain, bounds, acceptance, refinement, beside)
        written = write_image(
            composition.layer,
            path,
            executor,
            codec=wish.codec,
            tags=_tags(scene),
            simulated=scene.simulated,
            progress=lambda done, total: told("image", done, total),
            seen=None if digest is None else digest.update,
        )
        share = written.usable / max(written.pixels, 1)
        if not written.usable:
            raise DisjointInputError(
                "the picture would be empty",
                subject=scene.id,
                found="no usable pixel of the scene on the grid",
                expected="an area that the scene shows",
                remedy="check --bounds and --crs, and the scene's nodata",
            )
    answer = _answer(out, composition, share)
    return answer if digest is None else answer | {"sha256": digest.hexdigest()}


def _composition(
    parts: Parts,
    wish: GridChoice,
    terrain: TerrainChoice,
    bounds: tuple[float, float, float, float] | None,
    acceptance: Acceptance,
    refinement: Path | None,
    beside: ExitStack,
) -> Composition:
    if wish.gsd_m is None:
        require_metres(wish.crs)
    around = image_outline(parts.finest, None)
    ground = ground_under(around, terrain, parts.images, wanted=parts.veiled)
    area = image_outline(parts.finest, ground.terrain)
    gsd_m = source_gsd_m(parts.finest) if wish.gsd_m is None else wish.gsd_m
    grid = grid_over(area, gsd_m=gsd_m, crs=wish.crs, bounds=bounds)
    beside.enter_context(sources_ahead(parts.images, parts.blocks, grid, ground.terrain))
    whole = grid_outline(grid, beside=area)
    drawn = area if bounds is None else make_valid(area).intersection(whole)
    subject = terrain_names(terrain)
    slanted = None if parts.finest.grid.crs is not None else ground.terrain
    missing = unknown_ground(drawn, slanted, acceptance, subject=subject)
    job = AccuracyJob(
        scene=parts.scene,
        image=parts.finest,
        area=drawn,
        ground=ground,
        terrain=terrain,
        refinement=refinement,
    )
    with ThreadPoolExecutor(1, thread_name_prefix="satdesk-budget") as aside:
        estimating = aside.submit(scene_budget, job)  # one core; the images are measured beside it
        made = compose(parts, grid, ground, kernel=wish.resampling, acceptance=acceptance)
        budget = estimating.result()
    coarse = coarse_terrain(budget, wish.accuracy_m, acceptance, subject=subject)
    whole = picture_budget(replace(made, budget=budget), grid) or budget
    unmet = unmet_accuracy(whole, wish.accuracy_m, acceptance, subject=parts.scene.id)
    facts = (*made.facts, ("accuracy", budget_facts(whole)))
    notices = (*made.notices, *missing, *coarse, *unmet)
    return replace(made, facts=facts, notices=notices, budget=whole)


def _tags(scene: Scene) -> dict[str, str]:
    when = scene.acquisition
    tags = {
        "TIFFTAG_IMAGEDESCRIPTION": scene.id,
        "TIFFTAG_COPYRIGHT": scene.credit or "credit not stated",
    }
    if when is not None:
        tags["ACQUISITION"] = (when.instant or when.day).isoformat()
    return tags


def _answer(out: Path, composition: Composition, share: float) -> dict[str, Any]:
    layer = composition.layer
    return {
        "path": str(out),
        "product": composition.parts.product,
        "quantity": layer.quantity.value,
        "bands": [band.name for band in layer.bands],
        "grid": grid_facts(layer.grid),
        "valid_share": round(share, 6),
        "facts": dict(composition.facts),
        "notices": notice_facts(composition.notices),
        "lineage_digest": lineage(layer).digest,
    }
