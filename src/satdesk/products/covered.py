"""What hides the ground, as a layer on any finer grid: flags looked up, never averaged."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from satdesk.core.bands import Band
from satdesk.core.cover import COVER
from satdesk.core.raster import Raster
from satdesk.core.units import Quantity
from satdesk.errors import UsageError
from satdesk.geometry.grids import offset

__all__ = ["CoverMap", "Covered"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CoverMap:
    """Flags of a whole scene, measured once.

    Attributes:
        flags: ``(y, x)`` uint8 of `core.cover.Cover`.
        known: ``(y, x)`` bool; False = not imaged, or nothing is known.

    Raises:
        UsageError: Two shapes, or other number types.
    """

    flags: NDArray[np.uint8]
    known: NDArray[np.bool_]

    def __post_init__(self) -> None:
        if self.flags.shape != self.known.shape or self.flags.ndim != 2:
            raise UsageError(
                "a map of cover has one flag and one usability a pixel",
                found=f"{self.flags.shape}, {self.known.shape}",
            )
        if self.flags.dtype != np.uint8 or self.known.dtype != np.bool_:
            raise UsageError("flags are uint8", found=f"{self.flags.dtype}, {self.known.dtype}")

    def lineage_digest(self) -> str:
        """SHA-256 over flags and usability."""
        digest = hashlib.sha256(repr(self.flags.shape).encode())
        digest.update(np.ascontiguousarray(self.flags).tobytes())
        digest.update(np.ascontiguousarray(self.known).tobytes())
        return digest.hexdigest()

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, CoverMap)
            and np.array_equal(self.flags, other.flags)
            and np.array_equal(self.known, other.known)
        )

    def __hash__(self) -> int:
        return hash((self.flags.shape, int(self.known.sum())))


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """The cover of a scene on a grid.

    Attributes:
        cover: Measured on blocks of ``ratio × ratio`` pixels of `grid`, from its first pixel on.
        ratio: At least 1.
        grid: Of the layer.

    Raises:
        UsageError: The map does not cover the grid, or covers more than its last blocks.
    """

    cover: CoverMap
    ratio: int
    grid: GeoBox

    def __post_init__(self) -> None:
        wanted = tuple(-(-int(size) // self.ratio) for size in self.grid.shape)
        if self.ratio < 1 or self.cover.flags.shape != wanted:
            raise UsageError(
                "a map of cover must have a cell for every block of its grid",
                found=str(self.cover.flags.shape),
                expected=str(wanted),
            )

    @property
    def bands(self) -> tuple[Band, ...]:
        """`core.cover.COVER` alone."""
        return (COVER,)

    @property
    def quantity(self) -> Quantity:
        """Flags."""
        return Quantity.COVER

    def read(self, grid: GeoBox) -> Raster:
        """Flags of the blocks that the pixels of `grid` lie in, uint8 ``(1, y, x)``."""
        top, left = offset(self.grid, grid)
        row, inside_row = _cells(top, grid.shape[0], self.grid.shape[0], self.ratio)
        col, inside_col = _cells(left, grid.shape[1], self.grid.shape[1], self.ratio)
        at = np.ix_(row, col)
        valid = self.cover.known[at] & inside_row[:, None] & inside_col[None, :]
        flags = np.where(valid, self.cover.flags[at], np.uint8(0))
        return Raster(
            values=flags[np.newaxis],
            valid=valid,
            grid=grid,
            bands=self.bands,
            quantity=self.quantity,
        )


def _cells(
    first: int, count: int, size: int, ratio: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Which cell each pixel lies in, and whether the pixel lies in the grid at all."""
    pixel = np.arange(first, first + count, dtype=np.int64)
    inside = (pixel >= 0) & (pixel < size)
    return np.clip(pixel, 0, size - 1) // ratio, inside
