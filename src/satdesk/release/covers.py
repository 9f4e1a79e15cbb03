"""The cover of a scene: measured once, on blocks of the release's pixels, before one is written."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from affine import Affine
from odc.geo.geobox import GeoBox

from satdesk.core.layer import Layer
from satdesk.core.scene import SourceImage
from satdesk.errors import InputError, UsageError
from satdesk.geometry.frames import pixel_size_m
from satdesk.products.covered import Covered, CoverMap
from satdesk.products.registered import Registered, Relabelled
from satdesk.release.composition import Composition, Parts
from satdesk.release.content import Notice
from satdesk.release.cover_picture import picture_of
from satdesk.release.cover_sources import told_cover
from satdesk.release.ground import Ground, source_gsd_m
from satdesk.release.scene_cover import SceneCover
from satdesk.release.scenes import can_calibrate, pan_and_ms

__all__ = ["cover_grid", "covered", "scene_cover"]

_MOST_CELLS = 3_000_000


def covered(
    made: Composition, grid: GeoBox, ground: Ground, methods: tuple[str, ...]
) -> Composition:
    """`made` with its cover by `methods`, laid where its picture was laid."""
    cover = scene_cover(made.parts, grid, ground, methods)
    registration = _registration(made.layer)
    if cover.layer is not None and registration is not None:
        moved = Registered(source=cover.layer, registration=registration, kernel="nearest")
        cover = replace(cover, layer=moved)
    facts = (*made.facts, ("cover", cover.facts))
    return replace(made, cover=cover, facts=facts, notices=(*made.notices, *cover.notices))


def _registration(layer: Layer) -> Any:  # noqa: ANN401 - a Registration or None
    return layer.registration if isinstance(layer, Registered | Relabelled) else None


def scene_cover(
    parts: Parts, grid: GeoBox, ground: Ground, methods: tuple[str, ...] = ("classical",)
) -> SceneCover:
    """Flags of a scene on `grid` by `methods` (`cover_sources.METHODS`), or why there are none."""
    image = pan_and_ms(parts.scene)[1]
    reason = _hindrance(image, parts)
    if image is None or reason is not None:
        return _unmeasured(reason or "")
    ratio, cells = cover_grid(grid, source_gsd_m(image))
    try:
        picture = picture_of(image, parts, cells, ground)
        told = told_cover(picture, methods, image=image, parts=parts, cells=cells, ground=ground)
    except (UsageError, InputError) as error:
        return _unmeasured(str(error))
    cover = CoverMap(flags=told.answer.flags, known=told.answer.known)
    layer = Covered(cover=cover, ratio=ratio, grid=grid)
    return SceneCover(layer=layer, facts=told.facts, notices=told.notices)


def cover_grid(grid: GeoBox, pixel_m: float) -> tuple[int, GeoBox]:
    """Blocks of whole pixels of `grid`, about as wide as `pixel_m` or, of many, wider.

    Returns:
        Pixels of `grid` along a block, and the grid of the blocks, which may reach beyond `grid`.
    """
    own = math.sqrt(math.prod(pixel_size_m(grid)))
    rows, cols = (int(size) for size in grid.shape)
    ratio = max(round(pixel_m / own), math.ceil(math.sqrt(rows * cols / _MOST_CELLS)), 1)
    shape = (-(-rows // ratio), -(-cols // ratio))
    return ratio, GeoBox(shape, grid.affine @ Affine.scale(ratio), grid.crs)


def _hindrance(image: SourceImage | None, parts: Parts) -> str | None:
    """Why nothing can be told of a scene; None = something can."""
    if image is None:
        return "the scene has no multispectral image"
    if not can_calibrate(image, parts.light):
        return "the counts cannot become reflectance"
    return None


def _unmeasured(reason: str) -> SceneCover:
    notice = Notice(
        code="cover-not-measured", text=f"Cloud and shadow were not measured: {reason}."
    )
    return SceneCover(layer=None, facts={"method": "none", "reason": reason}, notices=(notice,))
