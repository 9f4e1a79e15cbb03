"""What a place looks like beside the clear ground of its own picture: what the networks are asked.

Everything is relative: haze transform above that of the clear ground around, logarithms of bands
against their wide means. Names say what, and over how many metres it was averaged. Each is kept as
a code, a whole number from -127 to 127, and is computed in whole numbers too (`fixed_point`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from satdesk.radiometry.cloud_shadows import Sighting
from satdesk.radiometry.discs import around
from satdesk.radiometry.fixed_point import LOGARITHM, REFLECTANCE, fixed, logarithms
from satdesk.radiometry.ground_filter import SHADE, VEIL, shade_filtered, veil_filtered
from satdesk.radiometry.picture import Picture
from satdesk.radiometry.surroundings import Surroundings

__all__ = ["BANDS", "MOST", "Codes", "appearance", "code_of", "less_path", "sunlight"]

Ints = NDArray[np.int16]
Bools = NDArray[np.bool_]
Codes = dict[str, NDArray[np.int8]]

BANDS = ("B", "G", "R", "NIR")
"""What a picture must have."""
MOST = 127
"""The largest code."""

_SPREAD = 25.0
_SCALES: Mapping[str, tuple[float, float, float]] = {
    "haze": (0.02, 0.015, REFLECTANCE),
    "veil": (0.05, 0.05, VEIL),
    "dark": (0.0, 0.3, LOGARITHM),
    "shade": (0.0, 0.35, SHADE),
    "visible": (0.0, 0.4, LOGARITHM),
    "infrared": (0.0, 0.4, LOGARITHM),
    "visible_level": (0.15, 0.12, REFLECTANCE),
    "infrared_level": (0.3, 0.12, REFLECTANCE),
    "blue_red": (0.2, 0.3, LOGARITHM),
    "green_red": (0.1, 0.2, LOGARITHM),
    "vegetation": (0.35, 0.25, 1000.0),
    "rough": (0.0, 0.4, LOGARITHM),
    "core": (0.2, 0.25, 1000.0),
    "lit": (0.0, 0.3, LOGARITHM),
    "relief": (0.1, 0.2, 1000.0),
}
"""Middle and spread of each kind, and the whole number that stands for 1."""
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
_WHITE_GROUND = 0.18
_LEAST_LIGHT = 0.1
_HEIGHT = 8
_STRIP_PX = 262_144


def appearance(picture: Picture, cores: Bools, ground: Bools, lit: Ints) -> Codes:
    """What every place looks like, wherever the clouds hang.

    Args:
        picture: With all of `BANDS`.
        cores: ``(y, x)``, True = surely cloud.
        ground: True = surely no thick cloud.
        lit: From `sunlight`.

    Returns:
        ``(y, x)`` codes by name.
    """
    pixel_m, valid = picture.pixel_m, picture.valid
    bands = [fixed(picture.planes[name]) for name in BANDS]
    near, far = Surroundings(valid, pixel_m), _far_from(cores, valid, pixel_m)
    found = {"lit": _coded("lit", lit)}
    if picture.shaded is not None:
        found["relief"] = _coded("relief", near.mean(_thousand(picture.shaded), _SHADES_M[0]))
    else:
        found["relief"] = np.zeros(valid.shape, np.int8)
    found |= _darkness(bands, lit, near, ground, pixel_m)
    for metres in _CORES_M:
        found[f"core_{metres}"] = _coded("core", near.mean(_thousand(cores), metres))
    smooth = [near.mean(band, _NEAR_M) for band in bands]
    found |= _colours(smooth)
    bright = _brightness(bands)
    found |= _levels(bright, bands[3], near, Surroundings(far, pixel_m), pixel_m)
    hazes, clear = _hazes(bands, near, far, pixel_m)
    clear &= bright < _WHITE_GROUND * REFLECTANCE
    return found | hazes | _veils(bands, smooth, near, clear if clear.any() else far, pixel_m)


def code_of(name: str, value: float) -> int:
    """The code that stands for a value of a kind of feature."""
    middle, spread, _ = _SCALES[name]
    return round((value - middle) * _SPREAD / spread)


def sunlight(picture: Picture) -> Ints:
    """``(y, x)`` fixed logarithm of the sunlight that slopes catch; 0 = as level ground does."""
    sighting = picture.sighting
    if sighting is None:
        return np.zeros(picture.valid.shape, np.int16)
    whole = Surroundings(np.ones(picture.valid.shape, np.bool_), picture.pixel_m)
    heights = fixed(sighting.heights - np.float32(sighting.level_m), _HEIGHT)
    smooth = whole.mean(heights, 1.5 * picture.pixel_m)
    caught = _sun_caught(smooth, sighting)
    return logarithms(np.maximum(fixed(caught), int(_LEAST_LIGHT * REFLECTANCE)))


def _sun_caught(heights: Ints, sighting: Sighting) -> NDArray[np.float32]:
    """Against level ground, from slopes between the neighbours of each pixel."""
    metres = heights.astype(np.float32) / np.float32(2 * _HEIGHT)
    caught = np.ones_like(metres)
    caught[1:-1] -= (metres[2:] - metres[:-2]) * np.float32(sighting.sun.row)
    caught[:, 1:-1] -= (metres[:, 2:] - metres[:, :-2]) * np.float32(sighting.sun.col)
    return caught


def less_path(plane: Ints, ground: Bools) -> Ints:
    """Fixed logarithm of a band less its path radiance, the darkest thousandth (Chavez 1988)."""
    path = 0
    if ground.any():
        path = int(np.percentile(plane[ground], 0.1, method="lower"))
    return logarithms(plane - np.int16(9 * path // 10))


def _darkness(
    bands: Sequence[Ints], lit: Ints, near: Surroundings, ground: Bools, pixel_m: float
) -> Codes:
    """Bands less their path radiance, and all of them together, against the ground around."""
    seen = Surroundings(ground, pixel_m)
    logs = [less_path(band, ground) for band in bands]
    smooth = [near.mean(log, _SHADES_M[0]) for log in logs]
    found = {}
    for name, log, little in zip(BANDS, logs, smooth, strict=True):
        level = seen.mean(log, _LEVEL_M)
        if name != "G":
            found[f"dark_{name}_9"] = _coded("dark", little, level)
            found[f"dark_{name}_30"] = _coded("dark", near.mean(log, _SHADES_M[1]), level)
    shade = shade_filtered(logs, smooth, lit, ground, pixel_m)
    level = seen.mean(shade, _LEVEL_M)
    for metres in _SHADES_M:
        found[f"shade_{metres}"] = _coded("shade", near.mean(shade, metres), level)
    return found


def _levels(
    bright: Ints, infrared: Ints, near: Surroundings, clear: Surroundings, pixel_m: float
) -> Codes:
    """Brightness, its logarithm against that of the ground far from clouds, and its roughness."""
    found = {}
    for name, plane in (("visible", bright), ("infrared", infrared)):
        log = logarithms(plane)
        found[name] = _coded(name, near.mean(log, _NEAR_M), clear.mean(log, _WIDE_M))
        found[f"{name}_level"] = _coded(f"{name}_level", near.mean(plane, _NEAR_M))
    rough = logarithms(np.abs(bright - near.mean(bright, pixel_m)))
    found["rough"] = _coded("rough", near.mean(rough, _NEAR_M), clear.mean(rough, _WIDE_M))
    return found


def _colours(smooth: Sequence[Ints]) -> Codes:
    """Logarithms of ratios to the red, and the vegetation index."""
    blue, green, red = (logarithms(plane) for plane in smooth[:3])
    more = smooth[3].astype(np.float32) - smooth[2]
    both = np.maximum(smooth[3].astype(np.float32) + smooth[2], np.float32(0.01 * REFLECTANCE))
    return {
        "blue_red": _coded("blue_red", blue, red),
        "green_red": _coded("green_red", green, red),
        "vegetation": _coded("vegetation", fixed(more / both, 1000.0)),
    }


def _hazes(
    bands: Sequence[Ints], near: Surroundings, far: Bools, pixel_m: float
) -> tuple[Codes, Bools]:
    """The haze transform (Zhang, Guindon, Cihlar 2002) above the clear ground's; where that is."""
    haze = bands[0] - bands[2] // 2
    middle = near.mean(haze, 24)
    least = int(np.percentile(middle[far], 30, method="lower"))
    clear = far & (middle < least + round(_HAZE_RANGE * REFLECTANCE))
    for _ in range(_ROUNDS):
        level = Surroundings(clear, pixel_m).mean(haze, _LEVEL_M)
        clear = clear & (middle - level < round(_CLEAR_VEIL * REFLECTANCE))
    found = {f"haze_{m}": _coded("haze", near.mean(haze, m), level) for m in _HAZES_M}
    return found, clear


