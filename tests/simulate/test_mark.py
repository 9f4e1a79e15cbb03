"""The word SIMULATED can be found again: in a crop, after JPEG, after orthorectification."""

from __future__ import annotations

import inspect
import io
from dataclasses import fields, replace

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter

import satdesk.simulate.write as write_module
from satdesk.cli.simulate import command
from satdesk.simulate.cases import CASES
from satdesk.simulate.mark import marked
from satdesk.simulate.rays import ground_of
from satdesk.simulate.take import take, world_of
from satdesk.simulate.variation import Variation
from satdesk.simulate.write import Making

CROP = 250
CASE = replace(CASES[4], name="mark", pan_shape=(600, 600))


@pytest.fixture(scope="module")
def pictures():
    """PAN with the mark and without, and where each of its pixels lies on the plane."""
    world = world_of(CASE, 1)
    with_mark, without = (take(CASE, world, 1, mark=mark) for mark in (True, False))
    col, row = np.meshgrid(np.arange(600) + 0.5, np.arange(600) + 0.5)
    lon, lat, _ = ground_of(with_mark.cameras.pan, world.relief, col, row)
    place = world.relief.plane.from_lonlat(lon, lat)
    return with_mark.pan[0], without.pan[0], place


def jpeg(plane, quality):
    """Eight bits through JPEG, as a newspaper stores it."""
    low, high = np.percentile(plane, (1, 99))
    grey = np.clip((plane - low) / (high - low) * 255, 0, 255).astype(np.uint8)
    stream = io.BytesIO()
    Image.fromarray(grey).save(stream, "JPEG", quality=quality)
    return np.asarray(Image.open(stream), dtype=float) + 20


def likeness(plane, place):
    """Correlation of a picture with the word where the ground says that it stands."""
    word = np.log(marked(np.full(plane.shape, 0.2), *place, 2.0) / 0.2)
    texture = np.log(np.maximum(plane, 1))
    word, texture = (p - gaussian_filter(p, 8) for p in (word, texture))
    return float(np.corrcoef(word.ravel(), texture.ravel())[0, 1])


@pytest.mark.parametrize("quality", [95, 60, 30])
@pytest.mark.parametrize(("top", "left"), [(0, 0), (0, 350), (350, 120)])
def test_a_crop_of_250_pixels_still_says_it_after_jpeg(pictures, quality, top, left):
    with_mark, without, place = pictures
    crop = np.s_[top : top + CROP, left : left + CROP]
    where = tuple(axis[crop] for axis in place)
    found = likeness(jpeg(with_mark[crop], quality), where)
    absent = likeness(jpeg(without[crop], quality), where)
    assert found > 0.25
    assert absent < 0.2 * found


def test_no_option_takes_it_away():
    for kind in (Making, Variation):
        assert not {field.name for field in fields(kind)} & {"mark", "marked", "unmarked"}
    for each in (write_module.simulate, write_module.simulate_all, write_module.simulate_pictures):
        assert "mark" not in inspect.signature(each).parameters
    options = {text for p in command.params for text in (*p.opts, *p.secondary_opts)}
    assert options
    assert not {text for text in options if "mark" in text}
