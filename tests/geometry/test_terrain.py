from __future__ import annotations

import pickle

import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st

from satdesk.core.lineage import plain
from satdesk.core.sensor import Terrain
from satdesk.errors import UsageError
from satdesk.geometry.frames import from_lonlat
from satdesk.geometry.terrain import ConstantTerrain, GridTerrain, fill_voids

AFFINE = Affine(0.01, 0, 46.0, 0, -0.02, 40.2)


def plane(shape=(9, 11)):
    row, col = np.indices(shape) + 0.5
    return 100 + 3 * col - 7 * row


def test_heights_are_bilinear_between_the_cells_centres():
    terrain = GridTerrain(heights=plane(), affine=AFFINE, crs="EPSG:4326")
    lon, lat = np.array([46.005, 46.0333]), np.array([40.19, 40.1234])
    expected = 100 + 3 * (lon - 46) / 0.01 - 7 * (40.2 - lat) / 0.02
    np.testing.assert_allclose(terrain.height(lon, lat), expected, rtol=1e-12)


def test_heights_in_a_projected_crs():
    affine = Affine(30, 0, 580000, 0, -30, 4450000)
    terrain = GridTerrain(heights=plane((50, 60)), affine=affine, crs="EPSG:32638")
    lon, lat = 45.9503, 40.1926
    x, y = from_lonlat("EPSG:32638", lon, lat)
    expected = 100 + 3 * (x - 580000) / 30 - 7 * (4450000 - y) / 30
    assert float(terrain.height(lon, lat)) == pytest.approx(float(expected), abs=1e-6)


def test_unknown_outside_and_near_voids():
    heights = plane()
    heights[4, 5] = np.nan
    terrain = GridTerrain(heights=heights, affine=AFFINE, crs="EPSG:4326")
    col = np.array([5.5, 4.6, 6.4, 6.6, 0.4, 0.6])
    got = terrain.height(46 + 0.01 * col, 40.2 - 0.02 * 4.5)
    assert np.isnan(got).tolist() == [True, True, True, False, True, False]


def test_longitudes_wrap():
    affine = Affine(0.01, 0, 179.95, 0, -0.02, 40.2)
    terrain = GridTerrain(heights=plane(), affine=affine, crs="EPSG:4326")
    lat = np.full(2, 40.1)
    assert np.ptp(terrain.height(np.array([-179.99, 180.01]), lat)) < 1e-9


def test_a_constant_terrain_knows_only_places():
    terrain = ConstantTerrain(height_m=12.5)
    assert isinstance(terrain, Terrain)
    got = terrain.height(np.array([1.0, np.nan]), 3.0)
    assert got[0] == 12.5
    assert np.isnan(got[1])


def test_it_is_a_value():
    terrain = GridTerrain(heights=plane(), affine=AFFINE, crs="EPSG:4326")
    again = pickle.loads(pickle.dumps(terrain))  # noqa: S301 - our own bytes
    assert isinstance(terrain, Terrain)
    assert again == terrain
    assert hash(again) == hash(terrain)
    assert plain(again) == terrain.lineage_digest()
    other = GridTerrain(heights=plane() + 1, affine=AFFINE, crs="EPSG:4326")
    assert other != terrain
    assert other.lineage_digest() != terrain.lineage_digest()


@pytest.mark.parametrize(
    "change",
    [
        {"heights": np.zeros((3, 3), dtype=int)},
        {"heights": np.zeros(3)},
        {"interpolation": "cubic"},
        {"affine": Affine(0, 0, 0, 0, 0, 0)},
        {"crs": "EPSG:5773"},
        {"crs": "nowhere"},
    ],
)
def test_what_is_no_terrain(change):
    with pytest.raises(UsageError):
        GridTerrain(**({"heights": plane(), "affine": AFFINE, "crs": "EPSG:4326"} | change))


def test_a_hole_in_a_plane_is_filled_with_the_plane():
    heights = plane((20, 20))
    truth = heights.copy()
    heights[5:9, 6:9] = np.nan
    filled, n_filled, n_left = fill_voids(heights, 3)
    np.testing.assert_allclose(filled, truth, atol=1e-9)
    assert (n_filled, n_left) == (12, 0)
    assert np.isnan(heights).sum() == 12


def test_what_is_too_large_or_open_stays_unknown():
    heights = plane((30, 30))
    heights[3:12, 3:12] = np.nan
    heights[20:22, 20:22] = np.nan
    heights[28:, 5:8] = np.nan
    filled, n_filled, n_left = fill_voids(heights, 3)
    assert (n_filled, n_left) == (4, 81 + 6)
    assert np.isfinite(filled[20:22, 20:22]).all()
    assert np.isnan(filled[7, 7])
    assert np.isnan(filled[29, 6])


@given(st.integers(0, 2**32 - 1))
def test_filling_never_leaves_the_range_around(seed):
    rng = np.random.default_rng(seed)
    heights = rng.uniform(0, 1000, (16, 16)).astype(np.float32)
    heights[rng.uniform(size=heights.shape) < 0.3] = np.nan
    known = heights[np.isfinite(heights)]
    filled, n_filled, n_left = fill_voids(heights, 2)
    assert np.isnan(heights).sum() == n_filled + n_left
    assert np.isnan(filled).sum() == n_left
    assert np.nanmin(filled) >= known.min() - 1e-3
    assert np.nanmax(filled) <= known.max() + 1e-3
    same = np.isfinite(heights)
    np.testing.assert_array_equal(filled[same], heights[same])


def test_nothing_to_fill():
    heights = plane()
    assert fill_voids(heights, 3)[0] is heights
    void = np.full((4, 4), np.nan)
    assert fill_voids(void, 3)[1:] == (0, 16)
    assert fill_voids(heights, 0)[1:] == (0, 0)


def test_mercator_goes_round_the_earth():
    """A DEM of web Mercator across the antimeridian is known on both sides of it."""
    x, y = (float(v) for v in from_lonlat("EPSG:3857", 179.999, 51.0))
    heights = np.full((400, 400), 7.0)
    affine = Affine(10, 0, x - 2000, 0, -10, y + 2000)
    terrain = GridTerrain(heights=heights, affine=affine, crs="EPSG:3857")
    found = terrain.height(np.array([179.99, 180.0, -179.995, 180.005, 0.0]), np.full(5, 51.0))
    np.testing.assert_array_equal(found, [7, 7, 7, 7, np.nan])
