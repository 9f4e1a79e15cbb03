"""The one contract of everything that has pixels: a grid and a verb."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from odc.geo.geobox import GeoBox

from satdesk.core.bands import Band
from satdesk.core.raster import Raster
from satdesk.core.units import Quantity

__all__ = ["Layer"]


@runtime_checkable
class Layer(Protocol):
    """A lazily described image.

    A layer is a frozen dataclass whose fields are its parameters and the layers that it wraps, so
    that it pickles, compares and hashes by what it means, and `core.lineage` can fold over it.
    """

    @property
    def grid(self) -> GeoBox:
        """The grid of the whole layer."""

    @property
    def bands(self) -> tuple[Band, ...]:
        """The bands, in the order of the planes that `read` returns."""

    @property
    def quantity(self) -> Quantity:
        """What the numbers mean."""

    def read(self, grid: GeoBox) -> Raster:
        """Compute the pixels of `grid`.

        `grid` has the layer's CRS and pixel size and is shifted against ``self.grid`` by whole
        pixels; it may lie partly or wholly outside, where the result is not valid. Deterministic:
        the same pixel has the same value in whichever grid it is asked for.
        """
