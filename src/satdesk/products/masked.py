"""A layer without the pixels that a mask rules out."""

from __future__ import annotations

from dataclasses import dataclass

from odc.geo.geobox import GeoBox

from satdesk.core.bands import Band
from satdesk.core.layer import Layer
from satdesk.core.raster import Raster
from satdesk.core.units import Quantity
from satdesk.errors import UsageError

__all__ = ["Masked"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Masked:
    """`source` where `mask` lets it through.

    Attributes:
        source: What is to be masked; it keeps its grid.
        mask: One band on the same grid: not 0 = usable. Where the mask itself is not valid,
            nothing is known, and the pixel is not usable.

    Raises:
        UsageError: The mask has another grid or more than one band.
    """

    source: Layer
    mask: Layer

    def __post_init__(self) -> None:
        if self.mask.grid != self.source.grid:
            raise UsageError(
                "a mask must lie on the grid of what it masks",
                found=str(self.mask.grid),
                expected=str(self.source.grid),
            )
        if len(self.mask.bands) != 1:
            raise UsageError("a mask has one band", found=str(len(self.mask.bands)))

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
        """The source's pixels; valid where both it and the mask say so."""
        raster, mask = self.source.read(grid), self.mask.read(grid)
        usable = mask.valid & (mask.values[0] != 0)
        return raster.with_values(raster.values, valid=raster.valid & usable)
