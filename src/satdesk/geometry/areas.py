"""Areas on the ellipsoid."""

from __future__ import annotations

import pyproj
from shapely.geometry.base import BaseGeometry
from shapely.geometry.polygon import orient

__all__ = ["area_km2"]

_GEOD = pyproj.Geod(ellps="WGS84")


def area_km2(geometry: BaseGeometry) -> float:
    """Geodesic area in km² of a polygon in longitude/latitude degrees (Karney 2013, by PROJ)."""
    parts = getattr(geometry, "geoms", (geometry,))
    return float(sum(_GEOD.geometry_area_perimeter(orient(part))[0] for part in parts)) / 1e6
