"""A layer as eyes shall see it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from odc.geo.geobox import GeoBox

from satdesk.core.bands import BLUE, GREEN, RED, Band
from satdesk.core.layer import Layer
from satdesk.core.raster import Raster
from satdesk.core.units import Quantity
from satdesk.errors import UsageError
from satdesk.radiometry.tone import ToneCurve

__all__ = ["Displayed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Displayed:
    """Three bands of 8-bit sRGB; a layer with a single band becomes grey.

    Attributes:
        source: Linear light, in the quantity that the curve was fitted to.
        tone: The release's curve, shared by all dates.
        channels: Names of the source's bands that are shown as red, green, blue. Not looked at
            where the source has a single band.

    Raises:
        UsageError: The source lacks a channel, or curve and source differ in their quantity.
    """

    source: Layer
    tone: ToneCurve
    channels: tuple[str, ...] = ("R", "G", "B")

    def __post_init__(self) -> None:
        names = [band.name for band in self.source.bands]
        missing = [name for name in self.channels if name not in names]
        if len(names) > 1 and (missing or len(self.channels) != 3):
            raise UsageError(
                "a picture needs three channels that the source has",
                found=", ".join(names),
                expected=", ".join(self.channels),
            )
        if self.tone.quantity is not self.source.quantity:
            raise UsageError(
                "the tone curve was fitted to another quantity",
                found=self.source.quantity.value,
                expected=self.tone.quantity.value,
            )

    @property
    def grid(self) -> GeoBox:
        """The source's."""
        return self.source.grid

    @property
    def bands(self) -> tuple[Band, ...]:
        """Red, green, blue of the screen."""
        return (RED, GREEN, BLUE)

    @property
    def quantity(self) -> Quantity:
        """Always DISPLAY."""
        return Quantity.DISPLAY

    def read(self, grid: GeoBox) -> Raster:
        """Pixels of `grid`, uint8 ``(3, y, x)``."""
        raster = self.source.read(grid)
        if len(raster.bands) == 1:
            shown = np.repeat(self.tone.grey().apply(raster.values), 3, axis=0)
        else:
            shown = self.tone.apply(np.stack([raster.band(name) for name in self.channels]))
        return raster.with_values(shown, bands=self.bands, quantity=Quantity.DISPLAY)
