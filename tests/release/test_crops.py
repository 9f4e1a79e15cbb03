from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satdesk.release.crops import MOST_ENLARGED, choose_crop, survey_grid

BOUNDS = (500_000.0, 4_400_000.0, 520_000.0, 4_412_000.0)
CRS = "EPSG:32638"
SHAPES = {"16:9": (1080, 1920), "1:1": (1080, 1080), "9:16": (1920, 1080)}


def covered(imaged, survey, crop):
    """Which survey cells the crop touches are imaged; outside the survey nothing is."""
    box, cell = crop.grid.boundingbox, survey.resolution.x
    left, top = survey.affine.c, survey.affine.f
    cols = np.arange(int((box.left - left) // cell), int(np.ceil((box.right - left) / cell)))
    rows = np.arange(int((top - box.top) // cell), int(np.ceil((top - box.bottom) / cell)))
    inside = (
        cols.min() >= 0
        and rows.min() >= 0
        and cols.max() < imaged.shape[1]
        and rows.max() < imaged.shape[0]
    )
    return inside and bool(imaged[np.ix_(rows, cols)].all())


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_a_crop_of_a_full_area_is_filled_and_large(shape):
    survey = survey_grid(BOUNDS, CRS)
    imaged = np.ones(tuple(survey.shape), bool)
    crop = choose_crop(imaged, survey, shape, pixel=1.5)
    assert crop.filled
    assert tuple(crop.grid.shape) == shape
    assert covered(imaged, survey, crop)
    box = crop.grid.boundingbox
    widest = min(20_000, 12_000 * shape[1] / shape[0])
    assert box.right - box.left > 0.9 * widest


@settings(max_examples=30, deadline=None)
@given(st.floats(0.2, 0.8), st.floats(0.2, 0.8), st.floats(0.15, 0.6), st.sampled_from([*SHAPES]))
def test_a_filled_crop_never_touches_what_is_not_imaged(x, y, radius, name):
    survey = survey_grid(BOUNDS, CRS)
    rows, cols = np.mgrid[: survey.shape[0], : survey.shape[1]]
    imaged = (cols / survey.shape[1] - x) ** 2 + (rows / survey.shape[0] - y) ** 2 < radius**2
    crop = choose_crop(imaged, survey, SHAPES[name], pixel=1.0)
    assert crop.enlarged <= MOST_ENLARGED + 1e-9
    if crop.filled:
        assert covered(imaged, survey, crop)


def test_places_are_kept_in_the_crop_where_that_is_possible():
    survey = survey_grid(BOUNDS, CRS)
    imaged = np.ones(tuple(survey.shape), bool)
    place = (501_500.0, 4_406_000.0)  # far to the west
    crop = choose_crop(imaged, survey, SHAPES["9:16"], pixel=1.5, places=(place,))
    box = crop.grid.boundingbox
    assert box.left < place[0] < box.right
    assert box.bottom < place[1] < box.top


def test_a_small_picture_is_not_blown_up_but_stands_on_neutral_ground():
    bounds = (500_000.0, 4_400_000.0, 500_200.0, 4_400_120.0)
    survey = survey_grid(bounds, CRS)
    crop = choose_crop(np.ones(tuple(survey.shape), bool), survey, SHAPES["16:9"], pixel=0.5)
    assert not crop.filled
    assert crop.enlarged == pytest.approx(MOST_ENLARGED)
    box = crop.grid.boundingbox
    assert box.left < 500_000
    assert box.right > 500_200
    assert (box.left + box.right) / 2 == pytest.approx(500_100, abs=1)


def test_nothing_imaged_still_has_a_crop():
    survey = survey_grid(BOUNDS, CRS)
    crop = choose_crop(np.zeros(tuple(survey.shape), bool), survey, SHAPES["1:1"], pixel=1.5)
    assert not crop.filled


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_a_place_near_the_edge_has_room_for_its_sign(shape):
    survey = survey_grid(BOUNDS, CRS)
    imaged = np.ones(tuple(survey.shape), bool)
    half = 0.44 * min(20_000, 12_000 * shape[1] / shape[0])
    x = [510_000 - half, 510_000 + half, 510_000 + half]  # their mean would push the first out
    places = tuple(zip(x, (4_406_000.0, 4_405_000.0, 4_407_000.0), strict=True))
    crop = choose_crop(imaged, survey, shape, pixel=1.5, places=places)
    box = crop.grid.boundingbox
    room = min(min(x - box.left, box.right - x) for x, _ in places)
    assert room > 0.02 * (box.right - box.left)
