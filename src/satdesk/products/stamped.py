"""A word in the pixels of a picture, again and again, so that no crop loses it.

The pattern repeats over the absolute lattice of the grid's pixels: tiles have no seams, and two
dates on one grid carry the word at the same places. Light letters with a dark edge can be read on
snow and in shadow.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from satdesk.core.bands import Band
from satdesk.core.layer import Layer
from satdesk.core.raster import Raster
from satdesk.core.units import Quantity
from satdesk.errors import UsageError
from satdesk.geometry.grids import offset

__all__ = ["StampPattern", "Stamped", "blend", "covers", "laid_over"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StampPattern:
    """One repeat of a pattern.

    The coverages are kept as bytes, so that a pattern compares and hashes by what it shows.

    Attributes:
        text: The words that it shows.
        shape: ``rows, cols`` after which it repeats.
        light: Coverage by white, 0–255, row by row.
        dark: Coverage by black, under the white.
        opacity: 0–1: how strongly both are laid over the picture.

    Raises:
        UsageError: Sizes that do not agree, an opacity out of range, or a pattern that shows
            nothing.
    """

    text: str
    shape: tuple[int, int]
    light: bytes
    dark: bytes
    opacity: float = 0.6

    def __post_init__(self) -> None:
        size = self.shape[0] * self.shape[1]
        if size == 0 or len(self.light) != size or len(self.dark) != size:
            raise UsageError(
                "a stamp's coverages must fill its repeat",
                found=f"{len(self.light)} and {len(self.dark)} pixels",
                expected=f"{self.shape[0]} x {self.shape[1]}",
            )
        if not 0 < self.opacity <= 1:
            raise UsageError("a stamp must be visible", found=f"opacity {self.opacity:g}")
        if not (any(self.light) and any(self.dark)):
            raise UsageError("a stamp must show letters and their edges", subject=self.text)

    @classmethod
    def from_arrays(
        cls, text: str, light: NDArray[np.uint8], dark: NDArray[np.uint8], opacity: float = 0.6
    ) -> Self:
        """From two coverages ``(y, x)``, 0–255."""
        rows, cols = light.shape
        return cls(
            text=text,
            shape=(rows, cols),
            light=light.astype(np.uint8).tobytes(),
            dark=dark.astype(np.uint8).tobytes(),
            opacity=opacity,
        )

    def lineage_digest(self) -> str:
        """Text, opacity and a digest of the coverages."""
        digest = hashlib.sha256(self.light + self.dark).hexdigest()
        return f"{self.text} {self.shape[0]}x{self.shape[1]} {self.opacity:g} {digest}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamped:
    """`source` with a pattern laid over its colours; what is valid stays as it is.

    Attributes:
        source: A picture for eyes (``Quantity.DISPLAY``, uint8).
        pattern: What is laid over it.

    Raises:
        UsageError: The source is no picture for eyes.
    """

    source: Layer
    pattern: StampPattern

    def __post_init__(self) -> None:
        if self.source.quantity is not Quantity.DISPLAY:
            raise UsageError(
                "only pictures for eyes are stamped; measurements never are",
                found=self.source.quantity.value,
                expected=Quantity.DISPLAY.value,
            )

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
        """``Quantity.DISPLAY``."""
        return Quantity.DISPLAY

    def read(self, grid: GeoBox) -> Raster:
        """The source's colours under the pattern, uint8.

        Raises:
            UsageError: The source does not give uint8.
        """
        raster = self.source.read(grid)
        if raster.values.dtype != np.uint8:
            raise UsageError(
                "only 8-bit pictures are stamped", found=str(raster.values.dtype), expected="uint8"
            )
        row0, col0 = _absolute(self.grid)
        row, col = offset(self.grid, grid)
        return raster.with_values(blend(raster.values, self.pattern, (row0 + row, col0 + col)))


def blend(
    planes: NDArray[np.uint8], pattern: StampPattern, origin: tuple[int, int]
) -> NDArray[np.uint8]:
    """Lay `pattern` over colour planes.

    Args:
        planes: ``(band, y, x)``, gamma-encoded.
        pattern: What to lay over them.
        origin: ``row, col`` of the first pixel in the endless plane that the pattern fills.

    Returns:
        New planes of the same shape; the input is not changed.
    """
    covered, under, over = covers(pattern, origin, (planes.shape[1], planes.shape[2]))
    blended = planes.copy()
    for plane in blended:
        plane.reshape(-1)[covered] = laid_over(plane.reshape(-1)[covered], under, over)
    return blended


def covers(
    pattern: StampPattern, origin: tuple[int, int], shape: tuple[int, int]
) -> tuple[NDArray[np.intp], NDArray[np.uint32], NDArray[np.uint32]]:
    """Where a window of the endless plane is covered at all; most of a pattern is empty.

    Returns:
        Indices of its pixels, counted row by row, and of each the weights of black and of the white
        over it, 0 to 255.
    """
    rows = (origin[0] + np.arange(shape[0])) % pattern.shape[0]
    cols = (origin[1] + np.arange(shape[1])) % pattern.shape[1]
    dark, light = (
        np.frombuffer(coverage, np.uint8).reshape(pattern.shape)[np.ix_(rows, cols)].reshape(-1)
        for coverage in (pattern.dark, pattern.light)
    )
    covered = np.flatnonzero(dark | light)
    weight = np.uint32(round(pattern.opacity * 256))
    under, over = (part[covered].astype(np.uint32) * weight // 256 for part in (dark, light))
    return covered, under, over


def laid_over(
    values: NDArray[np.uint8], under: NDArray[np.uint32], over: NDArray[np.uint32]
) -> NDArray[np.uint8]:
    """Values with black of a weight laid over them, and white over that, each 0 to 255."""
    # Whole numbers throughout: the same on every machine. 127 rounds to nearest.
    darkened = values - (values * under + 127) // 255
    return (darkened + ((255 - darkened) * over + 127) // 255).astype(np.uint8)


def _absolute(grid: GeoBox) -> tuple[int, int]:
    """``row, col`` of the first pixel in the lattice that has a pixel's corner at 0, 0.

    Taken from the whole grid alone and never from a tile, where a half pixel might round either
    way.
    """
    a = grid.affine
    to_pixels = ~Affine(a.a, a.b, 0, a.d, a.e, 0)
    col = to_pixels.a * a.c + to_pixels.b * a.f
    row = to_pixels.d * a.c + to_pixels.e * a.f
    return math.floor(row + 0.5), math.floor(col + 0.5)
