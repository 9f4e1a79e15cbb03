"""What a place looks like beside the clear ground of its own picture: what the networks are asked.

Everything is relative: haze transform above that of the clear ground around, logarithms of bands
against their wide means. Names say what, and over how many metres it was averaged.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from satdesk.radiometry.cloud_rays import Rays
from satdesk.radiometry.cloud_shadows import Sighting, without_path
from satdesk.radiometry.clouds import around, visible
from satdesk.radiometry.surroundings import Surroundings

__all__ = ["BANDS", "along_rays", "answers_around", "appearance", "lighting"]

Floats = NDArray[np.floating]
Bools = NDArray[np.bool_]
Planes = dict[str, NDArray[np.float16]]

BANDS = ("B", "G", "R", "NIR")
"""What a picture must have."""

_HAZES_M = (6, 12, 24, 60)
_NEAR_M = 12.0
_LEVEL_M = 500.0
_WIDE_M = 700.0
_SHADES_M = (9, 30)
_CORES_M = (60, 200)
_APART_M = 120.0
_HAZE_RANGE = 0.03
_CLEAR_VEIL = 0.008
_ROUNDS = 3
_DARKEST = np.float32(0.004)
_SAID_M = (9, 30)
_AT_CASTER = ("haze_12", "haze_24", "haze_60", "core_60", "visible", "blue_red")
_AT_SHADOW = ("dark_B_9", "dark_NIR_9", "dark_B_30", "dark_NIR_30", "haze_24", "core_60")
_SAID_AT_CASTER = ("said_cloud_9", "said_cloud_30")
_SAID_AT_SHADOW = ("said_shadow_9", "said_shadow_30", "said_cloud_30")


def appearance(
    planes: Mapping[str, Floats], valid: Bools, cores: Bools, ground: Bools, pixel_m: float
) -> Planes:
    """What every place looks like, whatever the sun does.

    Args:
        planes: ``(y, x)`` reflectance by band, of `BANDS` at least.
        valid: ``(y, x)``, True = imaged.
        cores: True = surely cloud.
        ground: True = surely no thick cloud.
        pixel_m: Of the grid.

    Returns:
        ``(y, x)`` by name.
    """
    near, far = Surroundings(valid, pixel_m), _far_from(cores, valid, pixel_m)
    blue, green, red, infrared = (np.where(valid, planes[name], 0) for name in BANDS)
    clear = Surroundings(far, pixel_m)
    bright = visible({"B": blue, "G": green, "R": red})
    # Each part is halved in precision before the next is computed: a whole scene is large.
    found = _kept(_hazes(blue - np.float32(0.5) * red, near, far, pixel_m))
    found |= _kept(_brightness({"visible": bright, "infrared": infrared}, near, clear))
    found |= _kept(_colours(blue, green, red, infrared, near))
    rough = _log(np.abs(bright - gaussian_filter(bright, 1.0, truncate=2.0)) / 4)
    texture = {"rough": near.mean(rough, _NEAR_M) - clear.mean(rough, _WIDE_M)}
    known = {f"core_{metres}": near.mean(cores.astype(np.float32), metres) for metres in _CORES_M}
    return found | _kept(texture | known) | _kept(_darkness(planes, near, ground, pixel_m))


def _brightness(
    planes: Mapping[str, Floats], near: Surroundings, clear: Surroundings
) -> dict[str, Floats]:
    """Levels, and their logarithms against those of the ground far from clouds."""
    found = {}
    for name, plane in planes.items():
        log = _log(plane)
        found[name] = near.mean(log, _NEAR_M) - clear.mean(log, _WIDE_M)
        found[f"{name}_level"] = near.mean(plane, _NEAR_M)
    return found


def _colours(
    blue: Floats, green: Floats, red: Floats, infrared: Floats, near: Surroundings
) -> dict[str, Floats]:
    """Logarithms of ratios to the red, and the vegetation index."""
    smooth = [_log(near.mean(plane, _NEAR_M)) for plane in (blue, green, red)]
    sums = np.maximum(infrared + red, np.float32(0.01))
    return {
        "blue_red": smooth[0] - smooth[2],
        "green_red": smooth[1] - smooth[2],
        "vegetation": near.mean((infrared - red) / sums, _NEAR_M),
    }


def _kept(found: Mapping[str, Floats]) -> Planes:
    return {name: np.asarray(plane, np.float16) for name, plane in found.items()}


def _log(plane: Floats) -> NDArray[np.float32]:
    return np.asarray(np.log(np.maximum(plane, _DARKEST)), np.float32)


def _far_from(cores: Bools, valid: Bools, pixel_m: float) -> Bools:
    far = valid & ~around(cores, _APART_M / pixel_m)
    return far if far.any() else valid


def _hazes(haze: Floats, near: Surroundings, far: Bools, pixel_m: float) -> dict[str, Floats]:
    """The haze transform (Zhang, Guindon, Cihlar 2002) above that of the clear ground around."""
    smooth = {metres: near.mean(haze, metres) for metres in _HAZES_M}
    middle = smooth[24]
    clear = far & (middle < np.percentile(middle[far], 30) + _HAZE_RANGE)
    level: Floats = middle
    for _ in range(_ROUNDS):
        level = Surroundings(clear, pixel_m).mean(haze, _LEVEL_M)
        clear = clear & (middle - level < _CLEAR_VEIL)
    return {f"haze_{metres}": plane - level for metres, plane in smooth.items()}


def _darkness(
    planes: Mapping[str, Floats], near: Surroundings, ground: Bools, pixel_m: float
) -> dict[str, Floats]:
    """Logarithms of bands less their path radiance against those of the ground around."""
    seen = Surroundings(ground, pixel_m)
    found = {}
    for name in ("B", "R", "NIR"):
        log = without_path(planes[name], ground)
        level = seen.mean(log, _LEVEL_M)
        for metres in _SHADES_M:
            found[f"dark_{name}_{metres}"] = near.mean(log, metres) - level
    return found


def lighting(sighting: Sighting | None, shape: tuple[int, ...]) -> Planes:
    """The sunlight that slopes catch, as the logarithm of what level ground catches; else 0."""
    if sighting is None:
        return {"lit": np.zeros(shape, np.float16)}
    down, right = np.gradient(gaussian_filter(sighting.heights, 1.5))
    caught = 1 - right * sighting.sun.col - down * sighting.sun.row
    return {"lit": np.log(np.maximum(caught, 0.1)).astype(np.float16)}


def along_rays(features: Mapping[str, Floats], rays: Rays | None) -> Planes:
    """The features of casters and shadows, and whether each is in the picture; 0 without rays."""
    found = _from_rays(features, rays, _AT_CASTER, _AT_SHADOW)
    shape = next(iter(features.values())).shape
    ones = np.ones(shape, np.float16)
    found["caster_known"] = np.zeros_like(ones) if rays is None else rays.from_caster(ones)
    found["shadow_known"] = np.zeros_like(ones) if rays is None else rays.from_shadow(ones)
    found["rays"] = np.zeros_like(ones) if rays is None else ones
    return found


def answers_around(
    probabilities: Floats, valid: Bools, rays: Rays | None, pixel_m: float
) -> Planes:
    """What a network says around each place, around its caster and around its shadow.

    Args:
        probabilities: ``(class, y, x)`` of `cover_net.CLASSES`.
        valid: ``(y, x)``, True = imaged.
        rays: Of the clouds' height; None = not known.
        pixel_m: Of the grid.
    """
    near = Surroundings(valid, pixel_m)
    said = _kept(
        {
            f"said_{name}_{metres}": near.mean(plane, metres) + np.float32(0.5)
            for name, plane in (("cloud", probabilities[1]), ("shadow", probabilities[2]))
            for metres in _SAID_M
        }
    )
    return said | _from_rays(said, rays, _SAID_AT_CASTER, _SAID_AT_SHADOW)


def _from_rays(
    features: Mapping[str, Floats],
    rays: Rays | None,
    casters: tuple[str, ...],
    shadows: tuple[str, ...],
) -> Planes:
    found: dict[str, Floats] = {}
    for name in casters:
        plane = features[name]
        found[f"caster_{name}"] = plane * 0 if rays is None else rays.from_caster(plane)
    for name in shadows:
        plane = features[name]
        found[f"shadow_{name}"] = plane * 0 if rays is None else rays.from_shadow(plane)
    return _kept(found)
