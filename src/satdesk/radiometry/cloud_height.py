"""The height of clouds to a few metres: where what hangs towards the sun matches what lies dark.

A hundred metres of height move a shadow by ten pixels. Near a height that is known so far, the one
is taken at which cloud on the way to the sun goes best with shadow on the ground, place by place.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from satdesk.radiometry.cloud_shadows import Sighting, cloud_places
from satdesk.radiometry.fixed_point import products

__all__ = ["finer_height"]

Bools = NDArray[np.bool_]
Whole = NDArray[np.integer]

_REACH_M = 100
_STEP_M = 20
_CELLS = 150_000
_LEAST_PLACES = 200


def finer_height(
    near_m: float, cloud: Whole, shade: Whole, ground: Bools, imaged: Bools, sighting: Sighting
) -> float:
    """The height within 100 m at which `cloud` and `shade` are best correlated, in whole metres.

    Args:
        near_m: On the scale of the ground's heights.
        cloud: ``(y, x)``, the more the thicker.
        shade: ``(y, x)``, the more the darker.
        ground: True where ground is seen: no cloud, no shadow of relief.
        imaged: True = the picture shows something.
        sighting: Ground, sun and view.

    Returns:
        `near_m` where nothing can be told, or nothing matches.
    """
    step = max(int(math.sqrt(ground.size / _CELLS)), 1)
    few = _Few(cloud, shade, ground, imaged, sighting.thinned(step), near_m, step)
    tried = range(-_REACH_M, _REACH_M + 1, _STEP_M)
    found = [few.correlation(off) for off in tried]
    best = max(range(len(tried)), key=found.__getitem__)
    if found[best] <= 0:
        return near_m
    if not 0 < best < len(tried) - 1:
        return float(round(near_m + tried[best]))
    before, top, after = found[best - 1 : best + 2]
    bend = before - 2 * top + after
    beside = _STEP_M / 2 * (before - after) / bend if bend else 0.0
    return float(round(near_m + tried[best] + beside))


class _Few:
    """Every few rows and columns of the ground, looking up to whole pictures of the clouds.

    Between the ends of the heights the ways are taken as straight.
    """

    def __init__(
        self,
        cloud: Whole,
        shade: Whole,
        ground: Bools,
        imaged: Bools,
        thin: Sighting,
        near_m: float,
        step: int,
    ) -> None:
        where = ground[::step, ::step] & (thin.heights < near_m - _REACH_M)
        ends = [
            [(place * step)[where] for place in cloud_places(thin, near_m + off)]
            for off in (-_REACH_M, _REACH_M)
        ]
        self._cloud, self._imaged = cloud, imaged
        self._low, self._way = ends[0], [b - a for a, b in zip(*ends, strict=True)]
        self._shade = shade[::step, ::step][where].astype(np.int32)

    def correlation(self, off_m: float) -> float:
        """Of cloud at the casters with shade, by exact sums; 0 where hardly any place is known."""
        part = np.float32((off_m + _REACH_M) / (2 * _REACH_M))
        at = [np.rint(low + part * way) for low, way in zip(self._low, self._way, strict=True)]
        sizes = self._cloud.shape
        row, col = (np.clip(a, 0, n - 1).astype(np.int32) for a, n in zip(at, sizes, strict=True))
        known = (row == at[0]) & (col == at[1]) & self._imaged[row, col]
        if int(known.sum()) < _LEAST_PLACES:
            return 0.0
        cast = self._cloud[row[known], col[known]].astype(np.int32)
        spread = products(np.stack([cast, self._shade[known]]))
        among = spread[0][0] * spread[1][1]
        return spread[0][1] / math.sqrt(among) if among > 0 else 0.0
