"""Several layers as one: the first usable pixel wins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from odc.geo.geobox import GeoBox

from satdesk.core.bands import Band
from satdesk.core.layer import Layer
from satdesk.core.raster import Raster
from satdesk.core.units import Quantity
from satdesk.errors import UsageError

__all__ = ["Mosaic"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mosaic:
    """Layers on one grid, the earlier above the later; nothing is blended or balanced.

    A pixel that no layer can use is not valid. A layer is only read where those above it leave
    something open.

    Attributes:
        layers: At least one; all with one grid, the same bands in the same order, one quantity
            and one number type.

    Raises:
        UsageError: No layer, or layers that differ in grid, bands or quantity.
    """

    layers: tuple[Layer, ...]

    def __post_init__(self) -> None:
        if not self.layers:
            raise UsageError("a mosaic needs at least one layer")
        first = self.layers[0]
        for number, layer in enumerate(self.layers[1:], start=2):
            for what in ("grid", "bands", "quantity"):
                if getattr(layer, what) != getattr(first, what):
                    raise UsageError(
                        f"the layers of a mosaic must share one {what}",
                        subject=f"layer {number}",
                        found=str(getattr(layer, what)),
                        expected=str(getattr(first, what)),
                    )

    @property
    def grid(self) -> GeoBox:
        """The layers'."""
        return self.layers[0].grid

    @property
    def bands(self) -> tuple[Band, ...]:
        """The layers'."""
        return self.layers[0].bands

    @property
    def quantity(self) -> Quantity:
        """The layers'."""
        return self.layers[0].quantity

    def read(self, grid: GeoBox) -> Raster:
        """The first usable pixel of each place.

        Raises:
            UsageError: The layers differ in their number type.
        """
        result = self.layers[0].read(grid)
        for layer in self.layers[1:]:
            if result.valid.all():
                break
            result = _below(result, layer.read(grid))
        return result


def _below(top: Raster, lower: Raster) -> Raster:
    """`lower` where `top` cannot be used."""
    if top.values.dtype != lower.values.dtype:
        raise UsageError(
            "the layers of a mosaic must share one number type",
            found=str(lower.values.dtype),
            expected=str(top.values.dtype),
        )
    return top.with_values(
        np.where(top.valid, top.values, lower.values), valid=top.valid | lower.valid
    )
