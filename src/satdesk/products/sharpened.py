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

_STRIP = 64
"""Rows that are sharpened at once: with 1,024 columns half a megabyte an array."""


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
        rows, cols = grid.shape
        valid = (pan.valid & ms.valid)[halo : halo + rows, halo : halo + cols]
        return Raster(
            values=self._by_strips(_seen(pan, halo)[0], _seen(ms, halo), valid),
            valid=valid,
            grid=grid,
            bands=self.bands,
            quantity=self.quantity,
        )

    def _by_strips(
        self, pan: NDArray[Any], ms: NDArray[Any], valid: NDArray[np.bool_]
    ) -> NDArray[np.float32]:
        """Sharpened strip by strip, so that what the method computes stays in the cache.

        Zeros in a strip of which nothing is valid.
        """
        halo, (rows, cols) = self.weights.halo, valid.shape
        out = np.zeros((len(ms), rows, cols), np.float32)
        for top in range(0, rows, _STRIP):
            end = min(top + _STRIP, rows)
            if valid[top:end].any():
                wide = slice(top, end + 2 * halo)
                made = self.weights.sharpen(pan[wide], ms[:, wide])
                out[:, top:end] = made[:, halo : halo + end - top, halo : halo + cols]
        return out


def _seen(raster: Raster, halo: int) -> NDArray[Any]:
    """The values; NaN where they are not usable, for a method that looks at neighbours."""
    if not halo or raster.valid.all():
        return raster.values
    return np.where(raster.valid, raster.values, np.float32(np.nan))
