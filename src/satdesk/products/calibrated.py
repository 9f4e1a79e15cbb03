"""Counts as reflectance, lazily."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from satdesk.core.bands import Band
from satdesk.core.layer import Layer
from satdesk.core.raster import Raster
from satdesk.core.scene import BandCalibration
from satdesk.core.units import Quantity
from satdesk.errors import UndeclaredInputError, UsageError
from satdesk.radiometry.calibrate import counts_to_radiance, counts_to_reflectance, radiance_to_toa

__all__ = ["Calibrated"]

_CALIBRATED = (Quantity.COUNTS, Quantity.BOA, Quantity.TOA)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrated:
    """A layer of counts as reflectance, float32.

    The result is top-of-atmosphere reflectance, or surface reflectance where the source says that
    its numbers encode that (``Quantity.BOA``, Sentinel-2 L2A).

    Attributes:
        source: A layer of counts.
        calibration: One for each band of `source`, in its order.
        sun_elevation_deg: At the scene's centre; None = not stated, which only a calibration that
            states reflectance directly can do without.
        sun_distance_au: Earth to sun; None likewise.

    Raises:
        UndeclaredInputError: A number is missing that a band needs.
        UsageError: The calibrations are not one a band, or the source holds no counts.
    """

    source: Layer
    calibration: tuple[BandCalibration, ...]
    sun_elevation_deg: float | None = None
    sun_distance_au: float | None = None

    def __post_init__(self) -> None:
        if self.source.quantity not in _CALIBRATED:
            raise UsageError("only counts can be calibrated", found=self.source.quantity.value)
        if len(self.calibration) != len(self.source.bands):
            raise UsageError(
                "a layer needs one calibration a band",
                found=str(len(self.calibration)),
                expected=str(len(self.source.bands)),
            )
        for band, calibration in zip(self.source.bands, self.calibration, strict=True):
            self._refuse_gaps(band, calibration)

    def _refuse_gaps(self, band: Band, calibration: BandCalibration) -> None:
        if calibration.quantification is not None:
            return
        needed = {
            "gain": calibration.gain,
            "solar irradiance E0": calibration.irradiance,
            "sun elevation": self.sun_elevation_deg,
            "distance of the sun": self.sun_distance_au,
        }
        missing = [name for name, value in needed.items() if value is None]
        if missing:
            raise UndeclaredInputError(
                f"band {band.name} cannot become reflectance",
                found="not stated: " + ", ".join(missing),
                expected="gain, E0 and the sun's position, or a quantification value",
                remedy="state the numbers, or keep counts",
            )

    @property
    def grid(self) -> GeoBox:
        """The source's."""
        return self.source.grid

    @property
    def bands(self) -> tuple[Band, ...]:
        """The source's."""
        return self.source.bands

    @property
    def quantity(self) -> Quantity:
        """TOA, or BOA where the source's numbers encode surface reflectance."""
        return Quantity.BOA if self.source.quantity is Quantity.BOA else Quantity.TOA

    def read(self, grid: GeoBox) -> Raster:
        """Reflectance on `grid`, float32 ``(band, y, x)``."""
        raster = self.source.read(grid)
        values = np.empty(raster.values.shape, dtype=np.float32)
        for out, counts, calibration in zip(values, raster.values, self.calibration, strict=True):
            out[:] = self._reflectance(counts, calibration)
        return raster.with_values(values, quantity=self.quantity)

    def line(self, band: int) -> tuple[float, float]:
        """Slope and intercept of one band: reflectance = count · slope + intercept."""
        zero, one = self._reflectance(np.array([0.0, 1.0]), self.calibration[band])
        return float(one - zero), float(zero)

    def _reflectance(
        self, counts: NDArray[Any], calibration: BandCalibration
    ) -> NDArray[np.float64]:
        if calibration.quantification is not None:
            return counts_to_reflectance(
                counts, quantification=calibration.quantification, offset=calibration.offset
            )
        gain, irradiance = calibration.gain, calibration.irradiance
        elevation, distance = self.sun_elevation_deg, self.sun_distance_au
        if gain is None or irradiance is None or elevation is None or distance is None:
            raise AssertionError("gaps are refused in __post_init__")
        radiance = counts_to_radiance(counts, gain=gain, bias=calibration.bias)
        return radiance_to_toa(
            radiance, irradiance=irradiance, sun_elevation_deg=elevation, sun_distance_au=distance
        )
