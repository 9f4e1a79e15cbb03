"""A block of scenes, adjusted again where the corrected scenes meet the terrain.

A tie is found where the providers' models put it. There the ground may be higher or lower than
where it truly lies, and in a slanting view that moves it: metres, on a slope under a model that is
wrong by ten. So every tie is followed from the corrected pixel of the one scene to the terrain and
seen from there by the other, and the block is adjusted to what is left, until nothing moves.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np
from affine import Affine

from satdesk.core.sensor import FloatArray, SensorModel, Terrain
from satdesk.geometry.affine import Adjusted, mapped
from satdesk.geometry.checkpoints import ground_per_pixel
from satdesk.geometry.frames import on_terrain
from satdesk.geometry.refine_block import Block, Ties, adjust_block

__all__ = ["settled_block"]

_MOST_PASSES = 6
_SETTLED_M = 0.005


def settled_block(
    ties: Sequence[Ties],
    heights_m: Sequence[FloatArray],
    models: Sequence[SensorModel],
    terrain: Terrain,
    kind: str = "shift",
    *,
    held: Collection[int] = (),
) -> Block:
    """As `refine_block.adjust_block`; residuals are those that are left on the terrain.

    Args:
        ties: At most one for each pair of scenes, as the uncorrected models see them.
        heights_m: Of each of `ties`, ``(n,)`` metres above the ellipsoid where they were found.
        models: One a scene.
        terrain: What the ties were found on. A tie that a correction moves off it, or out of the
            domain of a model, keeps its height.
        kind: ``shift``, ``drift`` or ``affine``.
        held: Numbers of scenes that stay where they are.

    Raises:
        UsageError, LimitError: As `refine_block.adjust_block`.
    """
    now = tuple(ties)
    block = adjust_block(now, len(models), kind, held=held)
    total = block.matrices
    for _ in range(_MOST_PASSES):
        if _moved_m(now, block) < _SETTLED_M:
            break
        corrected = [Adjusted(model=m, matrix=a) for m, a in zip(models, total, strict=True)]
        now = tuple(
            _followed(_carried(tie, block.matrices), height, corrected, terrain)
            for tie, height in zip(now, heights_m, strict=True)
        )
        block = adjust_block(now, len(models), kind, held=held)
        total = tuple(last @ before for last, before in zip(block.matrices, total, strict=True))
    return replace(block, matrices=total)


def _moved_m(ties: Sequence[Ties], block: Block) -> float:
    """The largest move of a tie that the block asks for, metres east or north."""
    moves = [
        (tie.apart_m - left)[used]
        for tie, used, left in zip(ties, block.used, block.residuals_m, strict=True)
    ]
    return float(np.abs(np.concatenate(moves)).max(initial=0.0))


def _carried(tie: Ties, matrices: Sequence[Affine]) -> Ties:
    """The tie under corrected models, on the ground that it had."""
    return replace(
        tie,
        predicted_first=np.column_stack(mapped(matrices[tie.first], *tie.predicted_first.T)),
        predicted_second=np.column_stack(mapped(matrices[tie.second], *tie.predicted_second.T)),
    )


def _followed(
    tie: Ties, height_m: FloatArray, models: Sequence[SensorModel], terrain: Terrain
) -> Ties:
    """The tie where the first scene, corrected, puts it on the terrain, as both see it there."""
    first, second = models[tie.first], models[tie.second]
    col, row = tie.seen_first.T
    lon, lat, height = on_terrain(first, col, row, terrain, start_m=height_m)
    predicted = np.column_stack(second.project(lon, lat, height))
    own = ground_per_pixel(first, tie.seen_first, height)
    other = ground_per_pixel(second, predicted, height)
    numbers = np.column_stack([predicted, own.reshape(-1, 4), other.reshape(-1, 4)])
    known = np.isfinite(numbers).all(axis=1) & np.isfinite(terrain.height(lon, lat))
    there, grounds = known[:, None], known[:, None, None]
    return replace(
        tie,
        predicted_first=np.where(there, tie.seen_first, tie.predicted_first),
        predicted_second=np.where(there, predicted, tie.predicted_second),
        per_pixel_first=np.where(grounds, own, tie.per_pixel_first),
        per_pixel_second=np.where(grounds, other, tie.per_pixel_second),
    )
