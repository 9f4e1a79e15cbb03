from __future__ import annotations

import math

import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox
from pyproj import CRS, Geod, Proj, Transformer

from satdesk.geometry.grids import utm_crs
from satdesk.release.furniture import (
    angle_label,
    edge_ticks,
    graticule,
    length_label,
    scale_bar,
    true_north_deg,
)

GEOD = Geod(ellps="WGS84")


def frame(lon, lat, metres, crs=None):
    crs = crs or utm_crs(lon, lat)
    x, y = Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform(lon, lat)
    pixel = metres / 600
    return GeoBox((400, 600), Affine(pixel, 0, x - 300 * pixel, 0, -pixel, y + 200 * pixel), crs)


@given(st.floats(-179, 179), st.floats(-75, 75), st.floats(300, 300_000))
def test_a_scale_bar_is_as_long_as_it_says(lon, lat, metres):
    grid = frame(lon, lat, metres)
    box = grid.boundingbox
    bar = scale_bar(grid, (box.right - box.left) / 3)
    back = Transformer.from_crs(grid.crs.to_wkt(), "EPSG:4326", always_xy=True)
    middle = (box.left + box.right) / 2, (box.bottom + box.top) / 2
    west = back.transform(middle[0] - bar.map_units / 2, middle[1])
    east = back.transform(middle[0] + bar.map_units / 2, middle[1])
    assert GEOD.inv(*west, *east)[2] == pytest.approx(bar.metres, rel=1e-4)
    assert bar.map_units <= (box.right - box.left) / 3 * (1 + 1e-6)
    lead = bar.metres / 10 ** math.floor(math.log10(bar.metres) + 1e-9)
    assert round(lead, 6) in {1, 2, 5}


def test_a_scale_bar_is_true_where_the_projection_is_not():
    # Web Mercator at 60° N draws everything twice as long as it is.
    grid = frame(25, 60, 40_000, "EPSG:3857")
    bar = scale_bar(grid, 10_000)
    assert bar.map_units / bar.metres == pytest.approx(2.0, rel=0.01)


@given(st.floats(-179, 179), st.floats(-75, 75))
def test_true_north_is_the_meridian_convergence(lon, lat):
    grid = frame(lon, lat, 2000)
    box = grid.boundingbox
    x, y = (box.left + box.right) / 2, (box.bottom + box.top) / 2
    at = Transformer.from_crs(grid.crs.to_wkt(), "EPSG:4326", always_xy=True).transform(x, y)
    convergence = Proj(CRS(grid.crs.to_wkt())).get_factors(*at).meridian_convergence
    assert true_north_deg(grid) == pytest.approx(-convergence, abs=0.01)


def test_true_north_leans_towards_the_central_meridian():
    assert true_north_deg(frame(47.9, 40, 2000)) < -1  # east of 45° E: to the left
    assert true_north_deg(frame(42.1, 40, 2000)) > 1


@pytest.mark.parametrize(
    ("arcsec", "meridian", "label"),
    [
        (46 * 3600 + 5 * 60, True, "46°05′E"),
        (-3600, True, "1°W"),
        (40 * 3600 + 30, False, "40°00′30″N"),
        (-33 * 3600 - 0.5, False, "33°00′00.5″S"),
        (0, False, "0°"),
        (46 * 3600 - 1e-9, True, "46°E"),
    ],
)
def test_angles_are_written_in_degrees_minutes_seconds(arcsec, meridian, label):
    assert angle_label(arcsec, is_meridian=meridian) == label


@given(st.floats(-170, 170), st.floats(-70, 70), st.floats(60, 500_000))
def test_every_frame_has_a_legible_graticule(lon, lat, metres):
    grid = frame(lon, lat, metres)
    lines = graticule(grid)
    for meridian in (True, False):
        assert 1 <= sum(line.is_meridian is meridian for line in lines) <= 9


def test_ticks_stand_where_their_meridian_leaves_the_map():
    grid = frame(46.0, 40.1, 20_000)
    values = tuple(line.value_arcsec for line in graticule(grid) if line.is_meridian)
    ticks = edge_ticks(grid, "bottom", values)
    assert len(ticks) >= 2
    box = grid.boundingbox
    back = Transformer.from_crs(grid.crs.to_wkt(), "EPSG:4326", always_xy=True)
    for tick in ticks:
        lon, _ = back.transform(box.left + tick.share * (box.right - box.left), box.bottom)
        degrees, minutes = tick.label.removesuffix("′E").split("°")
        assert lon == pytest.approx(int(degrees) + int(minutes) / 60, abs=1e-5)


@pytest.mark.parametrize("center", [179.999, -179.999])
def test_a_map_across_the_antimeridian_has_a_fine_graticule(center):
    grid = frame(center, 40.0, 2000)
    meridians = [line for line in graticule(grid) if line.is_meridian]
    assert 2 <= len(meridians) <= 6
    assert all(abs(abs(line.value_arcsec) - 180 * 3600) < 60 for line in meridians)
    ticks = edge_ticks(grid, "bottom", tuple(line.value_arcsec for line in meridians))
    labels = [tick.label for tick in ticks]
    assert labels[0].startswith("179°59′")
    assert labels[0].endswith("E")
    assert labels[-1].startswith("179°59′")
    assert labels[-1].endswith("W")
    shares = [tick.share for tick in ticks]
    assert shares == sorted(shares)


def test_lengths_have_units():
    assert [length_label(v) for v in (50, 500, 1000, 2500)] == ["50 m", "500 m", "1 km", "2.5 km"]


@given(
    lon=st.floats(-179, 178), lat=st.floats(-70, 70), metres=st.floats(300, 60_000),
    most=st.integers(2, 6),
)  # fmt: skip
def test_a_small_map_has_a_meridian_and_a_parallel_well_inside(lon, lat, metres, most):
    grid = frame(lon, lat, metres)
    inside = {True: False, False: False}
    low, high = np.array(grid.boundingbox[:2]), np.array(grid.boundingbox[2:])
    for line in graticule(grid, (most, most)):
        share = (line.points - low) / (high - low)
        here = share[((share > 0.02) & (share < 0.98)).all(axis=1)]
        inside[line.is_meridian] |= len(here) > 20
    assert all(inside.values())
