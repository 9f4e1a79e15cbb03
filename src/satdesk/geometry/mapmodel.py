"""An image that is georeferenced already, as a sensor model: its camera looks straight down."""

from __future__ import annotations

from dataclasses import dataclass

from satdesk.core.sensor import FloatArray
from satdesk.geometry.frames import from_lonlat, to_lonlat

__all__ = ["MapModel"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MapModel:
    """Map coordinates as a camera's ``col, row``; the image's affine turns them into pixels.

    Attributes:
        crs: Anything that pyproj reads. The height plays no part.
    """

    crs: str

    def project(
        self,
        lon: FloatArray,
        lat: FloatArray,
        height: FloatArray,  # noqa: ARG002 - part of the contract
    ) -> tuple[FloatArray, FloatArray]:
        """``x, y`` in the CRS of ``lon, lat`` in degrees; NaN outside the CRS's domain."""
        return from_lonlat(self.crs, lon, lat)

    def locate(
        self,
        col: FloatArray,
        row: FloatArray,
        height: FloatArray,  # noqa: ARG002 - part of the contract
    ) -> tuple[FloatArray, FloatArray]:
        """``lon, lat`` in degrees of ``x, y`` in the CRS; NaN outside the CRS's domain."""
        return to_lonlat(self.crs, col, row)
