"""Scenes of a date against each other: overlaps that are no calibration, places seen amiss."""

from datetime import date

import numpy as np
import pytest

from satdesk.core.sighting import Doubt
from satdesk.release.brightness import alone, balanced, doubted, gains_of
from satdesk.release.previews import Preview

SHAPE = (80, 120)
NAMES = ("B", "G", "R", "NIR")
DAYS = (date(2018, 9, 5), date(2018, 9, 21))
DARK = np.array([0.87, 0.72, 0.68, 0.4], np.float32)


def scene(cols, factor=1.0, seed=0, shadow=None):
    ground = np.array([0.09, 0.09, 0.08, 0.26])[:, None, None]
    ground = ground * np.exp(np.random.default_rng(7).normal(0, 0.2, (4, *SHAPE)))
    values = ground * factor * np.exp(np.random.default_rng(seed).normal(0, 0.01, ground.shape))
    values = values.astype(np.float32)
    if shadow is not None:
        values[(slice(None), *shadow)] *= DARK[:, None, None]
    outside = np.ones(SHAPE, bool)
    outside[:, cols] = False
    values[:, outside] = np.nan
    return Preview(values=values, hidden=np.zeros(SHAPE, bool))


def test_a_scene_whose_overlap_is_no_calibration_does_not_keep_the_others_from_balance():
    small = [scene(np.s_[:50], 1.0), scene(np.s_[30:90], 1.1, 1), scene(np.s_[70:], 0.5, 2)]
    found = balanced(small)
    gains = gains_of(found, small)
    np.testing.assert_allclose(np.divide(gains[0], gains[1]), 1.1, rtol=5e-3)
    assert gains[2] == (1.0,) * 4
    assert alone(found) == (2,)


def test_a_shadow_is_doubted_but_for_room_beside_the_end_of_the_scene_that_contradicts_it():
    shadow = np.s_[20:60, 60:120]
    both = [scene(np.s_[:90]), scene(np.s_[30:], 1.1, 1, shadow)]
    first, second = doubted(both, NAMES, 6.0, room_m=30.0, days=DAYS[::-1])
    assert not first.doubt.any()
    assert (second.doubt[25:55, 65:82] == Doubt.AVOIDED).all()
    assert (second.doubt[25:55, 86:90] == Doubt.STANDS).all()
    assert not second.doubt[:, 90:].any()
    assert (second.unclear & ~second.avoided).any()
    found = balanced([first, second])
    np.testing.assert_allclose(np.divide(*found.gains), 1.1, rtol=5e-3)


def test_a_newer_scene_stands_for_the_ground_itself_may_have_changed():
    shadow = np.s_[20:60, 60:120]
    both = [scene(np.s_[:90]), scene(np.s_[30:], 1.1, 1, shadow)]
    _, second = doubted(both, NAMES, 6.0, room_m=30.0, days=DAYS)
    assert (second.doubt[25:55, 65:90] == Doubt.STANDS).all()
    assert second.avoided_share == 0 < second.unclear_share
    _, gives_way = doubted(both, NAMES, 6.0, room_m=30.0, days=DAYS, newer=True)
    assert (gives_way.doubt[25:55, 65:82] == Doubt.AVOIDED).all()


@pytest.mark.parametrize("later", [date(2018, 9, 22), None])
def test_scenes_of_other_weeks_or_of_unknown_days_say_nothing_against_each_other(later):
    both = [scene(np.s_[:90]), scene(np.s_[30:], 1.1, 1, np.s_[20:60, 60:120])]
    for each in doubted(both, NAMES, 6.0, room_m=30.0, days=(DAYS[0], later)):
        assert not each.doubt.any()
