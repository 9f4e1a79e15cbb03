"""How exactly the places of a scene's picture lie: its error budget, before a pixel is written."""

from __future__ import annotations

import math

from satdesk.errors import LimitError, UndeclaredInputError
from satdesk.geometry.budget import LEAST_CHECKS, Basis, Budget, TerrainError
from satdesk.release.acceptance import Acceptance
from satdesk.release.accuracy_checks import refinement_checks
from satdesk.release.accuracy_parts import AccuracyJob, budget_parts, terrain_error
from satdesk.release.accuracy_words import about, statement
from satdesk.release.content import Notice
from satdesk.release.refinement_use import load_refinement

__all__ = ["AccuracyJob", "coarse_terrain", "scene_budget", "unmet_accuracy"]


def scene_budget(job: AccuracyJob) -> Budget:
    """The budget of one scene: provider, camera, points, terrain and datum.

    What is measured while the picture is composed (PAN against MS, date against date) is added
    by `release.budgets`.
    """
    document = None if job.refinement is None else load_refinement(job.refinement)
    terrain = terrain_error(job)
    below = job.ground.terrain
    checks = () if document is None else refinement_checks(document, job.scene, below)
    return Budget(parts=budget_parts(job, document, terrain), checks=checks, terrain=terrain)


def coarse_terrain(
    budget: Budget, wanted_m: float | None, acceptance: Acceptance, *, subject: str
) -> tuple[Notice, ...]:
    """Refuse a terrain that cannot carry the accuracy that is wanted; say what cannot be told.

    Raises:
        LimitError: ``dem-too-coarse``, not accepted.
        UndeclaredInputError: An accuracy is wanted and the terrain is one height, or too small a
            grid to tell.
    """
    found = budget.terrain
    notices = () if found is None else _smooth_notice(found)
    if wanted_m is None or _on_map(budget):
        return notices
    if found is None or found.supports_m is None:
        raise UndeclaredInputError(
            "the accuracy that is wanted cannot be held against this terrain",
            subject=subject,
            found="one height for all" if found is None else "too few cells to tell its error",
            expected=f"a DEM that supports {wanted_m:g} m (CE90)",
            remedy="name a DEM of the area, or ask for no accuracy",
        )
    if found.supports_m <= wanted_m:
        return notices
    view = math.degrees(math.atan(found.tangent))
    error = LimitError(
        "the terrain is too coarse for the accuracy wanted: in this relief, seen "
        f"{view:.0f}° from the vertical, it supports {about(found.supports_m)} m (CE90)",
        subject=subject,
        rule="dem-too-coarse",
        measured=round(found.supports_m, 3),
        limit=wanted_m,
        unit="m (CE90) from the terrain alone",
        remedy="take a finer DEM or a scene seen more steeply, or ask for less",
    )
    return (*notices, acceptance.settle(error))


def unmet_accuracy(
    budget: Budget | None, wanted_m: float | None, acceptance: Acceptance, *, subject: str
) -> tuple[Notice, ...]:
    """Refuse a picture that prints a worse CE90 than is wanted, or none at all.

    What is compared is the figure as it is printed: the whole budget, rounded up.

    Raises:
        LimitError: ``accuracy-not-met`` or ``accuracy-not-shown``, not accepted.
    """
    if wanted_m is None:
        return ()
    if budget is None or budget.ce90_m is None or budget.leading is None:
        return (acceptance.settle(_not_shown(budget, wanted_m, subject)),)
    if float(about(budget.ce90_m)) > wanted_m:
        return (acceptance.settle(_not_met(budget, budget.ce90_m, wanted_m, subject)),)
    return () if budget.leading.against != "reference" else (_against_reference(wanted_m),)


def _not_shown(budget: Budget | None, wanted_m: float, subject: str) -> LimitError:
    return LimitError(
        "the accuracy that is wanted cannot be shown: nothing was compared with the ground",
        subject=subject,
        rule="accuracy-not-shown",
        measured=float(LEAST_CHECKS),
        limit=0.0,
        unit="independent points lacking",
        found="positions not checked" if budget is None else f"positions {statement(budget)}",
        expected=f"independent points that show {wanted_m:g} m (CE90)",
        remedy="refine the scene by points on the ground, or check it by them (satdesk refine "
        "--gcps, --check), or ask for no accuracy",
    )


def _not_met(budget: Budget, ce90_m: float, wanted_m: float, subject: str) -> LimitError:
    supports = None if budget.terrain is None else budget.terrain.supports_m
    coarse = supports is not None and supports > ce90_m / math.sqrt(2)
    return LimitError(
        "the picture's positions are not shown to be as exact as is wanted",
        subject=subject,
        rule="accuracy-not-met",
        measured=float(about(ce90_m)),
        limit=wanted_m,
        unit="m (CE90)",
        found=f"positions {statement(budget)}",
        expected=f"within {wanted_m:g} m (CE90)",
        remedy="take a finer DEM or a scene seen more steeply, or ask for less"
        if coarse
        else "measure more or better points, or refine by a --model with more freedom, or ask "
        "for less",
    )


def _against_reference(wanted_m: float) -> Notice:
    text = (
        f"The accuracy wanted, {wanted_m:g} m (CE90), is met against the reference image alone: "
        "how exactly that image lies was not checked."
    )
    return Notice(code="accuracy-against-reference", text=text)


def _on_map(budget: Budget) -> bool:
    part = budget.part("dem-spacing")
    return part is not None and part.basis is Basis.NOT_CONCERNED


def _smooth_notice(found: TerrainError) -> tuple[Notice, ...]:
    error = found.interpolation
    if error is None or not (error.smooth or error.detail_m > 3 * error.spacing_m):
        return ()
    more = (
        "what they leave out cannot be told from them"
        if error.smooth
        else f"they carry relief of their own from about {about(error.detail_m)} m on"
    )
    apart = about(error.spacing_m)
    text = f"The terrain's heights, {apart} m apart, are smoother than relief: {more}."
    return (Notice(code="terrain-smooth", text=text),)
