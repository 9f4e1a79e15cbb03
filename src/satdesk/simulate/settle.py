"""Where invented people live: hamlets, houses, roads and fields on a relief.

Every place is found from the relief alone (the flattest ground within reach), never from a map:
nothing here stands for a real village.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import dijkstra

from satdesk.simulate.noise import hashed
from satdesk.simulate.relief import Relief

__all__ = ["Building", "Hamlet", "Road", "find_ground", "houses", "road", "sheds"]

Floats = NDArray[np.float64]

_ROAD_M = 32.0
"""Roads are planned on nodes so far apart."""
_FLAT_M = 88.0
_FORBID_M = 560.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Hamlet:
    """A place with a name, in metres of the plane."""

    name: str
    x: float
    y: float
    radius_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Building:
    """A box.

    Attributes:
        x: Centre, metres of the plane.
        y: As above.
        length_m: Along `angle`.
        width_m: Across.
        angle: Of the long side from east towards north, rad.
        height_m: Above the ground.
        roof: Index into the roofs' colours.
    """

    x: float
    y: float
    length_m: float
    width_m: float
    angle: float
    height_m: float
    roof: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Road:
    """A line of points ``(n, 2)`` in metres of the plane, and its width."""

    points: Floats
    width_m: float


def find_ground(
    relief: Relief, middle: tuple[float, float], count: int
) -> list[tuple[float, float]]:
    """The `count` flattest places within 1,450 m of the middle, apart from each other."""
    steep = gaussian_filter(np.hypot(*relief.slopes), _FLAT_M / relief.node_m)
    x, y = np.meshgrid(*relief.axes)
    far = np.maximum(abs(x - middle[0]), abs(y - middle[1])) > 1450
    steep = np.where(far, np.inf, steep)
    places = []
    for _ in range(count):
        row, col = np.unravel_index(np.argmin(steep), steep.shape)
        places.append((float(x[row, col]), float(y[row, col])))
        near = np.hypot(x - x[row, col], y - y[row, col]) < _FORBID_M
        steep = np.where(near, np.inf, steep)
    return places


def houses(hamlet: Hamlet, seed: int) -> tuple[Building, ...]:
    """Farmhouses in loose rows, each turned a little."""
    turn = 2 * np.pi * float(_one(0, 0, seed))
    found = []
    reach = int(hamlet.radius_m // 30) + 1
    for i in range(-reach, reach + 1):
        for j in range(-reach, reach + 1):
            chance = [_one(i, j, seed + k) for k in range(1, 9)]
            u = 31 * i + 14 * (chance[0] - 0.5)
            v = 38 * j + 16 * (chance[1] - 0.5)
            if np.hypot(u, v) > hamlet.radius_m or chance[2] < 0.3:
                continue
            found.append(
                Building(
                    x=hamlet.x + u * np.cos(turn) - v * np.sin(turn),
                    y=hamlet.y + u * np.sin(turn) + v * np.cos(turn),
                    length_m=10 + 7 * chance[3],
                    width_m=7.5 + 3 * chance[4],
                    angle=turn + 0.3 * (chance[5] - 0.5) + (np.pi / 2 if chance[6] > 0.7 else 0),
                    height_m=4 + 3 * chance[5],
                    roof=int(4 * chance[7]),
                )
            )
    return tuple(found)


def sheds(hamlet: Hamlet, turn: float) -> tuple[Building, ...]:
    """Long new buildings in straight rows."""
    found = []
    for i in range(-2, 3):
        for j in range(-1, 2):
            u, v = 46.0 * i, 40.0 * j
            found.append(
                Building(
                    x=hamlet.x + u * np.cos(turn) - v * np.sin(turn),
                    y=hamlet.y + u * np.sin(turn) + v * np.cos(turn),
                    length_m=32 if j else 24,
                    width_m=13,
                    angle=turn,
                    height_m=6.5,
                    roof=4 + (i + j) % 2,
                )
            )
    return tuple(found)


def road(
    relief: Relief, start: tuple[float, float], end: tuple[float, float], width_m: float
) -> Road:
    """The road that avoids climbing, smoothed."""
    every = round(_ROAD_M / relief.node_m)
    heights = gaussian_filter(relief.heights, 16 / relief.node_m)[::every, ::every]
    cell = relief.node_m * every
    rows, cols = heights.shape

    def node(place: tuple[float, float]) -> int:
        col = round((place[0] - relief.west) / cell)
        row = round((relief.north - place[1]) / cell)
        return int(np.clip(row, 0, rows - 1) * cols + np.clip(col, 0, cols - 1))

    first, last = node(start), node(end)
    _, before = dijkstra(_road_costs(heights, cell), indices=first, return_predecessors=True)
    path = [last]
    while path[-1] != first:
        path.append(int(before[path[-1]]))
    row, col = np.divmod(np.array(path[::-1]), cols)
    points = np.stack([relief.west + cell * col, relief.north - cell * row], axis=-1)
    return Road(points=_smoothed(points), width_m=width_m)


def _road_costs(heights: Floats, cell: float) -> coo_matrix:
    """Edges to 16 neighbours, dearer with the square of their grade."""
    rows, cols = heights.shape
    index = np.arange(rows * cols).reshape(rows, cols)
    moves = [(0, 1), (1, 0), (1, 1), (1, -1), (1, 2), (2, 1), (1, -2), (2, -1)]
    starts, ends, costs = [], [], []
    for dy, dx in moves:
        here = (slice(0, rows - dy), slice(max(0, -dx), cols - max(0, dx)))
        there = (slice(dy, rows), slice(max(0, dx), cols - max(0, -dx)))
        run = cell * np.hypot(dy, dx)
        grade = (heights[there] - heights[here]) / run
        starts.append(index[here].ravel())
        ends.append(index[there].ravel())
        costs.append((run * (1 + (grade / 0.09) ** 2)).ravel())
    start, end, cost = map(np.concatenate, (starts, ends, costs))
    size = heights.size
    both = (np.concatenate([start, end]), np.concatenate([end, start]))
    return coo_matrix((np.concatenate([cost, cost]), both), shape=(size, size)).tocsr()


def _smoothed(points: Floats) -> Floats:
    """Chaikin's corner cutting, four times; the ends stay."""
    for _ in range(4):
        a, b = points[:-1], points[1:]
        cut = np.stack([0.75 * a + 0.25 * b, 0.25 * a + 0.75 * b], axis=1).reshape(-1, 2)
        points = np.concatenate([points[:1], cut, points[-1:]])
    return points


def _one(i: int, j: int, seed: int) -> float:
    return float(hashed(np.array([i]), np.array([j]), seed)[0])
