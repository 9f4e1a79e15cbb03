"""Where a measure of change is called a change: thresholds from the pair's own noise.

Most of a picture did not change, so the middle of the measure over all pixels is what the whole
pair differs by (season, haze, calibration), and its spread is the noise of unchanged ground.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from satdesk.errors import DisjointInputError

__all__ = ["Thresholds", "thresholds"]

_SIGMAS = 3.0
_LEAST_PIXELS = 1000
_MOST_SAMPLES = 4_000_000
_TO_SIGMA = 1.4826


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Above which the measure is called a change.

    Attributes:
        middle: By how much the measure differs in the median.
        noise: Its robust standard deviation, 1.4826 × the median absolute deviation.
        chosen: ``middle + max(least, 3 noise)``.
        strict: One standard deviation higher.
        lax: One lower, but never so low that it lies within two of the middle.
    """

    middle: float
    noise: float
    chosen: float
    strict: float
    lax: float


def thresholds(measure: NDArray[np.float32], known: NDArray[np.bool_], least: float) -> Thresholds:
    """The thresholds for one pair.

    Args:
        measure: ``(y, x)``, in the unit of the kind's measure, as all that is returned.
        known: ``(y, x)``, True = usable on both dates. Of more than four million pixels an
            evenly spaced part is taken.
        least: The smallest difference that is called a change, whatever the noise.

    Raises:
        DisjointInputError: Fewer than 1000 usable pixels.
    """
    values = measure[known]
    if values.size < _LEAST_PIXELS:
        raise DisjointInputError(
            "the two dates share too few usable pixels to measure a change",
            found=str(values.size),
            expected=f"at least {_LEAST_PIXELS}",
            remedy="choose a larger area, a finer pixel, or dates without cloud there",
        )
    values = values[:: -(-values.size // _MOST_SAMPLES)].astype(np.float64)
    middle = float(np.median(values))
    noise = _TO_SIGMA * float(np.median(np.abs(values - middle)))
    chosen = middle + max(least, _SIGMAS * noise)
    return Thresholds(
        middle=middle,
        noise=noise,
        chosen=chosen,
        strict=chosen + noise,
        lax=max(chosen - noise, middle + 2 * noise),
    )
