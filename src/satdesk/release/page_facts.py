"""Measured facts of a release, which may be of any shape, as labels and words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal

from satdesk.core.scene import Angles
from satdesk.release.content import DatedImage
from satdesk.release.facts import Angle
from satdesk.release.language import Language

__all__ = ["fact_words", "label", "sun_words", "view_words"]

"""What stands on the page where nobody compared positions with anything."""

_UNITS = {
    "m": "m",
    "px": "px",
    "deg": "°",
    "percent": "%",
    "km": "km",
    "km2": "km²",
    "m2": "m²",
    "s": "s",
    "nm": "nm",
}
_WRITTEN = {
    "crs": "CRS",
    "dem": "DEM",
    "ms": "MS",
    "nir": "NIR",
    "pan": "PAN",
    "r2": "R²",
    "rpc": "RPC",
    "toa": "TOA",
}
"""Words of names that are written otherwise in prose."""
_VALUES = {
    "counts": "counts as delivered",
    "toa": "top-of-atmosphere reflectance",
    "boa": "surface reflectance",
}
_HIDDEN = frozenset({"accuracy", "cloud", "coverage"})
_DEEPEST = 4


def view_words(angles: Angles | None, said: Language) -> str:
    """How the satellite looked at the place."""
    if angles is None:
        return said.say("not_stated")
    stated = {
        "angle_incidence": angles.incidence_deg,
        "angle_off_nadir": angles.viewing_deg,
        "angle_to_satellite": angles.view_azimuth_deg,
    }
    return _degrees(stated, said)


def sun_words(angles: Angles | None, said: Language) -> str:
    """Where the sun stood."""
    if angles is None:
        return said.say("not_stated")
    stated = {
        "angle_sun_height": angles.sun_elevation_deg,
        "angle_sun_azimuth": angles.sun_azimuth_deg,
    }
    return _degrees(stated, said)


def fact_words(image: DatedImage) -> tuple[tuple[str, str], ...]:
    """Every further fact as ``(label, words)``, in order."""
    named = (
        # Where a date has several scenes, their facts go by the scenes' own names.
        ((name, "") if name in image.scene_ids else label(name), value)
        for name, value in image.facts
        if name not in _HIDDEN
    )
    return tuple((text, _words(value, unit, 0)) for (text, unit), value in named)


def label(name: str) -> tuple[str, str]:
    """``residual_px`` → ``("Residual", "px")``; the unit is empty where the name has none."""
    words = [word for word in re.split(r"[_\-\s]+", name) if word]
    unit = _UNITS.get(words[-1], "") if len(words) > 1 else ""
    text = " ".join(_WRITTEN.get(word.lower(), word) for word in (words[:-1] if unit else words))
    return (text[:1].upper() + text[1:], unit)


_FIXED: dict[object, str] = {None: "not known", True: "yes", False: "no"}


def _words(value: object, unit: str, depth: int) -> str:
    if value is None or isinstance(value, bool):
        return _FIXED[value]
    if isinstance(value, int | float):
        return _with_unit(_number(value), unit)
    if isinstance(value, Mapping) and depth < _DEEPEST:
        return "; ".join(_pair(str(key), inner, depth + 1) for key, inner in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str) and depth < _DEEPEST:
        listed = ", ".join(_words(inner, "", depth + 1) for inner in value) or "none"
        return _with_unit(listed, unit)
    return _VALUES.get(value, value) if isinstance(value, str) else str(value)


def _pair(name: str, value: object, depth: int) -> str:
    text, unit = label(name)
    plain = text[:1].lower() + text[1:] if text[1:2].islower() else text
    return f"{plain} {_words(value, unit, depth)}"


def _number(value: float) -> str:
    if isinstance(value, int) or float(value).is_integer():
        return f"{int(value)}".replace("-", "−")
    return f"{value:.4g}".replace("-", "−")


def _with_unit(text: str, unit: str) -> str:
    if not unit:
        return text
    return f"{text}{unit}" if unit == "°" else f"{text}\u00a0{unit}"


def _degrees(stated: Mapping[str, float | None], said: Language) -> str:
    parts = [
        said.say(key, angle=Angle(Decimal(f"{value:.1f}")))
        for key, value in stated.items()
        if value is not None
    ]
    return said.say("separator").join(parts) or said.say("not_stated")
