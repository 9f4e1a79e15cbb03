"""A scene as the rules for cloud, shadow and snow want it: on a grid of about its MS pixels."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from satdesk.core.raster import Raster
from satdesk.core.scene import SourceImage
from satdesk.core.units import Quantity
from satdesk.geometry.frames import lonlat_of_grid, pixel_size_m
from satdesk.geometry.sunlight import shaded_by_relief
from satdesk.radiometry.cloud_shadows import Sighting
from satdesk.radiometry.cover_found import Picture
from satdesk.release.composition import Parts, placed
from satdesk.release.ground import Ground
from satdesk.release.slants import sun_slant, view_slant

__all__ = ["picture_of"]


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
