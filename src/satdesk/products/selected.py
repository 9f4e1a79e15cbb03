"""Some bands of a layer, in an order of one's own."""

from __future__ import annotations

from dataclasses import dataclass

from odc.geo.geobox import GeoBox

from satdesk.core.bands import Band
from satdesk.core.layer import Layer
from satdesk.core.raster import Raster
from satdesk.core.units import Quantity
from satdesk.errors import UsageError

__all__ = ["Selected"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
    """The bands called `names` of `source`, in that order.

    Raises:
        UsageError: `source` lacks one of them.
    """

    source: Layer
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        have = [band.name for band in self.source.bands]
        lacking = [name for name in self.names if name not in have]
        if lacking:
            raise UsageError(
                f"the layer lacks the band {lacking[0]}",
                found=", ".join(have),
                expected=", ".join(self.names),
            )

    @property
    def grid(self) -> GeoBox:
        """The source's grid."""
        return self.source.grid

    @property
    def bands(self) -> tuple[Band, ...]:
        """The selected bands."""
        return tuple(self.source.bands[index] for index in self._indices())

    @property
    def quantity(self) -> Quantity:
        """The source's quantity."""
        return self.source.quantity

    def read(self, grid: GeoBox) -> Raster:
        """Pixels of `grid`; a pixel is valid where the source says so for all its bands."""
        raster = self.source.read(grid)
        return raster.with_values(raster.values[list(self._indices())], bands=self.bands)

    def _indices(self) -> tuple[int, ...]:
        have = [band.name for band in self.source.bands]
        return tuple(have.index(name) for name in self.names)
