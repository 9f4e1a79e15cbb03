"""Means around usable pixels: exact, and the same by strips as at once."""

import numpy as np
import pytest

from satdesk.radiometry import surroundings
from satdesk.radiometry.surroundings import Surroundings, mean_around

PIXEL_M = 6.0


def _plane(shape=(150, 170)):
    rng = np.random.default_rng(2)
    row, col = np.indices(shape)
    wave = 3000 * np.sin(row / 21) * np.cos(col / 34)
    usable = rng.random(shape) > 0.2
    return (wave + rng.normal(0, 300, shape)).astype(np.int16), usable


@pytest.mark.parametrize("sigma_m", [6, 9, 12, 24, 60])
def test_means_follow_the_gaussian(sigma_m):
    plane, usable = _plane()
    found = Surroundings(usable, PIXEL_M).mean(plane, sigma_m).astype(float)
    wanted = mean_around(plane.astype(np.float32), usable, sigma_m / PIXEL_M)
    inside = slice(40, -40)
    assert np.abs(found - wanted)[inside, inside].mean() < 40


@pytest.mark.parametrize("sigma_m", [6, 30, 200])
def test_strips_give_the_same_as_the_whole(sigma_m, monkeypatch):
    plane, usable = _plane()
    whole = Surroundings(usable, PIXEL_M).mean(plane, sigma_m)
    monkeypatch.setattr(surroundings, "_STRIP_PX", 1)
    np.testing.assert_array_equal(Surroundings(usable, PIXEL_M).mean(plane, sigma_m), whole)


@pytest.mark.parametrize("sigma_m", [9, 12])
def test_a_turned_picture_has_turned_means(sigma_m):
    plane, usable = _plane()
    found = Surroundings(usable, PIXEL_M).mean(plane, sigma_m)
    turned = Surroundings(usable.T[::-1], PIXEL_M).mean(plane.T[::-1], sigma_m)
    np.testing.assert_array_equal(turned[::-1].T, found)


def test_what_is_not_usable_does_not_count_and_far_from_all_is_zero():
    plane, usable = _plane()
    usable[:, 60:] = False
    around = Surroundings(usable, PIXEL_M)
    first = around.mean(plane, 12)
    plane[~usable] = 9999
    np.testing.assert_array_equal(around.mean(plane, 12), first)
    assert not first[:, 90:].any()


def test_a_level_plane_stays_level():
    plane = np.full((130, 90), 1234, np.int16)
    usable = np.ones(plane.shape, bool)
    for sigma_m in (6, 24, 500, 3000):
        found = Surroundings(usable, PIXEL_M).mean(plane, sigma_m)
        assert np.abs(found - 1234).max() <= 1
