"""What the whole-image numbers of a pansharpening method are fitted on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from satdesk.core.sensor import FloatArray
from satdesk.errors import BrokenInputError, DisjointInputError, UsageError

__all__ = ["Training", "least_squares", "typical_floor"]

_LEAST_PIXELS = 64
_FLOOR_SHARE = 0.05
"""Below this share of the median a ratio is mostly noise."""
_TINY = 1e-30


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Training:
    """Pixels of MS, and what PAN would be at their size.

    Attributes:
        pan_lowres: ``(n,)`` PAN low-passed by an MS band's MTF, at the middles of MS pixels.
        ms: ``(band, n)`` MS there, in the same quantity.
        bands: Our names of the bands, in the order of `ms`.
        gains: Transfer of each band at the Nyquist frequency of MS, 0–1.
        ratio: PAN pixels along the edge of an MS pixel, at least 1.
        dark: The darkest hundredth of each band at the finest resolution that there is: haze is
            the scene's, whatever the size of the pixels.
    """

    pan_lowres: FloatArray
    ms: FloatArray
    bands: tuple[str, ...]
    gains: tuple[float, ...]
    ratio: float
    dark: tuple[float, ...]

    def __post_init__(self) -> None:
        if not len(self.ms) == len(self.bands) == len(self.gains) == len(self.dark):
            raise UsageError("MS needs one name and one MTF a band", found=str(len(self.ms)))
        if self.ms.shape[1:] != self.pan_lowres.shape or self.pan_lowres.ndim != 1:
            raise UsageError("PAN and MS of a training must be the same pixels")
        if self.pan_lowres.size < _LEAST_PIXELS:
            raise DisjointInputError(
                "PAN and MS share too few usable pixels",
                found=str(self.pan_lowres.size),
                expected=f"at least {_LEAST_PIXELS}",
            )
        if self.pan_lowres.std() <= 1e-12 * max(1.0, abs(self.pan_lowres.mean())):
            raise BrokenInputError("PAN is constant, so nothing can be fitted to it")


def least_squares(training: Training) -> tuple[FloatArray, float]:
    """Weights ``(band,)``, of any sign, and offset of ``PAN ≈ Σ w · MS + offset``."""
    design = np.vstack([training.ms, np.ones(training.pan_lowres.size)])
    solution = np.linalg.lstsq(design.T, training.pan_lowres, rcond=None)[0]
    return np.asarray(solution[:-1]), float(solution[-1])


def typical_floor(values: FloatArray) -> float:
    """A twentieth of the median of `values`, positive: where a division by them must stop."""
    return max(float(np.median(values)) * _FLOOR_SHARE, _TINY)
