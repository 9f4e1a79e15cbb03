"""A layer made brighter or darker by one factor a band."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from odc.geo.geobox import GeoBox

from satdesk.core.bands import Band
from satdesk.core.layer import Layer
from satdesk.core.raster import Raster
from satdesk.core.units import Quantity
from satdesk.errors import UsageError

__all__ = ["Balanced"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Balanced:
    """`source` times `gains`.

    Attributes:
        source: Linear in light.
        gains: One above 0 for each band.

    Raises:
        UsageError: Another number of gains, one that is not above 0, or a picture for eyes.
    """

    source: Layer
    gains: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.gains) != len(self.source.bands) or not min(self.gains) > 0:
            raise UsageError(
                "a layer needs one gain above 0 for each band",
                found=str(self.gains),
                expected=f"{len(self.source.bands)} gains",
            )
        if self.source.quantity is Quantity.DISPLAY:
            raise UsageError("a picture for eyes cannot be balanced any more")

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
        """Pixels of `grid`, float32 ``(band, y, x)``."""
        raster = self.source.read(grid)
        factors = np.array(self.gains, np.float32)[:, None, None]
        return raster.with_values((raster.values * factors).astype(np.float32, copy=False))
