"""Along which slant light comes down to the ground, and sight goes up from it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from satdesk.errors import UsageError

__all__ = ["Slant"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slant:
    """A straight way up from the ground, as pixels of a grid that a metre of height moves it by.

    Attributes:
        col: Pixels to the right for a metre up.
        row: Pixels downwards for a metre up.
    """

    col: float
    row: float

    @classmethod
    def towards(
        cls, azimuth_deg: float, elevation_deg: float, *, pixel_m: float, north_deg: float = 0.0
    ) -> Slant:
        """The way to a body in the sky.

        Args:
            azimuth_deg: Clockwise from true north.
            elevation_deg: Above the horizon, above 0, at most 90.
            pixel_m: Of the grid, whose rows run down its map.
            north_deg: Direction of true north on the map, clockwise from its upper edge.

        Raises:
            UsageError: The body does not stand above the horizon.
        """
        if not 0 < elevation_deg <= 90:
            raise UsageError(
                "a slant leads to what stands above the horizon",
                found=f"{elevation_deg:g} degrees",
                expected="more than 0, at most 90",
            )
        turned = math.radians(azimuth_deg + north_deg)
        reach = 1 / (math.tan(math.radians(elevation_deg)) * pixel_m)
        return cls(col=reach * math.sin(turned), row=-reach * math.cos(turned))

    @property
    def length(self) -> float:
        """Pixels of the grid for a metre up."""
        return math.hypot(self.col, self.row)
