"""Two dates of one place on one scale: a line for each band, through ground that stayed the same.

Haze, sun and calibration differ from date to date, by nearly the same line for all ground. The line
is found where half of the pixels agree best, so that what changed takes no part.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from satdesk.core.sensor import FloatArray

__all__ = ["Line", "common_line"]

_GAINS = np.exp(np.linspace(np.log(0.7), np.log(1 / 0.7), 61))
_MOST_PIXELS = 60_000
_AS_GOOD = 1.03
_KEPT_SIGMAS = 2.5
_CONTRAST = 1.5
_HALF_TO_SIGMA = 1 / 1.349
"""Of the shortest half of a normal distribution, from its length to its standard deviation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """``first = gain · second + offset`` on ground that stayed the same.

    Attributes:
        gain: From 0.7 to 1.43.
        offset: In the values' unit.
        apart: By how much the dates differ at the median of the second before the line is used.
    """

    gain: float
    offset: float
    apart: float


def common_line(first: FloatArray, second: FloatArray) -> Line:
    """The line that carries `second` onto `first`.

    Least median of squares: of the gains from 0.7 to 1.43 the one for which half of the pixels lie
    closest to the line (at right angles, since both dates carry noise); where several do as well
    within 3 %, the one nearest to 1. Where the pixels around that line vary by more than their
    noise, the gain is then the ratio of their standard deviations (reduced major axis); the offset
    is the median of their differences. So up to half of the ground may have changed.

    Source: P. J. Rousseeuw, J. Am. Stat. Assoc. 79 (1984) 871-880; W. J. Kermack, J. B. S. Haldane,
    Biometrika 37 (1950) 30-41.

    Args:
        first: ``(pixel,)``, usable values of the first date.
        second: ``(pixel,)`` of the second, at the same places.
    """
    step = -(-first.size // _MOST_PIXELS)
    a, b = first[::step], second[::step]
    halves = [_shortest_half(a - gain * b) for gain in _GAINS]
    lengths = np.array([high - low for low, high in halves]) / np.sqrt(1 + _GAINS**2)
    good = np.flatnonzero(lengths <= _AS_GOOD * lengths.min())
    best = int(good[np.argmin(np.abs(np.log(_GAINS[good])))])
    gain, (low, high) = float(_GAINS[best]), halves[best]
    sigma = _HALF_TO_SIGMA * (high - low)
    kept = np.abs(a - gain * b - (low + high) / 2) <= _KEPT_SIGMAS * sigma
    if min(a[kept].std(), b[kept].std()) > _CONTRAST * sigma:
        gain = float(np.clip(a[kept].std() / b[kept].std(), _GAINS[0], _GAINS[-1]))
    offset = float(np.median(a[kept] - gain * b[kept]))
    middle = float(np.median(b))
    return Line(gain=gain, offset=offset, apart=gain * middle + offset - middle)


def _shortest_half(values: FloatArray) -> tuple[float, float]:
    """The shortest interval that holds half of the values."""
    ordered = np.sort(values)
    half = ordered.size // 2
    first = int(np.argmin(ordered[half:] - ordered[: ordered.size - half]))
    return float(ordered[first]), float(ordered[first + half])
