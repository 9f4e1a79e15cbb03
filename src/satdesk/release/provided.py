"""What the provider's own masks say of a scene, on the grid on which its cover is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from odc.geo.geobox import GeoBox

from satdesk.core.cover import Cover
from satdesk.core.layer import Layer
from satdesk.core.scene import MaskFile, Scene, SourceImage
from satdesk.errors import MissingInputError, UndeclaredInputError
from satdesk.files.mask_layers import MASK_KINDS, mask_layer
from satdesk.products.ortho import Ortho, Warped
from satdesk.radiometry.cover_combined import Answer
from satdesk.release.ground import Ground

__all__ = ["Provided", "provided"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Provided:
    """What the provider says.

    Attributes:
        answer: Flags of all masks that were read.
        facts: JSON-ready: which files were read and which were not.
    """

    answer: Answer
    facts: dict[str, Any]


def provided(scene: Scene, image: SourceImage, cells: GeoBox, ground: Ground) -> Provided:
    """The provider's masks of the image that is used, else of the scene.

    Args:
        scene: Whose.
        image: Whose masks go before those of the scene's other images.
        cells: Where the flags are wanted.
        ground: Carries the terrain for an image in sensor geometry.

    Raises:
        MissingInputError: The delivery has no mask that tells of cloud.
        InputError: A mask is broken.
    """
    chosen = _chosen(scene, image, alone=cells.crs is None)
    if not any(Cover.CLOUD in MASK_KINDS[mask.kind] for mask in chosen):
        raise MissingInputError(
            "the delivery has no mask of clouds",
            subject=scene.id,
            found=", ".join(sorted({mask.kind for mask in scene.masks})) or "no mask",
            expected="cloud or scene_classification",
            remedy='take method = "classical"',
        )
    shape = (int(cells.shape[0]), int(cells.shape[1]))
    flags, known, told = np.zeros(shape, np.uint8), np.ones(shape, np.bool_), Cover(0)
    for mask in chosen:
        placed = _placed(mask_layer(mask, _image_of(scene, mask)), scene, mask, cells, ground)
        read = placed.read(cells)
        flags |= np.where(read.valid, read.values[0], np.uint8(0))
        known &= read.valid
        for flag in MASK_KINDS[mask.kind]:
            told |= flag
    return Provided(
        answer=Answer(flags=np.where(known, flags, np.uint8(0)), told=told, known=known),
        facts={
            "read": [f"{mask.kind}: {mask.path.name}" for mask in chosen],
            "not_read": sorted({mask.kind for mask in scene.masks if mask.kind not in MASK_KINDS}),
        },
    )


def _chosen(scene: Scene, image: SourceImage, *, alone: bool) -> list[MaskFile]:
    """One mask of each kind: of the scene's classes alone where there are any.

    `alone` takes none that is drawn on the pixels of another image.
    """
    usable = [
        mask
        for mask in scene.masks
        if mask.kind in MASK_KINDS and (mask.image_id == image.id or not alone)
    ]
    classes = [mask for mask in usable if mask.kind == "scene_classification"]
    if classes:
        return classes[:1]
    chosen: dict[str, MaskFile] = {}
    for mask in sorted(usable, key=lambda mask: mask.image_id != image.id):
        chosen.setdefault(mask.kind, mask)
    return list(chosen.values())


def _image_of(scene: Scene, mask: MaskFile) -> SourceImage:
    return scene.image(mask.image_id)


def _placed(layer: Layer, scene: Scene, mask: MaskFile, cells: GeoBox, ground: Ground) -> Layer:
    if layer.grid.crs is not None:
        return Warped(source=layer, grid=cells, kernel="nearest")
    model = _image_of(scene, mask).model
    if cells.crs is None:
        return layer
    if model is None or ground.terrain is None:
        raise UndeclaredInputError(
            "a mask in sensor geometry needs its camera and a terrain", subject=mask.path
        )
    return Ortho(source=layer, model=model, terrain=ground.terrain, grid=cells, kernel="nearest")
