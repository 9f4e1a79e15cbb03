"""Counts to radiance to reflectance, and back; where the sun stood.

Every number comes from the bundle. The sun's own position is computed here only where a provider
states none, and its distance, which nobody needs to state, from the date.
"""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, time

import numpy as np
from numpy.typing import ArrayLike, NDArray

from satdesk.core.units import REFLECTANCE_SCALE
from satdesk.errors import UsageError

__all__ = [
    "counts_to_radiance",
    "counts_to_reflectance",
    "decode_reflectance",
    "encode_reflectance",
    "landsat_surface",
    "landsat_toa",
    "radiance_to_counts",
    "radiance_to_toa",
    "reflectance_to_counts",
    "sun_distance_au",
    "sun_position",
    "toa_to_radiance",
]

_J2000 = datetime(2000, 1, 1, 12, tzinfo=UTC)
_DELTA_T_S = 69.0
"""TT − UT1 in seconds, 2013–2026 within 2 s; the sun moves 1e-5 degrees in a second."""
_STORED_TOP = 65_535


def counts_to_radiance(counts: ArrayLike, *, gain: float, bias: float = 0.0) -> NDArray[np.float64]:
    """Radiance ``L = counts / gain + bias`` in W m⁻² sr⁻¹ µm⁻¹.

    Source: Airbus DS, Pléiades Imagery User Guide and SPOT 6/7 user guide, radiometric
    calibration: ``L = DN / GAIN + BIAS``.

    Args:
        counts: Digital numbers, any shape.
        gain: Counts per unit of radiance.
        bias: Radiance at count zero.

    Returns:
        Same shape; NaN stays NaN.
    """
    return np.asarray(counts, dtype=np.float64) / gain + bias


def radiance_to_counts(
    radiance: ArrayLike, *, gain: float, bias: float = 0.0
) -> NDArray[np.float64]:
    """Inverse of `counts_to_radiance`; not rounded."""
    return (np.asarray(radiance, dtype=np.float64) - bias) * gain


def radiance_to_toa(
    radiance: ArrayLike, *, irradiance: float, sun_elevation_deg: float, sun_distance_au: float
) -> NDArray[np.float64]:
    """Top-of-atmosphere reflectance ``ρ = π L d² / (E0 cos θs)``.

    Source: the same guides; θs is the sun's zenith angle, 90° minus its elevation.

    Args:
        radiance: W m⁻² sr⁻¹ µm⁻¹, any shape.
        irradiance: E0 of the band at 1 au, W m⁻² µm⁻¹.
        sun_elevation_deg: Above the horizon at the target, > 0.
        sun_distance_au: Earth to sun.

    Returns:
        Reflectance, same shape, 1.0 = a perfect white diffuser; NaN stays NaN.

    Raises:
        UsageError: The sun does not stand above the horizon.
    """
    factor = _toa_factor(irradiance, sun_elevation_deg, sun_distance_au)
    return np.asarray(radiance, dtype=np.float64) * factor


def toa_to_radiance(
    reflectance: ArrayLike, *, irradiance: float, sun_elevation_deg: float, sun_distance_au: float
) -> NDArray[np.float64]:
    """Inverse of `radiance_to_toa`."""
    factor = _toa_factor(irradiance, sun_elevation_deg, sun_distance_au)
    return np.asarray(reflectance, dtype=np.float64) / factor


def _toa_factor(irradiance: float, sun_elevation_deg: float, sun_distance_au: float) -> float:
    _require_sun(sun_elevation_deg)
    return math.pi * sun_distance_au**2 / (irradiance * math.sin(math.radians(sun_elevation_deg)))


def _require_sun(sun_elevation_deg: float) -> None:
    if not 0 < sun_elevation_deg <= 90:
        raise UsageError(
            "reflectance needs a sun above the horizon",
            found=f"{sun_elevation_deg:g} degrees",
            expected="more than 0, at most 90 degrees",
            remedy="check the sun's elevation in the metadata, or keep counts",
        )


