"""What is at the end of its range is flagged; what nobody could look at has no share."""

from dataclasses import replace

import numpy as np
import pytest
import rasterio
from affine import Affine

from satdesk.core.cover import Cover
from satdesk.core.scene import BandCalibration
from satdesk.release.composition import parts_of
from satdesk.release.covers import scene_cover
from satdesk.release.ground import Ground
from satdesk.release.recipe import GridChoice, SceneChoice
from satdesk.release.scenes import open_scene

END = 4095
SIZE = 40


@pytest.fixture
def cover(tmp_path):
    def _cover(counts, *, end):
        path = tmp_path / "a.tif"
        profile = {
            "driver": "GTiff",
            "width": SIZE,
            "height": SIZE,
            "count": 4,
            "dtype": "uint16",
            "crs": "EPSG:32638",
            "transform": Affine(6.0, 0.0, 5e5, 0.0, -6.0, 4.45e6),
        }
        with rasterio.open(path, "w", **profile) as out:
            out.write(counts)
        plain = open_scene(SceneChoice(bundle=path, bands=("B", "G", "R", "NIR")))
        image = replace(
            plain.images[0],
            calibration=(BandCalibration(quantification=1e4),) * 4,
            saturated=end,
        )
        parts = parts_of(replace(plain, images=(image,)), GridChoice(product="ms"))
        return scene_cover(parts, image.grid, Ground(terrain=None)), image.grid

    return _cover


def _counts():
    counts = np.full((4, SIZE, SIZE), 700, np.uint16)
    counts[1, 10:14, 20:23] = END
    counts[2, 30, 5] = END + 20  # a provider's resampling passes the stated end
    return counts


def test_the_end_of_the_range_is_flagged_in_whichever_band_and_counted(cover):
    counts = _counts()
    found, grid = cover(counts, end=END)
    flagged = (found.layer.read(grid).values[0] & Cover.SATURATED) > 0
    assert np.array_equal(flagged, (counts >= END).any(axis=0))
    assert found.facts["shares_of_imaged"]["saturated"] == round(13 / SIZE**2, 6)


def test_what_nobody_could_look_at_has_no_share(cover):
    found, grid = cover(_counts(), end=None)
    shares = found.facts["shares_of_imaged"]
    assert not (found.layer.read(grid).values[0] & Cover.SATURATED).any()
    assert shares["saturated"] is shares["terrain_shadow"] is shares["cloud_shadow"] is None
    assert shares["cloud"] == 0
