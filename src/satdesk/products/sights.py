"""How the ground of one scene was seen, pixel by pixel, as the sources of a mosaic tell it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from odc.geo.geobox import GeoBox

from satdesk.core.bands import Band
from satdesk.core.raster import Raster
from satdesk.core.sighting import SOURCE, STATE
from satdesk.core.units import Quantity
from satdesk.products.seamed import Sighted

__all__ = ["Sights"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sights:
    """Source and `core.sighting.State` of one scene, uint8 ``(2, y, x)``; its number is 1.

    Attributes:
        scene: The picture and what hides its ground.
    """

    scene: Sighted

    @property
    def grid(self) -> GeoBox:
        """The picture's."""
        return self.scene.grid

    @property
    def bands(self) -> tuple[Band, ...]:
        """Source and state."""
        return (SOURCE, STATE)

    @property
    def quantity(self) -> Quantity:
        """Numbers of scenes, and states."""
        return Quantity.SIGHTING

    def read(self, grid: GeoBox) -> Raster:
        """Where the picture has a pixel, how it was seen."""
        valid = self.scene.read(grid).valid
        state = self.scene.states(grid, valid)
        return Raster(
            values=np.stack([valid.astype(np.uint8), state]),
            valid=valid,
            grid=grid,
            bands=self.bands,
            quantity=self.quantity,
        )
