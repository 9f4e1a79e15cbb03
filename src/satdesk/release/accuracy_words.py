"""An error budget as one sentence, as labelled lines, and as JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from satdesk.geometry.budget import Basis, Budget, Checks, Part, TerrainError
from satdesk.geometry.checkpoints import CheckFigures

__all__ = ["about", "budget_facts", "checked_words", "part_words", "statement"]

_POINTS = {
    "leave-one-out": "independent points",
    "check-points": "check points that were not fitted",
    "held-out": "points held out of the fit",
}
_LABELS = {
    "provider": "Provider's statement",
    "sensor": "Camera",
    "matching": "Noise of the points",
    "dem-stated": "Heights of the terrain",
    "dem-spacing": "Terrain between its heights",
    "datum": "Height datum",
    "pan-ms": "MS against PAN",
    "dates": "Against the other date",
    "moved-onto": "Moved onto the other date",
}


def statement(budget: Budget) -> str:
    """What the product says of its positions, without a full stop; never a guess of ours."""
    figure, leading = budget.ce90_m, budget.leading
    if figure is not None and leading is not None:
        n = leading.camera.n if leading.on_terrain is None else leading.on_terrain.n
        return checked_words(figure, n=n, how=leading.how, against=leading.against)
    provider = budget.part("provider")
    stated = None if provider is None else provider.value_m
    return f"not checked; the provider states {'nothing' if stated is None else _ce90(stated)}"


def checked_words(metres: float, *, n: int, how: str, against: str) -> str:
    """``within about 3.5 m (CE90, 14 independent points)``."""
    if against == "reference":
        points = "matches" if how == "leave-one-out" else f"{_POINTS[how]}"
        return (
            f"within about {about(metres)} m of a reference image, whose own error adds "
            f"(CE90, {n} {points})"
        )
    return f"within about {about(metres)} m (CE90, {n} {_POINTS[how]})"


def about(metres: float) -> str:
    """Two significant digits, rounded up: the error may be smaller than said, not larger."""
    if metres <= 0:
        return "0.001"
    step = max(10.0 ** (math.floor(math.log10(metres)) - 1), 0.001)
    return f"{math.ceil(metres / step - 1e-9) * step:.6g}"


def _ce90(metres: float) -> str:
    return f"{metres:.2g} m (CE90)" if metres < 100 else f"{metres:.0f} m (CE90)"


def part_words(parts: list[Mapping[str, Any]]) -> tuple[tuple[str, str], ...]:
    """``(label, words)`` of the parts of `budget_facts`, for the page."""
    return tuple((_LABELS.get(part["part"], part["part"]), _part_line(part)) for part in parts)


def _part_line(part: Mapping[str, Any]) -> str:
    if part["value_m"] is None:
        head = str(part["basis"])
    else:
        head = f"{part['value_m']:.2g} m ({part['measure']}), {part['basis']}"
        head += f" by {part['by']}" if part["by"] else ""
    return f"{head}: {part['note']}" if part["note"] else head


def budget_facts(budget: Budget) -> dict[str, Any]:
    """The fact ``accuracy``, JSON-ready; `docs/reference/release.md` names its keys."""
    leading = budget.leading
    best = None if leading is None else leading.on_terrain or leading.camera
    return {
        "statement": statement(budget),
        "checked": leading is not None,
        "ce90_m": _rounded(budget.ce90_m),
        "n": None if best is None else best.n,
        "how": None if leading is None else leading.how,
        "against": None if leading is None else leading.against,
        "checks": [_checks(each) for each in budget.checks],
        "parts": [_part(part) for part in budget.parts],
        "terrain": None if budget.terrain is None else _terrain(budget.terrain),
    }


def _checks(checks: Checks) -> dict[str, Any]:
    return {
        "how": checks.how,
        "against": checks.against,
        "camera": _figures(checks.camera),
        "on_terrain": None if checks.on_terrain is None else _figures(checks.on_terrain),
    }


def _figures(figures: CheckFigures) -> dict[str, Any]:
    return {
        "n": figures.n,
        "rmse_m": _rounded(figures.rmse_m),
        "ce90_m": _rounded(figures.ce90_m),
        "interval_95_m": [_rounded(value) for value in figures.interval_95_m],
        "upper_m": _rounded(figures.upper_m),
    }


def _part(part: Part) -> dict[str, Any]:
    return {
        "part": part.name,
        "value_m": _rounded(part.value_m),
        "measure": None if part.value_m is None else part.measure,
        "basis": part.basis.value,
        "by": part.by if part.basis is not Basis.NOT_KNOWN else None,
        "note": part.note,
    }


def _terrain(terrain: TerrainError) -> dict[str, Any]:
    found = terrain.interpolation
    return {
        "view_deg": round(math.degrees(math.atan(terrain.tangent)), 2),
        "spacing_m": None if found is None else _rounded(found.spacing_m, 2),
        "detail_m": None if found is None else _rounded(found.detail_m, 2),
        "height_error_p90_m": None if found is None else _rounded(found.p90_m),
        "height_error_p99_m": None if found is None else _rounded(found.p99_m),
        "exponent": None if found is None else _rounded(found.exponent, 2),
        "smooth": None if found is None else found.smooth,
        "stated_le90_m": _rounded(terrain.stated_le90_m),
        "supports_ce90_m": _rounded(terrain.supports_m),
    }


def _rounded(value: float | None, places: int = 4) -> float | None:
    return None if value is None else round(value, places)
