"""Quantities that pixels can carry, and the conventions that hold everywhere.

Conventions (see ``docs/reference/conventions.md``):

* longitude before latitude, degrees; heights in metres above the WGS 84 ellipsoid;
* ``col, row`` count from the *outer corner* of an image's first pixel, whose centre is 0.5, 0.5;
* arrays of pixels are ``(band, y, x)``; masks are ``(y, x)`` and True means usable.
"""

from __future__ import annotations

from enum import Enum

__all__ = ["REFLECTANCE_SCALE", "Quantity"]

REFLECTANCE_SCALE = 10_000
"""Reflectance is stored in uint16 as reflectance × 10 000 (Sentinel-2's own convention)."""


class Quantity(Enum):
    """What the numbers of a raster mean."""

    COUNTS = "counts"
    """Digital numbers as the provider delivered them."""
    RADIANCE = "radiance"
    """Spectral radiance at the sensor, W m⁻² sr⁻¹ µm⁻¹."""
    TOA = "toa"
    """Top-of-atmosphere reflectance, dimensionless, 1.0 = a perfect white diffuser."""
    BOA = "boa"
    """Surface (bottom-of-atmosphere) reflectance, dimensionless: as the provider computed it, or as
    `products.unveiled` estimates it; the lineage says which."""
    COVER = "cover"
    """Flags of `core.cover.Cover`: cloud, shadow, snow; never averaged."""
    SIGHTING = "sighting"
    """Numbers of scenes and `core.sighting.State`; never averaged."""
    DISPLAY = "display"
    """Gamma-encoded sRGB, 0–255, for eyes and never for measurement."""
