"""A layer less an even haze, for eyes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from odc.geo.geobox import GeoBox

from satdesk.core.bands import Band
from satdesk.core.layer import Layer
from satdesk.core.raster import Raster
from satdesk.core.units import Quantity
from satdesk.errors import UsageError

__all__ = ["Dehazed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dehazed:
    """`source` less one number a band. The ground is as dim as the haze left it.

    Attributes:
        source: Reflectance.
        haze: Not negative, one for each band.

    Raises:
        UsageError: Another number of bands, a negative one, or no reflectance.
    """

    source: Layer
    haze: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.haze) != len(self.source.bands) or not min(self.haze) >= 0:
            raise UsageError(
                "a layer needs one haze of at least 0 for each band",
                found=str(self.haze),
                expected=f"{len(self.source.bands)} numbers",
            )
        if self.source.quantity not in {Quantity.TOA, Quantity.BOA}:
            raise UsageError(
                "haze can be taken off reflectance only", found=self.source.quantity.value
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
        """The source's."""
        return self.source.quantity

    def read(self, grid: GeoBox) -> Raster:
        """Pixels of `grid`, float32 ``(band, y, x)``; they may lie below 0 in deep shade."""
        raster = self.source.read(grid)
        haze = np.array(self.haze, np.float32)[:, None, None]
        return raster.with_values((raster.values - haze).astype(np.float32, copy=False))
