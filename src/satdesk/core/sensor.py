"""How a camera and the ground see each other: two small contracts."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

__all__ = ["FloatArray", "SensorModel", "Terrain"]

FloatArray = NDArray[np.float64]


@runtime_checkable
class SensorModel(Protocol):
    """Ground ↔ image. Arrays in, arrays of the same (broadcast) shape out; NaN outside the domain.

    ``col, row`` count in the *full* image from the outer corner of its first pixel (centre
    0.5, 0.5); a crop's origin belongs to the crop's grid, not to the model. Heights are metres
    above the WGS 84 ellipsoid and nothing else.
    """

    def project(
        self, lon: FloatArray, lat: FloatArray, height: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Ground to image: ``col, row`` of ``lon, lat`` (degrees) at `height` (metres)."""

    def locate(
        self, col: FloatArray, row: FloatArray, height: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Image to ground: ``lon, lat`` (degrees) where the ray of a pixel reaches `height`."""


@runtime_checkable
class Terrain(Protocol):
    """The ground's height above the WGS 84 ellipsoid; any geoid shift has been done before."""

    def height(self, lon: FloatArray, lat: FloatArray) -> FloatArray:
        """Height in metres at ``lon, lat`` (degrees); NaN where it is not known."""
