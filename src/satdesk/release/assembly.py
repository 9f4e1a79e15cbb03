"""Several scenes of one date put together: their order, their balance and their seams."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satdesk.core.sensor import FloatArray
from satdesk.core.units import Quantity
from satdesk.errors import UsageError
from satdesk.geometry.seams import cut, sides
from satdesk.products.balanced import Balanced
from satdesk.products.covered import Covered, CoverMap
from satdesk.products.seam_map import SeamMap
from satdesk.products.seamed import Seamed, Sighted
from satdesk.radiometry.balance import Balance
from satdesk.radiometry.seam_cost import seam_cost
from satdesk.release.brightness import alone, balanced, doubted, gains_of, with_gains
from satdesk.release.composition import Composition
from satdesk.release.content import Notice
from satdesk.release.mosaic_order import RULES, Candidate, ordered
from satdesk.release.pictures import Progress
from satdesk.release.plan import Plan
from satdesk.release.previews import Cells, Preview, cells_over, preview, sighted
from satdesk.release.recipe import MosaicChoice
from satdesk.scale.freed import give_back_freed_memory
from satdesk.scale.run import Executor

__all__ = ["Assembly", "assembled", "assembly_notices", "put_together", "seam_labels"]

_FEATHER_M = 15.0
_MOST_FEATHER_PX = 24
_ROOM = 2.0
"""Of the mixed band: what a seam needs of both scenes beside the edge of one."""
_CONTRADICTED = 0.001
"""Share of a scene from which the product says that another contradicts it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembly:
    """The mosaic of one date.

    Attributes:
        mosaic: Its scenes in order, numbered from 1.
        scene_ids: Their names in that order.
        gains: For each of them, the factor of each band for display; 1 where the image itself is
            balanced, or nothing is.
        feather_px: Half the width of the band that is mixed across seams for display.
        facts: JSON-ready.
        notices: What must stand on the product.
    """

    mosaic: Seamed
    scene_ids: tuple[str, ...]
    gains: tuple[tuple[float, ...], ...]
    feather_px: int
    facts: dict[str, Any]
    notices: tuple[Notice, ...] = ()


def assembled(plan: Plan, index: int, executor: Executor) -> tuple[Assembly, tuple[int, ...]]:
    """Put the scenes of one date of `plan` together.

    Returns:
        The mosaic, and the numbers of the date's scenes in the order that the rules give them.

    Raises:
        UsageError: The recipe names a rule that there is not, or the scenes differ in their bands.
    """
    choice, group = plan.recipe.mosaic, plan.compositions[index]
    _require_alike(group)
    cells = _cells(plan, group)
    geometry = plan.district.geometry
    seen = tuple(preview(each, cells, geometry, plan.ground, executor) for each in group)
    if choice.contradictions != "ignore":
        seen = doubted(
            seen,
            [band.name for band in group[0].layer.bands],
            cells.cell_px * abs(plan.grid.affine.a),
            room_m=_ROOM * _feather_m(choice),
            days=[_day(each) for each in group],
            newer=choice.contradictions == "avoid",
            calibrated=group[0].layer.quantity in {Quantity.TOA, Quantity.BOA},
        )
    order = ordered(_candidates(plan, index, seen), choice.order)
    small = [seen[k] for k in order]
    found = balanced(small) if choice.balance != "none" else None
    gains = gains_of(found, small)
    even = (with_gains(s, g) for s, g in zip(small, gains, strict=True))  # one at a time
    labels = seam_labels(even, choice)
    scenes = tuple(_compared(sighted(group[k]), s, cells)
                   for k, s in zip(order, small, strict=True))  # fmt: skip
    ones = tuple(tuple(1.0 for _ in gain) for gain in gains)
    if choice.balance == "image":
        scenes = tuple(_in_image(s, g) for s, g in zip(scenes, gains, strict=True))
    seams = SeamMap(labels=labels, cell_px=cells.cell_px, grid=plan.grid)
    ids = tuple(group[k].parts.scene.id for k in order)
    made = Assembly(
        mosaic=Seamed(scenes=scenes, seams=seams),
        scene_ids=ids,
        gains=ones if choice.balance == "image" else gains,
        feather_px=_feather_px(plan, choice),
        facts=_facts(choice, ids, small, found, gains, cells, plan),
        notices=(*_notices(choice, found, ids), *_contradicted(small, ids)),
    )
    return made, order


