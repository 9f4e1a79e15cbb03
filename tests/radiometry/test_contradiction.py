"""Scenes that contradict each other: the shadowed or veiled one is named, and nobody else."""

import numpy as np
import pytest

from satdesk.radiometry.contradiction import contradiction, densest

NAMES = ("B", "G", "R", "NIR")
PLACE = np.s_[20:60, 30:70]
SHADOW = np.array([0.87, 0.72, 0.68, 0.4])
CLEAR = np.ones((100, 120), bool)


def ground(seed=1):
    random = np.random.default_rng(seed)
    levels = np.array([0.09, 0.09, 0.08, 0.26])[:, None, None]
    return levels * np.exp(random.normal(0, 0.2, (4, *CLEAR.shape)))


def pair(seed=1):
    """One ground seen twice with other gains and a little noise."""
    random = np.random.default_rng(seed + 100)
    first = ground(seed)
    second = first * 1.12 * np.exp(random.normal(0, 0.02, first.shape))
    return first.astype(np.float32), second.astype(np.float32)


def shaded(values):
    values[(slice(None), *PLACE)] *= SHADOW[:, None, None]


def veiled(values):
    values[(slice(None), *PLACE)] = 0.8 * values[(slice(None), *PLACE)] + 0.06


@pytest.mark.parametrize("hide", [shaded, veiled])
@pytest.mark.parametrize("which", [0, 1])
def test_the_scene_under_shadow_or_veil_is_named_whichever_it_is(hide, which):
    both = pair()
    hide(both[which])
    found = contradiction(*both, CLEAR, NAMES, 6.0)
    named, other = (found.first, found.second)[:: 1 - 2 * which]
    assert named[PLACE].mean() > 0.9
    outside = np.ones(CLEAR.shape, bool)
    outside[15:65, 25:75] = False
    assert not named[outside].any()
    assert not other.any()


def test_scenes_that_differ_by_gains_alone_contradict_each_other_nowhere():
    found = contradiction(*pair(), CLEAR, NAMES, 6.0)
    assert not found.first.any()
    assert not found.second.any()


@pytest.mark.parametrize("change", [(0.9, 0.95, 0.8, 1.5), (1.02, 1.1, 1.4, 0.95)])
def test_greener_or_barer_ground_is_no_cloud(change):
    first, second = pair()
    first[(slice(None), *PLACE)] *= np.array(change)[:, None, None]
    found = contradiction(first, second, CLEAR, NAMES, 6.0)
    assert not found.first.any()
    assert not found.second.any()


def test_the_common_ratio_is_found_although_most_of_the_ground_lies_in_uneven_shadow():
    random = np.random.default_rng(3)
    logs = np.log(1.1) + random.normal(0, 0.02, (4, 4000))
    logs[:, :3000] += np.log(SHADOW)[:, None] * random.uniform(0.3, 1.5, 3000)
    np.testing.assert_allclose(densest(logs), np.log(1.1), atol=0.015)
    assert abs(np.median(logs[3]) - np.log(1.1)) > 0.3


def test_without_near_infrared_or_common_ground_nothing_is_told():
    first, second = pair()
    assert contradiction(first[:3], second[:3], CLEAR, NAMES[:3], 6.0) is None
    assert contradiction(first, second, ~CLEAR, NAMES, 6.0) is None
    wild = second * np.random.default_rng(5).uniform(0.3, 3, second.shape).astype(np.float32)
    assert contradiction(first, wild, CLEAR, NAMES, 6.0) is None


def shaded_whole(values):
    values *= SHADOW[:, None, None]


def overcast(values):
    values[...] = 0.5 * values + 0.2


@pytest.mark.parametrize("hide", [shaded_whole, overcast])
@pytest.mark.parametrize("which", [0, 1])
def test_a_scene_that_is_hidden_as_a_whole_is_named_where_both_are_calibrated(hide, which):
    both = pair()
    hide(both[which])
    found = contradiction(*both, CLEAR, NAMES, 6.0, calibrated=True)
    named, other = (found.first, found.second)[:: 1 - 2 * which]
    assert named.mean() > 0.9
    assert not other.any()


def test_of_counts_nothing_is_told_where_no_ratio_is_common():
    first, second = pair()
    first *= SHADOW[:, None, None] ** 2
    assert contradiction(first, second, CLEAR, NAMES, 6.0) is None


@pytest.mark.parametrize("factor", [0.5, 1.9])
def test_a_calibration_that_is_far_off_is_no_cloud(factor):
    first, second = pair()
    found = contradiction(first * np.float32(factor), second, CLEAR, NAMES, 6.0, calibrated=True)
    assert not found.first.any()
    assert not found.second.any()
