"""Displayed layers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from affine import Affine
from odc.geo.geobox import GeoBox

from satdesk.core.bands import BLUE, GREEN, NIR, PAN, RED, Band
from satdesk.core.layer import Layer
from satdesk.core.raster import Raster
from satdesk.core.units import Quantity
from satdesk.errors import UsageError
from satdesk.products.displayed import Displayed
from satdesk.radiometry.tone import ToneCurve

GRID = GeoBox((4, 6), Affine.translation(0, 0), None)
TONE = ToneCurve(low=(0.01, 0.02, 0.03), white=0.3, top=1.2)
GREY = ToneCurve(low=(0.01,), white=0.3, top=1.2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """Band i is 0.1 · (i + 1)."""

    bands: tuple[Band, ...] = (BLUE, GREEN, RED, NIR)
    grid: GeoBox = GRID
    quantity: Quantity = Quantity.TOA

    def read(self, grid):
        levels = 0.1 * (1 + np.arange(len(self.bands)))
        values = np.broadcast_to(levels[:, None, None], (len(levels), *grid.shape))
        valid = np.ones(tuple(grid.shape), dtype=bool)
        valid[0] = False
        return Raster(
            values=values.astype(np.float32),
            valid=valid,
            grid=grid,
            bands=self.bands,
            quantity=self.quantity,
        )


def test_channels_by_name():
    layer = Displayed(source=Steps(), tone=TONE)
    assert isinstance(layer, Layer)
    raster = layer.read(GRID)
    assert raster.quantity is layer.quantity is Quantity.DISPLAY
    assert raster.bands == layer.bands == (RED, GREEN, BLUE)
    assert raster.values.dtype == np.uint8
    red, green, blue = raster.values[:, 2, 2].astype(int)
    assert red > green > blue > 0
    assert not raster.valid[0].any()
    assert raster.valid[1:].all()


def test_false_colour():
    normal = Displayed(source=Steps(), tone=TONE).read(GRID).values
    false = Displayed(source=Steps(), tone=TONE, channels=("NIR", "R", "G")).read(GRID).values
    assert false[0, 1, 1] > normal[0, 1, 1]


@pytest.mark.parametrize("tone", [GREY, ToneCurve(low=(0.01,) * 3, white=0.3, top=1.2)])
def test_one_band_becomes_grey(tone):
    raster = Displayed(source=Steps(bands=(PAN,)), tone=tone).read(GRID)
    assert raster.values.shape == (3, 4, 6)
    assert (raster.values == raster.values[0]).all()
    assert raster.values.any()


def test_before_and_after_share_the_curve():
    """Equal light gives equal display, whatever else is in either picture."""
    before = Displayed(source=Steps(), tone=TONE).read(GRID)
    after = Displayed(source=Steps(bands=(RED, BLUE, GREEN)), tone=TONE).read(GRID)
    same = Displayed(source=Steps(bands=(RED, GREEN, BLUE)), tone=TONE).read(GRID)
    np.testing.assert_array_equal(after.values[0], same.values[0])
    np.testing.assert_array_equal(before.values[1], same.values[1])


def test_mismatches_are_refused():
    with pytest.raises(UsageError, match="channels"):
        Displayed(source=Steps(bands=(BLUE, NIR)), tone=TONE)
    with pytest.raises(UsageError, match="another quantity"):
        Displayed(source=Steps(quantity=Quantity.COUNTS), tone=TONE)
