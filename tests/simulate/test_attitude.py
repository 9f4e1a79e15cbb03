"""An attitude that drifts or shakes, and a swath as wide as the instrument's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from satdesk.errors import UsageError
from satdesk.simulate.camera import ALTITUDE_M, Attitude, view_angles
from satdesk.simulate.cases import CASES
from satdesk.simulate.earth import geocentric
from satdesk.simulate.scenarios import SCENARIOS
from satdesk.simulate.take import cameras_of, world_of
from simulate.cameras import PLACE, camera


def apart(one, other, row):
    """Metres between what two cameras see in the middle column of some rows."""
    col, height = np.full(len(row), 1500.0), np.full(len(row), PLACE[2])
    places = [geocentric(*each.locate(col, row, height), height) for each in (one, other)]
    return np.linalg.norm(places[0] - places[1], axis=-1)


@pytest.mark.parametrize("axis", [0, 1])
def test_drift_moves_the_look_by_its_rate_times_the_time(axis):
    still = camera(shape=(8000, 3000))
    rates = [0.0, 0.0, 0.0]
    rates[axis] = 50.0
    turning = replace(still, attitude=replace(still.attitude, drift_urad_s=tuple(rates)))
    row = np.array([0.0, 2000.0, 4000.0, 8000.0])
    seconds = np.abs((row - 4000) * still.line_period_s)
    ground = 702.9 / 694 * ALTITUDE_M - PLACE[2]
    np.testing.assert_allclose(apart(still, turning, row), 50e-6 * seconds * ground, atol=0.05)


def test_jitter_shakes_the_look_in_its_period_and_by_its_angle():
    still = camera(shape=(2000, 3000))
    attitude = Attitude(jitter_urad=(2.0, 0.0, 0.0))
    shaking = replace(still, attitude=attitude)
    row = np.arange(0.5, 2000)
    moved = apart(still, shaking, row)
    assert moved.max() == pytest.approx(2e-6 * ALTITUDE_M, rel=0.03)
    spectrum = np.abs(np.fft.rfft(moved - moved.mean()))
    hertz = np.fft.rfftfreq(len(row), still.line_period_s)[spectrum.argmax()]
    # A distance has no sign: it swings twice a period.
    assert hertz == pytest.approx(2 * attitude.jitter_hz, abs=1.5)


@pytest.mark.parametrize(("roll", "pitch"), [(30.0, 0.0), (-30.0, 0.0), (0.0, 30.0), (0.0, -30.0)])
def test_it_looks_thirty_degrees_to_each_side_and_forward_and_back(roll, pitch):
    scenario = replace(CASES[0], attitude=Attitude(roll_deg=roll, pitch_deg=pitch))
    model = camera(roll, pitch)
    assert view_angles(model, 1500, 1000, PLACE[2])["viewing_deg"] == pytest.approx(30, abs=1e-3)
    col, row = np.array([3.0, 2990.0]), np.array([1990.0, 5.0])
    height = np.full(2, 1500.0)
    back = model.project(*model.locate(col, row, height), height)
    np.testing.assert_allclose(back, [col, row], atol=1e-6)
    with pytest.raises(UsageError, match="aside"):
        replace(scenario, attitude=Attitude(roll_deg=1.04 * roll, pitch_deg=1.04 * pitch))


def test_a_full_scene_is_sixty_kilometres_wide():
    full = SCENARIOS["bench"][0].sized(60.0)
    wide = replace(full, world_half_m=SCENARIOS["flat"][0].world_half_m, attitude=Attitude())
    model = cameras_of(wide, world_of(wide, 1)).pan
    rows, cols = model.shape
    height = np.full(2, 1500.0)
    lon, lat = model.locate(np.array([0.0, cols]), np.full(2, rows / 2), height)
    across = np.linalg.norm(np.diff(geocentric(lon, lat, height), axis=0))
    assert across == pytest.approx(60_000, rel=0.02)
