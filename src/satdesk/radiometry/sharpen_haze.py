"""Pansharpening by a ratio above the haze: the Brovey transform with haze correction (BT-H)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satdesk.core.sensor import FloatArray
from satdesk.errors import BrokenInputError, UsageError
from satdesk.radiometry.sharpen import fit_weights, guarded_ratio
from satdesk.radiometry.sharpen_local import usable
from satdesk.radiometry.sharpen_training import Training, typical_floor

__all__ = ["HazeBrovey", "fit_bt_h", "haze_of"]

_HAZE_SHARE = {"B": 0.95, "G": 0.45, "R": 0.40, "NIR": 0.05}
"""Share of a band's darkest hundredth that is haze, after Lolli et al."""
_OTHER_SHARE = 0.40


@dataclass(frozen=True, slots=True, kw_only=True)
class HazeBrovey:
    """BT-H: ``(MSₖ − Hₖ) · (gain · PAN + offset) / Σ w · (MS − H) + Hₖ``.

    Haze lies on MS as a veil that has no detail; the ratio acts on what is under it. One ratio
    serves all bands of a pixel.

    Source: S. Lolli, L. Alparone, A. Garzelli, G. Vivone, IEEE Geosci. Remote Sens. Lett. 14
    (2017) 2255–2259.

    Attributes:
        weights: One for each MS band; none negative.
        haze: Hₖ, in the quantity of the images.
        gain: PAN's scale to the weighted sum.
        offset: What is then added.
        floor: Weighted sum below which the ratio gives way to a difference, > 0.
    """

    weights: tuple[float, ...]
    haze: tuple[float, ...]
    gain: float
    offset: float
    floor: float

    def __post_init__(self) -> None:
        if not self.weights or len(self.weights) != len(self.haze):
            raise UsageError("BT-H needs one weight and one haze a band", found=str(self.weights))

    @property
    def halo(self) -> int:
        """No neighbours are needed."""
        return 0

    def sharpen(self, pan: NDArray[Any], ms: NDArray[Any]) -> NDArray[np.float32]:
        """``(band, y, x)`` float32, never negative, 0 where the inputs are not finite."""
        haze = np.array(self.haze, dtype=np.float32)[:, None, None]
        clear = np.maximum(ms.astype(np.float32, copy=False) - haze, np.float32(0))
        intensity = np.zeros(pan.shape, dtype=np.float32)
        for weight, plane in zip(self.weights, clear, strict=True):
            intensity += np.float32(weight) * plane
        detail = np.float32(self.gain) * pan.astype(np.float32) + np.float32(self.offset)
        return usable(clear * guarded_ratio(detail, intensity, np.float32(self.floor)) + haze)


def fit_bt_h(training: Training) -> HazeBrovey:
    """Haze from each band's darkest hundredth, weights by non-negative least squares above it."""
    haze = haze_of(training)
    clear = np.maximum(training.ms - haze[:, None], 0.0)
    everywhere = np.ones((1, clear.shape[1]), dtype=np.bool_)
    weights = fit_weights(training.pan_lowres[None], clear[:, None], everywhere).weights
    intensity = np.asarray(weights) @ clear
    if not intensity.std() > 0:
        raise BrokenInputError("MS is constant, so it cannot be sharpened")
    gain = float(intensity.std() / training.pan_lowres.std())
    return HazeBrovey(
        weights=weights,
        haze=tuple(float(h) for h in haze),
        gain=gain,
        offset=float(intensity.mean() - gain * training.pan_lowres.mean()),
        floor=typical_floor(intensity),
    )


def haze_of(training: Training) -> FloatArray:
    """``(band,)`` what of each band's darkest hundredth is haze."""
    pairs = zip(training.bands, training.dark, strict=True)
    return np.array([_haze(name, dark) for name, dark in pairs], dtype=np.float64)


def _haze(name: str, dark: float) -> float:
    return _HAZE_SHARE.get(name, _OTHER_SHARE) * max(dark, 0.0)
