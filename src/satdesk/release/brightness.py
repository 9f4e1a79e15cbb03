"""The scenes of a date against each other: how bright they are, and which places one sees amiss."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from satdesk.core.sighting import Doubt
from satdesk.radiometry.balance import Balance, Overlap, PairFit, balance
from satdesk.radiometry.contradiction import contradiction
from satdesk.release.previews import Preview, areas

__all__ = ["alone", "balanced", "doubted", "gains_of", "with_gains"]

Bools = NDArray[np.bool_]

_MOST_SAMPLES = 100_000
_MOST_GAIN = 1.5
"""A gain beyond this, or below its inverse, balances nothing: the overlap shows something else."""

_MOST_DAYS = 16


def doubted(
    small: Sequence[Preview],
    names: Sequence[str],
    cell_m: float,
    *,
    room_m: float,
    days: Sequence[date | None],
    newer: bool = False,
    calibrated: bool = False,
) -> tuple[Preview, ...]:
    """The scenes with the places where another contradicts them as a cloud or its shadow does.

    Args:
        small: Not balanced.
        names: Of their bands.
        cell_m: Edge of a cell.
        room_m: So near to the edge of the other scene a place may be shown all the same: a seam
            that has no room cannot be mixed.
        days: On which they were taken. Scenes more than 16 days apart, or of a day that nobody
            states, are not compared: seasons contradict each other as clouds do.
        newer: Whether a scene gives way to an older one too. Burnt ground darkens as under a
            shadow, and cleared ground brightens as under a thin cloud: an older scene beside it
            would show what is no longer there.
        calibrated: Whether they are reflectance: a scene may then be contradicted as a whole.
    """
    found = [np.zeros(each.hidden.shape, np.uint8) for each in small]
    for i, j in combinations(range(len(small)), 2):
        part = _extent(small[i].imaged & small[j].imaged)
        if part is None or not _of_one_time(days[i], days[j]):
            continue
        first, second = (small[k].values[(slice(None), *part)] for k in (i, j))
        clear = (small[i].clear & small[j].clear)[part]
        told = contradiction(first, second, clear, names, cell_m, calibrated=calibrated)
        if told is not None:
            room = room_m / cell_m + 1
            for one, other, cells in ((i, j, told.first), (j, i, told.second)):
                stands = _goes_on(small[one], small[other], room)
                if not newer and _later(days[one], days[other]):
                    stands[...] = True
                _mark(found[one], part, cells, stands)
    return tuple(replace(each, doubt=cells) for each, cells in zip(small, found, strict=True))


def _of_one_time(first: date | None, second: date | None) -> bool:
    return first is not None and second is not None and abs((first - second).days) <= _MOST_DAYS


def _later(first: date | None, second: date | None) -> bool:
    return first is not None and second is not None and first > second


def _mark(doubt: NDArray[np.uint8], part: tuple[slice, slice], cells: Bools, stands: Bools) -> None:
    """Write what one scene says against another; that a place is avoided stays."""
    here, alone = doubt[part], stands[part]
    here[cells & ~alone] = Doubt.AVOIDED
    here[cells & alone & (here == Doubt.NONE)] = Doubt.STANDS


def _goes_on(one: Preview, other: Preview, cells: float) -> Bools:
    """Places at most so many cells from where one scene goes on and the other does not."""
    beyond = one.imaged & ~other.imaged
    if not beyond.any():
        return beyond
    return np.asarray(distance_transform_edt(~beyond) <= cells)


def _extent(cells: Bools) -> tuple[slice, slice] | None:
    """Rows and columns that hold all cells; None = there are none."""
    if not cells.any():
        return None
    lines = [np.flatnonzero(cells.any(axis=axis)) for axis in (1, 0)]
    rows, cols = (slice(int(line[0]), int(line[-1]) + 1) for line in lines)
    return rows, cols


def balanced(small: Sequence[Preview]) -> Balance:
    """One least squares over all overlaps that see clear ground.

    An overlap that asks for more than a calibration may differ by shows something else: it says
    nothing of its scenes, and the others are balanced without it.
    """
    bands, ground = len(small[0].values), areas(small)
    overlaps = list(_overlaps(small))
    found = balance(overlaps, ground, bands)
    while overlaps:
        worst = max(found.pairs, key=lambda pair: _apart(found, pair), default=None)
        if worst is None or _apart(found, worst) <= math.log(_MOST_GAIN):
            break
        ends = {worst.first, worst.second}
        overlaps = [each for each in overlaps if {each.first, each.second} != ends]
        found = balance(overlaps, ground, bands)
    return found


def _apart(found: Balance, pair: PairFit) -> float:
    """Largest difference of the logarithms of two scenes' gains."""
    first, second = (np.log(found.gains[k]) for k in (pair.first, pair.second))
    return float(np.abs(first - second).max())


def _overlaps(small: Sequence[Preview]) -> list[Overlap]:
    found = []
    for first, second in combinations(range(len(small)), 2):
        places = np.flatnonzero(small[first].clear & small[second].clear)
        if not places.size:
            continue
        some = places[:: -(-places.size // _MOST_SAMPLES)]
        both = (small[first], small[second])
        values = np.stack([s.values.reshape(len(s.values), -1)[:, some] for s in both])
        found.append(Overlap(first=first, second=second, values=values))
    return found


def gains_of(found: Balance | None, small: Sequence[Preview]) -> tuple[tuple[float, ...], ...]:
    """The gains that are applied: of the rest of a group too, none where one is no gain."""
    bands = len(small[0].values)
    if found is None:
        return ((1.0,) * bands,) * len(small)
    return tuple(
        (1.0,) * bands if group in _refused(found) else gain
        for group, gain in zip(found.groups, found.gains, strict=True)
    )


def alone(found: Balance) -> tuple[int, ...]:
    """Numbers of the scenes of which nothing tells how bright they should be beside the others."""
    refused = _refused(found)
    return tuple(
        number
        for number, group in enumerate(found.groups)
        if found.groups.count(group) == 1 or group in refused
    )


def _refused(found: Balance) -> set[int]:
    return {
        group
        for group, gain in zip(found.groups, found.gains, strict=True)
        if max(gain) > _MOST_GAIN or min(gain) < 1 / _MOST_GAIN
    }


def with_gains(small: Preview, gains: tuple[float, ...]) -> Preview:
    """The scene in small, balanced."""
    factors = np.array(gains, np.float32)[:, None, None]
    return replace(small, values=small.values * factors)
