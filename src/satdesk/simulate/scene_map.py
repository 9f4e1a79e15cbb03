"""The ground as light leaves it towards a camera above: reflectance in five bands, from above.

Rendered strip by strip on a lattice that is fixed to the plane, so that a place looks the same in
whichever picture it appears.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from satdesk.simulate.built import built_cover, shade_buildings
from satdesk.simulate.cover import Ground, natural_cover
from satdesk.simulate.light import DIRECT_SHARE, illumination, lit_share
from satdesk.simulate.noise import Axes
from satdesk.simulate.sun import Sun
from satdesk.simulate.world import State, World

__all__ = ["MS_FACTOR", "PAN_SHARES", "PIXEL_M", "SceneMap", "draw_map"]

Floats = NDArray[np.floating]

PIXEL_M = 1.5
MS_FACTOR = 4
PAN_SHARES = (0.24, 0.34, 0.32, 0.10)
"""What B, G, R and NIR contribute to PAN (450–745 nm)."""

_STRIP = 512


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SceneMap:
    """What a window of the plane looks like.

    Attributes:
        west: x of the window's left edge, metres of the plane.
        north: y of its upper edge.
        pan: ``(y, x)`` reflectance under the date's light, `PIXEL_M` wide pixels.
        bands: ``(4, y, x)`` B, G, R, NIR, pixels `MS_FACTOR` times as wide.
        fine: ``(4, y, x)`` the same at the pixel of `pan`, the truth that pansharpening is after;
            None where nobody asked for it.
    """

    west: float
    north: float
    pan: Floats
    bands: Floats
    fine: Floats | None = None


def draw_map(
    world: World,
    state: State,
    sun: Sun,
    window: tuple[float, float, float, float],
    *,
    fine: bool = False,
) -> SceneMap:
    """Draw a window ``west, south, east, north`` of the plane, widened to whole MS pixels.

    With `fine` the bands are kept at the pixel of PAN too: four times its memory.
    """
    coarse = PIXEL_M * MS_FACTOR
    west, south = (np.floor(v / coarse) * coarse for v in window[:2])
    east, north = (np.ceil(v / coarse) * coarse for v in window[2:])
    cols, rows = round((east - west) / PIXEL_M), round((north - south) / PIXEL_M)
    x = west + PIXEL_M * (np.arange(cols) + 0.5)
    y = north - PIXEL_M * (np.arange(rows) + 0.5)
    pan = np.empty((rows, cols), np.float32)
    bands = np.empty((4, rows // MS_FACTOR, cols // MS_FACTOR), np.float32)
    kept = np.empty((4, rows, cols), np.float32) if fine else None
    lit = lit_share(world.relief, sun)
    for top in range(0, rows, _STRIP):
        strip = slice(top, min(top + _STRIP, rows))
        light = _draw_strip(world, state, sun, (x, y[strip]), lit)
        pan[strip] = np.tensordot(np.array(PAN_SHARES, np.float32), light, 1)
        small = slice(strip.start // MS_FACTOR, strip.stop // MS_FACTOR)
        bands[:, small] = _shrunk(light)
        if kept is not None:
            kept[:, strip] = light
    return SceneMap(west=float(west), north=float(north), pan=pan, bands=bands, fine=kept)


def _draw_strip(world: World, state: State, sun: Sun, axes: Axes, lit: Floats) -> Floats:
    relief = world.relief
    shape = (len(axes[1]), len(axes[0]))
    right, ahead = relief.slopes
    ground = Ground(
        axes=axes,
        bands=np.zeros((4, *shape), np.float32),
        height=relief.smooth(relief.heights, axes),
        slopes=(relief.smooth(right, axes), relief.smooth(ahead, axes)),
        flow=relief.flow_on(axes),
        bumps=np.zeros(shape, np.float32),
    )
    natural_cover(ground, world, state)
    built_cover(ground, world, state, sun)
    sunlit = np.clip(relief.smooth(lit, axes), 0, 1)
    shade_buildings(ground, sunlit, world.buildings(state), sun)
    direct, diffuse = illumination(_rough_slopes(ground), sunlit, sun)
    for index, share in enumerate(DIRECT_SHARE):
        ground.bands[index] *= share * direct + (1 - share) * diffuse
    return ground.bands


def _rough_slopes(ground: Ground) -> tuple[Floats, Floats]:
    """Slopes with what stands on the ground; differences reach one pixel only."""
    down, right = np.gradient(ground.bumps, PIXEL_M)
    limit = np.float32(1.1)
    return (
        ground.slopes[0] + np.clip(right, -limit, limit),
        ground.slopes[1] - np.clip(down, -limit, limit),
    )


def _shrunk(light: Floats) -> Floats:
    bands, rows, cols = light.shape
    k = MS_FACTOR
    return np.asarray(light.reshape(bands, rows // k, k, cols // k, k).mean(axis=(2, 4)))