def _veils(
    bands: Sequence[Ints], smooth: Sequence[Ints], near: Surroundings, clear: Bools, pixel_m: float
) -> Codes:
    """How far each place is veiled, by this picture's own filter, above the clear ground around."""
    veil = veil_filtered(bands, smooth, clear, pixel_m)
    level = Surroundings(clear, pixel_m).mean(veil, _LEVEL_M)
    return {f"veil_{m}": _coded("veil", near.mean(veil, m), level) for m in _HAZES_M}


def _far_from(cores: Bools, valid: Bools, pixel_m: float) -> Bools:
    far = valid & ~around(cores, _APART_M / pixel_m)
    return far if far.any() else valid


def _brightness(bands: Sequence[Ints]) -> Ints:
    total = bands[0].astype(np.int32)
    total += bands[1]
    total += bands[2]
    total //= 3
    return total.astype(np.int16)


def _thousand(mask: Bools) -> Ints:
    return mask * np.int16(1000)


def _coded(name: str, plane: Ints, level: Ints | None = None) -> NDArray[np.int8]:
    """Codes of a plane, or of how far it stands above another."""
    middle, spread, one = _SCALES[name]
    scale, offset = np.float32(_SPREAD / (spread * one)), np.float32(middle * one)
    codes = np.empty(plane.shape, np.int8)
    deep = max(_STRIP_PX // plane.shape[1], 1)
    for top in range(0, len(plane), deep):
        part = slice(top, top + deep)
        value = plane[part].astype(np.float32)
        if level is not None:
            value -= level[part]
        value -= offset
        value *= scale
        codes[part] = np.clip(np.rint(value, out=value), -MOST, MOST, out=value)
    return codes
