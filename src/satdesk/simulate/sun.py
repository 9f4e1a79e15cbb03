"""Where the sun stands (low-precision formulae of the *Astronomical Almanac*, page C5: 0.01°)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

__all__ = ["Sun", "sun_at"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sun:
    """The sun as seen from a place.

    Attributes:
        elevation_deg: Above the horizon, without refraction.
        azimuth_deg: Clockwise from north.
        distance_au: Between earth and sun.
    """

    elevation_deg: float
    azimuth_deg: float
    distance_au: float

    @property
    def towards(self) -> tuple[float, float]:
        """Metres to the east and to the north that the way to the sun covers for each metre up."""
        away = 1 / np.tan(np.radians(self.elevation_deg))
        azimuth = np.radians(self.azimuth_deg)
        return float(away * np.sin(azimuth)), float(away * np.cos(azimuth))


def sun_at(instant: datetime, lon_deg: float, lat_deg: float) -> Sun:
    """The sun at an aware instant over a place."""
    days = (instant - datetime(2000, 1, 1, 12, tzinfo=UTC)).total_seconds() / 86400
    anomaly = np.radians(357.528 + 0.9856003 * days)
    mean_longitude = 280.460 + 0.9856474 * days
    ecliptic = np.radians(mean_longitude + 1.915 * np.sin(anomaly) + 0.020 * np.sin(2 * anomaly))
    tilt = np.radians(23.439 - 0.0000004 * days)
    ascension = np.arctan2(np.cos(tilt) * np.sin(ecliptic), np.cos(ecliptic))
    declination = np.arcsin(np.sin(tilt) * np.sin(ecliptic))
    sidereal = np.radians(280.46062 + 360.985647366 * days + lon_deg)
    hour = sidereal - ascension
    phi = np.radians(lat_deg)
    up = np.sin(phi) * np.sin(declination) + np.cos(phi) * np.cos(declination) * np.cos(hour)
    east = -np.cos(declination) * np.sin(hour)
    north = np.cos(phi) * np.sin(declination) - np.sin(phi) * np.cos(declination) * np.cos(hour)
    return Sun(
        elevation_deg=float(np.degrees(np.arcsin(up))),
        azimuth_deg=float(np.degrees(np.arctan2(east, north)) % 360),
        distance_au=float(1.00014 - 0.01671 * np.cos(anomaly) - 0.00014 * np.cos(2 * anomaly)),
    )
