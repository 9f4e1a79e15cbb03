"""Low-pass filters that pansharpening and its scores share: what an instrument blurs.

Values that are NaN are not usable: they carry no weight, and the weights of the others are divided
by their sum. A result depends on nothing but its own neighbourhood, so tiles equal the whole to the
last bit.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import correlate1d

from satdesk.core.sensor import FloatArray

__all__ = [
    "Taps",
    "antialias_taps",
    "box_taps",
    "cubic_taps",
    "decimated",
    "gaussian_taps",
    "low_pass",
    "low_passes",
    "mtf_cubic_taps",
    "mtf_sigma_px",
    "mtf_taps",
    "reach",
    "upsampled",
]

Taps = tuple[float, ...]

_CUT = 3.0
"""A Gaussian is cut at this many standard deviations: 0.3 % of its weight lies beyond."""
_LEAST_WEIGHT = 0.02
"""Usable weight below which a mean says nothing: the middle pixel alone has more."""
_LEAST_WEIGHT_COARSE = 0.5
"""Usable weight that a coarse pixel needs."""


def mtf_sigma_px(gain: float, ratio: float) -> float:
    """Standard deviation, in fine pixels, of the Gaussian with transfer `gain` at MS's Nyquist.

    ``exp(−2 π² σ² f²) = gain`` at ``f = 1 / (2 ratio)``: ``σ = ratio / π · √(−2 ln gain)``.

    Source: B. Aiazzi et al., Photogramm. Eng. Remote Sens. 72 (2006) 591–596.

    Args:
        gain: Transfer at the Nyquist frequency of the coarse pixel, 0–1.
        ratio: Fine pixels along the edge of a coarse one.
    """
    return ratio / math.pi * math.sqrt(-2 * math.log(gain))


def mtf_taps(gain: float, ratio: float, *, even: bool = False) -> Taps:
    """The Gaussian of `mtf_sigma_px`; `even` = centred between two pixels."""
    return gaussian_taps(mtf_sigma_px(gain, ratio), even=even)


def gaussian_taps(sigma_px: float, *, even: bool = False) -> Taps:
    """A Gaussian of standard deviation `sigma_px`; `even` = centred between two pixels."""
    place = _places(_CUT * sigma_px, even=even)
    return _normalised(np.exp(-0.5 * (place / sigma_px) ** 2))


def box_taps(size: int) -> Taps:
    """A mean over `size` pixels."""
    return (1 / size,) * size


def cubic_taps(ratio: float) -> Taps:
    """Keys' cubic (a = −0.5) stretched by `ratio`: what interpolation of MS does on average."""
    return _normalised(_keys(_places(2 * ratio, even=False) / ratio))


def antialias_taps(ratio: int) -> Taps:
    """Keys' cubic stretched by `ratio` and centred on a coarse pixel: decimation without aliasing.

    What the benchmarks reduce PAN with (``imresize`` of their toolbox).
    """
    return _normalised(_keys(_places(2 * ratio, even=ratio % 2 == 0) / ratio))


def mtf_cubic_taps(gain: float, ratio: float) -> Taps:
    """What a fine signal goes through until it is MS on the fine grid: MTF, then interpolation."""
    return _normalised(np.convolve(mtf_taps(gain, ratio), cubic_taps(ratio)))


def reach(taps: Taps) -> int:
    """Pixels to each side that a filter looks at."""
    return len(taps) // 2


def low_pass(plane: NDArray[Any], taps: Taps, *, least_weight: float = _LEAST_WEIGHT) -> FloatArray:
    """`plane` ``(y, x)`` filtered along both axes; NaN = not usable, as the module says.

    With an even number of taps the result at ``i`` belongs between pixels ``i − 1`` and ``i``.

    Args:
        plane: NaN = not usable; outside it nothing is.
        taps: Sum to one.
        least_weight: The result is NaN where the usable weight is less.
    """
    (filtered,) = low_passes(np.asarray(plane)[np.newaxis], taps, least_weight=least_weight)
    return np.asarray(filtered)


