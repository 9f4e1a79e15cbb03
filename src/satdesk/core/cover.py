"""What stands between a pixel and the ground that it should show."""

from __future__ import annotations

from enum import IntFlag

from satdesk.core.bands import Band

__all__ = ["COVER", "HIDING", "Cover"]


class Cover(IntFlag):
    """Flags of one pixel; several can hold at once, 0 is a clear view in full light.

    As a layer: one band (`COVER`) of uint8, quantity ``Quantity.COVER``; where it is not valid
    nothing was imaged or nothing is known.
    """

    CLOUD = 1
    """Cloud hides or veils the ground."""
    CLOUD_SHADOW = 2
    """The ground lies in the shadow of a cloud."""
    SNOW = 4
    """Snow, or a cloud that cannot be told from it without a short-wave infrared band."""
    TERRAIN_SHADOW = 8
    """Relief stands between the sun and the ground."""
    SATURATED = 16
    """At least one band is at the end of the instrument's range."""
    SHADOW_NOT_TOLD = 32
    """Dark ground whose way to the sun leaves the picture below the clouds: shadow, or not."""


HIDING = Cover.CLOUD | Cover.CLOUD_SHADOW
"""What makes a pixel not seen clear; snow, terrain shadow and saturation are seen, and told."""

COVER = Band(name="cover")
"""The one band of a layer of `Cover`."""
