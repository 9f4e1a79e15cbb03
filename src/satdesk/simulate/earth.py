"""The WGS 84 ellipsoid in earth-centred coordinates, and where a ray meets it.

Formulae: NIMA TR8350.2 (ellipsoid), Bowring (1976) for the geodetic latitude, iterated.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "EARTH_RATE",
    "GM",
    "MAJOR_AXIS_M",
    "enu_axes",
    "geocentric",
    "geodetic",
    "meet_height",
    "spin",
]

Floats = NDArray[np.float64]

MAJOR_AXIS_M = 6_378_137.0
FLATTENING = 1 / 298.257223563
GM = 3.986004418e14
"""Geocentric gravitational constant, m³ s⁻²."""
EARTH_RATE = 7.292115e-5
"""Rotation of the earth, rad s⁻¹."""

_MINOR_AXIS_M = MAJOR_AXIS_M * (1 - FLATTENING)
_E2 = FLATTENING * (2 - FLATTENING)


def geocentric(lon: Floats, lat: Floats, height: Floats) -> Floats:
    """Earth-centred ``(..., 3)`` metres of ``lon, lat`` in degrees and heights in metres."""
    lam, phi = np.radians(lon), np.radians(lat)
    normal = MAJOR_AXIS_M / np.sqrt(1 - _E2 * np.sin(phi) ** 2)
    x = (normal + height) * np.cos(phi) * np.cos(lam)
    y = (normal + height) * np.cos(phi) * np.sin(lam)
    z = (normal * (1 - _E2) + height) * np.sin(phi)
    return np.stack(np.broadcast_arrays(x, y, z), axis=-1)


def geodetic(points: Floats) -> tuple[Floats, Floats, Floats]:
    """``lon, lat`` in degrees and heights in metres of earth-centred ``(..., 3)`` metres."""
    x, y, z = np.moveaxis(points, -1, 0)
    axis_distance = np.hypot(x, y)
    # The reduced latitude; two rounds of Bowring reach 1e-12 degrees anywhere near the ground.
    reduced = np.arctan2(z, (1 - FLATTENING) * axis_distance)
    for _ in range(2):
        phi = np.arctan2(
            z + _E2 / (1 - _E2) * _MINOR_AXIS_M * np.sin(reduced) ** 3,
            axis_distance - _E2 * MAJOR_AXIS_M * np.cos(reduced) ** 3,
        )
        reduced = np.arctan2((1 - FLATTENING) * np.sin(phi), np.cos(phi))
    normal = MAJOR_AXIS_M / np.sqrt(1 - _E2 * np.sin(phi) ** 2)
    # Stable at every latitude, the poles too.
    height = axis_distance * np.cos(phi) + z * np.sin(phi) - MAJOR_AXIS_M**2 / normal
    return np.degrees(np.arctan2(y, x)), np.degrees(phi), height


def enu_axes(lon_deg: float, lat_deg: float) -> Floats:
    """Rows east, north, up at a place, in earth-centred axes."""
    lam, phi = np.radians(lon_deg), np.radians(lat_deg)
    east = [-np.sin(lam), np.cos(lam), 0.0]
    north = [-np.sin(phi) * np.cos(lam), -np.sin(phi) * np.sin(lam), np.cos(phi)]
    up = [np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)]
    return np.array([east, north, up])


def spin(vectors: Floats, angle: Floats) -> Floats:
    """Turn ``(..., 3)`` vectors about the polar axis by −`angle` rad: inertial to earth-fixed."""
    c, s = np.cos(angle), np.sin(angle)
    x, y, z = np.moveaxis(vectors, -1, 0)
    return np.stack([c * x + s * y, -s * x + c * y, z], axis=-1)


def meet_height(origin: Floats, direction: Floats, height: Floats) -> tuple[Floats, Floats]:
    """``lon, lat`` (degrees) where rays reach a height above the ellipsoid; NaN where they miss.

    Args:
        origin: ``(..., 3)`` earth-centred metres.
        direction: ``(..., 3)``, any length.
        height: Metres above the ellipsoid, broadcast to the rays.
    """
    unit = direction / np.linalg.norm(direction, axis=-1, keepdims=True)
    distance = _meet_inflated(origin, unit, height)
    # The inflated ellipsoid is not quite the surface of constant height (centimetres): correct
    # along the ray by the height that is missing over the ray's steepness.
    for _ in range(3):
        point = origin + distance[..., None] * unit
        lon, lat, reached = geodetic(point)
        lam, phi = np.radians(lon), np.radians(lat)
        up = np.stack([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)], axis=-1)
        distance = distance + (height - reached) / np.sum(unit * up, axis=-1)
    lon, lat, _ = geodetic(origin + distance[..., None] * unit)
    return lon, lat


def _meet_inflated(origin: Floats, unit: Floats, height: Floats) -> Floats:
    """Distance along rays to the ellipsoid whose axes are longer by `height`; NaN for a miss."""
    axes = np.stack(
        np.broadcast_arrays(MAJOR_AXIS_M + height, MAJOR_AXIS_M + height, _MINOR_AXIS_M + height),
        axis=-1,
    )
    o, d = origin / axes, unit / axes
    a = np.sum(d * d, axis=-1)
    b = np.sum(o * d, axis=-1)
    c = np.sum(o * o, axis=-1) - 1
    under_root = b * b - a * c
    return np.asarray((-b - np.sqrt(np.where(under_root >= 0, under_root, np.nan))) / a)
