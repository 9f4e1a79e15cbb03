from __future__ import annotations

import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox

from satdesk.errors import UsageError
from satdesk.geometry.grids import offset, same_lattice, snapped_grid, subgrid, utm_crs

GSD = st.sampled_from([0.3, 0.5, 1.5, 2.0, 10.0])
EDGE = st.floats(-1e6, 1e6)
SIDE = st.floats(1, 3000)


@pytest.mark.parametrize(
    ("lon", "lat", "crs"),
    [
        (46.0, 40.0, "EPSG:32638"),
        (-72.3, 18.5, "EPSG:32618"),
        (-56.2, -34.9, "EPSG:32721"),
        (180.0, 0.0, "EPSG:32601"),
        (-180.0, -1.0, "EPSG:32701"),
        (179.999, 10.0, "EPSG:32660"),
        (406.0, 40.0, "EPSG:32638"),
    ],
)
def test_zones(lon, lat, crs):
    assert utm_crs(lon, lat) == crs


@pytest.mark.parametrize("place", [(0, 85), (0, -81), (np.nan, 0), (0, np.nan)])
def test_utm_ends(place):
    with pytest.raises(UsageError):
        utm_crs(*place)


@given(EDGE, EDGE, SIDE, SIDE, GSD)
def test_a_snapped_grid_covers_and_is_no_larger_than_needed(x, y, width, height, gsd):
    grid = snapped_grid((x, y, x + width, y + height), "EPSG:32638", gsd)
    left, top = grid.affine.c, grid.affine.f
    right, bottom = left + gsd * grid.shape[1], top - gsd * grid.shape[0]
    slack = 1e-5 * gsd
    assert left <= x + slack
    assert right >= x + width - slack
    assert bottom <= y + slack
    assert top >= y + height - slack
    assert max(x - left, right - x - width, y - bottom, top - y - height) < gsd + slack
    assert left / gsd == pytest.approx(round(left / gsd), abs=1e-6)


@given(EDGE, EDGE, EDGE, EDGE, GSD)
def test_snapped_grids_share_one_lattice(x, y, u, v, gsd):
    one = snapped_grid((x, y, x + 50, y + 50), "EPSG:32638", gsd)
    other = snapped_grid((u, v, u + 70, v + 70), "EPSG:32638", gsd)
    row, col = offset(one, other)
    assert same_lattice(one, other)
    again = subgrid(one, row, col, tuple(other.shape))
    assert again.affine.almost_equals(other.affine, 1e-6)


def test_bounds_on_the_lattice_stay():
    grid = snapped_grid((0.3, 0.6, 0.9, 1.2), "EPSG:32638", 0.3)
    assert tuple(grid.shape) == (2, 2)


@pytest.mark.parametrize(
    ("bounds", "gsd"),
    [
        ((0, 0, 0, 1), 1.0),
        ((0, 2, 1, 1), 1.0),
        ((0, 0, 1, np.nan), 1.0),
        ((0, 0, 1, 1), 0.0),
        ((0, 0, 1, 1), -1.0),
        ((0, 0, 1e7, 1e7), 0.5),
    ],
)
def test_impossible_grids(bounds, gsd):
    with pytest.raises(UsageError):
        snapped_grid(bounds, "EPSG:32638", gsd)


@given(st.integers(-500, 500), st.integers(-500, 500))
def test_offset_undoes_subgrid(row, col):
    outer = GeoBox((40, 50), Affine(1.5, 0, 593499, 0, -1.5, 4433770.5), "EPSG:32638")
    assert offset(outer, subgrid(outer, row, col, (3, 4))) == (row, col)


@pytest.mark.parametrize(
    "inner",
    [
        GeoBox((9, 9), Affine(1.5, 0, 0.75, 0, -1.5, 0), "EPSG:32638"),
        GeoBox((9, 9), Affine(1.5, 0, 0, 0, -1.5, 0), "EPSG:32639"),
        GeoBox((9, 9), Affine(1.5, 0, 0, 0, -1.5, 0), None),
        GeoBox((9, 9), Affine(1.6, 0, 0, 0, -1.6, 0), "EPSG:32638"),
        GeoBox((9, 9), Affine(1.5, 0, 0, 0, 1.5, 0), "EPSG:32638"),
        GeoBox((9, 9), Affine(1.5, 0.01, 0, 0, -1.5, 0), "EPSG:32638"),
    ],
)
def test_grids_of_another_lattice(inner):
    outer = GeoBox((9, 9), Affine(1.5, 0, 0, 0, -1.5, 0), "EPSG:32638")
    assert not same_lattice(outer, inner)
    with pytest.raises(UsageError):
        offset(outer, inner)
