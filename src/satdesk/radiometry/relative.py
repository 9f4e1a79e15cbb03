"""Two dates of one place on one scale: a line for each band, through ground that stayed the same.

Haze, sun and calibration differ from date to date, by nearly the same line for all ground. The line
is found where most of the pixels agree, so that what changed takes no part.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from satdesk.core.sensor import FloatArray

__all__ = ["Line", "common_line"]

_ROUNDS = 8
_KEPT_SIGMAS = 2.5
_TO_SIGMA = 1.4826
_SLOPES = (0.5, 2.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """``first = gain · second + offset`` on ground that stayed the same.

    Attributes:
        gain: From 0.5 to 2.
        offset: In the values' unit.
    """

    gain: float
    offset: float


def common_line(first: FloatArray, second: FloatArray) -> Line:
    """The line that carries `second` onto `first`.

    A reduced major axis, the ratio of the standard deviations: both dates carry noise, and a
    regression of one on the other would flatten the line. Pixels farther off than 2.5 robust
    standard deviations are left out, eight times over. Where a band hardly varies the gain is 1.

    Source: J. R. Schott, C. Salvaggio, W. J. Volchok, Remote Sens. Environ. 26 (1988) 1-16
    (pseudo-invariant ground); W. J. Kermack, J. B. S. Haldane, Biometrika 37 (1950) 30-41 (axis).

    Args:
        first: ``(pixel,)``, usable values of the first date.
        second: ``(pixel,)`` of the second, at the same places.
    """
    gain = _slope(_quartiles(first), _quartiles(second))
    offset = float(np.median(first) - gain * np.median(second))
    for _ in range(_ROUNDS):
        off = first - gain * second - offset
        middle = float(np.median(off))
        spread = _TO_SIGMA * float(np.median(np.abs(off - middle)))
        kept = np.abs(off - middle) <= _KEPT_SIGMAS * spread
        if spread == 0 or kept.sum() < 2:
            break
        gain = _slope(float(first[kept].std()), float(second[kept].std()))
        offset = float(np.mean(first[kept]) - gain * np.mean(second[kept]))
    return Line(gain=gain, offset=offset)


def _quartiles(values: FloatArray) -> float:
    low, high = np.percentile(values, [25, 75])
    return float(high - low)


def _slope(first: float, second: float) -> float:
    if first <= 0 or second <= 0:
        return 1.0
    return float(np.clip(first / second, *_SLOPES))
