"""What a DEM leaves out, told from itself, against relief that is known in full."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio
from scipy.ndimage import map_coordinates

from satdesk.geometry.interpolation import interpolation_error
from satdesk.simulate.relief import NODE_M
from satdesk.simulate.take import demo_world


def thinned(heights, step):
    """Every `step`-th node, and the errors of all others between them: 90 %, 99 %."""
    kept = heights[::step, ::step]
    rows, cols = ((n - 1) * step + 1 for n in kept.shape)
    row, col = np.mgrid[0:rows, 0:cols] / step
    errors = np.abs(map_coordinates(kept, [row, col], order=1) - heights[:rows, :cols])
    return kept, np.percentile(errors[np.isfinite(errors)], [90, 99])


@pytest.fixture(scope="module", params=[1, 2])
def relief(request):
    return demo_world(request.param).relief.heights


@pytest.mark.parametrize("step", [4, 11, 28])  # 32, 88 and 224 m
def test_the_error_between_nodes_is_told_from_the_nodes(relief, step):
    kept, (p90, p99) = thinned(relief, step)
    found = interpolation_error(kept.astype(np.float32), step * NODE_M)
    assert 0.9 < found.p90_m / p90 < 1.5
    assert 0.9 < found.p99_m / p99 < 1.5
    assert 0.5 < found.exponent < 1.75
    assert not found.smooth
    assert found.detail_m == found.spacing_m


def test_even_eight_by_eight_cells_of_900_m_tell_it(relief):
    kept, (p90, _) = thinned(relief, 112)
    found = interpolation_error(kept, 112 * NODE_M)
    assert kept.shape == (8, 8)
    assert 0.7 < found.p90_m / p90 < 2.0


@pytest.mark.parametrize(
    ("file", "step"),
    [("dem/globe30s_kalbajar.tif", 2), ("dem/globe30s_kalbajar.tif", 4)]
    + [("phr_ventoux/N44E005.hgt", step) for step in (2, 4, 8)],
)
def test_on_real_relief_too(shared_data, file, step):
    with rasterio.open(shared_data / file) as data:
        heights = data.read(1, masked=True).astype(float).filled(np.nan)
    if file.endswith("hgt"):
        heights = heights[300:1100, 300:1100]
    heights = np.where(np.isnan(heights), np.nanmean(heights), heights)
    kept, (p90, p99) = thinned(heights, step)
    found = interpolation_error(kept, 100.0)
    assert 0.95 < found.p90_m / p90 < 1.5
    assert 0.95 < found.p99_m / p99 < 1.5


@pytest.mark.parametrize("order", [1, 3])
def test_heights_that_were_interpolated_from_coarser_ones_do_not_pass_for_fine(relief, order):
    kept, (p90, _) = thinned(relief, 28)
    at = np.linspace(0, len(kept) - 1, (len(kept) - 1) * 7 + 1)
    fine = map_coordinates(kept, np.meshgrid(at, at, indexing="ij"), order=order, mode="nearest")
    found = interpolation_error(fine, 4 * NODE_M)
    assert found.detail_m >= 4 * found.spacing_m
    assert found.p90_m > p90 / 5


def test_a_plane_has_no_error_and_no_relief_to_tell_it_by():
    row, col = np.mgrid[0:40, 0:40]
    found = interpolation_error(100.0 + 0.5 * row + 0.25 * col, 30.0)
    assert found.p90_m == pytest.approx(0, abs=1e-9)
    assert found.smooth


def test_too_few_cells_tell_nothing_and_voids_are_left_out(relief):
    assert interpolation_error(relief[:4, :4], 8.0) is None
    holed = relief[:200, :200].copy()
    holed[50:60, 50:60] = np.nan
    whole, found = interpolation_error(relief[:200, :200], 8.0), interpolation_error(holed, 8.0)
    assert found.p90_m == pytest.approx(whole.p90_m, rel=0.05)
    assert interpolation_error(np.full((40, 40), np.nan), 8.0) is None
