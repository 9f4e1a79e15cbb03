"""Clouds by what they look like in visible light and near infrared: bright, white, large, soft.

What four bands cannot do: without a short-wave or thermal band a bright white surface may be cloud
or snow (`radiometry.snow`), and haze or cirrus through which the ground is seen clearly is called
clear. With fewer bands less is known: two visible ones at least are needed.

The blue over the red follows the haze-optimised transform (Zhang, Guindon, Cihlar, *Remote Sens.
Environ.* 82, 2002), the whiteness Zhu and Woodcock (*Remote Sens. Environ.* 118, 2012); the numbers
were set on simulated scenes that no published score uses.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from satdesk.errors import UsageError
from satdesk.radiometry.discs import around, wide_parts
from satdesk.radiometry.surroundings import mean_around

__all__ = ["VISIBLE", "bright_white", "grown_clouds", "large_parts", "veil", "visible"]

Floats = NDArray[np.floating]
Bools = NDArray[np.bool_]
Planes = Mapping[str, Floats]

VISIBLE = ("B", "G", "R")

_BRIGHT = 0.26
_WHITE = 0.16
_BLUE_EXCESS = 0.10
_NIR_OVER_VISIBLE = (0.75, 1.45)
_NIR = 0.22
_LEAST_RADIUS_M = 24.0
_LEAST_AREA_M2 = 2.0e4
_GROWTH_M = 1000.0
_GROWING_AREA_M2 = 4.0e4
_VEIL = 0.004
_CLEAR_VEIL = 0.008
_VEIL_SIGMA_M = 24.0
_LEVEL_SIGMA_M = 500.0
_HAZE_RANGE = 0.03
_ROUNDS = 3


def visible(planes: Planes) -> Floats:
    """``(y, x)`` mean reflectance of the visible bands that are there.

    Raises:
        UsageError: Fewer than two of B, G and R: cloud cannot be told from bright ground.
    """
    names = [name for name in VISIBLE if name in planes]
    if len(names) < 2:
        raise UsageError(
            "clouds are not found in one visible band",
            found=", ".join(planes) or "no band",
            expected="two of B, G and R at least",
            remedy="take the multispectral image, or the provider's own mask",
        )
    return np.asarray(sum(planes[name] for name in names) / len(names), dtype=np.float32)


def bright_white(
    planes: Planes,
    valid: Bools,
    pixel_m: float,
    *,
    radius_m: float = _LEAST_RADIUS_M,
    area_m2: float = _LEAST_AREA_M2,
) -> Bools:
    """Cores of clouds, and of snow: bright and white over at least 48 m.

    Args:
        planes: ``(y, x)`` top-of-atmosphere reflectance by band: two of B, G, R, or more, and NIR.
        valid: ``(y, x)``, True = usable.
        pixel_m: Of the grid.
        radius_m: Half of what they must be wide; less finds roofs and roads too.
        area_m2: What they must cover.
    """
    mean = visible(planes)
    chosen = valid & (mean > _BRIGHT)
    names = [name for name in VISIBLE if name in planes]
    for name in names:
        chosen &= np.abs(planes[name] - mean) < _WHITE * mean
    if {"B", "R"} <= planes.keys():
        chosen &= planes["B"] - 0.5 * planes["R"] > _BLUE_EXCESS
    if "NIR" in planes:
        low, high = _NIR_OVER_VISIBLE
        chosen &= (planes["NIR"] > _NIR) & (planes["NIR"] > low * mean)
        chosen &= planes["NIR"] < high * mean
    return large_parts(wide_parts(chosen, radius_m / pixel_m), area_m2 / pixel_m**2)


def grown_clouds(cores: Bools, planes: Planes, valid: Bools, pixel_m: float) -> Bools:
    """Cores with the thinner cloud around them.

    A place belongs to a large core where the haze-optimised transform (blue less half of the red,
    which hardly differs between kinds of clear ground), smoothed, stands above that of the clear
    ground around by more than a veil, and where such places lead to the core. Small cores are not
    grown: a roof or a quarry has pale ground around it too.

    Args:
        cores: ``(y, x)`` from `bright_white` (or any other finder).
        planes: As there.
        valid: ``(y, x)``, True = usable, and not so near to snow that nothing tells a thin cloud.
        pixel_m: Of the grid.
    """
    large = large_parts(cores, _GROWING_AREA_M2 / pixel_m**2)
    if not large.any():
        return cores
    near = around(large, _GROWTH_M / pixel_m) & valid
    thin = (near & (veil(planes, cores, valid, pixel_m) > _VEIL)) | large
    labels, _ = ndimage.label(thin, structure=np.ones((3, 3)))
    kept = np.unique(labels[large])
    return np.asarray(np.isin(labels, kept[kept > 0]) | cores)


def veil(planes: Planes, cores: Bools, valid: Bools, pixel_m: float) -> Floats:
    """How far the smoothed haze transform stands above that of the clear ground around.

    Arguments as of `grown_clouds`; ``(y, x)`` in units of reflectance, where not valid meaningless.
    """
    haze = planes["B"] - np.float32(0.5) * planes["R"] if {"B", "R"} <= planes.keys() else None
    plane = np.asarray(visible(planes) if haze is None else haze, np.float32)
    smooth = mean_around(plane, valid, _VEIL_SIGMA_M / pixel_m)
    clear = valid & ~around(cores, 120.0 / pixel_m)
    if not clear.any():
        clear = valid & ~cores
    if clear.any():
        clear = clear & (smooth < np.percentile(smooth[clear], 30) + _HAZE_RANGE)
    level = smooth
    for _ in range(_ROUNDS):
        level = mean_around(plane, clear, _LEVEL_SIGMA_M / pixel_m)
        clear = clear & (smooth - level < _CLEAR_VEIL)
    return np.asarray(smooth - level)


def large_parts(mask: Bools, least_px: float) -> Bools:
    """The connected parts of `mask` that have at least `least_px` pixels."""
    labels, count = ndimage.label(mask, structure=np.ones((3, 3)))
    if not count:
        return mask
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    sizes[0] = 0
    return np.asarray(sizes[labels] >= least_px)