def _day(made: Composition) -> date | None:
    taken = made.parts.scene.acquisition
    return None if taken is None else taken.day


def _require_alike(group: Sequence[Composition]) -> None:
    names = [tuple(band.name for band in each.layer.bands) for each in group]
    if len(set(names)) > 1:
        raise UsageError(
            "the scenes of one date must give the same bands",
            found="; ".join(", ".join(each) for each in sorted(set(names))),
            remedy="choose a product that all of them can give, or give them dates of their own",
        )


def _cells(plan: Plan, group: Sequence[Composition]) -> Cells:
    pixel = abs(plan.grid.affine.a)
    coarsest = max(each.parts.images[-1].gsd_m[0] if each.parts.images[-1].gsd_m else pixel
                   for each in group)  # fmt: skip
    return cells_over(
        plan.grid,
        scenes=len(group),
        bands=len(group[0].layer.bands),
        least_px=max(1, round(coarsest / pixel)),
    )


def _candidates(plan: Plan, index: int, small: Sequence[Preview]) -> list[Candidate]:
    """Named by their place in the recipe."""
    date, group = plan.dates[index], plan.compositions[index]
    places = [plan.recipe.scenes.index(choice) for choice in date.choices]
    return [
        Candidate(
            scene=each.parts.scene,
            hidden_share=s.avoided_share if sighted(each).cover is not None else None,
            place=place,
        )
        for each, s, place in zip(group, small, places, strict=True)
    ]


def _compared(scene: Sighted, small: Preview, cells: Cells) -> Sighted:
    """With what the others say against it."""
    if small.doubt is None or not small.doubt.any():
        return scene
    cover = CoverMap(flags=small.doubt, known=np.ones(small.doubt.shape, np.bool_))
    doubt = Covered(cover=cover, ratio=cells.cell_px, grid=scene.grid)
    return replace(scene, doubt=doubt)


def _in_image(scene: Sighted, gains: tuple[float, ...]) -> Sighted:
    return replace(scene, layer=Balanced(source=scene.layer, gains=gains))


def seam_labels(small: Iterable[Preview], choice: MosaicChoice) -> NDArray[np.uint8]:
    """Which scene is wanted in each cell: one after the other is cut in along its cheapest line.

    Args:
        small: Balanced, in order; at least one.
        choice: Of the recipe.

    Returns:
        ``(y, x)`` uint8: number from 1; 0 = no scene shows the cell.
    """
    ahead = iter(small)
    first = next(ahead)
    labels = np.where(first.imaged, 1, 0).astype(np.uint8)
    values: FloatArray = first.values.copy()
    hidden, doubted = first.avoided & first.imaged, first.doubted
    for number, each in enumerate(ahead, start=2):
        allowed = sides(labels > 0, each.imaged, hidden, each.avoided & each.imaged)
        if choice.seams == "order":
            allowed[allowed == 3] = 1
        second = cut(allowed, seam_cost(values, each.values, doubted | each.doubted)) & each.imaged
        labels[second] = number
        np.copyto(values, each.values, where=second)
        hidden = np.where(second, each.avoided, hidden)
        doubted = np.where(second, each.doubted, doubted)
    return labels


def _feather_px(plan: Plan, choice: MosaicChoice) -> int:
    return min(round(_feather_m(choice) / abs(plan.grid.affine.a)), _MOST_FEATHER_PX)


def _feather_m(choice: MosaicChoice) -> float:
    return _FEATHER_M if choice.feather_m is None else choice.feather_m


