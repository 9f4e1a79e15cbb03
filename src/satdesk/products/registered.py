"""A date moved onto the ground of another, as co-registration measured."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from affine import Affine
from odc.geo.geobox import GeoBox

from satdesk.core.bands import Band
from satdesk.core.layer import Layer
from satdesk.core.raster import Raster
from satdesk.core.sensor import FloatArray
from satdesk.core.units import Quantity
from satdesk.errors import UsageError
from satdesk.geometry.coregister import Registration
from satdesk.geometry.coregister_fit import Field
from satdesk.geometry.grids import offset, subgrid
from satdesk.geometry.resample import KERNELS, reach_px, sample

__all__ = ["Registered", "Relabelled", "moved_grid"]

_STEPS = 2.0**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """`source` resampled so that it shows everything where the fixed date does.

    Attributes:
        source: The moving date, on the grid that `registration` was measured on.
        registration: What the fixed date shows at a place, `source` shows at the place plus the
            displacement.
        kernel: ``nearest``, ``bilinear`` or ``cubic``.

    Raises:
        UsageError: An unknown kernel, or a registration that found nothing.
    """

    source: Layer
    registration: Registration
    kernel: str = "cubic"

    def __post_init__(self) -> None:
        if self.kernel not in KERNELS:
            raise UsageError("unknown kernel", found=repr(self.kernel), expected=", ".join(KERNELS))
        _require_field(self.registration)

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
        """The pixels of `grid`, from the source's under the displacement; tiles equal the whole."""
        top, left = offset(self.grid, grid)
        rows, cols = (int(size) for size in grid.shape)
        col, row = np.meshgrid(left + np.arange(cols) + 0.5, top + np.arange(rows) + 0.5)
        dcol, drow = (_binary(d) for d in self.registration.displacement(col, row))
        reach = reach_px(self.kernel, (1.0, 1.0)) + 1
        first = math.floor(drow.min()) - reach, math.floor(dcol.min()) - reach
        last = math.ceil(drow.max()) + reach, math.ceil(dcol.max()) + reach
        around = subgrid(grid, *first, (rows + last[0] - first[0], cols + last[1] - first[1]))
        window = self.source.read(around)
        values, valid = sample(
            window.values,
            window.valid,
            (col + dcol) - (left + first[1]),
            (row + drow) - (top + first[0]),
            self.kernel,
        )
        inside = (col > 0) & (row > 0) & (col < self.grid.shape[1]) & (row < self.grid.shape[0])
        return Raster(
            values=values,
            valid=valid & inside,
            grid=grid,
            bands=self.bands,
            quantity=self.quantity,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Relabelled:
    """The pixels of `source`, said to lie on `grid`: a displacement without a second resampling.

    `source` was made on a grid that the displacement had moved (`moved_grid`); its pixels show what
    belongs to the same rows and columns of `grid`.

    Attributes:
        source: On the moved grid.
        grid: Of the same shape.
        registration: Why; kept for the lineage.

    Raises:
        UsageError: The shapes differ.
    """

    source: Layer
    grid: GeoBox
    registration: Registration

    def __post_init__(self) -> None:
        if tuple(self.source.grid.shape) != tuple(self.grid.shape):
            raise UsageError(
                "a grid can only stand for one of its shape",
                found=str(tuple(self.source.grid.shape)),
                expected=str(tuple(self.grid.shape)),
            )

    @property
    def bands(self) -> tuple[Band, ...]:
        """The source's."""
        return self.source.bands

    @property
    def quantity(self) -> Quantity:
        """The source's."""
        return self.source.quantity

    def read(self, grid: GeoBox) -> Raster:
        """The source's pixels of the same rows and columns."""
        row, col = offset(self.grid, grid)
        shape = int(grid.shape[0]), int(grid.shape[1])
        raster = self.source.read(subgrid(self.source.grid, row, col, shape))
        return Raster(
            values=raster.values,
            valid=raster.valid,
            grid=grid,
            bands=self.bands,
            quantity=self.quantity,
        )


def moved_grid(grid: GeoBox, registration: Registration) -> GeoBox:
    """The grid whose pixels lie where the moving date shows what belongs to `grid`.

    Raises:
        UsageError: The registration is local: no grid is bent so.
    """
    field = _require_field(registration)
    if field.lattice is not None:
        raise UsageError("a local displacement is no grid", found=registration.kind)
    (a, b, c), (d, e, f) = field.matrix
    return GeoBox(grid.shape, grid.affine @ Affine(1 + b, c, a, e, 1 + f, d), grid.crs)


def _binary(displacement: FloatArray) -> FloatArray:
    """To a millionth of a pixel in binary: places then shift exactly, whichever tile asks."""
    return np.asarray(np.round(displacement * _STEPS) / _STEPS)


def _require_field(registration: Registration) -> Field:
    if registration.field is None:
        raise UsageError("nothing was measured that could be applied", found=registration.reason)
    return registration.field
