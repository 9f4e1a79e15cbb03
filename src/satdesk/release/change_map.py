"""The map of one kind of change: what the measure and the thresholds make of a pair."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from satdesk.errors import LimitError
from satdesk.geometry.pieces import edge_px, sieved
from satdesk.radiometry.change_kinds import Kind
from satdesk.radiometry.change_range import Thresholds, thresholds
from satdesk.release.change_pair import ChangePair

__all__ = ["ChangeMap", "change_map", "dates_apart", "no_stable_ground"]

CHANGED, UNCHANGED, UNKNOWN = 2, 1, 0
_MOST_CHANGED, _MOST_APART = 0.4, 0.06


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ChangeMap:
    """What changed, and what is not told.

    Attributes:
        classes: uint8 ``(y, x)``: 0 = outside or not usable on both dates, 1 = not changed,
            2 = changed.
        inside: Pixels inside the area, usable or not.
        found: The thresholds.
        changed_px: Pixels that changed.
        low_px: By the strict threshold, with every edge drawn in by the misregistration.
        high_px: By the lax one, with every edge drawn out.
    """

    classes: NDArray[np.uint8]
    inside: int
    found: Thresholds
    changed_px: int
    low_px: float
    high_px: float

    @property
    def known_px(self) -> int:
        """Pixels that are usable on both dates."""
        return int(np.count_nonzero(self.classes))


def change_map(
    pair: ChangePair, kind: Kind, *, least_px: int, misregistration_px: float
) -> ChangeMap:
    """Compare a pair.

    Args:
        pair: On its grid.
        kind: What is looked for.
        least_px: Smallest piece and smallest hole that is mapped, pixels.
        misregistration_px: How far the pictures may lie off each other, pixels of the comparison.

    Raises:
        DisjointInputError: Too few usable pixels.
    """
    measure, state, known, inside = _measured(pair, kind)
    found = thresholds(measure, known, kind.least)
    drawn = {
        name: sieved(state & known & (measure > level), least_px) & known
        for name, level in (
            ("strict", found.strict), ("chosen", found.chosen), ("lax", found.lax),
        )
    }  # fmt: skip
    moved = {name: misregistration_px * edge_px(drawn[name], known) for name in ("strict", "lax")}
    counts = {name: int(np.count_nonzero(each)) for name, each in drawn.items()}
    return ChangeMap(
        classes=np.where(drawn["chosen"], CHANGED, known).astype(np.uint8),
        inside=inside,
        found=found,
        changed_px=counts["chosen"],
        low_px=max(counts["strict"] - moved["strict"], 0.0),
        high_px=min(counts["lax"] + moved["lax"], float(np.count_nonzero(known))),
    )


def no_stable_ground(found: ChangeMap) -> LimitError | None:
    """Why thresholds may not be relied on; None where they may.

    The middle of the measure stands for unchanged ground only while most of the ground is that.
    """
    share = found.changed_px / max(found.known_px, 1)
    if share <= _MOST_CHANGED:
        return None
    return LimitError(
        "so much of the area changed that nothing tells what unchanged ground looks like",
        rule="area-no-stable-ground",
        measured=100 * share,
        limit=100 * _MOST_CHANGED,
        unit="% of the area changed",
        remedy="measure a larger area, most of which did not change",
    )


def dates_apart(pair: ChangePair) -> LimitError | None:
    """Why the two dates may not be laid on one scale; None where they may.

    Haze and calibration move reflectance by a few hundredths. What moves half of the ground by
    more is a change of that half.
    """
    name, line = max(pair.lines, key=lambda each: abs(each[1].apart), default=("", None))
    if line is None or abs(line.apart) <= _MOST_APART:
        return None
    return LimitError(
        f"half of the ground differs too much between the dates in band {name}",
        rule="area-dates-apart",
        measured=abs(line.apart),
        limit=_MOST_APART,
        unit="of reflectance",
        remedy="measure a larger area, most of which did not change, or dates of like calibration",
    )


def _measured(
    pair: ChangePair, kind: Kind
) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.bool_], int]:
    shape = tuple(int(size) for size in pair.grid.shape)
    measure, inside = np.zeros(shape, np.float32), 0
    state, known = np.zeros(shape, np.bool_), np.zeros(shape, np.bool_)
    for strip in pair.strips(kind.bands):
        measure[strip.rows] = kind.measure(strip.before, strip.after)
        state[strip.rows] = kind.state(strip.before, strip.after)
        known[strip.rows] = strip.known & np.isfinite(measure[strip.rows])
        inside += strip.inside
    return measure, state, known, inside
