"""How measurements and pictures are stored: numbers of a file out of rasters.

Storing is pure and goes with the pixels: whoever computes a tile stores it too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from satdesk.core.layer import Layer
from satdesk.core.raster import Raster
from satdesk.core.units import REFLECTANCE_SCALE, Quantity
from satdesk.errors import BrokenInputError, UsageError
from satdesk.products.fused import Fused
from satdesk.radiometry.calibrate import encode_reflectance
from satdesk.scale.encoded import StoredTile

__all__ = ["ENCODINGS", "Encoding", "Measured", "Pictured", "Tally", "stored_tile"]

_UINT16_TOP = 65_535
_MOST_ROUNDING = 0.2
"""Share of the mean value by which whole counts may change a picture on average: 10 counts lose
2.5 %, reflectances from 0 to 1 lose everything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """How a quantity is stored.

    Attributes:
        dtype: NumPy name of the stored type.
        nodata: Stands where a pixel is not usable.
        scale: Physical value = stored × scale; None = the values themselves.
        meaning: For the tags of the file.
    """

    dtype: str
    nodata: float
    scale: float | None
    meaning: str


_REFLECTANCE = Encoding(
    dtype="uint16",
    nodata=0,
    scale=1 / REFLECTANCE_SCALE,
    meaning=f"reflectance x {REFLECTANCE_SCALE}; 0 = no data",
)
ENCODINGS = {
    Quantity.TOA: _REFLECTANCE,
    Quantity.BOA: _REFLECTANCE,
    Quantity.COUNTS: Encoding(
        dtype="uint16", nodata=0, scale=None, meaning="counts, not calibrated; 0 = no data"
    ),
    Quantity.RADIANCE: Encoding(
        dtype="float32",
        nodata=float("nan"),
        scale=None,
        meaning="spectral radiance, W m-2 sr-1 um-1; NaN = no data",
    ),
}

