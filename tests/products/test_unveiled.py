"""A layer less the air above it: known truth, tiles = whole, and what is refused."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from affine import Affine
from odc.geo.geobox import GeoBox

from satdesk.core.bands import Band
from satdesk.core.raster import Raster
from satdesk.core.units import Quantity
from satdesk.errors import UndeclaredInputError, UsageError
from satdesk.geometry.frames import lonlat_of_grid
from satdesk.geometry.grids import offset, subgrid
from satdesk.geometry.terrain import ConstantTerrain
from satdesk.products.unveiled import Air, Unveiled
from satdesk.radiometry.surface import SEA_LEVEL_HPA, pressure_hpa, rayleigh_depth

BANDS = (
    Band(name="B", wavelength_nm=(455, 525)),
    Band(name="NIR", wavelength_nm=(760, 890)),
)
AIR = Air(
    sun_zenith_deg=40.0,
    view_zenith_deg=12.0,
    relative_azimuth_deg=110.0,
    haze=(0.02, 0.01),
    height_m=900.0,
)


class Slope:
    """Ground that rises to the north-east and is unknown in the west."""

    def height(self, lon, lat):
        high = 1000 + 40_000 * (lat - 40.2) + 25_000 * (lon - 46.13)
        return np.where(lon < 46.1305, np.nan, high)


@dataclass(frozen=True, kw_only=True, eq=False)
class Seen:
    """Known reflectance on a grid."""

    values: np.ndarray
    grid: GeoBox
    bands: tuple[Band, ...] = BANDS
    quantity: Quantity = Quantity.TOA

    def read(self, grid: GeoBox) -> Raster:
        row, col = offset(self.grid, grid)
        rows, cols = grid.shape
        return Raster(
            values=self.values[:, row : row + rows, col : col + cols],
            valid=np.ones((rows, cols), bool),
            grid=grid,
            bands=self.bands,
            quantity=self.quantity,
        )


def seen(grid: GeoBox, ground, terrain) -> np.ndarray:
    """`ground` through the air, by the formulas and nothing of the layer."""
    lon, lat = lonlat_of_grid(grid)
    height = terrain.height(lon, lat)
    thinned = pressure_hpa(np.where(np.isnan(height), AIR.height_m, height)) / SEA_LEVEL_HPA
    slant = 1 / np.cos(np.radians(AIR.sun_zenith_deg)) + 1 / np.cos(np.radians(AIR.view_zenith_deg))
    planes = []
    for band, haze in zip(BANDS, AIR.haze, strict=True):
        depth = rayleigh_depth(sum(band.wavelength_nm) / 2) * thinned
        planes.append(AIR.path(band) * thinned + haze + ground * np.exp(-depth / 2 * slant))
    return np.array(planes, np.float32)


def layer(pixel_m: float, shape=(60, 50)):
    grid = GeoBox(shape, Affine(pixel_m, 0, 426_000, 0, -pixel_m, 4_450_600), "EPSG:32638")
    ground = np.random.default_rng(3).uniform(0.0, 0.6, shape)
    values = seen(grid, ground, Slope())
    source = Seen(values=values, grid=grid)
    return Unveiled(source=source, terrain=Slope(), air=AIR), ground


@pytest.mark.parametrize("pixel_m", [1.5, 10.0, 30.0, 60.0])
def test_the_ground_comes_out(pixel_m):
    bare, ground = layer(pixel_m)
    got = bare.read(bare.grid)
    assert got.quantity is Quantity.BOA
    lon, _ = lonlat_of_grid(bare.grid)
    # Between two nodes, one of them unknown, lies neither height.
    edge = np.abs(lon - 46.1305) < 60 / 85_000
    for plane in got.values:
        np.testing.assert_allclose(plane[~edge], ground[~edge], atol=2e-4)


@pytest.mark.parametrize("pixel_m", [1.5, 6.0, 30.0])
@pytest.mark.parametrize(
    "window", [(0, 0, 60, 50), (7, 13, 20, 11), (41, 3, 19, 47), (59, 49, 1, 1)]
)
def test_tiles_are_the_whole(pixel_m, window):
    bare, _ = layer(pixel_m)
    row, col, rows, cols = window
    part = bare.read(subgrid(bare.grid, row, col, (rows, cols)))
    whole = bare.read(bare.grid)
    here = np.s_[:, row : row + rows, col : col + cols]
    np.testing.assert_array_equal(part.values, whole.values[here])


def test_what_cannot_be_carried_down_is_refused():
    bare, _ = layer(10.0)
    with pytest.raises(UsageError, match="only reflectance at the top"):
        Unveiled(source=bare, terrain=ConstantTerrain(height_m=0), air=AIR)
    with pytest.raises(UsageError, match="haze a band"):
        Unveiled(source=bare.source, terrain=Slope(), air=replace(AIR, haze=(0.1,)))
    bands = (Band(name="B"), BANDS[1])
    nameless = replace(bare.source, bands=bands)
    with pytest.raises(UndeclaredInputError, match="the air over a band") as told:
        Unveiled(source=nameless, terrain=Slope(), air=AIR)
    assert "wavelengths" in told.value.found
