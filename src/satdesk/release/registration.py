"""Before and after of a release laid on each other: measured, applied, said, or refused."""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from typing import Any

from odc.geo.geobox import GeoBox

from satdesk.core.layer import Layer
from satdesk.core.raster import Raster
from satdesk.errors import UsageError
from satdesk.files.cores import usable_cores
from satdesk.geometry.coregister import PicturePair, Registration, coregister, refusal
from satdesk.geometry.coregister_ground import Levels, brightness, levels_of, stable
from satdesk.geometry.frames import pixel_size_m
from satdesk.geometry.grids import offset
from satdesk.products.mosaic import Mosaic
from satdesk.products.ortho import Ortho, Warped
from satdesk.products.registered import Registered, Relabelled, moved_grid
from satdesk.release.acceptance import Acceptance
from satdesk.release.composition import Composition
from satdesk.release.content import Notice
from satdesk.release.dated import Dated
from satdesk.release.recipe import RegistrationChoice
from satdesk.release.samples import sample_windows

__all__ = ["registered_dates"]

_WINDOW_PX = 384
_MOST_WINDOWS = 25
_MAX_SHIFT_PX = 24

Group = tuple[Composition, ...]


def registered_dates(
    dates: Sequence[Dated],
    groups: Sequence[Group],
    grid: GeoBox,
    choice: RegistrationChoice,
    acceptance: Acceptance,
) -> tuple[Group, ...]:
    """Lay every date on the reference date; the compositions say what was measured and done.

    Args:
        dates: In time order.
        groups: For each date, the compositions of its scenes.
        grid: Of all of them.
        choice: What the recipe wants.
        acceptance: The rules that may be broken.

    Raises:
        UsageError: The reference is none of the dates.
        LimitError: A pair cannot be registered, and that is not accepted.
    """
    if len(dates) < 2:
        return tuple(groups)
    reference = _reference(dates, choice.reference)
    if choice.method == "none":
        return tuple(_noted(group, None, [_unregistered()]) for group in groups)
    windows = sample_windows(grid, size=_WINDOW_PX, most=_MOST_WINDOWS)
    fixed = _samples(groups[reference], windows)
    name = dates[reference].id
    return tuple(
        _noted(group, {"role": "reference"}, [])
        if k == reference
        else _laid(
            group, (name, dates[k].id), grid, _pairs(fixed, group, windows, grid), acceptance
        )
        for k, group in enumerate(groups)
    )


def _reference(dates: Sequence[Dated], wished: str | None) -> int:
    ids = [date.id for date in dates]
    if wished is None:
        return 0
    if wished not in ids:
        raise UsageError(
            "registration.reference is none of the dates",
            found=wished,
            expected=", ".join(ids),
        )
    return ids.index(wished)


def _unregistered() -> Notice:
    text = "The dates were not laid on each other by image matching, as the recipe wishes."
    return Notice(code="dates-not-registered", text=text)


def _samples(group: Group, windows: Sequence[GeoBox]) -> tuple[list[Raster], Levels]:
    layers = tuple(each.layer for each in group)
    layer: Layer = layers[0] if len(layers) == 1 else Mosaic(layers=layers)
    rasters = [layer.read(window) for window in windows]
    return rasters, levels_of([(_planes(raster), raster.valid) for raster in rasters])


def _planes(raster: Raster) -> dict[str, Any]:
    return {band.name: plane for band, plane in zip(raster.bands, raster.values, strict=True)}


def _pairs(
    fixed: tuple[list[Raster], Levels], group: Group, windows: Sequence[GeoBox], grid: GeoBox
) -> list[PicturePair]:
    moving = _samples(group, windows)
    return [
        _pair(still, other, (fixed[1], moving[1]), offset(grid, window))
        for still, other, window in zip(fixed[0], moving[0], windows, strict=True)
    ]


def _pair(
    still: Raster, other: Raster, levels: tuple[Levels, Levels], at: tuple[int, int]
) -> PicturePair:
    shared = _planes(still).keys() & _planes(other).keys()
    first, second = (
        {name: plane for name, plane in _planes(raster).items() if name in shared or not shared}
        for raster in (still, other)
    )
    return PicturePair(
        fixed=brightness(first),
        moving=brightness(second),
        fixed_usable=stable(_planes(still), still.valid, levels[0]),
        moving_usable=stable(_planes(other), other.valid, levels[1]),
        col=at[1],
        row=at[0],
    )


