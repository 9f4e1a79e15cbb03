"""Scenes tied to each other: every pair that shows enough places in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from satdesk.core.scene import Scene, SourceImage
from satdesk.core.sensor import FloatArray, Terrain
from satdesk.errors import DisjointInputError, LimitError
from satdesk.geometry.affine import mapped
from satdesk.geometry.checkpoints import ground_per_pixel
from satdesk.geometry.refine import LEAST_POINTS
from satdesk.geometry.refine_block import Block, Ties
from satdesk.release.content import Notice
from satdesk.release.refinement_match import tie_points
from satdesk.release.refinement_points import Observed, model_of

__all__ = ["AdjustedScenes", "Pair", "tied"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pair:
    """Two scenes and their ties.

    Attributes:
        observed: As the second scene sees them; what its model predicts is where the first has it.
        first_colrow: ``(n, 2)`` pixels of the first image's file.
        ties: For `geometry.refine_block`.
    """

    observed: Observed
    first_colrow: FloatArray
    ties: Ties


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AdjustedScenes:
    """A block and what it is of.

    Attributes:
        scenes: In the order in which `block` counts them.
        images: The image of each that was tied.
        pairs: As `block` counts them.
        block: The corrections.
        kind: ``shift``, ``drift`` or ``affine``.
        held: Numbers of the scenes that stay.
    """

    scenes: tuple[Scene, ...]
    images: tuple[SourceImage, ...]
    pairs: tuple[Pair, ...]
    block: Block
    kind: str
    held: tuple[int, ...]


def tied(
    scenes: Sequence[Scene], images: Sequence[SourceImage], terrain: Terrain, kind: str
) -> tuple[tuple[Pair, ...], tuple[Notice, ...]]:
    """Every pair with enough ties, and what has to be said of others.

    Raises:
        DisjointInputError: A scene shows nothing that another one does.
        LimitError: ``refine-too-few-points``: a scene has too few ties with any other.
    """
    pairs: list[Pair] = []
    notices: list[Notice] = []
    counted: dict[int, int] = {}
    for first, second in combinations(range(len(images)), 2):
        pair = _pair(images, first, second, terrain)
        n = len(pair.observed.ids)
        counted.update({k: max(counted.get(k, 0), n) for k in (first, second)})
        if n >= LEAST_POINTS[kind]:
            pairs.append(pair)
        elif n:
            text = (
                f"{scenes[first].id} and {scenes[second].id} show only {n} places in common that "
                "could be matched; they were not tied to each other."
            )
            notices.append(Notice(code="untied", text=text))
    joined = {k for pair in pairs for k in (pair.ties.first, pair.ties.second)}
    for number, scene in enumerate(scenes):
        if number not in joined:
            raise _untied(scene, counted.get(number, 0), kind)
    return tuple(pairs), tuple(notices)


def _untied(scene: Scene, count: int, kind: str) -> DisjointInputError | LimitError:
    if not count:
        return DisjointInputError(
            "a scene shows nothing that another scene of the block shows",
            subject=scene.id,
            found="no place that could be matched",
            expected="scenes that overlap",
            remedy="leave it out, or add a scene between",
        )
    return LimitError(
        f"too few ties for the model {kind}",
        rule="refine-too-few-points",
        measured=LEAST_POINTS[kind] - count,
        limit=0,
        unit="points lacking",
        found=f"{count} with any other scene",
        expected=f"at least {LEAST_POINTS[kind]}",
        subject=scene.id,
        remedy="add scenes that overlap more, or choose a simpler --model",
    )


def _pair(images: Sequence[SourceImage], first: int, second: int, terrain: Terrain) -> Pair:
    observed = tie_points(images[first], images[second], terrain)
    lon, lat = observed.lonlat.T
    models = [model_of(images[k]) for k in (first, second)]
    shown = np.column_stack(models[0].project(lon, lat, observed.height_m))
    return Pair(
        observed=observed,
        first_colrow=np.column_stack(mapped(~images[first].grid.affine, *shown.T)),
        ties=Ties(
            first=first,
            second=second,
            predicted_first=shown,
            predicted_second=observed.predicted,
            seen_first=shown,
            seen_second=observed.measured,
            per_pixel_first=ground_per_pixel(models[0], shown, observed.height_m),
            per_pixel_second=ground_per_pixel(models[1], observed.predicted, observed.height_m),
        ),
    )
