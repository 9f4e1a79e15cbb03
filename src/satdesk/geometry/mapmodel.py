"""An image that is georeferenced already, as a sensor model: its camera looks straight down."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from satdesk.core.sensor import FloatArray
from satdesk.geometry.frames import from_lonlat, horizontal, to_lonlat

__all__ = ["MapModel"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MapModel:
    """Map coordinates as a camera's ``col, row``; the image's affine turns them into pixels.

    Attributes:
        crs: Anything that pyproj reads. The height plays no part.
        center_x: Middle of the image's longitudes, where `crs` counts in them: a place is then
            sought by that turn of the Earth, for some images run from 0° to 360°.
    """

    crs: str
    center_x: float | None = None

    def project(
        self,
        lon: FloatArray,
        lat: FloatArray,
        height: FloatArray,  # noqa: ARG002 - part of the contract
    ) -> tuple[FloatArray, FloatArray]:
        """``x, y`` in the CRS of ``lon, lat`` in degrees; NaN outside the CRS's domain."""
        x, y = from_lonlat(self.crs, lon, lat)
        if self.center_x is not None and horizontal(self.crs).is_geographic:
            x = x + 360.0 * np.round((self.center_x - x) / 360.0)
        return x, y

    def locate(
        self,
        col: FloatArray,
        row: FloatArray,
        height: FloatArray,  # noqa: ARG002 - part of the contract
    ) -> tuple[FloatArray, FloatArray]:
        """``lon, lat`` in degrees, −180 to 180, of ``x, y``; NaN outside the CRS's domain."""
        lon, lat = to_lonlat(self.crs, col, row)
        return np.where(np.abs(lon) > 180.0, (lon + 180.0) % 360.0 - 180.0, lon), lat
