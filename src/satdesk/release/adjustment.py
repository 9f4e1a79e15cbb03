"""The job of ``satdesk adjust``: overlapping scenes laid on each other, one refinement for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shapely import union_all

from satdesk.core.scene import Scene, SourceImage
from satdesk.core.sensor import Terrain
from satdesk.errors import LimitError, UndeclaredInputError, UsageError
from satdesk.files.rasters import require_pixels
from satdesk.geometry.refine_block import Block
from satdesk.geometry.refine_settle import settled_block
from satdesk.release.acceptance import Acceptance
from satdesk.release.adjustment_document import adjustment_document
from satdesk.release.adjustment_files import write_adjusted
from satdesk.release.adjustment_ties import AdjustedScenes, tied
from satdesk.release.ground import Ground, ground_under, image_outline, measured_pixel_m
from satdesk.release.inputs import scene_files, terrain_files
from satdesk.release.recipe import TerrainChoice
from satdesk.release.refinement import image_to_refine
from satdesk.release.refinement_points import model_of
from satdesk.release.schema import check

__all__ = ["BlockWish", "write_adjustment"]

LIMIT_PX = 1.0
"""Root mean square that the ties may differ by after the adjustment, in the coarsest pixel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockWish:
    """What is to be adjusted, and what is to be written.

    Attributes:
        kind: ``shift``, ``drift`` or ``affine``.
        image_id: The image of each scene; None = PAN, else the first.
        held: Numbers of the scenes that stay.
        out: Folder for the adjustment and a refinement of each scene; None = not written.
        overwrite: Replace what is there.
    """

    kind: str = "shift"
    image_id: str | None = None
    held: tuple[int, ...] = ()
    out: Path | None = None
    overwrite: bool = False


def write_adjustment(
    scenes: Sequence[Scene],
    wish: BlockWish,
    *,
    terrain: TerrainChoice,
    reasons: Mapping[str, str],
    given: tuple[Path, ...] = (),
) -> dict[str, Any]:
    """Tie, adjust, judge, write, and answer as ``adjust.schema.json`` says.

    Raises:
        UsageError: Fewer than two scenes, one of them twice, `wish.out` is there.
        InputError: An input cannot be used, or a scene overlaps no other.
        LimitError: ``refine-too-few-points`` or ``refine-residual``, not accepted.
    """
    _check(scenes, wish)
    images = [image_to_refine(scene, wish.image_id) for scene in scenes]
    ground = _ground(images, terrain)
    acceptance = Acceptance(reasons=reasons)
    terrain_under = _terrain(ground, images[0])
    pairs, told = tied(scenes, images, terrain_under, wish.kind)
    block = settled_block(
        [pair.ties for pair in pairs],
        [pair.observed.height_m for pair in pairs],
        [model_of(image) for image in images],
        terrain_under,
        wish.kind,
        held=wish.held,
    )
    notices = [*ground.notices, *told]
    problem = _residual(block, max(measured_pixel_m(image) for image in images))
    if problem is not None:
        notices.append(acceptance.settle(problem))
    adjusted = AdjustedScenes(
        scenes=tuple(scenes),
        images=tuple(images),
        pairs=pairs,
        block=block,
        kind=wish.kind,
        held=wish.held,
    )
    document = adjustment_document(adjusted, notices)
    inputs = (*(f for s in scenes for f in scene_files(s)), *terrain_files(terrain), *given)
    if wish.out is not None:
        return write_adjusted(document, adjusted, wish.out, overwrite=wish.overwrite, inputs=inputs)
    check(document, "adjust")
    return document


def _check(scenes: Sequence[Scene], wish: BlockWish) -> None:
    if len(scenes) < 2:
        raise UsageError("a block has two scenes or more", found=str(len(scenes)))
    ids = [scene.id for scene in scenes]
    twice = sorted({name for name in ids if ids.count(name) > 1})
    if twice:
        raise UsageError("a scene stands in a block once", found=f"{twice[0]} twice")
    if len(set(wish.held)) >= len(scenes):
        raise UsageError("all scenes are held: there is nothing to adjust")


def _ground(images: Sequence[SourceImage], terrain: TerrainChoice) -> Ground:
    for image in images:
        require_pixels(image)
    area = union_all([image_outline(image, None) for image in images])
    return ground_under(area, terrain, tuple(images))


def _terrain(ground: Ground, image: SourceImage) -> Terrain:
    if ground.terrain is None:
        raise UndeclaredInputError("tying scenes needs a terrain", subject=image.id)
    return ground.terrain


def _residual(block: Block, pixel_m: float) -> LimitError | None:
    rms_px = block.rms_m / pixel_m
    if rms_px <= LIMIT_PX:
        return None
    return LimitError(
        "the scenes still differ after the adjustment",
        rule="refine-residual",
        measured=round(rms_px, 3),
        limit=LIMIT_PX,
        unit="px",
        remedy="check the terrain, or choose a --model with more freedom",
    )