def counts_to_reflectance(
    counts: ArrayLike, *, quantification: float, offset: float = 0.0
) -> NDArray[np.float64]:
    """Reflectance ``ρ = (counts + offset) / quantification``, as Sentinel-2 states it.

    Source: ESA, Sentinel-2 Products Specification Document, issue 14.9: QUANTIFICATION_VALUE and,
    from processing baseline 04.00, RADIO_ADD_OFFSET (L1C) or BOA_ADD_OFFSET (L2A).

    Args:
        counts: Digital numbers, any shape.
        quantification: Counts per unit of reflectance.
        offset: Added to the counts first (−1000 from baseline 04.00).

    Returns:
        Reflectance, same shape; NaN stays NaN.
    """
    return (np.asarray(counts, dtype=np.float64) + offset) / quantification


def reflectance_to_counts(
    reflectance: ArrayLike, *, quantification: float, offset: float = 0.0
) -> NDArray[np.float64]:
    """Inverse of `counts_to_reflectance`; not rounded."""
    return np.asarray(reflectance, dtype=np.float64) * quantification - offset


def landsat_toa(
    counts: ArrayLike, *, mult: float, add: float, sun_elevation_deg: float
) -> NDArray[np.float64]:
    """Top-of-atmosphere reflectance ``(mult · counts + add) / sin(elevation)`` of Landsat Level 1.

    The distance of the sun is in the two numbers already.

    Source: USGS, Landsat 8-9 Level 1 Data Format Control Book, LSDS-1822: REFLECTANCE_MULT_BAND_x
    and REFLECTANCE_ADD_BAND_x.

    Args:
        counts: Digital numbers, any shape; 0 is fill and must be masked before.
        mult: Usually 2.0e-5.
        add: Usually −0.1.
        sun_elevation_deg: At the scene's centre, > 0.

    Raises:
        UsageError: The sun does not stand above the horizon.
    """
    _require_sun(sun_elevation_deg)
    scaled = np.asarray(counts, dtype=np.float64) * mult + add
    return np.asarray(scaled / math.sin(math.radians(sun_elevation_deg)))


def landsat_surface(counts: ArrayLike) -> NDArray[np.float64]:
    """Surface reflectance ``0.0000275 · counts − 0.2`` of Landsat Collection 2 Level 2.

    Source: USGS, Landsat 8-9 Collection 2 Level 2 Science Product Guide, LSDS-1619. 0 is fill and
    must be masked before; NaN stays NaN.
    """
    return np.asarray(np.asarray(counts, dtype=np.float64) * 2.75e-5 - 0.2)


def encode_reflectance(
    reflectance: ArrayLike, valid: NDArray[np.bool_] | None = None
) -> NDArray[np.uint16]:
    """Reflectance × 10 000 in uint16; 0 = nodata, usable values from 1 to 65 535.

    A usable reflectance of zero or less becomes 1, so that a shadow is never mistaken for nodata;
    6.5535 and more becomes 65 535.

    Args:
        reflectance: Any shape, dimensionless; NaN = not usable.
        valid: True = usable; broadcast against `reflectance`. None = usable wherever not NaN.
    """
    scaled = np.asarray(reflectance, dtype=np.float64) * REFLECTANCE_SCALE
    usable = ~np.isnan(scaled) if valid is None else ~np.isnan(scaled) & valid
    stored = np.clip(np.rint(np.where(usable, scaled, 0.0)), 1, _STORED_TOP)
    return np.where(usable, stored, 0).astype(np.uint16)


