"""Overlapping scenes laid on each other: a small bundle adjustment with tie points.

A tie is a place that two scenes show, and where each of them has it. Its true position on the
ground is not known and is eliminated: both scenes, corrected, must put it on the same ground. That
leaves open what moves all scenes together, and of all solutions the one is taken that moves them
least on the ground: their common position stays the mean of what the providers state. Where scenes
are held, because they are known better, the others are laid on them.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from satdesk.core.sensor import FloatArray
from satdesk.errors import LimitError, UsageError
from satdesk.geometry.checkpoints import in_metres
from satdesk.geometry.refine import LEAST_POINTS, matrix_of
from satdesk.geometry.robust import COEFFICIENTS, Frame, design, least_squares, robust_fit

__all__ = ["Block", "Ties", "adjust_block"]

_INDISPENSABLE = 1e-6
_WEAKEST = 1e-2
"""Directions that the ties determine worse than this share of the best one are left alone."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ties:
    """What two scenes show together.

    Attributes:
        first: Number of the one scene.
        second: Number of the other.
        predicted_first: ``(n, 2)`` pixels where the first model puts a position near by.
        predicted_second: ``(n, 2)`` where the second model puts the same ground position.
        seen_first: ``(n, 2)`` pixels where the first image shows the feature.
        seen_second: ``(n, 2)`` where the second image shows it.
        per_pixel_first: ``(n, 2, 2)`` of `checkpoints.ground_per_pixel` at `predicted_first`.
        per_pixel_second: Likewise at `predicted_second`.
    """

    first: int
    second: int
    predicted_first: FloatArray
    predicted_second: FloatArray
    seen_first: FloatArray
    seen_second: FloatArray
    per_pixel_first: FloatArray
    per_pixel_second: FloatArray

    @property
    def apart_m(self) -> FloatArray:
        """``(n, 2)`` metres east and north: by how much the second scene lies off the first."""
        first = in_metres(self.per_pixel_first, self.seen_first - self.predicted_first)
        second = in_metres(self.per_pixel_second, self.seen_second - self.predicted_second)
        return second - first


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Block:
    """What `adjust_block` found.

    Attributes:
        matrices: One a scene, for `geometry.affine.Adjusted`; the identity where nothing ties it
            and where it is held.
        used: For each `Ties`, ``(n,)``: False = the tie is bad and was not used.
        residuals_m: For each `Ties`, ``(n, 2)`` metres that its scenes still lie apart.
        held_out_m: Likewise of the block that was adjusted without that tie; NaN for bad ties, and
            for one without which the block would not be determined.
        rms_m: Root mean square distance of the ties used.
    """

    matrices: tuple[Affine, ...]
    used: tuple[NDArray[np.bool_], ...]
    residuals_m: tuple[FloatArray, ...]
    held_out_m: tuple[FloatArray, ...]
    rms_m: float


def adjust_block(
    ties: Sequence[Ties],
    scenes: int,
    kind: str = "shift",
    least_m: float = 0.1,
    *,
    held: Collection[int] = (),
) -> Block:
    """Correct every scene so that the ties agree, and move them as little as that allows.

    Bad ties are found pair by pair (`geometry.robust`); the rest is one least-squares system in
    metres on the ground, whose smallest solution is taken.

    Args:
        ties: At most one for each pair of scenes.
        scenes: How many scenes there are, tied or not.
        kind: ``shift``, ``drift`` or ``affine``, the same for all.
        least_m: Least standard deviation of a tie that is believed, metres.
        held: Numbers of scenes that stay where they are; not all of them.

    Raises:
        UsageError: No ties, an unknown kind, a tie of a scene that is not there, all scenes held.
        LimitError: ``refine-too-few-points``: a pair with fewer ties than `LEAST_POINTS`.
    """
    _check(ties, scenes, kind, held)
    fits = [robust_fit(t.predicted_second, t.apart_m, kind, least_m) for t in ties]
    used = tuple(fit.used for fit in fits)
    frames = [_frame(ties, scene) for scene in range(scenes)]
    rows = [_equations(t, frames, scenes, kind, held) for t in ties]
    matrix = np.concatenate([row[keep] for row, keep in zip(rows, used, strict=True)])
    apart = np.concatenate([t.apart_m[keep] for t, keep in zip(ties, used, strict=True)])
    ground, leverage = _smallest(matrix, apart)
    moves = ground.reshape(scenes, COEFFICIENTS[kind], 2)
    residuals = tuple(t.apart_m - row @ ground for t, row in zip(ties, rows, strict=True))
    left = np.concatenate([r[keep] for r, keep in zip(residuals, used, strict=True)])
    return Block(
        matrices=tuple(_in_image(ties, n, frames[n], moves[n], kind) for n in range(scenes)),
        used=used,
        residuals_m=residuals,
        held_out_m=_held_out(residuals, used, leverage),
        rms_m=math.sqrt(float((left**2).sum(axis=1).mean())),
    )


