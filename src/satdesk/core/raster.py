"""A raster in memory: values, usability, place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from satdesk.core.bands import Band
from satdesk.core.units import Quantity
from satdesk.errors import UsageError

__all__ = ["Raster"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Raster:
    """Pixels in memory. The arrays are not copied and must not be written to.

    Attributes:
        values: ``(band, y, x)``, any real dtype. Where `valid` is False the number means nothing.
        valid: ``(y, x)`` bool, True = usable in every band. Nodata never travels as a number.
        grid: Where the pixels lie; ``crs=None`` is the sensor's pixel plane.
        bands: One for each plane of `values`, in order.
        quantity: What the numbers mean.

    Raises:
        UsageError: The shapes do not agree.
    """

    values: NDArray[Any]
    valid: NDArray[np.bool_]
    grid: GeoBox
    bands: tuple[Band, ...]
    quantity: Quantity

    def __post_init__(self) -> None:
        expected = (len(self.bands), *tuple(self.grid.shape))
        if self.values.shape != expected:
            raise UsageError(
                "a raster's values must be (band, y, x) of its grid",
                found=str(self.values.shape),
                expected=str(expected),
            )
        if self.valid.shape != expected[1:] or self.valid.dtype != np.bool_:
            raise UsageError(
                "a raster's mask must be boolean (y, x) of its grid",
                found=f"{self.valid.shape} {self.valid.dtype}",
                expected=f"{expected[1:]} bool",
            )

    def band(self, name: str) -> NDArray[Any]:
        """Plane ``(y, x)`` of the band called `name`; UsageError if there is none."""
        for plane, band in zip(self.values, self.bands, strict=True):
            if band.name == name:
                return np.asarray(plane)
        raise UsageError(
            f"no band {name}", found=", ".join(b.name for b in self.bands), expected=name
        )

    def with_values(
        self,
        values: NDArray[Any],
        *,
        bands: tuple[Band, ...] | None = None,
        quantity: Quantity | None = None,
        valid: NDArray[np.bool_] | None = None,
    ) -> Raster:
        """The same place with other numbers."""
        return replace(
            self,
            values=values,
            bands=self.bands if bands is None else bands,
            quantity=self.quantity if quantity is None else quantity,
            valid=self.valid if valid is None else valid,
        )
