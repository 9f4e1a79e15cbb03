"""The cover of a scene: measured once, on blocks of the release's pixels, before one is written."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from satdesk.core.cover import Cover
from satdesk.core.layer import Layer
from satdesk.core.raster import Raster
from satdesk.core.scene import SourceImage
from satdesk.core.units import Quantity
from satdesk.errors import UsageError
from satdesk.geometry.frames import lonlat_of_grid, pixel_size_m
from satdesk.geometry.sunlight import shaded_by_relief
from satdesk.products.covered import Covered, CoverMap
from satdesk.products.registered import Registered, Relabelled
from satdesk.radiometry.cloud_shadows import Sighting
from satdesk.radiometry.cover_found import CoverFound, Picture, find_cover
from satdesk.release.composition import Composition, Parts, placed
from satdesk.release.content import Notice
from satdesk.release.ground import Ground, source_gsd_m
from satdesk.release.scene_cover import SceneCover
from satdesk.release.scenes import can_calibrate, pan_and_ms
from satdesk.release.slants import sun_slant, view_slant

__all__ = ["cover_grid", "covered", "scene_cover"]

_MOST_CELLS = 8_000_000
_NAMES = {
    "cloud": Cover.CLOUD,
    "cloud_shadow": Cover.CLOUD_SHADOW,
    "snow_or_cloud": Cover.SNOW,
    "terrain_shadow": Cover.TERRAIN_SHADOW,
    "saturated": Cover.SATURATED,
}


def covered(made: Composition, grid: GeoBox, ground: Ground) -> Composition:
    """`made` with its cover, laid where its picture was laid."""
    cover = scene_cover(made.parts, grid, ground)
    registration = _registration(made.layer)
    if cover.layer is not None and registration is not None:
        moved = Registered(source=cover.layer, registration=registration, kernel="nearest")
        cover = replace(cover, layer=moved)
    facts = (*made.facts, ("cover", cover.facts))
    return replace(made, cover=cover, facts=facts, notices=(*made.notices, *cover.notices))


def _registration(layer: Layer) -> Any:  # noqa: ANN401 - a Registration or None
    return layer.registration if isinstance(layer, Registered | Relabelled) else None


def scene_cover(parts: Parts, grid: GeoBox, ground: Ground) -> SceneCover:
    """Flags of a scene on `grid`, or why there are none."""
    image = pan_and_ms(parts.scene)[1]
    reason = _hindrance(image, parts)
    if image is None or reason is not None:
        return _unmeasured(reason or "")
    ratio, cells = cover_grid(grid, source_gsd_m(image))
    raster = _reflectance(image, parts, cells, ground)
    try:
        picture = _picture(raster, image, parts, ground)
        found = find_cover(picture)
    except UsageError as error:
        return _unmeasured(str(error))
    layer = Covered(cover=CoverMap(flags=found.flags, known=raster.valid), ratio=ratio, grid=grid)
    return SceneCover(layer=layer, facts=_facts(found, picture))


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


def _reflectance(image: SourceImage, parts: Parts, cells: GeoBox, ground: Ground) -> Raster:
    quantity = Quantity.BOA if image.quantity is Quantity.BOA else Quantity.TOA
    return placed(image, replace(parts, quantity=quantity), cells, ground, "bilinear").read(cells)


def _picture(raster: Raster, image: SourceImage, parts: Parts, ground: Ground) -> Picture:
    cells = raster.grid
    sun, view = sun_slant(parts.scene, cells), view_slant(parts.scene, image, cells)
    heights = _heights(cells, ground)
    sighting = shaded = None
    if sun is not None and heights is not None:
        shaded = shaded_by_relief(heights, sun)
    if sun is not None and view is not None:
        level = np.zeros(tuple(cells.shape), np.float32) if heights is None else heights
        sighting = Sighting(heights=_filled(level), sun=sun, view=view)
    return Picture(
        planes={b.name: plane for b, plane in zip(raster.bands, raster.values, strict=True)},
        valid=raster.valid,
        pixel_m=math.sqrt(math.prod(pixel_size_m(cells))),
        saturated=_saturated(image, parts, cells, ground),
        shaded=shaded,
        sighting=sighting,
    )


def _saturated(
    image: SourceImage, parts: Parts, cells: GeoBox, ground: Ground
) -> NDArray[np.bool_] | None:
    """Where the nearest count of a band is at the end of its range; None = nobody states its end.

    Counts, not reflectance: interpolation and other bands would pull the end below itself.
    """
    if image.saturated is None:
        return None
    counts = placed(image, replace(parts, quantity=Quantity.COUNTS), cells, ground, "nearest")
    read = counts.read(cells)
    return np.asarray((read.values >= image.saturated).any(axis=0) & read.valid)


def _heights(cells: GeoBox, ground: Ground) -> NDArray[np.float32] | None:
    if ground.terrain is None:
        return None
    heights = ground.terrain.height(*lonlat_of_grid(cells)).astype(np.float32)
    return heights if np.isfinite(heights).any() else None


def _filled(heights: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.where(np.isfinite(heights), heights, np.float32(np.nanmean(heights)))


def _facts(found: CoverFound, picture: Picture) -> dict[str, Any]:
    """Shares of what is imaged; null where nobody could look, or no height of the clouds fits."""
    seen = max(int(picture.valid.sum()), 1)
    cloudless = picture.sighting is not None and not (found.flags & Cover.CLOUD).any()
    looked = {
        "cloud_shadow": found.cloud_height_m is not None
        or (picture.sighting is not None and cloudless),
        "terrain_shadow": picture.shaded is not None,
        "saturated": picture.saturated is not None,
    }
    shares = {
        name: round(float(((found.flags & flag) > 0).sum()) / seen, 6)
        if looked.get(name, True)
        else None
        for name, flag in _NAMES.items()
    }
    height = found.cloud_height_m
    return {
        "method": "classical",
        "pixel_m": round(picture.pixel_m, 2),
        "shares_of_imaged": shares,
        "cloud_height_m": None if height is None else round(height, 1),
    }
