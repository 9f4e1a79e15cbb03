"""The world's own plane: metres east and north of its origin, a fixed multiple of the degrees.

A plate carrée. It is exact and cheap both ways, and what is bilinear in the plane is bilinear in
longitude and latitude too, so that the world's relief and the DEM written from it are one surface.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from satdesk.simulate.earth import geocentric

__all__ = ["Plane"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plane:
    """Metres around an origin; true to scale there, and to 1 in 1,000 within a few kilometres.

    Attributes:
        lon_deg: Of the origin.
        lat_deg: Of the origin.
    """

    lon_deg: float
    lat_deg: float

    @property
    def metres_a_degree(self) -> tuple[float, float]:
        """Metres on the ellipsoid per degree of longitude and of latitude, at the origin."""
        nudge = 1e-4
        lon = np.array([self.lon_deg, self.lon_deg + nudge, self.lon_deg])
        lat = np.array([self.lat_deg, self.lat_deg, self.lat_deg + nudge])
        origin, east, north = geocentric(lon, lat, np.zeros(3))
        return (
            float(np.linalg.norm(east - origin) / nudge),
            float(np.linalg.norm(north - origin) / nudge),
        )

    def from_lonlat(self, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
        """``x, y`` in metres of ``lon, lat`` in degrees."""
        east, north = self.metres_a_degree
        return (lon - self.lon_deg) * east, (lat - self.lat_deg) * north

    def to_lonlat(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """``lon, lat`` in degrees of ``x, y`` in metres."""
        east, north = self.metres_a_degree
        return self.lon_deg + x / east, self.lat_deg + y / north
