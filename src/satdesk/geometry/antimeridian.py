"""Polygons that cross the antimeridian: their longitudes run on, beyond 180 degrees.

GeoJSON has them cut there (RFC 7946, 3.1.9). In two pieces at the two ends of the map their bounds
would go round the Earth, and their middle lie on the other side of it.
"""

from __future__ import annotations

import shapely
from shapely.affinity import translate
from shapely.geometry.base import BaseGeometry

__all__ = ["joined"]


def joined(geometry: BaseGeometry) -> BaseGeometry:
    """`geometry` with its western pieces east of 180°, where that makes it the narrower one.

    Args:
        geometry: Longitude/latitude degrees.
    """
    pieces = shapely.get_parts(geometry)
    moved = [translate(one, xoff=360.0) if one.bounds[2] <= 0 else one for one in pieces]
    whole = shapely.union_all(moved)
    return whole if _width(whole) < min(_width(geometry), 180.0) else geometry


def _width(geometry: BaseGeometry) -> float:
    west, _, east, _ = geometry.bounds
    return float(east - west)
