from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from satdesk.core.sensor import SensorModel
from satdesk.simulate.camera import ALTITUDE_M, view_angles
from satdesk.simulate.earth import MAJOR_AXIS_M, geocentric
from simulate.cameras import PLACE, camera

LOOKS = [(0.0, 0.0), (15.0, 5.0), (-30.0, 0.0), (20.0, -20.0)]


@pytest.mark.parametrize(("roll", "pitch"), LOOKS)
@pytest.mark.parametrize("jitter", [0.0, 1.0])
def test_project_returns_to_the_pixel_that_was_located(roll, pitch, jitter):
    model = camera(roll, pitch, jitter=jitter, look_along=0.004)
    chance = np.random.default_rng(3)
    col, row = chance.uniform(0, 3000, 200), chance.uniform(0, 2000, 200)
    height = chance.uniform(-100, 4000, 200)
    found = model.project(*model.locate(col, row, height), height)
    np.testing.assert_allclose(found, [col, row], atol=1e-6)


@pytest.mark.parametrize(("roll", "pitch"), LOOKS)
def test_the_middle_pixel_sees_the_place(roll, pitch):
    model = camera(roll, pitch)
    lon, lat = model.locate(np.array(1500.0), np.array(1000.0), np.array(PLACE[2]))
    seen = geocentric(lon, lat, np.array(PLACE[2]))
    assert np.linalg.norm(seen - geocentric(*map(np.array, PLACE))) < 0.01


@pytest.mark.parametrize(("roll", "pitch"), LOOKS)
def test_rows_and_columns_cross_at_a_right_angle_in_the_middle(roll, pitch):
    model = camera(roll, pitch)
    col, row = 1500 + np.array([-20.0, 20, 0, 0]), 1000 + np.array([0, 0, -20.0, 20])
    lon, lat = model.locate(col, row, np.full(4, PLACE[2]))
    x, y = lon * np.cos(np.radians(PLACE[1])), lat
    a, b = np.array([x[1] - x[0], y[1] - y[0]]), np.array([x[3] - x[2], y[3] - y[2]])
    assert abs(a @ b / np.linalg.norm(a) / np.linalg.norm(b)) < 2e-3


def test_a_picture_from_above_is_not_mirrored_and_its_pixels_are_as_wide_as_stated():
    model = camera()
    col, row = 1500 + np.array([0.0, 100, 0]), 1000 + np.array([0.0, 0, 100])
    lon, lat = model.locate(col, row, np.full(3, 0.0))
    x = (lon - lon[0]) * 111_320 * np.cos(np.radians(PLACE[1]))
    y = (lat - lat[0]) * 111_040
    # A descending satellite: columns run east, rows south.
    assert x[1] > 0
    assert y[2] < 0
    # 694 km hold above the equator's radius; the ground at 40° N lies 8.9 km lower.
    assert np.hypot(x[1], y[1]) == pytest.approx(150 * 702.9 / 694, rel=2e-3)
    assert np.hypot(x[2], y[2]) == pytest.approx(150, rel=0.02)


@pytest.mark.parametrize("angle", [5.0, 17.0, 30.0])
def test_incidence_follows_the_law_of_sines(angle):
    found = view_angles(camera(roll=angle), 1500, 1000, PLACE[2])
    assert found["viewing_deg"] == pytest.approx(angle, abs=1e-3)
    radius = np.linalg.norm(geocentric(*map(np.array, PLACE)))
    sphere = np.degrees(np.arcsin((MAJOR_AXIS_M + ALTITUDE_M) / radius * np.sin(np.radians(angle))))
    # The ellipsoid's normal is up to 0.19° off the sphere's.
    assert found["incidence_deg"] == pytest.approx(sphere, abs=0.2)


def test_looking_right_while_flying_south_puts_the_satellite_in_the_east():
    assert 60 < view_angles(camera(roll=15), 1500, 1000, 1800)["azimuth_deg"] < 120
    assert 240 < view_angles(camera(roll=-15), 1500, 1000, 1800)["azimuth_deg"] < 300


def test_arrays_apart_on_the_focal_plane_see_high_ground_apart():
    pan, blue = camera(), camera(look_along=0.005)
    up = 1000.0
    lon, lat = pan.locate(np.array(1500.0), np.array(1000.0), np.array(PLACE[2]))
    level = blue.project(lon, lat, np.array(PLACE[2]))[1]
    lon, lat = pan.locate(np.array(1500.0), np.array(1000.0), np.array(PLACE[2] + up))
    raised = blue.project(lon, lat, np.array(PLACE[2] + up))[1]
    # The angle between the looks grows on the way down as the sine of the incidence does.
    angle = 0.005 * (MAJOR_AXIS_M + ALTITUDE_M) / MAJOR_AXIS_M
    assert abs(raised - level) * 1.5 == pytest.approx(angle * up, rel=0.02)


def test_outside_its_image_it_answers_nothing():
    model = replace(camera(), margin_px=10.0)
    lon, _ = model.locate(np.array([-11.0, 5.0]), np.array([5.0, 5.0]), np.zeros(2))
    assert np.isnan(lon[0])
    assert np.isfinite(lon[1])
    far = model.project(np.array([50.0]), np.array([10.0]), np.array([0.0]))
    assert np.isnan(far).all()


def test_it_is_a_sensor_model():
    assert isinstance(camera(), SensorModel)
