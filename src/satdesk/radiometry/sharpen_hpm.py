"""Pansharpening by multiresolution analysis: MTF-GLP with high-pass modulation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satdesk.errors import UsageError
from satdesk.radiometry.lowpass import low_pass, mtf_cubic_taps, reach
from satdesk.radiometry.sharpen import guarded_ratio
from satdesk.radiometry.sharpen_local import known, usable
from satdesk.radiometry.sharpen_training import Training, typical_floor

__all__ = ["HighPassModulation", "fit_hpm"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HighPassModulation:
    """MTF-GLP-HPM: ``MSₖ · (PAN + oₖ) / (low(PAN) + oₖ)``.

    ``low`` blurs PAN as MS was blurred: by the Gaussian of the band's MTF and by the cubic that
    interpolated MS. PAN is first given the mean and the deviation of the band, which leaves one
    number ``oₖ = mean(MSₖ) · σ(low PAN) / σ(MSₖ) − mean(PAN)``.

    Source: B. Aiazzi, L. Alparone, S. Baronti, A. Garzelli, M. Selva, Photogramm. Eng. Remote
    Sens. 72 (2006) 591–596; G. Vivone et al., IEEE Geosci. Remote Sens. Lett. 11 (2014) 930–934.

    Attributes:
        mtf: Transfer of each band at the Nyquist frequency of MS, 0–1.
        ratio: PAN pixels along the edge of an MS pixel.
        offsets: oₖ of each band, in the quantity of the images.
        floors: ``low(PAN) + oₖ`` below which the ratio gives way to a difference, > 0.
    """

    mtf: tuple[float, ...]
    ratio: float
    offsets: tuple[float, ...]
    floors: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.mtf or not len(self.mtf) == len(self.offsets) == len(self.floors):
            raise UsageError("HPM needs one MTF, offset and floor a band", found=str(self.mtf))

    @property
    def halo(self) -> int:
        """Half of the longest filter."""
        # the lowest transfer has the widest filter
        return reach(mtf_cubic_taps(min(self.mtf), self.ratio))

    def sharpen(self, pan: NDArray[Any], ms: NDArray[Any]) -> NDArray[np.float32]:
        """``(band, y, x)`` float32, never negative, 0 where the inputs are not finite."""
        smooth = {
            gain: known(low_pass(pan, mtf_cubic_taps(gain, self.ratio)), pan)
            for gain in set(self.mtf)
        }
        out = np.empty(ms.shape, dtype=np.float32)
        for k, band in enumerate(ms):
            offset = self.offsets[k]
            ratio = guarded_ratio(
                (pan + offset).astype(np.float32),
                (smooth[self.mtf[k]] + offset).astype(np.float32),
                np.float32(self.floors[k]),
            )
            out[k] = band * ratio
        return usable(out)


def fit_hpm(training: Training) -> HighPassModulation:
    """Offsets from means and deviations at MS resolution."""
    mean, deviation = training.pan_lowres.mean(), training.pan_lowres.std()
    offsets = [
        float(band.mean() * deviation / max(band.std(), 1e-30) - mean) for band in training.ms
    ]
    return HighPassModulation(
        mtf=training.gains,
        ratio=training.ratio,
        offsets=tuple(offsets),
        floors=tuple(typical_floor(training.pan_lowres + offset) for offset in offsets),
    )
