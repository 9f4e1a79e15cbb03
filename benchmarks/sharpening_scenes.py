"""Simulated PAN and MS with known truth, for `sharpening.py`: in memory, never in a file.

The invented world is looked at from straight above, by the arrays of the invented instrument: each
takes its native picture through clear mountain air (and haze, where asked for) with its own blur and
noise, and that is resampled to the product's pixel as in the simulated deliveries. All arrays see
the same ground, so PAN and MS fit exactly and nothing but the sharpening itself is judged. The
truth is what an MS array with PAN's detectors would have delivered at PAN's pixel, without noise.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates

from satdesk.simulate.scenarios import SCENARIOS
from satdesk.simulate.scene_map import MS_FACTOR, PIXEL_M, SceneMap, draw_map
from satdesk.simulate.sensor import MS_ARRAYS, PAN_ARRAY, SATURATED, Array, counts, grain
from satdesk.simulate.sun import Sun, sun_at
from satdesk.simulate.take import demo_world

BANDS = ("R", "G", "B", "NIR")
RATIO = 4
_MARGIN_M = 96.0


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Counts of one simulated scene.

    Attributes:
        name: Of the scene.
        pan: ``(y, x)``.
        ms: ``(band, Y, X)`` in the order of `BANDS`, ``y = 4 Y``.
        truth: ``(band, y, x)``.
    """

    name: str
    pan: np.ndarray
    ms: np.ndarray
    truth: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Sky:
    """What a picture is taken through and under.

    Attributes:
        sun: Of the scene.
        haze: Optical thickness at 550 nm, everywhere the same.
        seed: Of the noise; None = without.
    """

    sun: Sun
    haze: float
    seed: int | None


def simulated(
    role: str, ms_px: int, middle_m: tuple[float, float], seed: int = 1, haze: float = 0.0
) -> Scene:
    """The demo's world as of `role` (``before``: dry grass, ``after``: snow), `ms_px` wide."""
    (scenario,) = (s for s in SCENARIOS["demo"] if s.role == role)
    half = ms_px * PIXEL_M * MS_FACTOR / 2
    x, y = middle_m
    reach = half + _MARGIN_M
    world = demo_world(seed)
    lon, lat = (float(v) for v in world.relief.plane.to_lonlat(np.array(x), np.array(y)))
    sun = sun_at(scenario.instant, lon, lat)
    window = (x - reach, y - reach, x + reach, y + reach)
    drawn = draw_map(world, scenario.state, sun, window, fine=True)
    return scene_of(drawn, (x - half, y + half), ms_px, Sky(sun=sun, haze=haze, seed=seed), role)


def scene_of(
    drawn: SceneMap, corner_m: tuple[float, float], ms_px: int, sky: Sky, name: str
) -> Scene:
    """What the instrument makes of a map of the ground with `fine` bands.

    Args:
        drawn: It reaches some 96 m beyond the scene.
        corner_m: x and y of the scene's upper left corner.
        ms_px: MS pixels along an edge.
        sky: Over it.
        name: Of the scene.
    """
    corner = (corner_m[0] - drawn.west, drawn.north - corner_m[1])
    fine, coarse = (PIXEL_M, ms_px * MS_FACTOR), (PIXEL_M * MS_FACTOR, ms_px)
    sharp = [replace(array, native_m=PAN_ARRAY.native_m) for array in MS_ARRAYS]
    clean = replace(sky, seed=None)
    if drawn.fine is None:
        raise ValueError("the truth needs the bands at the pixel of PAN")
    return Scene(
        name=name,
        pan=_taken(PAN_ARRAY, drawn.pan, PIXEL_M, fine, corner, sky),
        ms=np.stack(
            [
                _taken(a, drawn.bands[a.plane], PIXEL_M * MS_FACTOR, coarse, corner, sky)
                for a in MS_ARRAYS
            ]
        ),
        truth=np.stack(
            [_taken(a, drawn.fine[a.plane], PIXEL_M, fine, corner, clean) for a in sharp]
        ),
    )


def _taken(
    array: Array,
    plane: np.ndarray,
    pixel_m: float,
    product: tuple[float, int],
    corner: tuple[float, float],
    sky: Sky,
) -> np.ndarray:
    """Counts of one array on the product's grid, from a map of the ground."""
    step, size = product
    native = array.native_m
    blurred = gaussian_filter(plane, native / pixel_m / np.sqrt(12))
    # the native picture reaches some pixels beyond the product on every side
    start = [edge - 8 * native for edge in corner]
    number = int(np.ceil(size * step / native)) + 16
    centres = [(s + native * (np.arange(number) + 0.5)) / pixel_m - 0.5 for s in start]
    light = map_coordinates(blurred, np.meshgrid(centres[1], centres[0], indexing="ij"), order=1)
    veil, through = array.haze(np.float32(sky.haze), sky.sun)
    at_top = array.path_share + veil + np.float32(array.clearness) * through * light
    detectors = slice(0, number)
    chance = (
        np.zeros(at_top.shape, np.float32)
        if sky.seed is None
        else grain(array, detectors, detectors, sky.seed)
    )
    picture = counts(array, at_top, sky.sun, chance)
    at = (step * (np.arange(size) + 0.5) + 8 * native) / native - 0.5
    drawn = map_coordinates(
        picture, np.meshgrid(at, at, indexing="ij"), order=3, output=np.float32, mode="nearest"
    )
    return np.clip(np.rint(drawn), 1, SATURATED).astype(np.uint16)