def _smallest(matrix: FloatArray, apart: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The smallest least-squares solution, and the leverage of each row on it."""
    left, strength, right = np.linalg.svd(matrix, full_matrices=False)
    kept = strength > _WEAKEST * strength[0]
    solved = right[kept].T @ ((left[:, kept].T @ apart) / strength[kept, None])
    return np.asarray(solved), np.asarray((left[:, kept] ** 2).sum(axis=1))


def _held_out(
    residuals: Sequence[FloatArray], used: Sequence[NDArray[np.bool_]], leverage: FloatArray
) -> tuple[FloatArray, ...]:
    """Residuals over one minus the leverage: see `checkpoints.leave_one_out`."""
    found, start = [], 0
    for residual, keep in zip(residuals, used, strict=True):
        count = int(keep.sum())
        free = 1 - leverage[start : start + count]
        out = np.full_like(residual, np.nan)
        out[keep] = residual[keep] / np.where(free > _INDISPENSABLE, free, np.nan)[:, None]
        found.append(out)
        start += count
    return tuple(found)


def _check(ties: Sequence[Ties], scenes: int, kind: str, held: Collection[int]) -> None:
    if kind not in COEFFICIENTS or not ties:
        raise UsageError("a block needs ties and a kind", found=f"{len(ties)} pairs, {kind}")
    if len(set(held)) >= scenes:
        raise UsageError("a block of held scenes has nothing to adjust", found=f"{scenes} held")
    for tie in ties:
        if tie.first == tie.second or not 0 <= min(tie.first, tie.second) < scenes:
            raise UsageError("a tie joins two scenes", found=f"{tie.first} and {tie.second}")
        if max(tie.first, tie.second) >= scenes:
            raise UsageError("a tie names a scene that is not there", found=str(scenes))
        lacking = LEAST_POINTS[kind] - len(tie.seen_first)
        if lacking > 0:
            raise LimitError(
                f"scenes {tie.first} and {tie.second} have too few ties for the model {kind}",
                rule="refine-too-few-points",
                measured=lacking,
                limit=0,
                unit="points lacking",
                found=str(len(tie.seen_first)),
                expected=f"at least {LEAST_POINTS[kind]}",
                remedy="choose a simpler model, or scenes that overlap more",
            )


def _points(ties: Sequence[Ties], scene: int) -> tuple[FloatArray, FloatArray]:
    """Where the scene's model puts its ties, and the ground per pixel there."""
    parts = [(t.predicted_first, t.per_pixel_first) for t in ties if t.first == scene]
    parts += [(t.predicted_second, t.per_pixel_second) for t in ties if t.second == scene]
    if not parts:
        return np.zeros((0, 2)), np.zeros((0, 2, 2))
    places, grounds = zip(*parts, strict=True)
    return np.concatenate(places), np.concatenate(grounds)


def _frame(ties: Sequence[Ties], scene: int) -> Frame:
    places, _ = _points(ties, scene)
    return Frame.around(places) if len(places) else Frame(middle=(0.0, 0.0), scale=1.0)


def _equations(
    tie: Ties, frames: Sequence[Frame], scenes: int, kind: str, held: Collection[int]
) -> FloatArray:
    """``(n, scenes · k)``: the second scene's move on the ground minus the first's.

    A held scene has zeros: the smallest solution does not move it.
    """
    size = COEFFICIENTS[kind]
    rows = np.zeros((len(tie.seen_first), scenes * size))
    for scene, places, sign in (
        (tie.first, tie.predicted_first, -1.0),
        (tie.second, tie.predicted_second, 1.0),
    ):
        if scene in held:
            continue
        rows[:, scene * size : (scene + 1) * size] = sign * design(places, kind, frames[scene])
    return rows


def _in_image(
    ties: Sequence[Ties], scene: int, frame: Frame, move: FloatArray, kind: str
) -> Affine:
    """A move on the ground, in the scene's own pixels."""
    places, grounds = _points(ties, scene)
    if not len(places):
        return Affine.identity()
    metres = design(places, kind, frame) @ move
    pixels = np.asarray(np.linalg.solve(grounds, metres[:, :, None])[:, :, 0], dtype=np.float64)
    return matrix_of(least_squares(design(places, kind, frame), pixels), frame)
