"""Haze taken off for eyes: a known veil comes off, near infrared stays, what cannot be is said."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from affine import Affine
from odc.geo.geobox import GeoBox

from satdesk.core.bands import BLUE, GREEN, NIR, PAN, RED
from satdesk.core.raster import Raster
from satdesk.core.units import Quantity
from satdesk.errors import UsageError
from satdesk.geometry.grids import offset, subgrid
from satdesk.products.dehazed import Dehazed
from satdesk.release.dehaze import dehazed

BANDS = (BLUE, GREEN, RED, NIR)
VEIL = {"B": 0.09, "G": 0.06, "R": 0.04, "NIR": 0.02}


@dataclass(frozen=True, kw_only=True, eq=False)
class Held:
    values: np.ndarray
    valid: np.ndarray
    bands: tuple = BANDS
    quantity: Quantity = Quantity.TOA

    @property
    def grid(self):
        return GeoBox(self.valid.shape, Affine(1.5, 0, 5e5, 0, -1.5, 4.4e6), "EPSG:32638")

    def read(self, grid):
        row, col = offset(self.grid, grid)
        part = (slice(row, row + grid.shape[0]), slice(col, col + grid.shape[1]))
        return Raster(
            values=self.values[:, *part],
            valid=self.valid[part],
            grid=grid,
            bands=self.bands,
            quantity=self.quantity,
        )


def hazy(veil=VEIL, **changes):
    """Ground of which a hundredth is dark as deep shade, under a veil; a hole of dark nodata."""
    chance = np.random.default_rng(3)
    ground = chance.uniform(0.05, 0.4, (4, 400, 300))
    ground[:, chance.random((400, 300)) < 0.01] = 0.01
    ground[3] = np.maximum(ground[3], 0.2)
    values = ground + np.array(list(veil.values()))[:, None, None]
    valid = np.ones((400, 300), bool)
    values[:, :20], valid[:20] = 0.0, False
    return Held(values=values.astype(np.float32), valid=valid, **changes), ground


def test_each_date_loses_its_own_veil():
    first, ground = hazy()
    second, _ = hazy({"B": 0.05, "G": 0.03, "R": 0.02, "NIR": 0.01})
    found = dehazed([first, second], wished=True)
    for layer, facts, (notice,) in zip(found.layers, found.facts, found.notices, strict=True):
        shown = layer.read(layer.grid).values[:, 20:]
        np.testing.assert_allclose(shown[:3], ground[:3, 20:], atol=1e-5)
        assert facts["haze"]["NIR"] == 0
        assert facts["applied_to"] == "visual.tif"
        assert notice.code == "display-dehazed"
        assert "image.tif keeps what was measured" in notice.text
    np.testing.assert_array_equal(found.layers[0].read(first.grid).values[3], first.values[3])


def test_no_band_loses_more_than_the_shorter_ones():
    layer, _ = hazy({"B": 0.03, "G": 0.03, "R": 0.20, "NIR": 0.02})  # red ground, no red haze
    (facts,) = dehazed([layer], wished=True).facts
    assert facts["haze"]["R"] == pytest.approx(0.03, abs=1e-4)


def test_unwished_it_is_not_done_and_not_told():
    layer, _ = hazy()
    found = dehazed([layer], wished=False)
    assert found.layers == (layer,)
    assert (found.facts, found.notices) == ((None,), ((),))


def test_what_cannot_be_taken_off_is_said():
    clear, _ = hazy(dict.fromkeys(VEIL, 0.0))
    found = dehazed([clear], wished=True)
    assert found.layers == (clear,)
    assert found.facts[0]["applied_to"] == "nothing"
    assert "one per cent" in found.notices[0][0].text
    small = Held(values=np.ones((4, 9, 9), np.float32), valid=np.ones((9, 9), bool))
    assert "usable pixels" in dehazed([small], wished=True).facts[0]["reason"]


def test_counts_have_no_dark():
    layer, _ = hazy(quantity=Quantity.COUNTS)
    with pytest.raises(UsageError, match="reflectance only"):
        dehazed([layer], wished=True)


def test_one_band_alone():
    whole, _ = hazy()
    grey = Held(values=whole.values[:1], valid=whole.valid, bands=(PAN,))
    assert dehazed([grey], wished=True).facts[0]["haze"]["PAN"] == pytest.approx(0.09, abs=1e-4)


def test_tiles_are_the_whole_and_wrong_numbers_are_refused():
    layer, _ = hazy()
    made = Dehazed(source=layer, haze=(0.09, 0.06, 0.04, 0.0))
    part = subgrid(layer.grid, 31, 7, (50, 60))
    whole = made.read(layer.grid)
    np.testing.assert_array_equal(made.read(part).values, whole.values[:, 31:81, 7:67])
    assert (made.grid, made.bands, made.quantity) == (layer.grid, layer.bands, Quantity.TOA)
    with pytest.raises(UsageError, match="one haze"):
        Dehazed(source=layer, haze=(0.1,))
    with pytest.raises(UsageError, match="one haze"):
        Dehazed(source=layer, haze=(0.1, 0.1, -0.1, 0.0))
    counts, _ = hazy(quantity=Quantity.COUNTS)
    with pytest.raises(UsageError, match="reflectance only"):
        Dehazed(source=counts, haze=(0.0,) * 4)
