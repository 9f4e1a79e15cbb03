"""What best tells a thin veil, or a shadow, from the ground of one picture: matched filters.

Ground differs from place to place along few directions in the space of its bands; a veil pulls
every place towards white, a shadow takes from every band what the sun gave it. The weighted sum of
bands that answers 1 to the one and varies least over the other is the matched filter (Robey,
Fuhrmann, Kelly, Nitzberg, *IEEE Trans. Aerosp. Electron. Syst.* 28, 1992), learned from each
picture's own clear ground.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from satdesk.radiometry.fixed_point import (
    LOGARITHM,
    REFLECTANCE,
    products,
    rounded,
    solution,
)
from satdesk.radiometry.surroundings import Surroundings

__all__ = ["SHADE", "VEIL", "shade_filtered", "veil_filtered"]

Ints = NDArray[np.int16]
Bools = NDArray[np.bool_]

VEIL = 4096
"""Of a cloud that hides the ground, in whole numbers."""
SHADE = 2048
"""Of ground in full shadow."""

_WHITE = 0.6
_LEVEL_M = 500.0
_MOST_SAMPLES = 200_000
_LEAST_SAMPLES = 1000
_VEIL_NOISE = 3e-4
_SHADE_NOISE = 0.01
_SUNLIT = (0.75, 0.82, 0.87, 0.93)
"""What the sun itself gives of the light on open ground, blue to near infrared, about."""


def veil_filtered(
    bands: Sequence[Ints], smooth: Sequence[Ints], clear: Bools, pixel_m: float
) -> Ints:
    """``(y, x)`` the share by which each place is veiled, but for a constant; `VEIL` = all.

    Args:
        bands: ``(y, x)`` of blue, green, red, near infrared, fixed.
        smooth: Their means around, as wide as the edge of a veil.
        clear: True = clear, dark ground.
        pixel_m: Of the grid.
    """
    ground = [_mean(band, clear) / REFLECTANCE for band in bands]
    target = [REFLECTANCE * (_WHITE - level) for level in ground]
    weights = _matched(smooth, target, _VEIL_NOISE * REFLECTANCE, clear, pixel_m)
    return _weighted(bands, weights, VEIL)


def shade_filtered(
    logs: Sequence[Ints], smooth: Sequence[Ints], lit: Ints, ground: Bools, pixel_m: float
) -> Ints:
    """``(y, x)`` how far each place is in shadow, but for a constant; `SHADE` = wholly.

    Light that slopes catch is taken for what it is, as far as relief explains it.

    Args:
        logs: ``(y, x)`` logarithms of the four bands less their path radiance.
        smooth: Their means around.
        lit: The logarithm of the sunlight that slopes catch.
        ground: True = surely no thick cloud.
        pixel_m: Of the grid.
    """
    target = [-LOGARITHM * share for share in _SUNLIT]
    values = [*smooth, lit]
    noise = _SHADE_NOISE * LOGARITHM
    weights = _matched(values, [*target, 0.0], noise, ground, pixel_m)
    return _weighted([*logs, lit], weights, SHADE)


def _matched(
    planes: Sequence[Ints], target: list[float], noise: float, where: Bools, pixel_m: float
) -> list[float]:
    """Weights of the planes that give 1 for `target`."""
    places = np.flatnonzero(where)
    places = places[:: max(-(-places.size // _MOST_SAMPLES), 1)]
    around = Surroundings(where, pixel_m)
    values = np.empty((len(planes), places.size), np.int32)
    for k, plane in enumerate(planes):
        level = around.mean(plane, _LEVEL_M).ravel()[places]
        values[k] = plane.ravel()[places].astype(np.int32) - level
    spread = products(values)
    for k, row in enumerate(spread):
        row[k] += noise**2 if places.size >= _LEAST_SAMPLES else REFLECTANCE**2
    weights = solution(spread, target)
    scale = sum(w * t for w, t in zip(weights, target, strict=True))
    return [w / scale for w in weights]


def _weighted(planes: Sequence[Ints], weights: Sequence[float], one: int) -> Ints:
    total = np.zeros(planes[0].shape, np.float32)
    for plane, weight in zip(planes, weights, strict=True):
        total += plane * np.float32(one * weight)
    return rounded(total)


def _mean(plane: Ints, where: Bools) -> float:
    return int(plane[where].sum(dtype=np.int64)) / max(int(where.sum()), 1)
