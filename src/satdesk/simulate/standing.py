"""Buildings that stand: a ray from the side meets a wall or a roof before it meets the ground.

A building is a box with a level top, upright walls and a flat-coloured gable drawn on its top. Near
one, a ray is a straight line in the building's own axes, and where it enters the box follows from
the slabs between opposite walls (Kay & Kajiya, *Ray tracing complex scenes*, SIGGRAPH 1986).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from satdesk.simulate.camera import Camera
from satdesk.simulate.rays import ground_of
from satdesk.simulate.relief import Relief
from satdesk.simulate.settle import Building

__all__ = ["GROUND", "ROOF", "WALLS", "Entry", "Solid", "entered", "solid", "surface_of"]

Floats = NDArray[np.float64]

GROUND, ROOF = 0, 1
WALLS = (2, 3, 4, 5)
"""Walls that face along the long axis, against it, along the short axis, against it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Solid:
    """A building on its ground.

    Attributes:
        building: Where and how large.
        top_m: Height of its top above the ellipsoid.
        base_m: Height of the ground under its middle.
        slopes: Rise of that ground per metre along and across the building.
    """

    building: Building
    top_m: float
    base_m: float
    slopes: tuple[float, float]

    def axes(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Metres along and across the building of vectors of the plane."""
        c, s = np.cos(self.building.angle), np.sin(self.building.angle)
        return x * c + y * s, -x * s + y * c

    def covers(self, x: Floats, y: Floats) -> NDArray[np.bool_]:
        """Which places of the plane lie under the building."""
        along, across = self.axes(x - self.building.x, y - self.building.y)
        long, wide = self.building.length_m / 2, self.building.width_m / 2
        return np.asarray((np.abs(along) <= long) & (np.abs(across) <= wide))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Entry:
    """Where rays enter a building, arrays of the rays' shape.

    Attributes:
        face: `GROUND` where they do not; `ROOF` or one of `WALLS`.
        height: Of the place above the ellipsoid, metres.
        across: Metres from the ridge, across the building.
    """

    face: NDArray[np.int8]
    height: Floats
    across: Floats


def solid(building: Building, relief: Relief) -> Solid:
    """A building set on a relief: its top is level, `height_m` above the ground of its middle."""
    reach = building.length_m / 2
    x = building.x + np.array([0.0, reach, -reach, 0, 0])
    y = building.y + np.array([0.0, 0, 0, reach, -reach])
    ground = relief.at(x, y)
    east, north = (ground[1] - ground[2]) / 2 / reach, (ground[3] - ground[4]) / 2 / reach
    c, s = np.cos(building.angle), np.sin(building.angle)
    return Solid(
        building=building,
        top_m=float(ground[0] + building.height_m),
        base_m=float(ground[0]),
        slopes=(float(east * c + north * s), float(-east * s + north * c)),
    )


def entered(box: Solid, x: Floats, y: Floats, lean: tuple[Floats, Floats]) -> Entry:
    """Where rays that come down enter a building above its ground.

    Args:
        box: The building.
        x: Of the rays at the height of the building's top, metres of the plane.
        y: Likewise.
        lean: By how much ``x`` and ``y`` change for each metre that the rays go *down*.
    """
    along, across = box.axes(x - box.building.x, y - box.building.y)
    toward = box.axes(*lean)
    first_u, last_u = _slab(along, toward[0], box.building.length_m / 2)
    first_v, last_v = _slab(across, toward[1], box.building.width_m / 2)
    depth = np.maximum(np.maximum(first_u, first_v), 0.0)
    u, v = along + depth * toward[0], across + depth * toward[1]
    ground = box.base_m + box.slopes[0] * u + box.slopes[1] * v
    hit = (depth <= np.minimum(last_u, last_v)) & (box.top_m - depth >= ground)
    wall_u = np.where(u > 0, WALLS[0], WALLS[1])
    wall_v = np.where(v > 0, WALLS[2], WALLS[3])
    wall = np.where(first_u > first_v, wall_u, wall_v)
    face = np.where(depth == 0, ROOF, wall)
    return Entry(
        face=np.where(hit, face, GROUND).astype(np.int8), height=box.top_m - depth, across=v
    )


def surface_of(
    camera: Camera, relief: Relief, boxes: tuple[Solid, ...], col: Floats, row: Floats
) -> tuple[Floats, Floats, Floats, NDArray[np.int8]]:
    """``lon, lat, height`` of what the rays of any pixels meet first, and its face; the truth.

    Args:
        camera: Of the product that the pixels are counted in.
        relief: The ground.
        boxes: The buildings on it.
        col: From the outer corner of the first pixel.
        row: Likewise.
    """
    col, row = np.broadcast_arrays(np.asarray(col, float), np.asarray(row, float))
    lon, lat, height = ground_of(camera, relief, col, row)
    x, y = relief.plane.from_lonlat(lon, lat)
    face, first = np.zeros(col.shape, np.int8), height.copy()
    for box in boxes:
        building = box.building
        reach = building.length_m + building.width_m + 4 * building.height_m
        near = np.hypot(x - building.x, y - building.y) < reach
        if not near.any():
            continue
        entry = _met(camera, relief, box, col[near], row[near])
        better = (entry.face != GROUND) & (entry.height > first[near])
        place = np.flatnonzero(near)[better]
        first.flat[place], face.flat[place] = entry.height[better], entry.face[better]
    lon, lat = camera.locate(col, row, first)
    return lon, lat, first, face


def _met(camera: Camera, relief: Relief, box: Solid, col: Floats, row: Floats) -> Entry:
    """Where pixels' rays enter one building; between its top and its foot they are straight."""
    ends = [
        relief.plane.from_lonlat(*camera.locate(col, row, np.full(col.shape, height)))
        for height in (box.top_m, box.base_m)
    ]
    deep = box.top_m - box.base_m
    lean = ((ends[1][0] - ends[0][0]) / deep, (ends[1][1] - ends[0][1]) / deep)
    return entered(box, *ends[0], lean)


def _slab(place: Floats, toward: Floats, half: float) -> tuple[Floats, Floats]:
    """Depths at which rays pass the two planes ``±half``; infinite where they never do."""
    safe = np.where(np.abs(toward) < 1e-9, 1e-9, toward)
    one, other = (-half - place) / safe, (half - place) / safe
    return np.minimum(one, other), np.maximum(one, other)
