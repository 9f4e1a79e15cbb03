"""Haze taken off pictures for eyes, date by date, where the recipe wishes it: `[display]`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satdesk.core.layer import Layer
from satdesk.core.units import Quantity
from satdesk.errors import UsageError
from satdesk.products.dehazed import Dehazed
from satdesk.radiometry.surface import DARK_REFLECTANCE, dark_object
from satdesk.release.content import Notice
from satdesk.release.samples import sample_windows, sampled

__all__ = ["FACT", "Dehaze", "dehazed"]

FACT = "dehaze"
"""Where a date says it; `descriptions.is_dehazed` reads it."""
_WINDOW, _WINDOWS = 64, 256
_LEAST = 0.001
"""Reflectance below which haze is none: no eye sees it."""
_COLOURS = ("B", "G", "R")
"""From the shortest wavelength on: haze and clean air fade in this order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dehaze:
    """The dates less their haze.

    Attributes:
        layers: One a date.
        facts: For each date, JSON-ready; None = not wished.
        notices: For each date.
    """

    layers: tuple[Layer, ...]
    facts: tuple[dict[str, Any] | None, ...]
    notices: tuple[tuple[Notice, ...], ...]


def dehazed(layers: Sequence[Layer], *, wished: bool) -> Dehaze:
    """Take off each date what its darkest ground reflects beyond one per cent, evenly.

    The darkest thousandth of each band, in windows all over the date, is haze and clean air but for
    the one per cent that dark ground reflects (P. S. Chavez, Remote Sens. Environ. 24 (1988)
    459–479). Both fade with wavelength: no band loses more than the shorter ones. Near infrared is
    left alone, where only that is dark which eyes do not see.

    Raises:
        UsageError: Haze is to be taken off counts, which have no known dark.
    """
    if not wished:
        nothing = (None,) * len(layers)
        return Dehaze(layers=tuple(layers), facts=nothing, notices=((),) * len(layers))
    made = [_of_date(layer) for layer in layers]
    return Dehaze(
        layers=tuple(layer for layer, _, _ in made),
        facts=tuple(facts for _, facts, _ in made),
        notices=tuple((notice,) for _, _, notice in made),
    )


def _of_date(layer: Layer) -> tuple[Layer, dict[str, Any], Notice]:
    if layer.quantity is Quantity.COUNTS:
        raise UsageError(
            "haze can be taken off reflectance only",
            found="a date in counts",
            expected="toa or boa",
            remedy="leave dehaze out of [display], or state the calibration",
        )
    windows = sample_windows(layer.grid, size=_WINDOW, most=_WINDOWS)
    values, valid = sampled(layer, windows)
    names = [band.name for band in layer.bands]
    haze, reason = _haze(names, values, valid)
    applied = max(haze.values()) > 0
    facts = {
        "haze": {name: round(value, 5) for name, value in haze.items()},
        "applied_to": "visual.tif" if applied else "nothing",
        "reason": reason,
    }
    if not applied:
        text = f"No haze was taken off for display: {reason}."
        return layer, facts, Notice(code="display-not-dehazed", text=text)
    numbers = tuple(haze[name] for name in names)
    return Dehazed(source=layer, haze=numbers), facts, _notice(haze)


def _notice(haze: dict[str, float]) -> Notice:
    taken = ", ".join(f"{name} {value:.3f}" for name, value in haze.items() if value > 0)
    text = (
        f"For display an even haze, what the darkest ground of the date reflects beyond one per "
        f"cent, was taken off ({taken} of reflectance); image.tif keeps what was measured."
    )
    return Notice(code="display-dehazed", text=text)


def _haze(
    names: Sequence[str], values: NDArray[Any], valid: NDArray[np.bool_]
) -> tuple[dict[str, float], str | None]:
    """By band; and why there is none."""
    haze = dict.fromkeys(names, 0.0)
    shown = [name for name in _COLOURS if name in names] or list(names[:1])
    try:
        darkest = {name: dark_object(values[names.index(name)], valid) for name in shown}
    except UsageError as error:
        return haze, str(error)
    most = np.inf
    for name in shown:
        most = min(most, darkest[name] - DARK_REFLECTANCE)
        haze[name] = float(most) if most >= _LEAST else 0.0
    reason = (
        None if max(haze.values()) > 0 else "its darkest ground reflects about one per cent or less"
    )
    return haze, reason
