from __future__ import annotations

import numpy as np
import pyproj
import pytest
from hypothesis import given
from hypothesis import strategies as st

from satdesk.simulate.earth import enu_axes, geocentric, geodetic, meet_height, spin

_LON = st.floats(-179.9, 179.9)
_LAT = st.floats(-89.9, 89.9)
_HEIGHT = st.floats(-400, 9000)


@given(_LON, _LAT, _HEIGHT)
def test_geodetic_undoes_geocentric(lon, lat, height):
    found = geodetic(geocentric(np.array(lon), np.array(lat), np.array(height)))
    np.testing.assert_allclose(found, [lon, lat, height], atol=1e-8, rtol=0)


def test_geocentric_agrees_with_proj():
    to_ecef = pyproj.Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True)
    lon, lat, height = np.array([46.13, -70.0]), np.array([40.2, -33.0]), np.array([1800.0, 10.0])
    expected = np.stack(to_ecef.transform(lon, lat, height), axis=-1)
    np.testing.assert_allclose(geocentric(lon, lat, height), expected, atol=1e-6)


@pytest.mark.parametrize("height", [0.0, 1500.0, 4000.0])
def test_a_vertical_ray_meets_the_point_below(height):
    above = geocentric(np.array(46.0), np.array(40.0), np.array(700_000.0))
    down = -enu_axes(46.0, 40.0)[2]
    lon, lat = meet_height(above, down, np.array(height))
    np.testing.assert_allclose([lon, lat], [46.0, 40.0], atol=1e-10)


def test_an_oblique_ray_reaches_the_height_that_was_asked_for():
    above = geocentric(np.array(46.0), np.array(40.0), np.array(700_000.0))
    axes = enu_axes(46.0, 40.0)
    ray = -axes[2] + 0.5 * axes[0]
    lon, lat = meet_height(above, ray, np.array(2000.0))
    point = geocentric(lon, lat, np.array(2000.0))
    off = np.cross(point - above, ray / np.linalg.norm(ray))
    assert np.linalg.norm(off) < 1e-6


def test_a_ray_into_space_meets_nothing():
    above = geocentric(np.array(46.0), np.array(40.0), np.array(700_000.0))
    lon, lat = meet_height(above, enu_axes(46.0, 40.0)[0], np.array(0.0))
    assert np.isnan(lon)
    assert np.isnan(lat)


def test_the_earth_turns_eastwards_under_a_fixed_direction():
    turned = spin(np.array([1.0, 0.0, 0.0]), np.array(0.1))
    assert np.degrees(np.arctan2(turned[1], turned[0])) == pytest.approx(-np.degrees(0.1))
