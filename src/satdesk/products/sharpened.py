"""Pansharpened layer: PAN's detail in MS's colours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from satdesk.core.bands import Band
from satdesk.core.layer import Layer
from satdesk.core.raster import Raster
from satdesk.core.units import Quantity
from satdesk.errors import UsageError
from satdesk.radiometry.sharpen import SharpeningMethod

__all__ = ["Sharpened"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharpened:
    """PAN and MS on one grid, sharpened; usable where both are.

    Attributes:
        pan: One band.
        ms: The bands to sharpen, on the grid of `pan` and in the same quantity.
        weights: The method with its fitted numbers (`SharpenWeights` for weighted Brovey).

    Raises:
        UsageError: The grids or quantities differ, or `pan` has several bands.
    """

    pan: Layer
    ms: Layer
    weights: SharpeningMethod

    def __post_init__(self) -> None:
        if len(self.pan.bands) != 1:
            raise UsageError("PAN must have one band", found=str(len(self.pan.bands)))
        if self.pan.grid != self.ms.grid:
            raise UsageError(
                "PAN and MS must lie on one grid before they are sharpened",
                found=f"{self.ms.grid}",
                expected=f"{self.pan.grid}",
                remedy="orthorectify both to the same grid",
            )
        if self.pan.quantity is not self.ms.quantity:
            raise UsageError(
                "PAN and MS must carry the same quantity",
                found=f"{self.pan.quantity.value} and {self.ms.quantity.value}",
                remedy="calibrate both, or neither",
            )

    @property
    def grid(self) -> GeoBox:
        """The grid of both."""
        return self.pan.grid

    @property
    def bands(self) -> tuple[Band, ...]:
        """Those of MS."""
        return self.ms.bands

    @property
    def quantity(self) -> Quantity:
        """That of both."""
        return self.ms.quantity

    def read(self, grid: GeoBox) -> Raster:
        """Sharpened pixels of `grid`, float32 ``(band, y, x)``."""
        halo = self.weights.halo
        wide = grid.pad(halo) if halo else grid
        pan, ms = self.pan.read(wide), self.ms.read(wide)
        values = self.weights.sharpen(_seen(pan, halo)[0], _seen(ms, halo))
        rows, cols = grid.shape
        inner = (slice(halo, halo + rows), slice(halo, halo + cols))
        return Raster(
            values=values[(slice(None), *inner)],
            valid=(pan.valid & ms.valid)[inner],
            grid=grid,
            bands=self.bands,
            quantity=self.quantity,
        )


def _seen(raster: Raster, halo: int) -> NDArray[Any]:
    """The values; NaN where they are not usable, for a method that looks at neighbours."""
    if not halo or raster.valid.all():
        return raster.values
    return np.where(raster.valid, raster.values, np.float32(np.nan))
