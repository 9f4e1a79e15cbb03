"""Pansharpening with gains of each place: GSA with gains fitted in a window, above the haze."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satdesk.core.sensor import FloatArray
from satdesk.errors import UsageError
from satdesk.radiometry.lowpass import Taps, gaussian_taps, low_passes, reach
from satdesk.radiometry.sharpen import fit_weights
from satdesk.radiometry.sharpen_haze import haze_of
from satdesk.radiometry.sharpen_local import usable
from satdesk.radiometry.sharpen_training import Training, typical_floor

__all__ = ["LocalGains", "fit_local_gains"]

_WINDOW_MS_PX = 0.5
"""Standard deviation of the window, MS pixels: MS is already smooth over one of them."""
_DOUBT = 0.05
"""Contrast in a window below which its own gains say less than the ratio does."""
_LEAST = 0.5
"""Share of what the ratio makes of a band above the haze that its own gain leaves it at least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalGains:
    """``MSₖ + gₖ · (PAN − I)``, ``I = Σ w · (MS − H) + offset``, with gains of each place.

    ``gₖ = (cov(I, MSₖ) + λ pₖ) / (var(I) + λ)`` in a window around the pixel: the slope of the
    line on which the band and the intensity lie there. Where a window holds two grounds (road and
    meadow, sun and shade) MS has mixtures of both, which lie on one line; along it PAN tells the
    grounds apart, in their own colours. Where a window is even its slope says nothing, and the gain
    is ``pₖ = (MSₖ − Hₖ) / (I − offset)``: one ratio for all bands above the haze, as in BT-H. The
    two are weighed as least squares weigh a fit and what was known before it:
    ``λ = (doubt · (I − offset))²``.

    A line is followed only as far as no band falls below half of what the ratio would make of it:
    beyond what a window shows, slopes end in black. ``Σ w gₖ = 1`` in any case, so that the
    weighted sum of the result is PAN again, but where a band would become negative.

    Source: gains of each place (context adaptive component substitution): B. Aiazzi, S. Baronti,
    F. Lotti, M. Selva, IEEE Geosci. Remote Sens. Lett. 6 (2009) 302–306; R. Restaino,
    M. Dalla Mura, G. Vivone, J. Chanussot, IEEE Trans. Geosci. Remote Sens. 55 (2017) 753–766. The
    ratio and its haze: S. Lolli et al., IEEE Geosci. Remote Sens. Lett. 14 (2017) 2255–2259. That
    the slope gives way to it by a ridge (A. E. Hoerl, R. W. Kennard, Technometrics 12 (1970)
    55–67), and how far the line is followed, are our own.

    Attributes:
        weights: One for each MS band; none negative.
        haze: Hₖ, in the quantity of the images.
        offset: PAN of haze alone, same quantity.
        sigma_px: Standard deviation of the Gaussian window, pixels of PAN, > 0.
        doubt: Relative deviation of I in a window at which slope and ratio weigh the same, > 0.
        floor: ``I − offset`` below which it counts as this, > 0.
    """

    weights: tuple[float, ...]
    haze: tuple[float, ...]
    offset: float
    sigma_px: float
    doubt: float
    floor: float

    def __post_init__(self) -> None:
        if not self.weights or len(self.weights) != len(self.haze):
            raise UsageError("local GSA needs one weight and one haze a band", found=str(self.haze))
        if min(self.sigma_px, self.doubt, self.floor) <= 0:
            raise UsageError("window, doubt and floor of local GSA must be positive")

    @property
    def halo(self) -> int:
        """Half the window."""
        return reach(self._taps)

    @property
    def _taps(self) -> Taps:
        return gaussian_taps(self.sigma_px)

    def sharpen(self, pan: NDArray[Any], ms: NDArray[Any]) -> NDArray[np.float32]:
        """``(band, y, x)`` float32, never negative, 0 where the inputs are not finite."""
        known = np.isfinite(pan) & np.isfinite(ms).all(axis=0)
        bands = np.where(known, ms.astype(np.float64), np.nan)
        clear = self._clear(bands)
        base = np.maximum(clear, self.floor)
        ridge = (self.doubt * base) ** 2
        detail = pan.astype(np.float64) - self.offset - clear
        together = self._covariances(clear, bands)
        # the intensity is a sum of the bands, and so is its variance of their covariances with it
        spread = np.maximum(np.tensordot(self.weights, together, 1), 0.0)
        above = bands - np.array(self.haze)[:, None, None]
        own = above / base
        turned = (together - own * spread) / (spread + ridge) * detail
        # a window of which hardly anything is usable has no slope
        turned = np.where(np.isfinite(turned), turned, 0.0)
        made = above + own * detail
        made += _admitted(made, turned) * turned
        return usable((made + np.array(self.haze)[:, None, None]).astype(np.float32))

    def _covariances(self, clear: FloatArray, bands: FloatArray) -> FloatArray:
        """Of `clear` with each of `bands` in the window around each pixel, ``(band, y, x)``."""
        smooth = low_passes(np.concatenate([bands, clear * bands]), self._taps)
        means, products = smooth[: len(bands)], smooth[len(bands) :]
        return np.asarray(products - self._clear(means) * means)

    def _clear(self, bands: FloatArray) -> FloatArray:
        """``I − offset`` ``(y, x)``."""
        total = np.zeros(bands.shape[1:])
        for weight, haze, band in zip(self.weights, self.haze, bands, strict=True):
            total += weight * (band - haze)
        return total


def _admitted(made: FloatArray, turned: FloatArray) -> FloatArray:
    """Share ``(y, x)`` of `turned` that takes no band below `_LEAST` of `made`, 0–1."""
    room = (1 - _LEAST) * np.maximum(made, 0.0)
    short = turned < -room
    shares = np.ones(made.shape)
    np.divide(room, -turned, out=shares, where=short)
    return np.asarray(shares.min(axis=0))


def fit_local_gains(training: Training) -> LocalGains:
    """Haze as BT-H has it; weights and offset by non-negative least squares above it."""
    haze = haze_of(training)
    clear = training.ms - haze[:, None]
    everywhere = np.ones((1, clear.shape[1]), dtype=np.bool_)
    fitted = fit_weights(training.pan_lowres[None], clear[:, None], everywhere)
    return LocalGains(
        weights=fitted.weights,
        haze=tuple(float(h) for h in haze),
        offset=fitted.offset,
        sigma_px=_WINDOW_MS_PX * training.ratio,
        doubt=_DOUBT,
        floor=typical_floor(np.asarray(fitted.weights) @ clear),
    )
