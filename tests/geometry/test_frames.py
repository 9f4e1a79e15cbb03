from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyproj
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox

from satdesk.errors import DisjointInputError, UsageError
from satdesk.geometry.frames import (
    datum_step,
    footprint,
    from_lonlat,
    geodesic_m,
    lonlat_bounds,
    lonlat_of_grid,
    on_terrain,
    pixel_size_m,
    to_lonlat,
    true_north_deg,
)
from satdesk.geometry.grids import snapped_grid
from satdesk.geometry.terrain import ConstantTerrain
from worlds import Hills, made_up_rpc

RPC = made_up_rpc()
FRAME = GeoBox((900, 1100), Affine.translation(400, 300), None)


@given(st.floats(42.1, 47.9), st.floats(-79, 83))
def test_to_and_fro(lon, lat):
    crs = "EPSG:32638" if lat >= 0 else "EPSG:32738"
    again = to_lonlat(crs, *from_lonlat(crs, lon, lat))
    np.testing.assert_allclose(again, (lon, lat), atol=1e-9)


def test_longitude_comes_first_whatever_the_crs_says():
    for crs in ("EPSG:4326", "OGC:CRS84", "EPSG:4979", "EPSG:4326+5773"):
        x, y = from_lonlat(crs, 46.0, 40.0)
        assert (float(x), float(y)) == (46.0, 40.0)
    east, north = from_lonlat("EPSG:32638+5773", 46.0, 40.0)
    assert (float(east), float(north)) == pytest.approx((585360.46, 4428236.06), abs=0.01)


def test_no_place_in_the_crs_is_nan():
    x, y = from_lonlat("EPSG:32638", [46.0, np.nan, 46.0], [40.0, 40.0, 91.0])
    assert np.isnan(x).tolist() == np.isnan(y).tolist() == [False, True, True]


@pytest.mark.parametrize(
    ("crs", "lon", "lat", "least_m"),
    [
        ("EPSG:28408", 46.0, 40.2, 1.0),  # Pulkovo 1942: by parameters, no grid is known for it
        ("EPSG:28355", 147.0, -37.0, 1.0),  # GDA94 lies 1.8 m from today's WGS 84
        ("EPSG:32638", 46.0, 40.2, None),
        ("EPSG:4326", 46.0, 40.2, None),
        ("EPSG:3857", 46.0, 40.2, None),
    ],
)
def test_the_step_to_another_datum_is_told_with_its_accuracy(crs, lon, lat, least_m):
    x, y = (float(v) for v in from_lonlat(crs, lon, lat))
    size = 1e-5 if crs == "EPSG:4326" else 1.0
    step = datum_step(GeoBox((100, 100), Affine(size, 0, x, 0, -size, y), crs))
    if least_m is None:
        assert step is None
        return
    assert step[1] > least_m
    assert "to WGS 84" in step[0]


def test_bad_crs():
    with pytest.raises(UsageError, match=r"EPSG:99999"):
        to_lonlat("EPSG:99999", 0.0, 0.0)
    with pytest.raises(UsageError, match="Vertical"):
        to_lonlat("EPSG:5773", 0.0, 0.0)
    with pytest.raises(UsageError, match="CRS"):
        lonlat_of_grid(FRAME)


def test_threads_share_transformers():
    lon = np.linspace(43, 47, 5000)
    want = from_lonlat("EPSG:32638", lon, 40.0)
    with ThreadPoolExecutor(4) as pool:
        got = list(pool.map(lambda _: from_lonlat("EPSG:32638", lon, 40.0), range(16)))
    for pair in got:
        np.testing.assert_array_equal(pair, want)


@given(st.integers(-50, 50), st.integers(-50, 50))
def test_a_pixel_has_one_place_in_every_window(row, col):
    grid = snapped_grid((593500.3, 4433500.7, 593830, 4433770), "EPSG:32638", 0.3)
    whole = lonlat_of_grid(grid, row, col, (4, 5))
    part = lonlat_of_grid(grid, row + 1, col + 2, (2, 3))
    np.testing.assert_array_equal(np.array(whole)[:, 1:3, 2:5], part)


