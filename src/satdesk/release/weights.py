"""The weights of pansharpening, fitted on samples of the scene itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from satdesk.core.layer import Layer
from satdesk.radiometry.sharpen import SharpenWeights, fit_weights
from satdesk.release.samples import block_means, sample_windows

__all__ = ["FittedWeights", "fitted_weights"]

_WINDOW_MS_PIXELS = 64
_MOST_WINDOWS = 24
_MORE_WINDOWS = (1, 4, 16)
_FEW_PIXELS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedWeights:
    """Weights and what release.json says of them."""

    weights: SharpenWeights
    facts: dict[str, object]


def fitted_weights(
    pan: Layer, ms: Layer, *, ratio: int, spread: Callable[..., Iterable[Any]] = map
) -> FittedWeights:
    """Explain PAN, averaged over the footprints of MS pixels, by the MS bands.

    Args:
        pan: One band, on the output grid.
        ms: On the same grid.
        ratio: PAN pixels along the edge of an MS pixel.
        spread: Applies a function to each sample, in order, perhaps on several cores.

    Raises:
        DisjointInputError: PAN and MS have hardly a usable pixel in common.
        BrokenInputError: MS does not explain PAN.
    """

    def means(window: GeoBox) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.bool_]]:
        fine, coarse = pan.read(window), ms.read(window)
        both = fine.valid & coarse.valid
        found, whole = block_means(np.concatenate([fine.values, coarse.values]), both, ratio)
        return found[0].ravel(), found[1:].reshape(len(ms.bands), -1), whole.ravel()

    # A scene may show but a part of a wide district, between all of few windows.
    for more in _MORE_WINDOWS:
        most = _MOST_WINDOWS * more
        windows = sample_windows(pan.grid, size=_WINDOW_MS_PIXELS * ratio, most=most)
        target, design, usable = zip(*spread(means, windows), strict=True)
        if sum(int(part.sum()) for part in usable) >= _FEW_PIXELS:
            break
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
