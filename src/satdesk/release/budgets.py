"""The budget of a date: of its scenes the worst, with what was measured among the pictures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from odc.geo.geobox import GeoBox

from satdesk.geometry.budget import Basis, Budget, Part
from satdesk.geometry.frames import pixel_size_m
from satdesk.release.composition import Composition

__all__ = ["date_budgets", "picture_budget"]

_CE90_OF_RMS = 1.5174
"""√(ln 10): CE90 of circular normal errors over their root mean square distance."""


def picture_budget(composition: Composition, grid: GeoBox) -> Budget | None:
    """The budget of one scene's picture; None where none was made."""
    if composition.budget is None:
        return None
    facts = dict(composition.facts)
    parts = (_pan_ms(facts), _dates(facts, math.sqrt(math.prod(pixel_size_m(grid)))))
    added = tuple(part for part in parts if part is not None)
    return replace(composition.budget, parts=(*composition.budget.parts, *added))


def date_budgets(
    groups: Sequence[tuple[Composition, ...]], names: Sequence[str], grid: GeoBox
) -> tuple[Budget | None, ...]:
    """One budget a date; a date that was moved lies as well as the one that it was moved onto.

    Args:
        groups: For each date, the compositions of its scenes.
        names: Ids of the dates.
        grid: Of all of them.
    """
    own = dict(zip(names, (_worst(group, grid) for group in groups), strict=True))
    return tuple(
        _moved(own[name], dict(group[0].facts).get("registration"), own)
        for name, group in zip(names, groups, strict=True)
    )


def _worst(group: tuple[Composition, ...], grid: GeoBox) -> Budget | None:
    """Of several scenes: one that nobody checked, else the one with the largest figure."""
    budgets = [found for each in group if (found := picture_budget(each, grid)) is not None]
    return max(budgets, key=_badness, default=None)


def _badness(budget: Budget) -> tuple[bool, float]:
    stated = budget.part("provider")
    unchecked = math.inf if stated is None or stated.value_m is None else stated.value_m
    return budget.ce90_m is None, unchecked if budget.ce90_m is None else budget.ce90_m


def _moved(
    budget: Budget | None,
    registration: object,
    every: dict[str, Budget | None],
) -> Budget | None:
    """`budget` with the checks of the date that its date was moved onto."""
    if budget is None or not isinstance(registration, dict) or registration["role"] != "moved":
        return budget
    onto = every.get(registration["reference"])
    residual = budget.part("dates")
    rms = None if residual is None else residual.value_m
    part = Part(
        name="moved-onto",
        value_m=None if rms is None else _CE90_OF_RMS * rms,
        measure="CE90",
        basis=Basis.MEASURED,
        by="windows held out",
        note=f"the positions are those of {registration['reference']}, and this remains",
    )
    if onto is None:
        return replace(budget, checks=(), parts=(*budget.parts, part))
    return replace(onto, parts=(*_own(onto, budget), part))


def _own(onto: Budget, budget: Budget) -> tuple[Part, ...]:
    """The reference's parts of position; what was measured of this date's own pictures."""
    own = ("pan-ms", "dates")
    mine = [part for part in budget.parts if part.name in own]
    return (*(part for part in onto.parts if part.name not in own), *mine)


def _pan_ms(facts: dict[str, object]) -> Part | None:
    found = facts.get("pan_ms_alignment")
    pixel = facts.get("source_pixel_m")
    if not isinstance(found, dict) or not isinstance(pixel, int | float):
        return None
    residual = found["residual_px"]
    return Part(
        name="pan-ms",
        value_m=None if residual is None else residual * pixel,
        measure="residual",
        basis=Basis.NOT_KNOWN if residual is None else Basis.MEASURED,
        by=None if residual is None else "the images themselves",
        note="how far colour lies from detail, after the correction",
    )


def _dates(facts: dict[str, object], pixel_m: float) -> Part | None:
    found = facts.get("registration")
    if not isinstance(found, dict) or found["role"] == "reference":
        return None
    residual = found["held_out_rmse_px"]
    return Part(
        name="dates",
        value_m=None if residual is None else residual * pixel_m,
        measure="RMS",
        basis=Basis.NOT_KNOWN if residual is None else Basis.MEASURED,
        by=None if residual is None else "windows held out",
        note=f"how far this date still lies from {found['reference']}",
    )
