"""Counts without those at the end of the instrument's range, for what is fitted and scored."""

from __future__ import annotations

from dataclasses import dataclass

from odc.geo.geobox import GeoBox

from satdesk.core.bands import Band
from satdesk.core.layer import Layer
from satdesk.core.raster import Raster
from satdesk.core.units import Quantity

__all__ = ["Unsaturated"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsaturated:
    """`source` where no band reaches `top`: a saturated count says "at least", and is no number.

    Attributes:
        source: Counts as delivered.
        top: The count that means "saturated".
    """

    source: Layer
    top: float

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
        """The source's pixels; a saturated one is not valid in any band."""
        raster = self.source.read(grid)
        usable = raster.valid & (raster.values < self.top).all(axis=0)
        return raster.with_values(raster.values, valid=usable)
