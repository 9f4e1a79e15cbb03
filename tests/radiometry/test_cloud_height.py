"""The height of clouds to some metres, on ground that is not level."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from satdesk.core.slant import Slant
from satdesk.radiometry.cloud_height import finer_height
from satdesk.radiometry.cloud_rays import rays_at
from satdesk.radiometry.cloud_shadows import Sighting

PIXEL_M = 6.0
SHAPE = (300, 320)
HEIGHT_M = 1830.0


def _scene():
    rng = np.random.default_rng(3)
    row, col = np.indices(SHAPE)
    heights = (200 * np.exp(-((row - 90) ** 2 + (col - 200) ** 2) / 4000)).astype(np.float32)
    sighting = Sighting(
        heights=heights,
        sun=Slant.towards(150.0, 60.0, pixel_m=PIXEL_M),
        view=Slant(col=0.01, row=-0.02),
    )
    cloud = gaussian_filter(rng.standard_normal(SHAPE), 9) > 0.02
    imaged = np.ones(SHAPE, bool)
    return cloud, imaged, sighting


@pytest.mark.parametrize("off_m", [-70, 0, 45])
def test_the_height_is_found_within_five_metres(off_m):
    cloud, imaged, sighting = _scene()
    shade = rays_at(sighting, imaged, HEIGHT_M).from_caster(cloud)
    found = finer_height(
        HEIGHT_M + off_m, cloud.astype(np.uint8), shade.astype(np.uint8), ~cloud, imaged, sighting
    )
    assert found == pytest.approx(HEIGHT_M, abs=5)


def test_without_anything_that_goes_together_the_height_stays():
    cloud, imaged, sighting = _scene()
    nothing = np.zeros(SHAPE, np.uint8)
    found = finer_height(HEIGHT_M, cloud.astype(np.uint8), nothing, ~cloud, imaged, sighting)
    assert found == HEIGHT_M
