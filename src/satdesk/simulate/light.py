"""Sun on the relief: shading, cast shadows, and skylight in them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from satdesk.simulate.relief import Relief
from satdesk.simulate.sun import Sun

__all__ = ["DIRECT_SHARE", "SHADOW_REACH", "illumination", "lit_share", "towards_sun"]

Floats = NDArray[np.floating]

DIRECT_SHARE = np.array([0.74, 0.80, 0.85, 0.90], dtype=np.float32)
"""Share of sunlight that comes straight, in B, G, R, NIR, under a clear sky in the mountains."""

_SHADOW_STEPS = 1.13 ** np.arange(1, 42)
SHADOW_REACH = float(_SHADOW_STEPS[-1])
"""How far a shadow is followed, nodes of the relief."""


def towards_sun(sun: Sun) -> tuple[float, float, float]:
    """Unit vector east, north, up."""
    elevation, azimuth = np.radians([sun.elevation_deg, sun.azimuth_deg])
    level = np.cos(elevation)
    return (
        float(level * np.sin(azimuth)),
        float(level * np.cos(azimuth)),
        float(np.sin(elevation)),
    )


def lit_share(relief: Relief, sun: Sun, near: Relief | None = None) -> Floats:
    """How much of the sun's disc each node sees, 0–1: the relief's cast shadows.

    The steps towards the sun grow with the distance: a ridge far away is broad.

    Args:
        relief: What may throw shadows.
        sun: Where it stands.
        near: The part of the relief whose nodes are wanted; all of it without.
    """
    east, north, up = towards_sun(sun)
    level, node = np.hypot(east, north), relief.node_m
    wanted = relief if near is None else near
    heights = relief.heights.astype(np.float32)
    here = wanted.heights.astype(np.float32)
    rows, cols = np.indices(here.shape, dtype=np.float32)
    rows += np.float32((relief.north - wanted.north) / node)
    cols += np.float32((wanted.west - relief.west) / node)
    lit = np.ones_like(here)
    for step in node * _SHADOW_STEPS:
        climb = step * up / level
        if climb > np.subtract(*relief.range_m[::-1]):
            break
        at = [rows - step * north / level / node, cols + step * east / level / node]
        there = map_coordinates(heights, at, order=1, mode="nearest")
        clearance = here + np.float32(climb) - there
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
