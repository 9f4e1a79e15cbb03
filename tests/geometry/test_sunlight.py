import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satdesk.core.slant import Slant
from satdesk.errors import UsageError
from satdesk.geometry.sunlight import shaded_by_relief


def _by_rays(heights, sun):
    """Brute force: follow the ray of every place, half a pixel at a time."""
    rows, cols = heights.shape
    shaded = np.zeros(heights.shape, bool)
    clearance = np.full(heights.shape, np.inf)
    for row in range(rows):
        for col in range(cols):
            for step in np.arange(0.5, 1.5 * rows, 0.5):
                r, c = row + step * sun.row / sun.length, col + step * sun.col / sun.length
                if not (0 <= r <= rows - 1 and 0 <= c <= cols - 1):
                    break
                r0, c0 = min(int(r), rows - 2), min(int(c), cols - 2)
                u, v = r - r0, c - c0
                there = (1 - u) * ((1 - v) * heights[r0, c0] + v * heights[r0, c0 + 1]) + u * (
                    (1 - v) * heights[r0 + 1, c0] + v * heights[r0 + 1, c0 + 1]
                )
                clearance[row, col] = min(
                    clearance[row, col], heights[row, col] + step / sun.length - there
                )
    shaded[:] = clearance < 0
    return shaded, clearance


@settings(max_examples=4, deadline=None)
@given(azimuth=st.floats(0, 360), elevation=st.floats(15, 60), seed=st.integers(0, 99))
def test_the_shadow_of_relief_is_that_of_rays(azimuth, elevation, seed):
    rng = np.random.default_rng(seed)
    row, col = np.indices((24, 24))
    heights = sum(
        60 * np.exp(-((row - a) ** 2 + (col - b) ** 2) / 20) for a, b in rng.uniform(4, 20, (3, 2))
    )
    sun = Slant.towards(azimuth, elevation, pixel_m=10.0)
    expected, clearance = _by_rays(heights, sun)
    sure = (
        np.abs(clearance) > 2.0
    )  # metres; nearer to the edge of a shadow the two interpolate otherwise
    assert np.mean(shaded_by_relief(heights, sun)[sure] != expected[sure]) < 0.005


def test_a_wall_throws_a_shadow_of_its_length_away_from_the_sun():
    heights = np.zeros((60, 60))
    heights[30, :] = 50.0
    sun = Slant.towards(180.0, 45.0, pixel_m=10.0)  # in the south, below on the map
    shaded = shaded_by_relief(heights, sun)
    assert shaded[26:30, 20:40].all()  # 50 m of shadow to the north
    assert not shaded[:24, 20:40].any()
    assert not shaded[31:, 20:40].any()


def test_level_ground_and_a_zenith_sun_have_no_shadow():
    level = np.full((20, 20), 7.0)
    assert not shaded_by_relief(level, Slant.towards(120, 20, pixel_m=5)).any()
    assert not shaded_by_relief(np.random.default_rng(1).random((9, 9)), Slant(col=0, row=0)).any()


def test_unknown_ground_is_in_no_shadow():
    heights = np.zeros((30, 30))
    heights[:, 15] = 80.0
    heights[:, 12] = np.nan
    shaded = shaded_by_relief(heights, Slant.towards(90, 30, pixel_m=10))
    assert not shaded[:, 12].any()
    assert shaded[5:25, 10].all()


def test_a_slant_needs_a_body_above_the_horizon():
    with pytest.raises(UsageError, match="horizon"):
        Slant.towards(100, 0, pixel_m=1)
    slant = Slant.towards(90, 45, pixel_m=2)
    assert math.isclose(slant.col, 0.5)
    assert abs(slant.row) < 1e-12