def _facts(
    choice: MosaicChoice,
    ids: Sequence[str],
    small: Sequence[Preview],
    found: Balance | None,
    gains: Sequence[tuple[float, ...]],
    cells: Cells,
    plan: Plan,
) -> dict[str, Any]:
    bands = [band.name for band in plan.compositions[0][0].layer.bands]
    return {
        "order": [{"rule": name, "words": RULES[name].words} for name in choice.order],
        "scenes": [
            {
                "number": number,
                "id": scene,
                "hidden_share": round(s.hidden_share, 4),
                "contradicted_share": round(s.unclear_share - s.hidden_share, 4),
                "gains": {b: round(g, 5) for b, g in zip(bands, gain, strict=False)},
                "group": None if found is None else found.groups[number - 1],
            }
            for number, (scene, s, gain) in enumerate(zip(ids, small, gains, strict=True), 1)
        ],
        "seams": choice.seams,
        "contradictions": choice.contradictions,
        "seam_cell_m": round(cells.cell_px * abs(plan.grid.affine.a), 3),
        "balance": choice.balance,
        "feather_m": round(2 * _feather_px(plan, choice) * abs(plan.grid.affine.a), 2),
        "overlaps": [] if found is None else [_pair_facts(fit, ids) for fit in found.pairs],
    }


def _pair_facts(fit: Any, ids: Sequence[str]) -> dict[str, Any]:  # noqa: ANN401 - a PairFit
    return {
        "scenes": [ids[fit.first], ids[fit.second]],
        "samples": fit.samples,
        "stable_share": round(fit.stable_share, 4),
        "rms_before": _rounded(fit.before),
        "rms_after": _rounded(fit.after),
    }


def _rounded(value: float) -> float | None:
    return round(value, 5) if np.isfinite(value) else None


def _notices(choice: MosaicChoice, found: Balance | None, ids: Sequence[str]) -> tuple[Notice, ...]:
    words = ", then ".join(RULES[name].words for name in choice.order)
    notices = [
        Notice(
            code="mosaic",
            text=f"Put together from {len(ids)} scenes ({words}); source.tif tells which scene "
            "gave each pixel.",
        )
    ]
    if found is None:
        return tuple(notices)
    where = "The images" if choice.balance == "image" else "The pictures for eyes"
    if len(set(found.groups)) < len(ids):
        text = f"{where} were balanced in brightness by one gain a scene and band."
        notices.append(Notice(code="mosaic-balanced", text=text))
    apart = [ids[number] for number in alone(found)]
    if apart:
        text = f"Nothing tells how bright {', '.join(apart)} should be beside the others: as it is."
        notices.append(Notice(code="mosaic-not-balanced", text=text))
    return tuple(notices)


def _contradicted(small: Sequence[Preview], ids: Sequence[str]) -> tuple[Notice, ...]:
    """Which scenes another contradicts."""
    names = [name for name, each in zip(ids, small, strict=True)
             if each.unclear_share - each.hidden_share >= _CONTRADICTED]  # fmt: skip
    if not names:
        return ()
    text = (
        f"Parts of {', '.join(names)} look as if under cloud or in its shadow beside another "
        "scene, and no mask tells it: they count as not told where the other is not shown."
    )
    return (Notice(code="mosaic-contradicted", text=text),)


def assembly_notices(assembly: Assembly | None) -> tuple[Notice, ...]:
    """What must stand on the date's products; nothing where a date is one scene."""
    return () if assembly is None else assembly.notices


def put_together(
    plan: Plan, executor: Executor, told: Progress
) -> tuple[Plan, tuple[Assembly | None, ...]]:
    """Put together each date of several scenes; the plan then has them in their order.

    Raises:
        UsageError: As `assembled`.
    """
    dates, groups = list(plan.dates), list(plan.compositions)
    made: list[Assembly | None] = []
    for index, group in enumerate(plan.compositions):
        told("put together", index, len(plan.dates))
        if len(group) == 1:
            made.append(None)
            continue
        give_back_freed_memory()
        assembly, order = assembled(plan, index, executor)
        groups[index] = tuple(group[k] for k in order)
        dates[index] = replace(
            dates[index],
            scenes=tuple(dates[index].scenes[k] for k in order),
            choices=tuple(dates[index].choices[k] for k in order),
        )
        made.append(assembly)
        give_back_freed_memory()
    mosaics = tuple(None if each is None else each.mosaic for each in made)
    whole = replace(plan, dates=tuple(dates), compositions=tuple(groups), mosaics=mosaics)
    return whole, tuple(made)