def test_true_north_is_the_meridians_convergence():
    factors = pyproj.Proj("EPSG:32638").get_factors(46.5, 40.0)
    assert true_north_deg("EPSG:32638", 46.5, 40.0) == pytest.approx(
        -factors.meridian_convergence, abs=1e-4
    )
    assert true_north_deg("EPSG:32638", 45.0, 40.0) == pytest.approx(0, abs=1e-6)
    assert true_north_deg("EPSG:4326", 46.5, 40.0) == 0


def test_lengths():
    assert float(geodesic_m(0, 0, 0, 1)) == pytest.approx(110574.389, abs=0.001)
    utm = snapped_grid((593500, 4433500, 593830, 4433770), "EPSG:32638", 1.5)
    scale = pyproj.Proj("EPSG:32638").get_factors(46.098, 40.048).meridional_scale
    assert pixel_size_m(utm) == pytest.approx((1.5 / scale, 1.5 / scale), rel=1e-6)
    degrees = snapped_grid((46.0, 60.0, 46.1, 60.1), "EPSG:4326", 0.001)
    across, down = pixel_size_m(degrees)
    assert across == pytest.approx(55.7, abs=0.2)
    assert down == pytest.approx(111.4, abs=0.2)


def test_bounds_across_the_antimeridian():
    grid = snapped_grid((400000, 4433500, 410000, 4443500), "EPSG:32601", 100)
    west, south, east, north = lonlat_bounds(grid)
    assert south < north
    assert 0 < east - west < 0.2
    crossing = GeoBox((10, 40), Affine(0.01, 0, 179.8, 0, -0.01, 50), "EPSG:4326")
    assert lonlat_bounds(crossing)[::2] == pytest.approx((179.8, 180.2))


def test_rays_meet_the_terrain():
    col, row = np.array([500.0, 1200.0]), np.array([400.0, 1100.0])
    lon, lat, height = on_terrain(RPC, col, row, Hills(), start_m=1500.0)
    np.testing.assert_allclose(height, Hills().height(lon, lat), atol=0.05)
    np.testing.assert_allclose(RPC.project(lon, lat, height), (col, row), atol=1e-5)


def test_a_footprint_is_where_the_images_edge_meets_the_ground():
    outline = footprint(RPC, FRAME, Hills(), start_m=1500.0)
    assert outline.is_valid
    lon, lat = np.array(outline.exterior.coords).T
    col, row = RPC.project(lon, lat, Hills().height(lon, lat))
    on_edge = np.minimum.reduce([abs(col - 400), abs(col - 1500), abs(row - 300), abs(row - 1200)])
    assert on_edge.max() < 0.1
    flat = footprint(RPC, FRAME, ConstantTerrain(height_m=1500.0), start_m=1500.0)
    assert outline.symmetric_difference(flat).area > 0.02 * flat.area


def test_a_footprint_crosses_the_antimeridian_in_one_piece():
    moved = made_up_rpc(lon_off=180.0)
    outline = footprint(moved, FRAME, ConstantTerrain(height_m=1500.0), start_m=1500.0)
    west, _, east, _ = outline.bounds
    assert east - west < 0.1


def test_a_foreign_frame_has_no_footprint():
    far = GeoBox((9, 9), Affine.translation(900_000, 0), None)
    with pytest.raises(DisjointInputError, match="RPC"):
        footprint(RPC, far, ConstantTerrain(height_m=1500.0), start_m=1500.0)


def test_ground_beyond_the_models_heights_is_told_by_its_heights():
    with pytest.raises(DisjointInputError, match=r"at heights from 6000 to 6000 m .* unit"):
        footprint(RPC, FRAME, ConstantTerrain(height_m=6000.0), start_m=1500.0)
