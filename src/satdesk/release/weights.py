"""The weights of pansharpening, fitted on samples of the scene itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from satdesk.core.layer import Layer
from satdesk.radiometry.sharpen import SharpenWeights, fit_weights
from satdesk.release.samples import block_means, sample_windows

__all__ = ["FittedWeights", "fitted_weights"]

_WINDOW_MS_PIXELS = 64
_MOST_WINDOWS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedWeights:
    """Weights and what release.json says of them."""

    weights: SharpenWeights
    facts: dict[str, object]


def fitted_weights(pan: Layer, ms: Layer, *, ratio: int) -> FittedWeights:
    """Explain PAN, averaged over the footprints of MS pixels, by the MS bands.

    Args:
        pan: One band, on the output grid.
        ms: On the same grid.
        ratio: PAN pixels along the edge of an MS pixel.

    Raises:
        DisjointInputError: PAN and MS have hardly a usable pixel in common.
        BrokenInputError: MS does not explain PAN.
    """
    windows = sample_windows(pan.grid, size=_WINDOW_MS_PIXELS * ratio, most=_MOST_WINDOWS)
    target, design, usable = [], [], []
    for window in windows:
        fine, coarse = pan.read(window), ms.read(window)
        both = fine.valid & coarse.valid
        means, whole = block_means(np.concatenate([fine.values, coarse.values]), both, ratio)
        target.append(means[0].ravel())
        design.append(means[1:].reshape(len(ms.bands), -1))
        usable.append(whole.ravel())
    weights = fit_weights(
        np.concatenate(target)[np.newaxis],
        np.concatenate(design, axis=1)[:, np.newaxis],
        np.concatenate(usable)[np.newaxis],
    )
    return FittedWeights(weights=weights, facts=_facts(weights, ms))


def _facts(weights: SharpenWeights, ms: Layer) -> dict[str, object]:
    return {
        "method": "weighted Brovey",
        "weights": {
            band.name: round(w, 5) for band, w in zip(ms.bands, weights.weights, strict=True)
        },
        "offset": round(weights.offset, 6),
        "r2": round(weights.r2, 4),
        "pixels": weights.pixels,
    }
