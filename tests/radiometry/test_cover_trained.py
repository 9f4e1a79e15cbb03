"""Networks that tell cloud and shadow: what they may say, and when they are not asked."""

from dataclasses import replace

import numpy as np
import pytest

from satdesk.core.cover import Cover
from satdesk.core.slant import Slant
from satdesk.files.cover_networks import cover_networks
from satdesk.radiometry.cloud_rays import rays_at
from satdesk.radiometry.cloud_shadows import Sighting
from satdesk.radiometry.cover_features import BANDS
from satdesk.radiometry.cover_found import find_cover, snow_and_cores
from satdesk.radiometry.cover_trained import told_by_networks
from satdesk.radiometry.picture import Picture

PIXEL_M = 20.0
HEIGHT_M = 1600.0
SHAPE = (260, 260)
SUN = Slant.towards(150.0, 50.0, pixel_m=PIXEL_M)
VIEW = Slant(col=0.01, row=-0.004)
GROUND = {"B": 0.09, "G": 0.09, "R": 0.08, "NIR": 0.26}


def _disc(row, col, radius):
    r, c = np.indices(SHAPE)
    return np.hypot(r - row, c - col) <= radius


def _picture(*, shadow=True, bands=BANDS):
    cloud = _disc(150, 140, 18)
    shade = _disc(150 - SUN.row * HEIGHT_M, 140 - SUN.col * HEIGHT_M, 18)
    rng = np.random.default_rng(5)
    planes = {}
    for name, level in GROUND.items():
        plane = (level * (1 + 0.04 * rng.standard_normal(SHAPE))).astype(np.float32)
        plane[shade & shadow] *= 0.4
        plane[cloud] = 0.6
        planes[name] = plane
    level = Sighting(heights=np.zeros(SHAPE, np.float32), sun=SUN, view=Slant(col=0, row=0))
    picture = Picture(
        planes={name: planes[name] for name in bands},
        valid=np.ones(SHAPE, bool),
        pixel_m=PIXEL_M,
        sighting=level,
    )
    return picture, cloud, shade


def pictures_with_proof():
    """Two pictures that prove a cloud: on level ground, and seen aslant over a hill."""
    level = _picture()[0]
    row, col = np.indices(SHAPE)
    hill = 150 * np.exp(-((row - 60) ** 2 + (col - 200) ** 2) / 2000).astype(np.float32)
    aslant = replace(level, sighting=Sighting(heights=hill, sun=SUN, view=VIEW))
    return level, aslant


def test_a_cloud_proved_by_its_shadow_is_told_with_it():
    picture, cloud, shade = _picture()
    told = told_by_networks(picture, snow_and_cores(picture)[2], cover_networks())
    assert told is not None
    assert told.height_m == pytest.approx(HEIGHT_M, abs=200)
    assert told.cloud[cloud].mean() > 0.95
    assert told.shadow[shade].mean() > 0.9
    # At pixels thrice as wide as those of the training the edges are told a pixel too wide.
    assert (told.cloud | told.shadow)[~(cloud | shade)].mean() < 0.1


def test_without_a_shadow_or_a_sun_the_networks_are_not_believed():
    for picture in (_picture(shadow=False)[0], replace(_picture()[0], sighting=None)):
        cores = snow_and_cores(picture)[2]
        assert cores.any()
        assert told_by_networks(picture, cores, cover_networks()) is None
        by_rules = find_cover(picture).flags
        np.testing.assert_array_equal(find_cover(picture, cover_networks()).flags, by_rules)


def test_three_bands_are_left_to_the_rules():
    picture = _picture(bands=("B", "G", "R"))[0]
    by_rules = find_cover(picture).flags
    assert (by_rules & Cover.CLOUD).any()
    np.testing.assert_array_equal(find_cover(picture, cover_networks()).flags, by_rules)


def test_the_shadow_of_a_caster_falls_where_it_came_from():
    row, col = np.indices((160, 160), dtype=np.float32)
    heights = 300 * np.exp(-((row - 80) ** 2 + (col - 70) ** 2) / 900).astype(np.float32)
    sun = Slant.towards(150.0, 50.0, pixel_m=PIXEL_M)
    sighting = Sighting(heights=heights, sun=sun, view=VIEW)
    rays = rays_at(sighting, np.ones(heights.shape, bool), 1500.0)
    there = rays.from_caster(rays.from_shadow(row)), rays.from_caster(rays.from_shadow(col))
    known = (there[0] > 0) & (there[1] > 0)
    assert known.mean() > 0.2
    assert np.abs(there[0] - row)[known].max() <= 3
    assert np.abs(there[1] - col)[known].max() <= 3
    outside = ~rays.casters[1]
    assert outside.any()
    assert not rays.from_caster(np.ones(heights.shape))[outside].any()
