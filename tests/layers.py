"""Small layers with known pixels, for tests of what wraps and runs layers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from affine import Affine
from odc.geo.geobox import GeoBox

from satdesk.core.bands import BLUE, GREEN, NIR, RED, Band
from satdesk.core.layer import Layer
from satdesk.core.raster import Raster
from satdesk.core.units import Quantity
from satdesk.errors import BrokenInputError
from satdesk.geometry.grids import offset

BGRN = (BLUE, GREEN, RED, NIR)
RGB = (RED, GREEN, BLUE)


def utm_grid(rows: int, cols: int, *, row0: int = 0, col0: int = 0) -> GeoBox:
    """A grid of 1.5 m pixels on the absolute lattice, wider than high or not as asked."""
    affine = Affine(1.5, 0, 600_000 + 1.5 * col0, 0, -1.5, 4_440_000 - 1.5 * row0)
    return GeoBox((rows, cols), affine, "EPSG:32638")


@dataclass(frozen=True, slots=True, kw_only=True)
class Texture:
    """Every pixel another number, with holes; the same wherever it is asked for."""

    grid: GeoBox
    bands: tuple[Band, ...] = BGRN
    quantity: Quantity = Quantity.COUNTS
    seed: int = 0
    dtype: str = "uint16"
    top: int = 4000
    holes: int = 7

    def read(self, grid: GeoBox) -> Raster:
        row0, col0 = offset(self.grid, grid)
        rows, cols = grid.shape
        row = (row0 + np.arange(rows))[:, np.newaxis]
        col = (col0 + np.arange(cols))[np.newaxis]
        mixed = (row * 73_856_093) ^ (col * 19_349_663) ^ (self.seed * 83_492_791)
        planes = [1 + (mixed >> (3 * k)) % self.top for k in range(len(self.bands))]
        inside = (row >= 0) & (col >= 0) & (row < self.grid.shape[0]) & (col < self.grid.shape[1])
        valid = inside & ((mixed >> 5) % self.holes != 0)
        return Raster(
            values=np.where(inside, planes, 0).astype(self.dtype),
            valid=valid,
            grid=grid,
            bands=self.bands,
            quantity=self.quantity,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Blurred:
    """A mean of 5 × 5 usable pixels: a layer that needs a halo."""

    source: Layer

    @property
    def grid(self) -> GeoBox:
        return self.source.grid

    @property
    def bands(self) -> tuple[Band, ...]:
        return self.source.bands

    @property
    def quantity(self) -> Quantity:
        return self.source.quantity

    def read(self, grid: GeoBox) -> Raster:
        wide = self.source.read(grid.pad(2))
        rows, cols = grid.shape
        total = np.zeros((len(self.bands), rows, cols), np.float32)
        count = np.zeros((rows, cols), np.float32)
        usable = np.where(wide.valid, wide.values, 0).astype(np.float32)
        for dy in range(5):
            for dx in range(5):
                total += usable[:, dy : dy + rows, dx : dx + cols]
                count += wide.valid[dy : dy + rows, dx : dx + cols]
        return Raster(
            values=total / np.maximum(count, 1),
            valid=wide.valid[2:-2, 2:-2],
            grid=grid,
            bands=self.bands,
            quantity=self.quantity,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Flat:
    """One colour everywhere; usable everywhere."""

    grid: GeoBox
    level: int = 100
    bands: tuple[Band, ...] = RGB
    quantity: Quantity = Quantity.DISPLAY
    dtype: str = "uint8"

    def read(self, grid: GeoBox) -> Raster:
        shape = tuple(grid.shape)
        return Raster(
            values=np.full((len(self.bands), *shape), self.level, self.dtype),
            valid=np.ones(shape, bool),
            grid=grid,
            bands=self.bands,
            quantity=self.quantity,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Failing:
    """Fails on every tile that starts at or below a row of the whole grid."""

    source: Layer
    from_row: int

    @property
    def grid(self) -> GeoBox:
        return self.source.grid

    @property
    def bands(self) -> tuple[Band, ...]:
        return self.source.bands

    @property
    def quantity(self) -> Quantity:
        return self.source.quantity

    def read(self, grid: GeoBox) -> Raster:
        row, col = offset(self.grid, grid)
        if row >= self.from_row:
            raise BrokenInputError("a tile is broken", subject=f"{row},{col}")
        return self.source.read(grid)


def same(one: Raster, other: Raster) -> bool:
    """Equal to the byte, numbers of unusable pixels included."""
    return (
        one.values.dtype == other.values.dtype
        and one.values.tobytes() == other.values.tobytes()
        and one.valid.tobytes() == other.valid.tobytes()
        and one.grid == other.grid
        and one.bands == other.bands
        and one.quantity is other.quantity
    )
