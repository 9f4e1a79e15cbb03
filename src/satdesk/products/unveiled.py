"""Reflectance at the top of the atmosphere, carried down towards the ground, lazily."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from satdesk.core.bands import Band
from satdesk.core.layer import Layer
from satdesk.core.raster import Raster
from satdesk.core.sensor import Terrain
from satdesk.core.units import Quantity
from satdesk.errors import UndeclaredInputError, UsageError
from satdesk.geometry.frames import lonlat_of_grid, pixel_size_m
from satdesk.geometry.grids import offset
from satdesk.radiometry.surface import (
    SEA_LEVEL_HPA,
    pressure_hpa,
    rayleigh_depth,
    rayleigh_reflectance,
    unveiled,
)

__all__ = ["Air", "Unveiled", "middle_nm"]

_NODES_M = 30.0
"""Heights are taken on nodes no further apart: 30 m of height change pressure by 0.35 %."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Air:
    """How light came through the air over a scene.

    Attributes:
        sun_zenith_deg: 0 = overhead.
        view_zenith_deg: Likewise.
        relative_azimuth_deg: Between sun and satellite as seen from the ground; 0 = same side.
        haze: Reflectance that haze adds to each band, beside what clean air adds.
        height_m: Metres above the ellipsoid, where the terrain knows none.
    """

    sun_zenith_deg: float
    view_zenith_deg: float
    relative_azimuth_deg: float
    haze: tuple[float, ...]
    height_m: float

    def path(self, band: Band) -> float:
        """Reflectance that clean air adds to a band above the sea."""
        return rayleigh_reflectance(
            middle_nm(band),
            sun_zenith_deg=self.sun_zenith_deg,
            view_zenith_deg=self.view_zenith_deg,
            relative_azimuth_deg=self.relative_azimuth_deg,
        )


def middle_nm(band: Band) -> float:
    """Middle of a band's pass band, nanometres.

    Raises:
        UndeclaredInputError: Nobody states where the band lies.
    """
    if band.wavelength_nm is None:
        raise UndeclaredInputError(
            "the air over a band cannot be told",
            subject=band.name,
            found="no wavelengths stated",
            expected="the lower and the upper edge of the pass band",
            remedy="ask for toa, or deliver the scene with its metadata",
        )
    return (band.wavelength_nm[0] + band.wavelength_nm[1]) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Unveiled:
    """A layer of reflectance at the top of the atmosphere, less what the air adds and takes.

    Clean air by the pressure at the height of each pixel, haze by one number a band; see
    `radiometry.surface` for what that is not. The height above the ellipsoid stands for that above
    the sea: they differ by at most 110 m, 1.3 % of what clean air adds.

    Attributes:
        source: On a grid with a CRS.
        terrain: Heights above the ellipsoid.
        air: Over the scene.

    Raises:
        UndeclaredInputError: A band of unknown wavelength.
        UsageError: Another quantity than TOA, or not one number of haze a band.
    """

    source: Layer
    terrain: Terrain
    air: Air

    def __post_init__(self) -> None:
        if self.source.quantity is not Quantity.TOA:
            raise UsageError(
                "only reflectance at the top of the atmosphere can be carried down",
                found=self.source.quantity.value,
                expected=Quantity.TOA.value,
            )
        if len(self.air.haze) != len(self.source.bands):
            raise UsageError(
                "a layer needs one number of haze a band",
                found=str(len(self.air.haze)),
                expected=str(len(self.source.bands)),
            )
        for band in self.source.bands:
            middle_nm(band)

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
        """BOA."""
        return Quantity.BOA

    def read(self, grid: GeoBox) -> Raster:
        """Reflectance of the ground on `grid`, float32; it may lie below 0 in deep shade."""
        raster = self.source.read(grid)
        thinned = self._thinned(grid)
        planes = [
            np.exp(thinned * np.float32(-self._let_through(band)))
            * (seen - (thinned * np.float32(self.air.path(band)) + np.float32(haze)))
            for seen, band, haze in zip(raster.values, self.bands, self.air.haze, strict=True)
        ]
        return raster.with_values(np.stack(planes), quantity=self.quantity)

    def _let_through(self, band: Band) -> float:
        """Logarithm of what clean air above the sea lets through of a band, both ways."""
        air = self.air
        one = unveiled(
            1.0,
            path=0.0,
            depth=rayleigh_depth(middle_nm(band)),
            sun_zenith_deg=air.sun_zenith_deg,
            view_zenith_deg=air.view_zenith_deg,
        )
        return -math.log(float(one))

    def _thinned(self, grid: GeoBox) -> NDArray[np.float32]:
        """Pressure over that at the sea at the pixels of `grid`, linear between nodes."""
        step = max(1, int(_NODES_M / max(pixel_size_m(self.grid))))
        row, col = offset(self.grid, grid)
        rows, cols = (int(size) for size in grid.shape)
        top, left = row // step, col // step
        shape = (
            math.ceil((row + rows) / step) - top + 2,
            math.ceil((col + cols) / step) - left + 2,
        )
        # A node lies on the centre of every step-th pixel of the layer.
        place = Affine.translation(left * step + 0.5, top * step + 0.5) @ Affine.scale(step)
        place = self.grid.affine @ place @ Affine.translation(-0.5, -0.5)
        nodes = GeoBox(shape, place, self.grid.crs)
        heights = np.asarray(self.terrain.height(*lonlat_of_grid(nodes)), np.float64)
        pressure = pressure_hpa(np.where(np.isfinite(heights), heights, self.air.height_m))
        thinned = (pressure / SEA_LEVEL_HPA).astype(np.float32)
        thinned = _between(thinned, row - top * step, rows, step)
        return _between(thinned.T, col - left * step, cols, step).T


def _between(nodes: NDArray[np.float32], first: int, count: int, step: int) -> NDArray[np.float32]:
    """Linear along the first axis, `count` places from `first` on, `step` to a node."""
    node, part = np.divmod(np.arange(first, first + count), step)
    low = nodes[node]
    low += (part / np.float32(step)).astype(np.float32)[:, None] * (nodes[node + 1] - low)
    return low