def _laid(
    group: Group,
    names: tuple[str, str],
    grid: GeoBox,
    pairs: list[PicturePair],
    acceptance: Acceptance,
) -> Group:
    """The compositions of one date, moved where that is due."""
    with ThreadPoolExecutor(usable_cores()) as pool:
        found = coregister(pairs, max_shift=_MAX_SHIFT_PX, spread=pool.map)
    broken = refusal(found, subject=f"{names[1]} on {names[0]}")
    if broken is not None:
        notices = [acceptance.settle(broken), _left(names)]
        return _noted(group, _facts(found, names[0], moved=False), notices)
    moved = found.significant
    if moved:
        group = tuple(replace(each, layer=_moved(each.layer, found)) for each in group)
    return _noted(
        group,
        _facts(found, names[0], moved=moved),
        [_done(found, names, math.sqrt(math.prod(pixel_size_m(grid))), moved=moved)],
    )


def _moved(layer: Layer, found: Registration) -> Layer:
    """A shift or an affine moves the grid that the pixels are taken on: one interpolation.

    A local displacement bends no grid: the finished layer is resampled once more.
    """
    if found.field is not None and found.field.lattice is None:
        there = _on_grid(layer, moved_grid(layer.grid, found))
        return Relabelled(source=there, grid=layer.grid, registration=found)
    return Registered(source=layer, registration=found)


def _on_grid(layer: Layer, grid: GeoBox) -> Layer:
    """The same tree of layers, taken on another grid."""
    if isinstance(layer, Ortho | Warped):
        return replace(layer, grid=grid)
    parts: dict[str, Any] = {}
    for field in fields(layer):  # type: ignore[arg-type]  # every layer is a dataclass
        value = getattr(layer, field.name)
        if isinstance(value, Layer):
            parts[field.name] = _on_grid(value, grid)
    return replace(layer, **parts)  # type: ignore[type-var]  # likewise


def _noted(group: Group, facts: dict[str, Any] | None, notices: list[Notice]) -> Group:
    added = () if facts is None else (("registration", facts),)
    return tuple(
        replace(each, facts=(*each.facts, *added), notices=(*each.notices, *notices))
        for each in group
    )


def _done(found: Registration, names: tuple[str, str], pixel_m: float, *, moved: bool) -> Notice:
    dcol, drow = found.center_px or (0.0, 0.0)
    residual = found.held_out_rmse_px or 0.0
    does = "was moved onto" if moved else "lies on"
    by = f" by {-dcol:+.2f}, {-drow:+.2f} pixels (column, row)" if moved else ", not moved"
    text = (
        f"{names[1]} {does} {names[0]}{by}: matched on {found.n_used} windows, of which those "
        f"held out differ by {residual:.2f} pixels ({residual * pixel_m:.2g} m, RMS)."
    )
    return Notice(code="date-moved" if moved else "date-registered", text=text)


def _left(names: tuple[str, str]) -> Notice:
    text = f"{names[1]} was not laid on {names[0]}: what was measured may not be relied on."
    return Notice(code="dates-not-registered", text=text)


def _facts(found: Registration, reference: str, *, moved: bool) -> dict[str, Any]:
    """JSON-ready; what the reference shows at a place, this date shows displaced by `center_px`."""
    return {
        "role": "moved" if moved else "measured",
        "reference": reference,
        "kind": found.kind,
        "center_px": _rounded(found.center_px),
        "interval_95_px": _rounded(found.interval_95_px),
        "largest_px": _round(found.largest_px),
        "windows": found.n_windows,
        "windows_used": found.n_used,
        "spread_percent": round(found.spread_percent, 1),
        "held_out_rmse_px": _round(found.held_out_rmse_px),
        "held_out_interval_95_px": _rounded(found.held_out_interval_95_px),
        "contradiction_px": _round(found.contradiction_px),
        "residual_px": _round(found.residual_px),
        "residual_spread_px": _round(found.residual_spread_px),
        "score": round(found.score, 4),
        "reason": found.reason,
    }


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _rounded(pair: tuple[float, float] | None) -> list[float] | None:
    return None if pair is None else [round(value, 4) for value in pair]