def decode_reflectance(stored: NDArray[np.uint16]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Reflectance and usability (same shape, True = usable) of what `encode_reflectance` wrote."""
    return (stored / np.float32(REFLECTANCE_SCALE)).astype(np.float32), stored != 0


def sun_distance_au(when: datetime | date) -> float:
    """Distance of the Earth from the sun in astronomical units, to 1e-4 au.

    Source: J. Meeus, Astronomical Algorithms, 2nd ed. 1998, chapter 25, formula 25.5. What it
    leaves out (the moon's pull on the Earth, the planets) moves the Earth by up to 7e-5 au.

    Args:
        when: Aware instant, or a day, which stands for its noon in UTC (then within 2.5e-4 au of
            any moment of that day: reflectance changes by 0.05 % at most).

    Raises:
        UsageError: A naive instant.
    """
    t = _julian_centuries(when)
    eccentricity = _eccentricity(t)
    anomaly = math.radians(_mean_anomaly_deg(t) + _center_deg(t))
    return 1.000001018 * (1 - eccentricity**2) / (1 + eccentricity * math.cos(anomaly))


def sun_position(instant: datetime, lon: float, lat: float) -> tuple[float, float]:
    """Elevation and azimuth of the sun, degrees, to 0.01°.

    For a place whose provider states no sun. Geometric: without refraction, as providers state it.

    Source: J. Meeus, Astronomical Algorithms, 2nd ed. 1998: chapter 25 (low accuracy), 22.2 for
    the obliquity, 12.4 for sidereal time, 13.5 and 13.6 for the horizon.

    Args:
        instant: Aware.
        lon: Degrees, east positive.
        lat: Geodetic, degrees, north positive.

    Returns:
        ``elevation_deg, azimuth_deg``; the azimuth clockwise from north, 0 ≤ azimuth < 360.

    Raises:
        UsageError: A naive instant.
    """
    t = _julian_centuries(instant)
    right_ascension, declination = _sun_equatorial(t)
    hour_angle = math.radians(_sidereal_deg(t) + lon) - right_ascension
    phi = math.radians(lat)
    elevation = math.asin(
        math.sin(phi) * math.sin(declination)
        + math.cos(phi) * math.cos(declination) * math.cos(hour_angle)
    )
    azimuth = math.atan2(
        math.sin(hour_angle),
        math.cos(hour_angle) * math.sin(phi) - math.tan(declination) * math.cos(phi),
    )
    return math.degrees(elevation), (math.degrees(azimuth) + 180.0) % 360.0


def _julian_centuries(when: datetime | date) -> float:
    """UT centuries since J2000."""
    if not isinstance(when, datetime):
        when = datetime.combine(when, time(12), tzinfo=UTC)
    if when.utcoffset() is None:
        raise UsageError(
            "the sun needs an aware instant",
            found=when.isoformat(),
            expected="an instant with its offset from UTC",
        )
    return (when - _J2000).total_seconds() / 86_400 / 36_525


def _dynamical(t: float) -> float:
    return t + _DELTA_T_S / 86_400 / 36_525


def _mean_anomaly_deg(t: float) -> float:
    t = _dynamical(t)
    return 357.52911 + 35999.05029 * t - 0.0001537 * t * t


def _eccentricity(t: float) -> float:
    return 0.016708634 - 0.000042037 * t - 0.0000001267 * t * t


def _center_deg(t: float) -> float:
    """Equation of the centre: true minus mean anomaly."""
    anomaly = math.radians(_mean_anomaly_deg(t))
    return (
        (1.914602 - 0.004817 * t - 0.000014 * t * t) * math.sin(anomaly)
        + (0.019993 - 0.000101 * t) * math.sin(2 * anomaly)
        + 0.000289 * math.sin(3 * anomaly)
    )


def _node_rad(t: float) -> float:
    """Ascending node of the moon, which drives nutation."""
    return math.radians(125.04 - 1934.136 * t)


def _obliquity_deg(t: float) -> float:
    """True obliquity of the ecliptic, nutation included."""
    mean = 23.439291 - 0.0130042 * t - 1.64e-7 * t * t
    return mean + 0.00256 * math.cos(_node_rad(t))


def _sun_equatorial(t: float) -> tuple[float, float]:
    """Apparent right ascension and declination, radians."""
    td = _dynamical(t)
    mean_longitude = 280.46646 + 36000.76983 * td + 0.0003032 * td * td
    # aberration (−0.00569) and nutation in longitude
    apparent = mean_longitude + _center_deg(t) - 0.00569 - 0.00478 * math.sin(_node_rad(t))
    longitude, obliquity = math.radians(apparent), math.radians(_obliquity_deg(t))
    right_ascension = math.atan2(math.cos(obliquity) * math.sin(longitude), math.cos(longitude))
    return right_ascension, math.asin(math.sin(obliquity) * math.sin(longitude))


def _sidereal_deg(t: float) -> float:
    """Apparent sidereal time at Greenwich."""
    mean = 280.46061837 + 360.98564736629 * t * 36_525 + 0.000387933 * t * t
    nutation = -0.00478 * math.sin(_node_rad(t)) * math.cos(math.radians(_obliquity_deg(t)))
    return mean + nutation
