"""How much ground changed between two pictures: hectares, a range, and the map that shows it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from satdesk.errors import UsageError
from satdesk.files.digests import sha256
from satdesk.files.store import new_folder
from satdesk.radiometry.change_kinds import Kind, kind_called
from satdesk.release.acceptance import Acceptance
from satdesk.release.change_files import change_files, write_change
from satdesk.release.change_map import ChangeMap, change_map, dates_apart, no_stable_ground
from satdesk.release.change_pair import ChangePair, opened_pair
from satdesk.release.change_points import judged_area
from satdesk.release.change_wish import AreaWish
from satdesk.release.content import Notice
from satdesk.release.plain_facts import grid_facts, notice_facts

__all__ = ["measured_area"]

_SIMULATED = "SIMULATED: no camera took these pictures."
_SEASON_DAYS = 30
_FEW_PX = 9
"""Three by three pixels: less is within the reach of one pixel of misregistration."""
_BASIS = (
    "counted pixels; from one standard deviation of the noise stricter with edges drawn in by the "
    "misregistration, to one laxer with edges drawn out: a range, no probability"
)


def measured_area(
    before: Path,
    after: Path,
    out: Path | None,
    wish: AreaWish,
    *,
    reasons: Mapping[str, str],
    overwrite: bool = False,
) -> dict[str, Any]:
    """Measure one kind of change (``area.schema.json``).

    Args:
        before: An orthorectified picture of reflectance of the first date.
        after: Of the second.
        out: Folder for the map, the outlines, the picture and the figures; None = nothing is
            written.
        wish: What is measured.
        reasons: Rules that are accepted, with their reasons.
        overwrite: Replace `out`.

    Raises:
        UsageError: `out` is there, or points are to be drawn and there is no `out`.
        InputError: A picture or the points cannot be used.
        LimitError: Most of the area changed, and that is not accepted.
    """
    if wish.draw and out is None:
        raise UsageError("drawn points are written to a folder", remedy="name one with --out")
    kind, acceptance = kind_called(wish.kind), Acceptance(reasons=reasons)
    pair = opened_pair(
        before, after, kind, area=wish.within, pixel_m=wish.pixel_m, masks=wish.masks
    )
    pair = pair.on_one_scale(kind.bands)
    least_px = max(1, round(wish.least_ha * 1e4 / pair.pixel_m2))
    found = change_map(pair, kind, least_px=least_px, misregistration_px=wish.misregistration_px)
    broken = (dates_apart(pair), no_stable_ground(found))
    notices = [acceptance.settle(each) for each in broken if each is not None]
    points = None
    if wish.points is not None:
        points = judged_area(wish.points, found, pair.grid, pair.pixel_m2)
    answer = _answer(pair, kind, wish, found, points, [*notices, *_notices(pair, points, least_px)])
    if out is not None:
        inputs = [path for path in (before, after, wish.points, *wish.masks) if path is not None]
        with new_folder(out, overwrite, inputs=inputs) as folder:
            answer = {**answer, "path": str(out), "files": change_files(found, wish)}
            write_change(folder, pair, wish, found, answer)
    return answer


def _answer(
    pair: ChangePair,
    kind: Kind,
    wish: AreaWish,
    found: ChangeMap,
    points: dict[str, Any] | None,
    notices: list[Notice],
) -> dict[str, Any]:
    ha = pair.pixel_m2 / 1e4
    area = {
        "ha": round(found.changed_px * ha, 3),
        "low_ha": round(found.low_px * ha, 3),
        "high_ha": round(found.high_px * ha, 3),
        "basis": _BASIS,
    }
    known, inside = found.known_px * ha, found.inside * ha + pair.beyond_m2 / 1e4
    facts = {
        "kind": kind.name,
        "words": kind.words,
        "alike": kind.alike,
        "area": area,
        "points": points,
        "within": {"title": wish.title, "ha": round(inside, 3)},
        "known": _share(known, inside),
        "not_told": _share(inside - known, inside),
        "measure": {
            "words": kind.measure_words,
            "state": kind.state_words,
            "source": kind.source,
            "least": kind.least,
            "middle": round(found.found.middle, 5),
            "noise": round(found.found.noise, 5),
            "threshold": round(found.found.chosen, 5),
        },
        "scale": [
            {"band": name, "gain": round(line.gain, 5), "offset": round(line.offset, 5)}
            for name, line in pair.lines
        ],
        "least_ha": wish.least_ha,
        "misregistration_px": wish.misregistration_px,
        "grid": grid_facts(pair.grid),
        "dates": {"before": _date(pair, first=True), "after": _date(pair, first=False)},
        "simulated": pair.simulated,
        "notices": notice_facts(notices),
        "path": None,
        "files": [],
    }
    return {**facts, "statement": _statement(facts)}


def _share(ha: float, whole: float) -> dict[str, float]:
    return {"ha": round(ha, 3), "percent": round(100 * ha / whole, 2) if whole else 0.0}


def _date(pair: ChangePair, *, first: bool) -> dict[str, Any]:
    file = pair.before if first else pair.after
    mask = pair.masks[0 if first else 1]
    tags = dict(file.tags)
    return {
        "file": file.path.name,
        "sha256": sha256(file.path),
        "mask": None if mask is None else {"file": mask.name, "sha256": sha256(mask)},
        "acquired": tags.get("ACQUISITION"),
    }


def _statement(facts: Mapping[str, Any]) -> str:
    """What is seen, in one sentence; who did it no picture tells."""
    area, points = facts["area"], facts["points"]
    said = f"{area['ha']:,.1f} ha (range {area['low_ha']:,.1f} to {area['high_ha']:,.1f} ha)"
    if points is not None:
        low, high = points["interval_95_ha"]
        said = (
            f"{points['ha']:,.1f} ha (95 % interval {low:,.1f} to {high:,.1f} ha, "
            f"{points['points']} judged points)"
        )
    dates = [
        facts["dates"][name]["acquired"] or "a date not stated" for name in ("before", "after")
    ]
    text = (
        f"In {facts['within']['title']}, {facts['words']} on {said}, between {dates[0]} and "
        f"{dates[1]}; {facts['not_told']['percent']:.1f} % of the area is not told."
    )
    return f"{_SIMULATED} {text}" if facts["simulated"] else text


def _notices(pair: ChangePair, points: dict[str, Any] | None, least_px: int) -> list[Notice]:
    notices = _mask_notices(pair)
    if least_px < _FEW_PX:
        text = (
            f"The smallest piece that is mapped has {least_px} pixels: noise and pictures that do "
            "not lie on each other make pieces of that size. Map larger ones with --least."
        )
        notices.append(Notice(code="area-small-pieces", text=text))
    if points is None:
        text = (
            "Nobody judged points of this map: its figure counts the map's own mistakes. Draw "
            "points with --draw, judge them, and give them with --points."
        )
        notices.append(Notice(code="area-not-checked", text=text))
    apart = _days_apart_in_the_year(pair)
    if apart is None:
        text = "The pictures do not say when they were taken: season may be taken for change."
        notices.append(Notice(code="area-dates-unknown", text=text))
    elif apart > _SEASON_DAYS:
        text = f"The dates lie {apart} days apart in the year: season may be taken for change."
        notices.append(Notice(code="area-season", text=text))
    return notices


def _mask_notices(pair: ChangePair) -> list[Notice]:
    dates = [d for d, path in zip(("before", "after"), pair.masks, strict=True) if path is None]
    if not dates:
        return []
    text = (
        f"No mask tells of cloud {' and '.join(dates)}: cloud, its shadow or snow may be taken for "
        "change. Make masks with satdesk mask and give them with --mask-before and --mask-after."
    )
    return [Notice(code="area-no-mask", text=text)]


def _days_apart_in_the_year(pair: ChangePair) -> int | None:
    days = []
    for file in (pair.before, pair.after):
        text = dict(file.tags).get("ACQUISITION", "")[:10]
        try:
            days.append(np.datetime64(text, "D"))
        except ValueError:
            return None
        if np.isnat(days[-1]):
            return None
    first, second = (int((d - d.astype("datetime64[Y]")).astype(int)) for d in days)
    apart = abs(first - second)
    return min(apart, 365 - apart)
