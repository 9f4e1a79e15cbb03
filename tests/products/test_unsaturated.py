"""Saturated counts are no numbers for what is fitted and scored."""

from __future__ import annotations

import numpy as np

from layers import Texture, utm_grid
from satdesk.core.units import Quantity
from satdesk.geometry.grids import snapped_grid
from satdesk.geometry.terrain import ConstantTerrain
from satdesk.products.ortho import Ortho
from satdesk.products.unsaturated import Unsaturated
from satdesk.release.samples import sample_windows
from satdesk.release.saturation import saturated_shares, saturation_notice
from worlds import Hills, made_up_rpc, photographed


def test_a_pixel_at_the_end_of_any_band_is_not_valid():
    source = Texture(grid=utm_grid(40, 30), top=100)
    plain = source.read(source.grid)
    made = Unsaturated(source=source, top=90).read(source.grid)
    at_the_end = (plain.values >= 90).any(axis=0)
    assert (at_the_end & plain.valid).any()
    np.testing.assert_array_equal(made.valid, plain.valid & ~at_the_end)
    np.testing.assert_array_equal(made.values, plain.values)
    assert made.quantity is Quantity.COUNTS


def test_the_share_is_told_and_where_nobody_states_the_end_nothing_is():
    source = Texture(grid=utm_grid(40, 30), top=100)
    read = source.read(source.grid)
    wanted = ((read.values >= 90).any(axis=0) & read.valid).sum() / read.valid.sum()
    windows = sample_windows(source.grid, size=64, most=256)
    shares = saturated_shares({"ms": (source, 90.0), "pan": (source, None)}, windows)
    assert shares["pan"] is None
    assert abs(shares["ms"] - wanted) < 1e-6
    (notice,) = saturation_notice(shares)
    assert "at least that much" in notice.text
    assert saturation_notice({"ms": 0.0, "pan": None}) == ()


def test_an_image_in_sensor_geometry_is_looked_at_around_the_windows_middles():
    picture = photographed(made_up_rpc(), Hills(), (768, 752, 300, 250))
    grid = snapped_grid((593500, 4433500, 593830, 4433770), "EPSG:32638", 1.5)
    placed = Ortho(
        source=picture,
        model=made_up_rpc(),
        terrain=ConstantTerrain(height_m=1500.0),
        grid=grid,
        kernel="nearest",
    )
    windows = sample_windows(grid, size=32, most=16)
    read = placed.read(grid)
    top = float(np.quantile(read.values[0][read.valid], 0.6))
    shares = saturated_shares({"pan": (placed, top), "none": (placed, 1e9)}, windows)
    assert abs(shares["pan"] - 0.4) < 0.1
    assert shares["none"] == 0.0
    beside = tuple(
        snapped_grid((x, 4433500, x + 60, 4433560), "EPSG:32638", 1.5) for x in (5e5, 7e5)
    )
    assert saturated_shares({"pan": (placed, top)}, beside) == {"pan": 0.0}