_WHOLE = frozenset({Quantity.TOA, Quantity.BOA, Quantity.COUNTS})
"""What is stored as whole numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What is to be known of stored tiles, of one or of many.

    Attributes:
        usable: Number of usable pixels.
        total: Sum of the magnitudes of counts before they were stored.
        changed: By how much storing changed them altogether.
        lowest: The lowest count.
        highest: The highest count.
    """

    usable: int = 0
    total: float = 0.0
    changed: float = 0.0
    lowest: float = np.inf
    highest: float = -np.inf

    def plus(self, others: Iterable[Tally]) -> Tally:
        """Taken together."""
        every = (self, *others)
        return Tally(
            usable=sum(tally.usable for tally in every),
            total=sum(tally.total for tally in every),
            changed=sum(tally.changed for tally in every),
            lowest=min(tally.lowest for tally in every),
            highest=max(tally.highest for tally in every),
        )

    def require_small_change(self) -> None:
        """Refuse what whole counts from 0 to 65 535 have changed too much.

        Raises:
            BrokenInputError: Counts that uint16 cannot hold, or values that are no counts.
        """
        if self.highest > _UINT16_TOP:
            expected, remedy = f"at most {_UINT16_TOP}", "rescale the source"
        elif self.changed > _MOST_ROUNDING * self.total or self.lowest < -0.5 * abs(self.highest):
            # A cubic kernel swings below 0 beside bright edges, but never by half of the brightest.
            expected = "whole counts above 0, or reflectance with its scale"
            remedy = (
                "state counts_per_reflectance (1 where the values are reflectance), "
                "and nodata where a value means none"
            )
        else:
            return
        raise BrokenInputError(
            "the picture's values cannot be stored as counts in 16 bits",
            found=f"values from {self.lowest:g} to {self.highest:g}",
            expected=expected,
            remedy=remedy,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Reads tiles of a layer of measurements as they are stored (`ENCODINGS`).

    Where the layer is not valid every band is nodata; a usable pixel is at least 1, so that a count
    or a reflectance of zero is not mistaken for nodata.
    """

    layer: Layer

    def __call__(self, grid: GeoBox) -> StoredTile[Tally]:
        """The stored numbers of a grid."""
        if isinstance(self.layer, Fused) and self.layer.quantity in _WHOLE:
            return _fused_tile(self.layer, grid)
        if self.layer.quantity in _WHOLE - {Quantity.COUNTS}:
            from satdesk.products.numbers import stored_numbers  # noqa: PLC0415 - with all mosaics

            found = stored_numbers(self.layer, grid)
            if found is not None:
                return StoredTile(
                    values=found[0], told=Tally(usable=int(np.count_nonzero(found[1])))
                )
        return stored_tile(self.layer, grid)


def stored_tile(source: Layer | Raster, grid: GeoBox) -> StoredTile[Tally]:
    """Measurements of a grid as they are stored: those of a layer, or those that were read."""
    raster = source if isinstance(source, Raster) else source.read(grid)
    return StoredTile(values=_interleaved(_encode(raster)), told=_tally(raster))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictured:
    """Reads tiles of a picture for eyes as RGBA; colours and alpha are 0 where it is not valid."""

    layer: Layer

    def __call__(self, grid: GeoBox) -> StoredTile[Tally]:
        """The four planes of a grid."""
        raster = self.layer.read(grid)
        return StoredTile(values=_rgba(raster), told=Tally(usable=_usable(raster)))


def _fused_tile(layer: Fused, grid: GeoBox) -> StoredTile[Tally]:
    loss = np.array([0, 0, np.inf, -np.inf])
    numbers, valid = layer.stored(grid, loss)
    usable = int(np.count_nonzero(valid))
    if layer.quantity is not Quantity.COUNTS:
        return StoredTile(values=numbers, told=Tally(usable=usable))
    total, changed, lowest, highest = loss.tolist()
    told = Tally(usable=usable, total=total, changed=changed, lowest=lowest, highest=highest)
    return StoredTile(values=numbers, told=told)


def _tally(raster: Raster) -> Tally:
    usable = _usable(raster)
    whole_already = raster.values.dtype in (np.uint8, np.uint16)
    if raster.quantity is not Quantity.COUNTS or not usable or whole_already:
        return Tally(usable=usable)
    values = raster.values[:, raster.valid].astype(np.float64)
    whole = np.clip(np.rint(values), 0, _UINT16_TOP)
    return Tally(
        usable=usable,
        total=float(np.abs(values).sum()),
        changed=float(np.abs(values - whole).sum()),
        lowest=float(values.min()),
        highest=float(values.max()),
    )


def _usable(raster: Raster) -> int:
    return int(np.count_nonzero(raster.valid))


def _encode(raster: Raster) -> NDArray[Any]:
    if raster.quantity is Quantity.COUNTS:
        return _encoded_counts(raster)
    if raster.quantity is Quantity.RADIANCE:
        return np.where(raster.valid, raster.values, np.nan).astype(np.float32)
    return encode_reflectance(raster.values, raster.valid)


def _encoded_counts(raster: Raster) -> NDArray[np.uint16]:
    usable = np.where(raster.valid, raster.values, 0)
    whole = usable if usable.dtype.kind in "ui" else np.rint(usable)
    kept = np.where(raster.valid, np.clip(whole, 1, _UINT16_TOP), 0)
    return kept.astype(np.uint16, copy=False)


def _rgba(raster: Raster) -> NDArray[np.uint8]:
    if raster.values.dtype != np.uint8:
        raise UsageError("a picture for eyes has 8 bits", found=str(raster.values.dtype))
    out = np.empty((*raster.valid.shape, 4), np.uint8)
    for plane, values in enumerate(raster.values):
        out[..., plane] = values
    out[..., 3] = 255
    out[~raster.valid] = 0
    return out


def _interleaved(planes: NDArray[Any]) -> NDArray[Any]:
    return np.ascontiguousarray(np.moveaxis(planes, 0, -1))
