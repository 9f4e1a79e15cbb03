"""What a seam costs where it passes: how much two pictures differ there, and how busy they are.

After Kwatra and others, ACM TOG 22 (2003) 277, and Soille, IEEE TPAMI 28 (2006) 673: a seam is seen
least where both pictures agree; and it should not cut what has edges, such as roofs and roads.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, correlate1d, uniform_filter

from satdesk.core.sensor import FloatArray

__all__ = ["seam_cost"]

_EDGES = 0.5
"""Weight of edges against differences."""
_LENGTH = 0.02
"""Of each cell, so that lines do not wander where nothing matters."""
_MOST = 1.0
_LIGHT = 9
"""Cells over which the light of two pictures is evened."""
_EPS = 1e-9


def seam_cost(
    first: FloatArray, second: FloatArray, other_light: NDArray[np.bool_] | None = None
) -> FloatArray:
    """Cost of a seam through each cell, 0.02 to 1.52.

    Args:
        first: ``(band, y, x)``, balanced, linear in light; NaN = not seen.
        second: Likewise.
        other_light: ``(y, x)``, True = the two are known to lie in other light: there it is taken
            out, by the means of 9 cells, so that the seam looks for ground that both show alike.

    Returns:
        ``(y, x)`` float32: the difference over the mean, and half the steeper of the two slopes
            over the mean, each at most 1; 1 for both where one of the two is not seen.
    """
    if other_light is not None and other_light.any():
        there = binary_dilation(other_light, iterations=_LIGHT // 2)
        second = np.where(there, _in_light_of(first, second), second)
    level = np.maximum((np.abs(first) + np.abs(second)).mean(axis=0) / 2, _EPS)
    difference = np.abs(first - second).mean(axis=0) / level
    slope = np.maximum(_slope(first.mean(axis=0)), _slope(second.mean(axis=0))) / level
    unknown = ~(np.isfinite(difference) & np.isfinite(slope))
    cost = np.clip(difference, 0, _MOST) + _EDGES * np.clip(slope, 0, _MOST) + _LENGTH
    worst = _MOST + _EDGES * _MOST + _LENGTH
    return np.asarray(np.where(unknown, worst, cost), np.float32)


def _slope(brightness: FloatArray) -> FloatArray:
    """Magnitude of the gradient by central differences."""
    step = np.array([-0.5, 0.0, 0.5])
    along = [correlate1d(brightness, step, axis=axis, mode="nearest") for axis in (0, 1)]
    return np.asarray(np.hypot(*along))


def _in_light_of(first: FloatArray, second: FloatArray) -> FloatArray:
    """`second` as bright as `first` around each cell, band by band; NaN where one is not seen."""
    seen = np.isfinite(first) & np.isfinite(second)
    means = [
        uniform_filter(np.where(seen, each, 0), (0, _LIGHT, _LIGHT)) for each in (first, second)
    ]
    return np.asarray(second * (means[0] / np.maximum(means[1], _EPS)))
