"""Sun on the relief: shading, cast shadows, and skylight in them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from satdesk.simulate.relief import NODE_M, Relief
from satdesk.simulate.sun import Sun

__all__ = ["DIRECT_SHARE", "illumination", "lit_share", "towards_sun"]

Floats = NDArray[np.floating]

DIRECT_SHARE = np.array([0.74, 0.80, 0.85, 0.90], dtype=np.float32)
"""Share of sunlight that comes straight, in B, G, R, NIR, under a clear sky in the mountains."""

_SHADOW_STEPS_M = 8.0 * 1.13 ** np.arange(1, 42)


def towards_sun(sun: Sun) -> tuple[float, float, float]:
    """Unit vector east, north, up."""
    elevation, azimuth = np.radians([sun.elevation_deg, sun.azimuth_deg])
    level = np.cos(elevation)
    return (
        float(level * np.sin(azimuth)),
        float(level * np.cos(azimuth)),
        float(np.sin(elevation)),
    )


def lit_share(relief: Relief, sun: Sun) -> Floats:
    """How much of the sun's disc each node sees, 0–1: the relief's cast shadows.

    The steps towards the sun grow with the distance: a ridge far away is broad.
    """
    east, north, up = towards_sun(sun)
    level = np.hypot(east, north)
    heights = relief.heights.astype(np.float32)
    rows, cols = np.indices(heights.shape, dtype=np.float32)
    lit = np.ones_like(heights)
    for step in _SHADOW_STEPS_M:
        climb = step * up / level
        if climb > np.ptp(heights):
            break
        at = [rows - step * north / level / NODE_M, cols + step * east / level / NODE_M]
        there = map_coordinates(heights, at, order=1, mode="nearest")
        clearance = heights + np.float32(climb) - there
        # Half the disc is hidden where ray and ridge touch; the penumbra widens with distance.
        lit = np.minimum(lit, 0.5 + clearance / (1.5 + 0.012 * step))
    return np.clip(lit, 0, 1)


def illumination(slopes: tuple[Floats, Floats], lit: Floats, sun: Sun) -> tuple[Floats, Floats]:
    """Direct and diffuse light on a surface, relative to a level one in full sun.

    Args:
        slopes: Rise per metre to the east and to the north.
        lit: Share of the sun's disc that is seen.
        sun: Where it stands.

    Returns:
        Direct (Lambert's cosine over the level surface's) and diffuse (share of the sky seen).
    """
    east, north, up = towards_sun(sun)
    right, ahead = slopes
    inverse = 1 / np.sqrt(1 + right * right + ahead * ahead)
    cosine = (np.float32(up) - np.float32(east) * right - np.float32(north) * ahead) * inverse
    return lit * np.maximum(cosine, 0) / np.float32(up), np.float32(0.5) * (1 + inverse)
