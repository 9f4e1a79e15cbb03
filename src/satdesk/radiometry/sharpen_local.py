"""Pansharpening by what lies around a pixel: RCS and LMVM. Nothing but a window and a floor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satdesk.core.sensor import FloatArray
from satdesk.errors import UsageError
from satdesk.radiometry.lowpass import box_taps, low_pass
from satdesk.radiometry.sharpen import guarded_ratio
from satdesk.radiometry.sharpen_training import Training, typical_floor

__all__ = ["LocalMeanVariance", "RatioComponent", "fit_lmvm", "fit_rcs", "known", "usable"]

_LEAST_DEVIATION = 1e-3
"""Share of PAN's median brightness below which its local deviation counts as none."""


def _window(ratio: float) -> int:
    """The odd window that takes in an MS pixel and its neighbours' halves (7 at a ratio of 4)."""
    return max(2 * round(ratio) - 1, 3)


def _check_window(window: int) -> None:
    if window < 1 or window % 2 == 0:
        raise UsageError("a window has an odd size", found=repr(window))


@dataclass(frozen=True, slots=True, kw_only=True)
class RatioComponent:
    """RCS, ratio component substitution: ``MS · PAN / mean(PAN)``.

    One ratio serves all bands, so hue is that of MS.

    Source: what Orfeo ToolBox calls RCS; J. G. Liu, Int. J. Remote Sens. 21 (2000) 3461–3472
    (smoothing filter-based intensity modulation).

    Attributes:
        window: Edge of the mean's window, pixels, odd.
        floor: Mean of PAN below which the ratio gives way to a difference, > 0.
    """

    window: int
    floor: float

    def __post_init__(self) -> None:
        _check_window(self.window)

    @property
    def halo(self) -> int:
        """Half the window."""
        return self.window // 2

    def sharpen(self, pan: NDArray[Any], ms: NDArray[Any]) -> NDArray[np.float32]:
        """``(band, y, x)`` float32, never negative, 0 where the inputs are not finite."""
        smooth = known(low_pass(pan, box_taps(self.window)), pan)
        ratio = guarded_ratio(
            pan.astype(np.float32), smooth.astype(np.float32), np.float32(self.floor)
        )
        return usable(ms.astype(np.float32, copy=False) * ratio)


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalMeanVariance:
    """LMVM: PAN with the local mean and deviation of each band of MS.

    ``(PAN − mean(PAN)) · σ(MS) / σ(PAN) + mean(MS)`` in a window around each pixel.

    Source: S. de Béthune, F. Muller, J.-P. Donnay, Fusion of Earth Data (1998) 77–81, as Orfeo
    ToolBox has it.

    Attributes:
        window: Edge of the window, pixels, odd.
        least_deviation: σ(PAN) below which a window holds no detail, > 0.
    """

    window: int
    least_deviation: float

    def __post_init__(self) -> None:
        _check_window(self.window)

    @property
    def halo(self) -> int:
        """Half the window."""
        return self.window // 2

    def sharpen(self, pan: NDArray[Any], ms: NDArray[Any]) -> NDArray[np.float32]:
        """``(band, y, x)`` float32, never negative, 0 where the inputs are not finite."""
        mean, deviation = self._moments(pan)
        detail = (pan - mean) / np.maximum(deviation, self.least_deviation)
        out = np.empty(ms.shape, dtype=np.float32)
        for plane, band in zip(out, ms, strict=True):
            band_mean, band_deviation = self._moments(band)
            plane[:] = detail * band_deviation + band_mean
        return usable(out)

    def _moments(self, plane: NDArray[Any]) -> tuple[FloatArray, FloatArray]:
        taps = box_taps(self.window)
        values = plane.astype(np.float64)
        mean = low_pass(values, taps)
        variance = low_pass(values * values, taps) - mean * mean
        return mean, np.sqrt(np.maximum(variance, 0.0))


def known(smooth: FloatArray, pan: NDArray[Any]) -> FloatArray:
    """`smooth`, or `pan` itself where too little lies around it: no detail is added there."""
    return np.where(np.isnan(smooth), pan, smooth)


def usable(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """`values` without negatives, 0 where not finite."""
    positive = np.maximum(values, np.float32(0))
    return np.where(np.isfinite(positive), positive, np.float32(0))


def fit_rcs(training: Training) -> RatioComponent:
    """RCS for the ratio and the brightness of a scene."""
    return RatioComponent(window=_window(training.ratio), floor=typical_floor(training.pan_lowres))


def fit_lmvm(training: Training) -> LocalMeanVariance:
    """LMVM for the ratio and the brightness of a scene."""
    median = abs(float(np.median(training.pan_lowres)))
    return LocalMeanVariance(
        window=_window(training.ratio), least_deviation=max(_LEAST_DEVIATION * median, 1e-30)
    )
