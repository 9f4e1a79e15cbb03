"""The cover of a scene: measured once, on blocks of the release's pixels, before one is written."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from odc.geo.geobox import GeoBox

from satdesk.core.layer import Layer
from satdesk.core.scene import SourceImage
from satdesk.errors import InputError, UsageError
from satdesk.products.covered import Covered, CoverMap
from satdesk.products.registered import Registered, Relabelled
from satdesk.release.composition import Composition, Parts
from satdesk.release.content import Notice
from satdesk.release.cover_around import told_around
from satdesk.release.ground import Ground
from satdesk.release.recipe import TerrainChoice
from satdesk.release.scene_cover import SceneCover
from satdesk.release.scenes import can_calibrate, pan_and_ms

__all__ = ["covered", "scene_cover"]


def covered(
    made: Composition,
    grid: GeoBox,
    ground: Ground,
    methods: tuple[str, ...],
    terrain: TerrainChoice | None = None,
) -> Composition:
    """`made` with its cover by `methods`, laid where its picture was laid; see `scene_cover`."""
    cover = scene_cover(made.parts, grid, ground, methods, terrain)
    registration = _registration(made.layer)
    if cover.layer is not None and registration is not None:
        moved = Registered(source=cover.layer, registration=registration, kernel="nearest")
        cover = replace(cover, layer=moved)
    facts = (*made.facts, ("cover", cover.facts))
    return replace(made, cover=cover, facts=facts, notices=(*made.notices, *cover.notices))


def _registration(layer: Layer) -> Any:  # noqa: ANN401 - a Registration or None
    return layer.registration if isinstance(layer, Registered | Relabelled) else None


def scene_cover(
    parts: Parts,
    grid: GeoBox,
    ground: Ground,
    methods: tuple[str, ...] = ("classical",),
    terrain: TerrainChoice | None = None,
) -> SceneCover:
    """Flags of a scene on `grid` by `methods` (`cover_sources.METHODS`), or why there are none.

    Args:
        parts: Of the scene.
        grid: Where they are wanted.
        ground: Under `grid`.
        methods: At least one.
        terrain: That was named, for the ground around. None = an image in sensor geometry is
            looked at on `grid` alone.
    """
    image = pan_and_ms(parts.scene)[1]
    reason = _hindrance(image, parts)
    if image is None or reason is not None:
        return _unmeasured(reason or "")
    try:
        told, looked = told_around(image, parts, grid, ground, methods, terrain)
    except (UsageError, InputError) as error:
        return _unmeasured(str(error))
    cover = CoverMap(flags=told.answer.flags, known=told.answer.known)
    layer = Covered(cover=cover, ratio=looked.ratio, grid=grid)
    facts = {**told.facts, "looked_around_m": round(looked.around_m)}
    return SceneCover(layer=layer, facts=facts, notices=told.notices)


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
