"""The ground as light leaves it towards a camera above: reflectance in five bands, from above.

Rendered cell by cell on a lattice that is fixed to the plane, so that a place looks the same in
whichever picture it appears.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from satdesk.simulate.built import built_cover, shade_buildings
from satdesk.simulate.cover import Ground, natural_cover
from satdesk.simulate.light import DIRECT_SHARE, SHADOW_REACH, illumination, lit_share
from satdesk.simulate.noise import Axes
from satdesk.simulate.relief import Relief
from satdesk.simulate.sun import Sun
from satdesk.simulate.world import State, World

__all__ = [
    "BAND_PIXEL_M",
    "MS_FACTOR",
    "PAN_SHARES",
    "PIXEL_M",
    "WIDE_PIXEL_M",
    "SceneMap",
    "draw_map",
]

Floats = NDArray[np.floating]

PIXEL_M = 1.5
WIDE_PIXEL_M = 3.0
"""In wide worlds (with nodes 16 m apart) the ground is drawn coarser: a quarter of the work."""
BAND_PIXEL_M = 6.0
MS_FACTOR = 4
"""PAN pixels of a product on the side of one of its MS pixels."""
PAN_SHARES = (0.24, 0.34, 0.32, 0.10)
"""What B, G, R and NIR contribute to PAN (450–745 nm)."""

_CELL = 256
"""Pixels on a side that are drawn at once: they stay in a processor's cache."""
_HALO = 2
_SPARE_M = 27.0
"""What detectors and interpolation take in beside a place."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SceneMap:
    """What a window of the plane looks like.

    Attributes:
        west: x of the window's left edge, metres of the plane.
        north: y of its upper edge.
        pan: ``(y, x)`` reflectance under the date's light, pixels `pixel_m` wide.
        bands: ``(4, y, x)`` B, G, R, NIR, pixels `BAND_PIXEL_M` wide.
        lit: ``(y, x)`` share of the sun's disc that is seen, pixels as of `bands`.
        fine: ``(4, y, x)`` as `bands` at the pixel of `pan`, the truth that pansharpening is after;
            None where nobody asked for it.
    """

    west: float
    north: float
    pixel_m: float
    pan: Floats
    bands: Floats
    lit: Floats
    fine: Floats | None = None


def draw_map(
    world: World,
    state: State,
    sun: Sun,
    window: tuple[float, float, float, float],
    seen: tuple[Floats, Floats] | None = None,
    *,
    fine: bool = False,
) -> SceneMap:
    """Draw a window ``west, south, east, north`` of the plane, widened to whole MS pixels.

    Args:
        world: What there is.
        state: On which date.
        sun: Where it stands.
        window: Metres of the plane.
        seen: ``x, y`` of places; cells of the map that hold none of them stay black.
        fine: Keep the bands at the pixel of PAN too: four times its memory.
    """
    pixel_m = PIXEL_M if world.relief.node_m < 16 else WIDE_PIXEL_M
    west, south = (np.floor(v / BAND_PIXEL_M) * BAND_PIXEL_M for v in window[:2])
    east, north = (np.ceil(v / BAND_PIXEL_M) * BAND_PIXEL_M for v in window[2:])
    cols, rows = round((east - west) / pixel_m), round((north - south) / pixel_m)
    factor = round(BAND_PIXEL_M / pixel_m)
    small = (rows // factor, cols // factor)
    scene = SceneMap(
        west=float(west),
        north=float(north),
        pixel_m=pixel_m,
        pan=np.zeros((rows, cols), np.float32),
        bands=np.zeros((4, *small), np.float32),
        lit=np.zeros(small, np.float32),
        fine=np.zeros((4, rows, cols), np.float32) if fine else None,
    )
    light = _local_light(world, sun, (west, south, east, north))
    for top, left in _wanted_cells(scene, seen):
        _draw_cell(scene, world, state, light, top, left)
    return scene


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _LocalLight:
    """The relief around a window, its slopes and what the sun reaches of it, on its nodes."""

    relief: Relief
    slopes: tuple[Floats, Floats]
    lit: Floats
    sun: Sun


def _local_light(world: World, sun: Sun, window: tuple[float, float, float, float]) -> _LocalLight:
    west, south, east, north = window
    reach = SHADOW_REACH * world.relief.node_m
    near = world.relief.part(west, south, east, north)
    wide = world.relief.part(west - reach, south - reach, east + reach, north + reach)
    return _LocalLight(relief=near, slopes=near.slopes, lit=lit_share(wide, sun, near), sun=sun)


def _wanted_cells(scene: SceneMap, seen: tuple[Floats, Floats] | None) -> Iterator[tuple[int, int]]:
    """First row and column of every cell that holds a place, or all of them."""
    rows, cols = scene.pan.shape
    wanted = np.ones((-(-rows // _CELL), -(-cols // _CELL)), bool)
    if seen is not None:
        wanted[:] = False
        last = (wanted.shape[0] - 1, wanted.shape[1] - 1)
        for dx in (-_SPARE_M, _SPARE_M):
            for dy in (-_SPARE_M, _SPARE_M):
                row = ((scene.north - seen[1] + dy) / (scene.pixel_m * _CELL)).astype(np.int32)
                col = ((seen[0] + dx - scene.west) / (scene.pixel_m * _CELL)).astype(np.int32)
                wanted[np.clip(row, 0, last[0]), np.clip(col, 0, last[1])] = True
    for row, col in np.argwhere(wanted):
        yield int(row) * _CELL, int(col) * _CELL


def _draw_cell(
    scene: SceneMap, world: World, state: State, light: _LocalLight, top: int, left: int
) -> None:
    """Draw a cell, with a margin that is cut off again: slopes need neighbours."""
    rows, cols = (
        min(size - first, _CELL) for size, first in zip(scene.pan.shape, (top, left), strict=True)
    )
    x = scene.west + scene.pixel_m * (np.arange(left - _HALO, left + cols + _HALO) + 0.5)
    y = scene.north - scene.pixel_m * (np.arange(top - _HALO, top + rows + _HALO) + 0.5)
    bands, lit = _drawn(world, state, light, (x, y))
    inner = (slice(_HALO, -_HALO), slice(_HALO, -_HALO))
    pan = np.zeros((rows, cols), np.float32)
    for share, band in zip(PAN_SHARES, bands, strict=True):
        pan += np.float32(share) * band[inner]
    scene.pan[top : top + rows, left : left + cols] = pan
    factor = round(BAND_PIXEL_M / scene.pixel_m)
    there = tuple(
        slice(first // factor, (first + size) // factor)
        for first, size in ((top, rows), (left, cols))
    )
    for index, band in enumerate(bands):
        scene.bands[index][there] = _shrunk(band[inner], factor)
        if scene.fine is not None:
            scene.fine[index, top : top + rows, left : left + cols] = band[inner]
    scene.lit[there] = _shrunk(lit[inner], factor)


def _drawn(world: World, state: State, light: _LocalLight, axes: Axes) -> tuple[Floats, Floats]:
    """Reflectance in four bands under the date's light, and how much of the sun is seen."""
    relief, sun = light.relief, light.sun
    shape = (len(axes[1]), len(axes[0]))
    ground = Ground(
        axes=axes,
        bands=np.zeros((4, *shape), np.float32),
        height=relief.smooth(relief.heights, axes),
        slopes=(relief.smooth(light.slopes[0], axes), relief.smooth(light.slopes[1], axes)),
        flow=relief.flow_on(axes),
        bumps=np.zeros(shape, np.float32),
    )
    natural_cover(ground, world, state)
    built_cover(ground, world, state)
    sunlit = np.clip(relief.smooth(light.lit, axes), 0, 1)
    shade_buildings(ground, sunlit, world.buildings(state), sun)
    direct, diffuse = illumination(_rough_slopes(ground), sunlit, sun)
    for index, share in enumerate(DIRECT_SHARE):
        ground.bands[index] *= share * direct + (1 - share) * diffuse
    return ground.bands, sunlit


def _rough_slopes(ground: Ground) -> tuple[Floats, Floats]:
    """Slopes with what stands on the ground; differences reach one pixel only."""
    pixel_m = float(ground.axes[0][1] - ground.axes[0][0])
    down, right = np.gradient(ground.bumps, pixel_m)
    limit = np.float32(1.1)
    return (
        ground.slopes[0] + np.clip(right, -limit, limit),
        ground.slopes[1] - np.clip(down, -limit, limit),
    )


def _shrunk(plane: Floats, k: int) -> Floats:
    rows, cols = plane.shape
    return np.asarray(plane.reshape(rows // k, k, cols // k, k).mean(axis=(1, 3)))
