"""Pansharpening by component substitution: Gram-Schmidt adaptive (GSA)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satdesk.errors import UsageError
from satdesk.radiometry.sharpen_local import usable
from satdesk.radiometry.sharpen_training import Training, least_squares

__all__ = ["GramSchmidtAdaptive", "fit_gsa"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GramSchmidtAdaptive:
    """GSA: ``MSₖ + gₖ · (PAN − I)`` with ``I = Σ w · MS + offset``, ``gₖ = cov(I, MSₖ) / var(I)``.

    Source: B. Aiazzi, S. Baronti, M. Selva, IEEE Trans. Geosci. Remote Sens. 45 (2007) 3230–3239.

    Attributes:
        weights: One for each MS band; of any sign.
        offset: In the quantity of the images.
        gains: One for each MS band.
    """

    weights: tuple[float, ...]
    offset: float
    gains: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.weights or len(self.weights) != len(self.gains):
            raise UsageError("GSA needs one weight and one gain a band", found=str(self.weights))

    @property
    def halo(self) -> int:
        """No neighbours are needed."""
        return 0

    def sharpen(self, pan: NDArray[Any], ms: NDArray[Any]) -> NDArray[np.float32]:
        """``(band, y, x)`` float32, never negative, 0 where the inputs are not finite."""
        single = ms.astype(np.float32, copy=False)
        detail = pan.astype(np.float32) - np.float32(self.offset)
        for weight, plane in zip(self.weights, single, strict=True):
            detail -= np.float32(weight) * plane
        gains = np.array(self.gains, dtype=np.float32)[:, None, None]
        return usable(single + gains * detail)


def fit_gsa(training: Training) -> GramSchmidtAdaptive:
    """Weights by least squares at MS resolution, gains from the covariances there."""
    weights, offset = least_squares(training)
    intensity = weights @ training.ms
    spread = intensity - intensity.mean()
    gains = (training.ms - training.ms.mean(axis=1, keepdims=True)) @ spread / (spread @ spread)
    return GramSchmidtAdaptive(
        weights=tuple(float(w) for w in weights),
        offset=offset,
        gains=tuple(float(g) for g in gains),
    )
