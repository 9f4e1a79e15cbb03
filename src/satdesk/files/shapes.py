"""Outlines of what a mask marks."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio import features
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

__all__ = ["outlines"]


def outlines(where: NDArray[np.bool_], grid: GeoBox) -> tuple[BaseGeometry, ...]:
    """The pieces that `where` marks as valid polygons along pixels, in the grid's CRS.

    Args:
        where: ``(y, x)``; pieces hold together over corners, as in `geometry.pieces.sieved`.
        grid: Of the mask.

    Returns:
        In the order of their first pixels, row by row; holes are holes.
    """
    found = features.shapes(
        where.astype(np.uint8), mask=where, connectivity=8, transform=grid.affine
    )
    return tuple(shapely.make_valid(shape(geometry)) for geometry, _ in found)
