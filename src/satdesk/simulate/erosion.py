"""Valleys for an invented relief: water runs down it and cuts (the stream power law).

Implicit scheme of Braun & Willett, *A very efficient O(n), implicit and parallel method to solve
the stream power equation*, Geomorphology 180–181 (2013), with slope exponent 1 and no uplift,
evaluated level by level of the drainage tree so that numpy does the work.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from satdesk.simulate.noise import hashed

__all__ = ["Drainage", "eroded"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_NEIGHBOURS = [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if (dy, dx) != (0, 0)]
_AREA_EXPONENT = 0.45
_STEEPEST = 0.72
_SLUMP_STEPS = 6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Drainage:
    """Where the water runs.

    Attributes:
        receiver: ``(nodes,)`` flat index of the node that each drains to; itself at the edge.
        area_m2: ``(nodes,)`` ground that drains through each node.
    """

    receiver: Ints
    area_m2: Floats


def eroded(heights: Floats, cell_m: float, strength: float, rounds: int) -> tuple[Floats, Drainage]:
    """Cut valleys; the edge of the array keeps its heights.

    Args:
        heights: ``(y, x)`` metres.
        cell_m: Distance between nodes.
        strength: How much each round cuts.
        rounds: How often the paths of the water are found anew.

    Returns:
        The new heights, and the drainage of the last round.
    """
    shape = heights.shape
    flat = _without_pits(heights).ravel()
    for turn in range(rounds):
        receiver, distance = _receivers(flat.reshape(shape), cell_m, turn)
        levels = _levels(receiver)
        area = np.full(flat.size, cell_m**2)
        for level in reversed(levels[1:]):
            np.add.at(area, receiver[level], area[level])
        factor = strength * area**_AREA_EXPONENT / distance
        flat = flat.copy()
        for level in levels[1:]:
            cut = factor[level]
            flat[level] = (flat[level] + cut * flat[receiver[level]]) / (1 + cut)
        flat = _slumped(flat.reshape(shape), cell_m).ravel()
    return flat.reshape(shape), Drainage(receiver=receiver, area_m2=area)


def _without_pits(heights: Floats) -> Floats:
    """Raise every hollow until it drains: priority flood (Barnes et al. 2014), a small fall."""
    rows, cols = heights.shape
    filled = heights.ravel().tolist()
    edge = np.ones_like(heights, dtype=bool)
    edge[1:-1, 1:-1] = False
    done = edge.ravel().tolist()
    queue = [(filled[i], i) for i in np.flatnonzero(edge).tolist()]
    heapq.heapify(queue)
    steps = [dy * cols + dx for dy, dx in _NEIGHBOURS]
    size = rows * cols
    while queue:
        level, here = heapq.heappop(queue)
        for step in steps:
            there = here + step
            if not 0 <= there < size or done[there]:
                continue
            done[there] = True
            filled[there] = max(filled[there], level + 1e-3)
            heapq.heappush(queue, (filled[there], there))
    return np.array(filled).reshape(rows, cols)


def _slumped(heights: Floats, cell_m: float) -> Floats:
    """Flanks steeper than rock can stand slide into the valley: a V instead of a slot."""
    rows, cols = heights.shape
    inner = heights[1:-1, 1:-1].copy()
    whole = heights.copy()
    for _ in range(_SLUMP_STEPS):
        for dy, dx in _NEIGHBOURS:
            there = whole[1 + dy : rows - 1 + dy, 1 + dx : cols - 1 + dx]
            np.minimum(inner, there + _STEEPEST * cell_m * np.hypot(dy, dx), out=inner)
        whole[1:-1, 1:-1] = inner
    return whole


def _receivers(heights: Floats, cell_m: float, turn: int) -> tuple[Ints, Floats]:
    """Steepest lower neighbour of each node, flat, and its distance; the edge keeps its water.

    Each fall is weighted by chance, another in each turn: eight directions alone would comb the
    flanks into straight parallel gullies.
    """
    rows, cols = heights.shape
    index = np.arange(heights.size).reshape(rows, cols)
    receiver, distance = index.copy(), np.full(heights.shape, cell_m)
    steepest = np.zeros_like(heights)
    inner = (slice(1, -1), slice(1, -1))
    places = np.meshgrid(np.arange(cols), np.arange(rows))
    for number, (dy, dx) in enumerate(_NEIGHBOURS):
        there = (slice(1 + dy, rows - 1 + dy), slice(1 + dx, cols - 1 + dx))
        run = cell_m * np.hypot(dy, dx)
        chance = 0.5 + hashed(*places, seed=8 * turn + number)[inner]
        fall = chance * (heights[inner] - heights[there]) / run
        better = fall > steepest[inner]
        steepest[inner][better] = fall[better]
        receiver[inner][better] = index[there][better]
        distance[inner][better] = run
    return receiver.ravel(), distance.ravel()


def _levels(receiver: Ints) -> list[Ints]:
    """Nodes by their number of steps to the edge, found by doubling the stride."""
    steps = (receiver != np.arange(receiver.size)).astype(np.int64)
    target = receiver
    while True:
        further = target[target]
        if np.array_equal(further, target):
            break
        steps = steps + steps[target]
        target = further
    order = np.argsort(steps, kind="stable")
    return np.split(order, np.cumsum(np.bincount(steps))[:-1])
