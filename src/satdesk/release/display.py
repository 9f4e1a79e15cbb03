"""What pictures for eyes are made from: mosaics blended, dates balanced to each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from satdesk.core.layer import Layer
from satdesk.core.raster import Raster
from satdesk.core.sensor import FloatArray
from satdesk.core.sighting import State
from satdesk.geometry.grids import subgrid
from satdesk.products.balanced import Balanced
from satdesk.products.blended import Blended
from satdesk.radiometry.balance import Balance, Overlap, balance
from satdesk.radiometry.seam_visibility import Visibility, seam_sums, visibility
from satdesk.release.assembly import Assembly
from satdesk.release.content import Notice
from satdesk.release.samples import block_means, sample_windows

__all__ = ["DatesBalance", "blended", "dates_balanced", "seams_seen"]

_WINDOW, _WINDOWS, _BLOCK = 128, 36, 4
_LEAST_STABLE = 0.3
_MOST_GAIN = 1.5
_MOST_SPREAD = 0.35
"""Of the logarithms of ratios: what varies by more than 40 % from place to place is no light."""
_NOTED = 0.01
_SEAM_WINDOWS = 48


@dataclass(frozen=True, slots=True, kw_only=True)
class DatesBalance:
    """The dates of a release balanced to each other for display.

    Attributes:
        layers: One a date.
        facts: For each date, JSON-ready; None = nothing was tried.
        notices: For each date.
    """

    layers: tuple[Layer, ...]
    facts: tuple[dict[str, Any] | None, ...]
    notices: tuple[tuple[Notice, ...], ...]


def blended(image: Layer, sightings: Layer, assembly: Assembly) -> Layer:
    """The mosaic of a date for eyes."""
    return Blended(
        image=image,
        sightings=sightings,
        scenes=assembly.mosaic.scenes,
        gains=assembly.gains,
        feather_px=assembly.feather_px,
    )


def dates_balanced(layers: Sequence[Layer], *, wished: bool) -> DatesBalance:
    """Balance the dates on the ground that stayed the same, where enough of it can be found.

    Of each pair of dates, means of 4 × 4 pixels in the same windows are compared. What changed
    takes no part (see `radiometry.balance`). Where less than 30 % of a pair stayed, the ratios
    of what stayed scatter by 40 %, or a gain beyond 1.5 would be needed, the dates are left as they
    are, and that is said.
    """
    alike = len({tuple(b.name for b in layer.bands) for layer in layers}) == 1
    if len(layers) < 2 or not wished or not alike:
        nothing = (None,) * len(layers)
        return DatesBalance(layers=tuple(layers), facts=nothing, notices=((),) * len(layers))
    found = _between_dates(layers)
    reason = _hindrance(found)
    gains = found.gains if reason is None else ((1.0,) * len(layers[0].bands),) * len(layers)
    made = tuple(
        layer if set(gain) == {1.0} else Balanced(source=layer, gains=gain)
        for layer, gain in zip(layers, gains, strict=True)
    )
    return DatesBalance(
        layers=made,
        facts=tuple(
            _facts(layer, gain, found, reason) for layer, gain in zip(layers, gains, strict=True)
        ),
        notices=tuple(_notices(gain, reason) for gain in gains),
    )


def _between_dates(layers: Sequence[Layer]) -> Balance:
    windows = sample_windows(layers[0].grid, size=_WINDOW, most=_WINDOWS)
    sampled = [[layer.read(window) for window in windows] for layer in layers]
    overlaps = [
        Overlap(first=i, second=j, values=_both(sampled[i], sampled[j]))
        for i, j in combinations(range(len(layers)), 2)
    ]
    return balance(overlaps, [1.0] * len(layers), len(layers[0].bands))


def _both(first: Sequence[Raster], second: Sequence[Raster]) -> FloatArray:
    parts = []
    for a, b in zip(first, second, strict=True):
        stack = np.concatenate([a.values, b.values])
        means, whole = block_means(stack, a.valid & b.valid, _BLOCK)
        parts.append(means[:, whole])
    values = np.concatenate(parts, axis=1)
    return np.asarray(values.reshape(2, -1, values.shape[1]))


def _hindrance(found: Balance) -> str | None:
    if len(set(found.groups)) > 1:
        return "the dates have too little clear ground in common"
    if min(pair.stable_share for pair in found.pairs) < _LEAST_STABLE:
        return "too little of the ground stayed the same"
    if max(pair.after for pair in found.pairs) > _MOST_SPREAD:
        return "the ground that stayed the same cannot be told from what changed"
    largest = max(max(gain) for gain in found.gains)
    lowest = min(min(gain) for gain in found.gains)
    if largest > _MOST_GAIN or lowest < 1 / _MOST_GAIN:
        return "the dates differ more than light does"
    return None


def _facts(
    layer: Layer, gain: tuple[float, ...], found: Balance, reason: str | None
) -> dict[str, Any]:
    return {
        "gains": {band.name: round(g, 5) for band, g in zip(layer.bands, gain, strict=True)},
        "stable_share": round(min((p.stable_share for p in found.pairs), default=0.0), 4),
        "applied_to": "visual.tif" if reason is None else "nothing",
        "reason": reason,
    }


def _notices(gain: tuple[float, ...], reason: str | None) -> tuple[Notice, ...]:
    if reason is not None:
        text = f"The dates were not balanced to each other for display: {reason}."
        return (Notice(code="dates-not-balanced", text=text),)
    if max(abs(g - 1) for g in gain) < _NOTED:
        return ()
    low, high = (100 * (g - 1) for g in (min(gain), max(gain)))
    by = f"{low:+.1f} to {high:+.1f} %".replace("-", "\N{MINUS SIGN}")
    text = (
        "For display the dates were balanced to each other on ground that stayed the same: this "
        f"one by {by}; image.tif keeps what was measured."
    )
    return (Notice(code="dates-balanced", text=text),)


def seams_seen(
    layer: Layer, sightings: Layer, assembly: Assembly, *, edges: bool = False
) -> Visibility:
    """How much the seams of a mosaic show in the balanced picture, in windows along them.

    Args:
        layer: The balanced and blended mosaic, linear in light.
        sightings: Its sources and states.
        assembly: How it was put together.
        edges: Looks at the seams that border on cloud, shadow or what is not told; else at those
            between ground that no mask calls hidden.
    """
    reach = max(6, assembly.feather_px + 4)
    size = 8 * reach + 32
    sums = []
    for row, col in _on_seams(assembly, size):
        window = subgrid(layer.grid, row, col, (size, size))
        raster, sights = layer.read(window), sightings.read(window)
        state = np.where(sights.valid, sights.values[1], 0)
        seen = raster.valid & ((state == State.CLEAR) | (state == State.NOT_TOLD))
        used = raster.valid & sights.valid if edges else seen
        light = np.where(used, raster.values.mean(axis=0), np.nan)
        source = np.where(used, sights.values[0], 0).astype(np.uint8)
        beside = state != State.CLEAR if edges else None
        sums.append(seam_sums(light, source, reach, beside))
    return visibility(sums)


def _on_seams(assembly: Assembly, size: int) -> list[tuple[int, int]]:
    """First row and column of windows about cells where the wanted scene changes, spread evenly."""
    seams = assembly.mosaic.seams
    labels, cell = seams.labels, seams.cell_px
    border = np.zeros(labels.shape, bool)
    for axis in (0, 1):
        ahead = np.roll(labels, -1, axis)
        change = (labels != ahead) & (labels > 0) & (ahead > 0)
        change[(-1,) if axis == 0 else (slice(None), -1)] = False
        border |= change
    places = np.argwhere(border)
    if not len(places):
        return []
    chosen = places[np.linspace(0, len(places) - 1, min(len(places), _SEAM_WINDOWS)).astype(int)]
    middles = (chosen * cell + cell).tolist()
    return sorted({(row - size // 2, col - size // 2) for row, col in middles})
