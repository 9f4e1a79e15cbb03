"""Which method sharpens a scene, and what its quality is, measured on samples of the scene."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from satdesk.core.layer import Layer
from satdesk.core.lineage import plain
from satdesk.core.mtf import Mtf
from satdesk.core.raster import Raster
from satdesk.errors import InputError, UsageError
from satdesk.files.cores import usable_cores
from satdesk.geometry.grids import offset, subgrid
from satdesk.radiometry.sharpen import SharpeningMethod
from satdesk.radiometry.sharpen_methods import METHODS, TITLES, fit_method
from satdesk.radiometry.sharpen_scores import Bench, FusionSample, Scores, measured_scores
from satdesk.release.content import Notice
from satdesk.release.samples import Spread, sample_windows
from satdesk.release.weights import fitted_weights

__all__ = ["AUTO", "BROVEY", "Pair", "Sharpening", "chosen_sharpening", "coarse_grid"]

AUTO = "auto"
BROVEY = "brovey"
_WINDOW_MS_PIXELS = 96
_MOST_WINDOWS = 4
_LEAST_RATIO = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """PAN and MS of a scene, as they are sharpened and as they are scored.

    Attributes:
        pan: One band, on the output grid.
        ms: On the output grid.
        native: MS on a grid of its own pixels under the output grid (`coarse_grid`).
        ratio: Output pixels along the edge of a pixel of `native`.
        fit_ratio: PAN pixels along the edge of an MS pixel: over what weights are fitted.
        mtf: Of the instrument.
    """

    pan: Layer
    ms: Layer
    native: Layer
    ratio: int
    fit_ratio: int
    mtf: Mtf


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharpening:
    """The method with its fitted numbers, and what is said of it."""

    method: SharpeningMethod
    facts: dict[str, object]
    notices: tuple[Notice, ...] = ()


def coarse_grid(grid: GeoBox, ratio: int) -> GeoBox:
    """The whole pixels of `grid` in blocks of ``ratio × ratio``; at least one."""
    rows, cols = (max(size // ratio, 1) for size in grid.shape)
    return GeoBox((rows, cols), grid.affine @ Affine.scale(ratio), grid.crs)


def chosen_sharpening(pair: Pair, wish: str) -> Sharpening:
    """Fit and score the method `wish`; ``auto`` takes the best composite of all.

    Raises:
        UsageError: The output is too coarse for a method that looks at neighbours.
        DisjointInputError: PAN and MS have hardly a usable pixel in common.
        BrokenInputError: MS does not explain PAN.
    """
    if pair.ratio < _LEAST_RATIO:
        return _unscored(pair, wish)
    with ThreadPoolExecutor(usable_cores()) as pool, ThreadPoolExecutor(1) as aside:
        if wish == AUTO:
            return _best(pair, _bench(pair, pool.map))
        # weights need no bench: while they are solved for, the cores make it
        fitting = aside.submit(_weighted, pair, pool.map) if wish == BROVEY else None
        bench = _bench(pair, pool.map)
        coarse = bench.reduced() if bench.samples else None
        method, numbers = _fitted(wish, pair, bench) if fitting is None else fitting.result()
        scores, reason = _scored(wish, method, bench, coarse)
    facts = {"chosen_by": "stated", **numbers, **_score_facts(pair, scores, reason)}
    return Sharpening(method=method, facts=facts)


def _unscored(pair: Pair, wish: str) -> Sharpening:
    """Where the output pixel is as coarse as MS there is nothing to score and little to add."""
    if wish not in {AUTO, BROVEY}:
        raise UsageError(
            f"the method {wish} needs an output pixel finer than MS",
            found=f"{pair.ratio} output pixels along an MS pixel",
            expected=f"at least {_LEAST_RATIO}",
            remedy="make the picture finer, or leave the method to brovey",
        )
    fitted = fitted_weights(pair.pan, pair.ms, ratio=pair.fit_ratio)
    reason = "the output pixel is hardly finer than MS"
    facts = {"chosen_by": "rule", **fitted.facts, **_score_facts(pair, None, reason)}
    return Sharpening(method=fitted.weights, facts=facts)


def _best(pair: Pair, bench: Bench) -> Sharpening:
    """The method with the best composite; of equals the simpler, which comes first."""
    coarse = bench.reduced()
    found: dict[str, Scores] = {}
    compared: dict[str, object] = {}
    for name in METHODS:
        try:
            scores, reason = _scored(name, _fitted(name, pair, bench)[0], bench, coarse)
        except InputError as error:
            scores, reason = None, str(error)
        compared[name] = {"reason": reason} if scores is None else _brief(scores)
        if scores is not None:
            found[name] = scores
    name = max(found, key=lambda each: found[each].composite) if found else BROVEY
    method, numbers = _fitted(name, pair, bench)
    reason = None if found else "no method could be scored on samples of this scene"
    facts = {
        "chosen_by": AUTO if found else "rule",
        **numbers,
        **_score_facts(pair, found.get(name), reason),
        "compared": compared,
    }
    return Sharpening(method=method, facts=facts, notices=_notices(reason))


def _notices(reason: str | None) -> tuple[Notice, ...]:
    if reason is None:
        return ()
    text = f"Sharpened by weighted Brovey: {reason}."
    return (Notice(code="sharpening-not-scored", text=text),)


Fitted = tuple[SharpeningMethod, Mapping[str, object]]
"""A method with its numbers, and what release.json says of them."""


def _weighted(pair: Pair, spread: Spread) -> Fitted:
    fitted = fitted_weights(pair.pan, pair.ms, ratio=pair.fit_ratio, spread=spread)
    return fitted.weights, fitted.facts


def _fitted(name: str, pair: Pair, bench: Bench) -> Fitted:
    if name == BROVEY:
        return _weighted(pair, bench.spread)
    method = fit_method(name, bench.training())
    return method, {"method": TITLES[name], "numbers": plain(method)}


def _scored(
    name: str, method: SharpeningMethod, bench: Bench, coarse: Bench | None
) -> tuple[Scores | None, str | None]:
    """The scores, or why there are none."""
    if not bench.samples:
        return None, "no sample of the scene has usable pixels"
    try:
        return measured_scores(name, method, bench, coarse), None
    except InputError as error:
        return None, str(error)


def _bench(pair: Pair, spread: Spread) -> Bench:
    windows = sample_windows(pair.native.grid, size=_WINDOW_MS_PIXELS, most=_MOST_WINDOWS)
    samples = spread(lambda window: _sample(pair, window), windows)
    return Bench(
        samples=tuple(sample for sample in samples if np.isfinite(sample.pan).any()),
        bands=tuple(band.name for band in pair.ms.bands),
        gains=tuple(pair.mtf.gain(band.name) for band in pair.ms.bands),
        pan_gain=pair.mtf.pan,
        ratio=pair.ratio,
        spread=spread,
    )


def _sample(pair: Pair, window: GeoBox) -> FusionSample:
    row, col = offset(pair.native.grid, window)
    rows, cols = window.shape
    k = pair.ratio
    fine = subgrid(pair.pan.grid, row * k, col * k, (rows * k, cols * k))
    return FusionSample(
        pan=_seen(pair.pan.read(fine))[0],
        ms=_seen(pair.ms.read(fine)),
        native=_seen(pair.native.read(window)),
    )


def _seen(raster: Raster) -> NDArray[np.float64]:
    return np.where(raster.valid, raster.values.astype(np.float64), np.nan)


def _score_facts(pair: Pair, scores: Scores | None, reason: str | None) -> dict[str, object]:
    mtf = {
        "instrument": pair.mtf.name,
        "assumed": pair.mtf.assumed,
        "source": pair.mtf.source,
        "at_nyquist": {band.name: pair.mtf.gain(band.name) for band in pair.ms.bands},
    }
    if scores is None:
        return {"scores": None, "scores_reason": reason, "mtf": mtf}
    intervals = {name: [_short(low), _short(high)] for name, low, high in scores.interval_95}
    measured: dict[str, Any] = {
        **_brief(scores),
        "interval_95": intervals,
        "blocks": list(scores.blocks),
        "block_px": list(scores.block_px),
    }
    return {"scores": measured, "scores_reason": None, "mtf": mtf}


def _brief(scores: Scores) -> dict[str, object]:
    names = ("sam_deg", "ergas", "q2n", "d_lambda", "d_s", "hqnr", "composite")
    return {name: _short(getattr(scores, name)) for name in names}


def _short(value: float) -> float:
    return round(value, 4)
