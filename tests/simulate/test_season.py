"""What the season and the snow line change in a picture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from satdesk.simulate.cases import CASES
from satdesk.simulate.landscape import Landscape
from satdesk.simulate.rays import ground_of
from satdesk.simulate.season import Season
from satdesk.simulate.sensor import MS_ARRAYS
from satdesk.simulate.take import render
from satdesk.simulate.world import State

CASE = replace(CASES[3], name="season", pan_shape=(400, 400))


def bands(state):
    """``(4, y, x)`` brightness of B2 B1 B0 B3 over the gain and the sun's own."""
    picture = render(replace(CASE, state=state))
    scale = np.array([array.gain * array.irradiance for array in MS_ARRAYS])
    return picture, picture.ms / scale[:, None, None]


def greenness(state):
    _, (red, _, _, infrared) = bands(state)
    return float(np.median((infrared - red) / (infrared + red)))


def test_the_land_is_greenest_in_spring_and_least_green_in_winter():
    green = {season: greenness(season.applied(State())) for season in Season}
    order = (Season.SPRING, Season.SUMMER, Season.AUTUMN, Season.WINTER)
    values = [green[season] for season in order]
    assert values == sorted(values, reverse=True)
    assert values[0] > values[-1] + 0.1


def test_snow_lies_above_its_line_and_changes_nothing_below():
    assert CASE.landscape is Landscape.MOUNTAIN
    bare_picture, bare = bands(State())
    camera, relief = bare_picture.cameras.ms, bare_picture.shot.exposure.world.relief
    col, row = np.meshgrid(np.arange(100) + 0.5, np.arange(100) + 0.5)
    height = ground_of(camera, relief, col, row)[2]
    line = float(np.median(height))
    _, snowy = bands(State(snow_line_m=line))
    high, low = height > line + 60, height < line - 60
    assert min(high.sum(), low.sum()) > 100
    brighter = snowy[:3] / bare[:3]
    assert np.median(brighter[:, high]) > 1.5
    np.testing.assert_allclose(np.median(brighter[:, low], axis=1), 1, atol=0.02)
    white = snowy[:3, high]
    assert np.median(white.min(axis=0) / white.max(axis=0)) > 0.75


@pytest.mark.parametrize("season", Season)
def test_a_season_leaves_what_was_built(season):
    assert season.applied(State(changed=True)).changed
    assert not season.applied(State()).changed
