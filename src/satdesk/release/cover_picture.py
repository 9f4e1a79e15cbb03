"""A scene as the rules for cloud, shadow and snow want it: on a grid of about its MS pixels."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from satdesk.core.raster import Raster
from satdesk.core.scene import SourceImage
from satdesk.core.units import Quantity
from satdesk.files.rasters import ImageLayer
from satdesk.geometry.frames import lonlat_of_grid, pixel_size_m
from satdesk.geometry.grids import subgrid
from satdesk.geometry.sunlight import shaded_by_relief
from satdesk.radiometry.cloud_shadows import Sighting
from satdesk.radiometry.picture import Picture
from satdesk.release.composition import Parts, placed, source_layer
from satdesk.release.ground import Ground, source_gsd_m
from satdesk.release.slants import pixel_slants, sun_slant, view_slant

__all__ = ["picture_in_pixels", "picture_of"]

_STRIP_PX = 1024


def picture_of(image: SourceImage, parts: Parts, cells: GeoBox, ground: Ground) -> Picture:
    """The multispectral image on `cells`, with its sun, its line of sight and its relief."""
    raster = _reflectance(image, parts, cells, ground)
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


def picture_in_pixels(image: SourceImage, parts: Parts, ratio: int) -> Picture:
    """The multispectral image in its own geometry, on blocks of ``ratio × ratio`` of its pixels.

    Without a terrain nothing is known of the shadow of relief, and the ground is taken as level.
    """
    layer = source_layer(image, parts)
    rows, cols = (-(-int(size) // ratio) for size in image.grid.shape)
    planes = np.zeros((len(layer.bands), rows, cols), np.float32)
    valid, saturated = np.zeros((rows, cols), np.bool_), np.zeros((rows, cols), np.bool_)
    deep = max(_STRIP_PX // ratio, 1)
    for top in range(0, rows, deep):
        count = min(deep, rows - top)
        window = subgrid(image.grid, top * ratio, 0, (count * ratio, cols * ratio))
        raster = layer.read(window)
        part = slice(top, top + count)
        planes[:, part], valid[part] = _block_means(raster, ratio)
        if image.saturated is not None:
            counts = ImageLayer(image=image, blocks=parts.blocks).read(window)
            ends = (counts.values >= image.saturated).any(axis=0) & counts.valid
            saturated[part] = _blocks(ends, ratio).any(axis=(1, 3))
    slants = pixel_slants(parts.scene, image)
    return Picture(
        planes={band.name: plane for band, plane in zip(layer.bands, planes, strict=True)},
        valid=valid,
        pixel_m=source_gsd_m(image) * ratio,
        saturated=None if image.saturated is None else saturated,
        sighting=None
        if slants is None
        else Sighting(
            heights=np.zeros((rows, cols), np.float32), sun=slants[0], view=slants[1]
        ).thinned(ratio, heights=False),
    )


def _block_means(raster: Raster, ratio: int) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Means of the usable pixels of blocks, and whether most of a block is usable."""
    usable = _blocks(raster.valid, ratio).sum(axis=(1, 3))
    sums = [_blocks(np.where(raster.valid, v, 0), ratio).sum(axis=(1, 3)) for v in raster.values]
    means = np.stack(sums) / np.maximum(usable, 1)
    return means.astype(np.float32), usable * 2 > ratio * ratio


def _blocks(plane: NDArray[Any], ratio: int) -> NDArray[Any]:
    rows, cols = plane.shape
    return plane.reshape(rows // ratio, ratio, cols // ratio, ratio)


def _reflectance(image: SourceImage, parts: Parts, cells: GeoBox, ground: Ground) -> Raster:
    quantity = Quantity.BOA if image.quantity is Quantity.BOA else Quantity.TOA
    return placed(image, replace(parts, quantity=quantity), cells, ground, "bilinear").read(cells)


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