def low_passes(
    planes: NDArray[Any], taps: Taps, *, least_weight: float = _LEAST_WEIGHT
) -> FloatArray:
    """Each of `planes` ``(plane, y, x)`` as `low_pass` does; what is NaN in one is used in none."""
    values: FloatArray = np.asarray(planes, dtype=np.float64)
    usable = np.asarray(np.isfinite(values).all(axis=0))
    if usable.all():
        return _over_edge_weights(_both_axes(values, taps), taps)
    total = _both_axes(np.where(usable, values, 0.0), taps)
    weight = _both_axes(usable.astype(np.float64), taps)
    # the sum of a whole neighbourhood's weights, to the very bit that the filter makes of it
    size = 2 * len(taps) + 1
    complete = _both_axes(np.ones((size, size)), taps)[len(taps), len(taps)]
    weight = np.where(weight == complete, 1.0, weight)
    enough = weight >= least_weight
    total /= np.where(enough, weight, 1.0)
    total[:, ~enough] = np.nan
    return total


def _over_edge_weights(total: FloatArray, taps: Taps) -> FloatArray:
    """`total` ``(plane, y, x)`` divided by the weight that lies inside, in place."""
    down, across = (_edge_weights(size, taps) for size in total.shape[1:])
    rows, cols = (np.flatnonzero(weights != 1.0) for weights in (down, across))
    middle = np.flatnonzero(down == 1.0)
    total[:, rows] /= down[rows, None] * across
    total[:, middle[:, None], cols] /= across[cols]
    return total


def _edge_weights(size: int, taps: Taps) -> FloatArray:
    """Weight that lies inside along one axis: exactly one but near the ends."""
    inside = correlate1d(np.ones(size), np.array(taps), mode="constant")
    whole = correlate1d(np.ones(2 * len(taps) + 1), np.array(taps), mode="constant")[len(taps)]
    return np.where(inside == whole, 1.0, inside)


def decimated(plane: NDArray[Any], taps: Taps, ratio: int) -> FloatArray:
    """`plane` ``(y, x)`` low-passed and taken at the middles of ``ratio × ratio`` blocks.

    Args:
        plane: Its size a multiple of `ratio`; NaN = not usable.
        taps: An even number where `ratio` is even, else an odd one.
        ratio: Fine pixels along the edge of a block.
    """
    if (len(taps) - ratio) % 2:
        raise ValueError("taps and ratio must both be even, or both odd")
    middles = slice(ratio // 2, None, ratio)
    return low_pass(plane, taps, least_weight=_LEAST_WEIGHT_COARSE)[middles, middles]


def upsampled(plane: NDArray[Any], ratio: int) -> FloatArray:
    """`plane` ``(y, x)`` on pixels `ratio` times finer, by Keys' cubic as `geometry.resample`.

    The edge's pixels continue outwards; a result is NaN where a neighbour is.
    """
    return _stretched(_stretched(np.asarray(plane, dtype=np.float64), ratio).T, ratio).T


def _stretched(plane: FloatArray, ratio: int) -> FloatArray:
    """Along the first axis."""
    position = (np.arange(plane.shape[0] * ratio) + 0.5) / ratio - 0.5
    first = np.floor(position).astype(np.intp) - 1
    total = np.zeros((position.size, plane.shape[1]))
    for k in range(4):
        weight = _keys(first + k - position)
        rows = plane[np.clip(first + k, 0, plane.shape[0] - 1)]
        total += np.where(weight[:, None] == 0, 0.0, weight[:, None] * rows)
    return total


def _both_axes(plane: FloatArray, taps: Taps) -> FloatArray:
    weights = np.array(taps)
    down = correlate1d(plane, weights, axis=-2, mode="constant")
    return np.asarray(correlate1d(down, weights, axis=-1, mode="constant"), dtype=np.float64)


def _places(half: float, *, even: bool) -> FloatArray:
    """Distances of taps from the middle, up to `half`, at least one."""
    if even:
        count = max(math.ceil(half), 1)
        return np.arange(-count, count, dtype=np.float64) + 0.5
    count = math.ceil(half)
    return np.arange(-count, count + 1, dtype=np.float64)


def _keys(t: FloatArray) -> FloatArray:
    """R. G. Keys, IEEE Trans. ASSP 29 (1981) 1153–1160, a = −0.5."""
    t = np.abs(t)
    near = 1 + t * t * (1.5 * t - 2.5)
    far = 2 + t * (-4 + t * (2.5 - 0.5 * t))
    value: FloatArray = np.where(t < 1, near, np.where(t < 2, far, 0.0))
    return value


def _normalised(weights: FloatArray) -> Taps:
    """Taps that sum to one, without zeros at the ends."""
    while len(weights) > 2 and weights[0] == 0 and weights[-1] == 0:
        weights = weights[1:-1]
    return tuple(float(w) for w in weights / weights.sum())
