"""What people add to the ground: fields, roads, yards, and the shadows of buildings."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from satdesk.simulate.cover import Ground, ramp
from satdesk.simulate.light import towards_sun
from satdesk.simulate.noise import hashed, noise
from satdesk.simulate.settle import Building, Hamlet, Road
from satdesk.simulate.sun import Sun
from satdesk.simulate.world import State, World

__all__ = ["built_cover", "shade_buildings"]

Floats = NDArray[np.floating]
Spectrum = tuple[float, float, float, float]

TRACK: Spectrum = (0.150, 0.182, 0.215, 0.27)
SOIL: Spectrum = (0.095, 0.125, 0.165, 0.22)
RUBBLE: Spectrum = (0.155, 0.165, 0.172, 0.19)
TREE: Spectrum = (0.020, 0.040, 0.024, 0.30)
CROPS: tuple[Spectrum, ...] = (
    (0.040, 0.078, 0.046, 0.40),
    (0.085, 0.130, 0.170, 0.28),
    (0.100, 0.135, 0.165, 0.21),
    (0.050, 0.090, 0.070, 0.34),
    (0.075, 0.100, 0.118, 0.18),
)


def built_cover(ground: Ground, world: World, state: State) -> None:
    """Fields, roads and yards of a date; what stands is seen by `standing`, not on the ground."""
    a, b, c = world.hamlets
    for hamlet, reach in ((a, 330.0), (b, 210.0)):
        _fields(ground, hamlet, reach, world.seed + 50)
    if state.changed:
        _pad(ground, c)
    for line in world.roads(state):
        _road(ground, line)
    for index, ruin in enumerate(world.lost if state.changed else ()):
        _ruin(ground, ruin, index)
    for hamlet in (a, b):
        _garden_trees(ground, hamlet, world.seed + 60)


def shade_buildings(ground: Ground, lit: Floats, buildings: tuple[Building, ...], sun: Sun) -> None:
    """Take the sun from the ground behind buildings, in place: boxes drawn out along shadows.

    A shadow is as long as the slope that it falls on lets it be.
    """
    east, north, up = towards_sun(sun)
    level = np.hypot(east, north)
    for building in buildings:
        longest = building.height_m * level / max(up - 0.5 * level, 0.25 * up)
        window = _window(ground, building.x, building.y, building.length_m + longest)
        if window is None:
            continue
        x, y = _places(ground, window)
        # Ground that rises along the shadow cuts it short.
        rise = -(east * ground.slopes[0][window] + north * ground.slopes[1][window]) / level
        reach = building.height_m / np.maximum(up / level + rise, 0.25 * up / level)
        shade = np.zeros(x.shape, np.float32)
        for step in np.arange(0.0, longest, 1.0):
            over = _box(building, x + east * step / level, y + north * step / level)
            shade = np.maximum(shade, over * (step < reach))
        lit[window] *= 1 - shade


def _fields(ground: Ground, hamlet: Hamlet, reach_m: float, seed: int) -> None:
    """Parcels around a hamlet, where the ground lets a plough pass."""
    window = _window(ground, hamlet.x, hamlet.y, 2.3 * reach_m)
    if window is None:
        return
    x, y = _places(ground, window)
    turn = 0.35 + hashed(np.array([1]), np.array([2]), seed)[0]
    u = (x - hamlet.x) * np.cos(turn) + (y - hamlet.y) * np.sin(turn)
    v = -(x - hamlet.x) * np.sin(turn) + (y - hamlet.y) * np.cos(turn)
    # Long strips whose rows are shifted against each other, as heirs divide land.
    strip = np.floor(v / 74)
    u = u + 50 * hashed(strip.astype(np.int64), np.zeros_like(strip, np.int64), seed)
    parcel = np.floor(u / 34)
    chance = hashed(parcel.astype(np.int64), strip.astype(np.int64), seed + 1)
    steep = np.hypot(ground.slopes[0][window], ground.slopes[1][window])
    inside = np.minimum(abs((u / 34) % 1 - 0.5) * -34 + 17, abs((v / 74) % 1 - 0.5) * -74 + 37)
    distance = np.hypot(x - hamlet.x, y - hamlet.y)
    weight = ramp(inside, 1.6, 1.5) * ramp(steep, 0.21, -0.05) * ramp(distance, reach_m, -60)
    weight = weight * (ground.bumps[window] < 2.0)
    rows = 1 + 0.05 * np.sin(2 * np.pi * u / 4.6)
    for index, color in enumerate(CROPS):
        chosen = (chance >= 0.15 + 0.17 * index) & (chance < 0.32 + 0.17 * index)
        _lay(ground, window, 0.85 * weight * chosen, color, rows)
    ground.bumps[window] *= 1 - weight


def _pad(ground: Ground, farm: Hamlet) -> None:
    """Graded soil under the new farm."""
    window = _window(ground, farm.x, farm.y, 220)
    if window is None:
        return
    x, y = _places(ground, window)
    building = Building(
        x=farm.x, y=farm.y, length_m=262, width_m=132, angle=0.5, height_m=0, roof=0
    )
    axes = (ground.axes[0][window[1]], ground.axes[1][window[0]])
    texture = 1 + 0.05 * noise(axes, 14.0, 7) + 0.04 * noise(axes, 3.0, 8)
    weight = _box(building, x, y)
    _lay(ground, window, weight, SOIL, texture)
    ground.bumps[window] *= 1 - weight


def _road(ground: Ground, line: Road) -> None:
    """A strip of pale gravel; each piece is drawn in its own small window."""
    reach = line.width_m + 4
    low = np.minimum(line.points[:-1], line.points[1:]) - reach
    high = np.maximum(line.points[:-1], line.points[1:]) + reach
    x, y = ground.axes
    near = (high[:, 0] > x[0]) & (low[:, 0] < x[-1]) & (high[:, 1] > y[-1]) & (low[:, 1] < y[0])
    for index in np.flatnonzero(near):
        _piece(ground, line.points[index], line.points[index + 1], line.width_m)


def _piece(ground: Ground, start: Floats, end: Floats, width_m: float) -> None:
    """A straight piece of road."""
    middle, length = (start + end) / 2, float(np.hypot(*(end - start)))
    window = _window(ground, middle[0], middle[1], length / 2 + width_m + 4)
    if window is None or length == 0:
        return
    x, y = _places(ground, window)
    along = ((x - start[0]) * (end - start)[0] + (y - start[1]) * (end - start)[1]) / length**2
    along = np.clip(along, 0, 1)
    distance = np.hypot(
        x - start[0] - along * (end - start)[0], y - start[1] - along * (end - start)[1]
    )
    weight = ramp(distance, width_m / 2, -1.6)
    _lay(ground, window, weight, TRACK, 1.0)
    ground.bumps[window] *= 1 - weight


def _ruin(ground: Ground, ruin: Building, index: int) -> None:
    """A house that is gone: rubble and disturbed soil."""
    window = _window(ground, ruin.x, ruin.y, ruin.length_m + 14)
    if window is None:
        return
    x, y = _places(ground, window)
    around = ramp(np.hypot(x - ruin.x, y - ruin.y), ruin.length_m * 0.75, -8)
    axes = (ground.axes[0][window[1]], ground.axes[1][window[0]])
    texture = 1 + 0.22 * noise(axes, 2.4, 900 + index)
    _lay(ground, window, 0.75 * around, SOIL, texture)
    _lay(ground, window, 0.8 * _box(ruin, x, y), RUBBLE, texture)


def _garden_trees(ground: Ground, hamlet: Hamlet, seed: int) -> None:
    """Single crowns between the houses, the same on both dates."""
    count = np.arange(int(hamlet.radius_m * 0.9))
    spread, turn, size = (hashed(count, np.zeros_like(count), seed + k) for k in range(3))
    radius = 1.25 * hamlet.radius_m * np.sqrt(spread)
    for r, t, s in zip(radius, 2 * np.pi * turn, 2 + 2.2 * size, strict=True):
        tx, ty = hamlet.x + r * np.cos(t), hamlet.y + r * np.sin(t)
        window = _window(ground, tx, ty, s + 3)
        if window is None:
            continue
        x, y = _places(ground, window)
        distance = np.hypot(x - tx, y - ty)
        weight = ramp(distance, s, -1.8)
        _lay(ground, window, weight, TREE, 1.0)
        ground.bumps[window] = np.maximum(
            ground.bumps[window], weight * 4 * np.sqrt(np.maximum(1 - (distance / s) ** 2, 0))
        )


def _box(building: Building, x: Floats, y: Floats) -> Floats:
    """Coverage of a building's footprint, its edge one and a half metres soft."""
    dx, dy = x - building.x, y - building.y
    along = abs(dx * np.cos(building.angle) + dy * np.sin(building.angle))
    across = abs(-dx * np.sin(building.angle) + dy * np.cos(building.angle))
    outside = np.maximum(along - building.length_m / 2, across - building.width_m / 2)
    return np.asarray(np.clip(0.5 - outside / 1.5, 0, 1), np.float32)


def _window(ground: Ground, x: float, y: float, reach_m: float) -> tuple[slice, slice] | None:
    """Rows and columns within reach of a place; None where the window holds none of them."""
    across, down = ground.axes
    left, right = np.searchsorted(across, [x - reach_m, x + reach_m])
    top, bottom = np.searchsorted(-down, [-(y + reach_m), -(y - reach_m)])
    if left == right or top == bottom:
        return None
    return slice(int(top), int(bottom)), slice(int(left), int(right))


def _places(ground: Ground, window: tuple[slice, slice]) -> tuple[Floats, Floats]:
    x, y = np.meshgrid(ground.axes[0][window[1]], ground.axes[1][window[0]])
    return x, y


def _lay(
    ground: Ground,
    window: tuple[slice, slice],
    weight: Floats,
    color: Spectrum,
    texture: Floats | float,
) -> None:
    for plane, value in zip(ground.bands, color, strict=True):
        plane[window] += weight * (value * texture - plane[window])
