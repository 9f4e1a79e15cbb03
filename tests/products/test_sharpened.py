"""Sharpened layers."""

from __future__ import annotations

import pickle
from dataclasses import dataclass

import numpy as np
import pytest
from affine import Affine
from odc.geo.geobox import GeoBox

from layers import Texture, utm_grid
from satdesk.core.bands import BLUE, GREEN, PAN, Band
from satdesk.core.layer import Layer
from satdesk.core.lineage import lineage
from satdesk.core.raster import Raster
from satdesk.core.units import Quantity
from satdesk.errors import UsageError
from satdesk.geometry.grids import offset
from satdesk.products.sharpened import Sharpened
from satdesk.radiometry.sharpen import SharpenWeights
from satdesk.radiometry.sharpen_adaptive import LocalGains
from satdesk.radiometry.sharpen_gsa import GramSchmidtAdaptive
from satdesk.radiometry.sharpen_haze import HazeBrovey
from satdesk.radiometry.sharpen_hpm import HighPassModulation
from satdesk.radiometry.sharpen_local import LocalMeanVariance, RatioComponent
from satdesk.scale.tiles import tiles

GRID = GeoBox((20, 30), Affine(2, 0, 500_000, 0, -2, 4_400_000), "EPSG:32638")
WEIGHTS = SharpenWeights(weights=(0.4, 0.5), offset=1.0, floor=0.1, r2=0.9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waves:
    """A smooth function of the ground; not usable where `hole` says."""

    bands: tuple[Band, ...]
    grid: GeoBox = GRID
    quantity: Quantity = Quantity.COUNTS
    hole_x: float = 0.0

    def read(self, grid):
        cols, rows = np.meshgrid(np.arange(grid.shape[1]) + 0.5, np.arange(grid.shape[0]) + 0.5)
        x = grid.affine.a * cols + grid.affine.c
        y = grid.affine.e * rows + grid.affine.f
        planes = [100 + 10 * (i + 1) * np.sin(x / 7 + i) + y % 13 for i in range(len(self.bands))]
        return Raster(
            values=np.array(planes),
            valid=np.abs(x - self.hole_x) > 3,
            grid=grid,
            bands=self.bands,
            quantity=self.quantity,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Smoothing:
    """A method that looks at its neighbours."""

    halo: int = 2

    def sharpen(self, pan, ms):
        total = sum(np.roll(pan, k, axis=1) for k in range(-2, 3))
        return (ms + total).astype(np.float32)


def sharpened(**changes):
    fields = {
        "pan": Waves(bands=(PAN,), hole_x=500_021.0),
        "ms": Waves(bands=(BLUE, GREEN), hole_x=500_041.0),
        "weights": WEIGHTS,
    }
    return Sharpened(**(fields | changes))


def test_reads_and_describes():
    layer = sharpened()
    assert isinstance(layer, Layer)
    raster = layer.read(GRID)
    assert raster.bands == layer.bands == (BLUE, GREEN)
    assert raster.quantity is layer.quantity is Quantity.COUNTS
    pan, ms = layer.pan.read(GRID), layer.ms.read(GRID)
    np.testing.assert_array_equal(raster.valid, pan.valid & ms.valid)
    assert not raster.valid.all()
    met = 0.4 * raster.values[0] + 0.5 * raster.values[1] + 1.0
    np.testing.assert_allclose(met, pan.values[0], rtol=1e-5)


@pytest.mark.parametrize("weights", [WEIGHTS, Smoothing()])
def test_tiles_have_no_seams(weights):
    layer = sharpened(weights=weights)
    whole = layer.read(GRID)
    tile = layer.read(GRID[5:15, 7:19])
    np.testing.assert_array_equal(tile.values, whole.values[:, 5:15, 7:19])
    np.testing.assert_array_equal(tile.valid, whole.valid[5:15, 7:19])


def test_mismatches_are_refused():
    with pytest.raises(UsageError, match="one grid"):
        sharpened(ms=Waves(bands=(BLUE, GREEN), grid=GRID[1:, :]))
    with pytest.raises(UsageError, match="same quantity"):
        sharpened(ms=Waves(bands=(BLUE, GREEN), quantity=Quantity.TOA))
    with pytest.raises(UsageError, match="one band"):
        sharpened(pan=Waves(bands=(PAN, PAN)))


def test_lineage_and_pickle():
    layer = sharpened()
    assert [step.step for step in lineage(layer).inputs] == ["waves", "waves"]
    assert pickle.loads(pickle.dumps(layer)) == layer  # noqa: S301 - our own bytes


METHODS = {
    "rcs": RatioComponent(window=7, floor=1.0),
    "lmvm": LocalMeanVariance(window=7, least_deviation=0.1),
    "gsa": GramSchmidtAdaptive(weights=(0.4, 0.6), offset=1.0, gains=(1.1, 0.9)),
    "hpm": HighPassModulation(mtf=(0.3, 0.22), ratio=4.0, offsets=(0.0, 5.0), floors=(1.0, 1.0)),
    "bt-h": HazeBrovey(weights=(0.4, 0.6), haze=(1.0, 2.0), gain=1.0, offset=0.0, floor=1.0),
    "gsa-local": LocalGains(
        weights=(0.4, 0.6), haze=(1.0, 2.0), offset=1.0, sigma_px=2.0, doubt=0.05, floor=1.0
    ),
}


@pytest.mark.parametrize("name", METHODS)
def test_tiles_equal_the_whole_around_holes_and_at_edges(name):
    grid = utm_grid(90, 110)
    layer = Sharpened(
        pan=Texture(grid=grid, bands=(PAN,), seed=3),
        ms=Texture(grid=grid, bands=(BLUE, GREEN), seed=5),
        weights=METHODS[name],
    )
    whole = layer.read(grid)
    for part in (t.grid for t in tiles(grid, 37)):
        row, col = offset(grid, part)
        here = (slice(row, row + part.shape[0]), slice(col, col + part.shape[1]))
        seen = layer.read(part)
        np.testing.assert_array_equal(seen.valid, whole.valid[here])
        np.testing.assert_array_equal(
            seen.values[:, seen.valid], whole.values[(slice(None), *here)][:, seen.valid]
        )
    assert np.isfinite(whole.values).all()


@pytest.mark.parametrize("name", METHODS)
def test_what_is_not_usable_never_reaches_a_neighbour(name):
    grid = utm_grid(60, 60)
    seen = []
    for fill in (0, 60_000):
        pan = Filled(source=Texture(grid=grid, bands=(PAN,), seed=3, holes=3), fill=fill)
        ms = Filled(source=Texture(grid=grid, bands=(BLUE, GREEN), seed=5), fill=fill)
        seen.append(Sharpened(pan=pan, ms=ms, weights=METHODS[name]).read(grid))
    valid = seen[0].valid
    np.testing.assert_array_equal(seen[0].values[:, valid], seen[1].values[:, valid])


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """Another number where a layer is not usable."""

    source: Layer
    fill: int

    @property
    def grid(self):
        return self.source.grid

    @property
    def bands(self):
        return self.source.bands

    @property
    def quantity(self):
        return self.source.quantity

    def read(self, grid):
        raster = self.source.read(grid)
        return raster.with_values(np.where(raster.valid, raster.values, self.fill))
