"""Seam lines by minimum cost: a minimum cut between two pictures, found from coarse to fine.

The cut through a graph of cells that costs least [Boykov, Veksler and Zabih, IEEE TPAMI 23 (2001)
1222; Kwatra and others, ACM TOG 22 (2003) 277] is exact at the coarsest level; at each finer level
only a band of cells beside the line so far is cut again [Lombaert and others, ICCV 2005, 259]: that
bounds time and memory whatever the size.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, distance_transform_edt
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import breadth_first_order, maximum_flow

from satdesk.core.sensor import FloatArray

__all__ = ["Side", "cut", "sides"]

Bools = NDArray[np.bool_]
Sides = NDArray[np.uint8]
Whole = NDArray[np.int32]

_MOST_FREE = 8000
_BAND = 2
_SCALE = 1000
_SHARE = 0.5
_WIDEST = 96


class Side(IntEnum):
    """What may be decided of a cell."""

    NONE = 0
    """Nothing is seen there."""
    FIRST = 1
    """The first picture's."""
    SECOND = 2
    """The second picture's."""
    FREE = 3
    """Either's: the seam may pass."""


def sides(first: Bools, second: Bools, first_hidden: Bools, second_hidden: Bools) -> Sides:
    """What may be decided of each cell, where the first picture goes before the second.

    Where only one of the two sees the ground it has the cell. Elsewhere the first has it, but in a
    margin along what only the second sees: as wide as half the overlap is deep, at most 96 cells.
    There the seam looks for its way.

    Args:
        first: ``(y, x)``, True = the first picture has a pixel.
        second: The second has.
        first_hidden: What it shows there is cloud or shadow.
        second_hidden: Likewise.
    """
    found = np.full(first.shape, Side.NONE, np.uint8)
    found[first] = Side.FIRST
    found[second & ~first] = Side.SECOND
    both = first & second
    found[both & first_hidden & ~second_hidden] = Side.SECOND
    free = both & (first_hidden == second_hidden)
    if not (found == Side.SECOND).any() or not free.any():
        return found
    away = distance_transform_edt(found != Side.SECOND)
    widest = min(_SHARE * float(away[free].max()), _WIDEST)
    found[free & (away <= max(widest, 1.0))] = Side.FREE
    return found


def cut(allowed: Sides, cost: FloatArray) -> Bools:
    """Where the second picture is to be shown: the division whose border costs least.

    Args:
        allowed: ``(y, x)`` of `Side`.
        cost: ``(y, x)`` ≥ 0: of a seam through each cell. Between two cells it costs their sum.

    Returns:
        ``(y, x)``, True = the second picture. A piece of free cells that borders nothing decided is
        the first's.
    """
    if np.count_nonzero(allowed == Side.FREE) > _MOST_FREE and min(allowed.shape) >= 4:
        coarse = cut(_halved_sides(allowed), _halved_cost(cost))
        rows, cols = allowed.shape
        guess = coarse.repeat(2, axis=0).repeat(2, axis=1)[:rows, :cols]
        guess = np.where(allowed == Side.FREE, guess, allowed == Side.SECOND)
        allowed = np.where(_far(guess, allowed), _decided(guess), allowed)
    return _cut(allowed, cost)


def _decided(second: Bools) -> Sides:
    return np.where(second, Side.SECOND, Side.FIRST).astype(np.uint8)


def _far(second: Bools, allowed: Sides) -> Bools:
    """Free cells that are not beside the border of `second`."""
    seen = allowed != Side.NONE
    near = binary_dilation(second & seen, iterations=_BAND + 1) & binary_dilation(
        ~second & seen, iterations=_BAND + 1
    )
    return np.asarray((allowed == Side.FREE) & ~near)


def _blocks(values: NDArray[Any], fill: float) -> NDArray[Any]:
    rows, cols = values.shape
    padded = np.pad(values, ((0, rows % 2), (0, cols % 2)), constant_values=fill)
    rows, cols = padded.shape
    return padded.reshape(rows // 2, 2, cols // 2, 2).swapaxes(1, 2).reshape(rows // 2, -1, 4)


def _halved_sides(allowed: Sides) -> Sides:
    four = _blocks(allowed, Side.NONE)
    first = (four == Side.FIRST).any(axis=2)
    second = (four == Side.SECOND).any(axis=2)
    free = (four == Side.FREE).any(axis=2) | (first & second)
    found = np.where(first, Side.FIRST, np.where(second, Side.SECOND, Side.NONE))
    return np.where(free & (first == second), Side.FREE, found).astype(np.uint8)


def _halved_cost(cost: FloatArray) -> FloatArray:
    with np.errstate(invalid="ignore"):
        return np.asarray(np.nanmean(_blocks(cost, float(cost.max())), axis=2))


def _cut(allowed: Sides, cost: FloatArray) -> Bools:
    free = allowed == Side.FREE
    second = allowed == Side.SECOND
    if not free.any() or not second.any():
        return np.asarray(second)
    number = np.full(allowed.shape, -1, np.int32)
    number[free] = np.arange(np.count_nonzero(free), dtype=np.int32) + 2
    number[allowed == Side.FIRST] = 0
    number[second] = 1
    graph = _graph(number, _whole(cost, free), int(np.count_nonzero(free)) + 2)
    flow = maximum_flow(graph, 0, 1).flow
    open_ = csr_array(graph - flow)
    open_.data = np.maximum(open_.data, 0)
    open_.eliminate_zeros()
    reached = breadth_first_order(open_.T.tocsr(), 1, return_predecessors=False)
    node = np.zeros(graph.shape[0], bool)
    node[reached] = True
    result = second.copy()
    result[free] = node[number[free]]
    return np.asarray(result)


def _whole(cost: FloatArray, free: Bools) -> Whole:
    """Costs as whole numbers from 1 to some thousands: sums of them are exact."""
    scale = max(float(cost[free].max()), 1e-12)
    return 1 + np.rint(_SCALE * np.clip(cost / scale, 0, 1)).astype(np.int32)


def _graph(number: Whole, cost: Whole, size: int) -> csr_array:
    """Capacities between neighbours; node 0 is the first picture, node 1 the second."""
    pairs = [
        _pairs((number[:, :-1], number[:, 1:]), (cost[:, :-1], cost[:, 1:])),
        _pairs((number[:-1], number[1:]), (cost[:-1], cost[1:])),
    ]
    a, b, value = (np.concatenate([each[k] for each in pairs]) for k in range(3))
    rows, cols = np.concatenate([a, b]), np.concatenate([b, a])
    # What flows back into the source or out of the sink changes no cut.
    kept = (cols != 0) & (rows != 1)
    values = np.concatenate([value, value])[kept]
    graph = coo_array((values, (rows[kept], cols[kept])), shape=(size, size))
    made = graph.tocsr()
    made.sum_duplicates()
    return csr_array(made)


def _pairs(ends: tuple[Whole, Whole], costs: tuple[Whole, Whole]) -> tuple[Whole, Whole, Whole]:
    """Numbers of neighbours of which at least one is free, and what a seam between them costs."""
    a, b = ends
    useful = (a >= 0) & (b >= 0) & (a != b) & ((a > 1) | (b > 1))
    return a[useful], b[useful], costs[0][useful] + costs[1][useful]
