"""Calibrated layers."""

from __future__ import annotations

import pickle
from dataclasses import dataclass

import numpy as np
import pytest
from affine import Affine
from odc.geo.geobox import GeoBox

from satdesk.core.bands import BLUE, GREEN, Band
from satdesk.core.layer import Layer
from satdesk.core.lineage import lineage
from satdesk.core.raster import Raster
from satdesk.core.scene import BandCalibration
from satdesk.core.units import Quantity
from satdesk.errors import UndeclaredInputError, UsageError
from satdesk.products.calibrated import Calibrated

GRID = GeoBox((4, 5), Affine.translation(100, 200), None)
SPOT = BandCalibration(gain=8.0, bias=0.5, irradiance=1900.0)
SENTINEL = BandCalibration(quantification=10000, offset=-1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Constant:
    """Every pixel has the same count; the first column is not usable."""

    count: int = 800
    grid: GeoBox = GRID
    bands: tuple[Band, ...] = (BLUE, GREEN)
    quantity: Quantity = Quantity.COUNTS

    def read(self, grid):
        values = np.full((len(self.bands), *grid.shape), self.count, dtype=np.uint16)
        valid = np.ones(tuple(grid.shape), dtype=bool)
        valid[:, 0] = False
        return Raster(
            values=values, valid=valid, grid=grid, bands=self.bands, quantity=self.quantity
        )


def test_counts_become_toa_reflectance():
    layer = Calibrated(
        source=Constant(), calibration=(SPOT, SENTINEL), sun_elevation_deg=30.0, sun_distance_au=1.0
    )
    assert isinstance(layer, Layer)
    raster = layer.read(GRID)
    assert raster.quantity is layer.quantity is Quantity.TOA
    assert raster.values.dtype == np.float32
    np.testing.assert_allclose(raster.values[0], np.pi * 100.5 / (1900 * 0.5), rtol=1e-6)
    np.testing.assert_allclose(raster.values[1], -0.02, atol=1e-7)
    assert not raster.valid[:, 0].any()
    assert raster.valid[:, 1:].all()


def test_stated_reflectance_needs_no_sun():
    source = Constant(quantity=Quantity.BOA, count=2500)
    layer = Calibrated(source=source, calibration=(SENTINEL, SENTINEL))
    assert layer.read(GRID).quantity is Quantity.BOA
    np.testing.assert_allclose(layer.read(GRID).values, 0.15, rtol=1e-6)


@pytest.mark.parametrize(
    ("calibration", "elevation", "distance", "names"),
    [
        (SPOT, None, 1.0, "sun elevation"),
        (SPOT, 30.0, None, "distance of the sun"),
        (BandCalibration(gain=8.0), 30.0, 1.0, "irradiance"),
        (BandCalibration(irradiance=8.0), None, 1.0, "gain, sun elevation"),
    ],
)
def test_missing_numbers_are_named(calibration, elevation, distance, names):
    with pytest.raises(UndeclaredInputError, match=names):
        Calibrated(
            source=Constant(),
            calibration=(SENTINEL, calibration),
            sun_elevation_deg=elevation,
            sun_distance_au=distance,
        )


def test_one_calibration_a_band():
    with pytest.raises(UsageError, match="one calibration a band"):
        Calibrated(source=Constant(), calibration=(SENTINEL,))


def test_reflectance_is_not_calibrated_twice():
    with pytest.raises(UsageError, match="only counts"):
        Calibrated(source=Constant(quantity=Quantity.DISPLAY), calibration=(SENTINEL, SENTINEL))


def test_lineage_and_pickle():
    layer = Calibrated(source=Constant(), calibration=(SENTINEL, SENTINEL))
    assert lineage(layer).step == "calibrated"
    assert lineage(pickle.loads(pickle.dumps(layer))).digest == lineage(layer).digest  # noqa: S301 - our own bytes
