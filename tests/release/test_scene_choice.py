"""What is stated beside a scene is used, or refused; never passed over."""

import numpy as np
import pytest
from affine import Affine

from corpus import deliveries, rpc_dialects
from satdesk.errors import DisjointInputError, UsageError
from satdesk.files.rpcs import read_rpc
from satdesk.release.orthoimage import write_ortho
from satdesk.release.recipe import GridChoice, SceneChoice, TerrainChoice
from satdesk.release.scenes import open_scene
from satdesk.scale.run import Serial

BANDS = ("B", "G", "R", "NIR")
PLACE = {"crs": "EPSG:32638", "transform": Affine(10, 0, 500000, 0, -10, 4400000)}


def raster(path, **place):
    return deliveries.raster(path, np.full((4, 60, 80), 300, "uint16"), **place)


def test_a_single_image_takes_the_bands_and_nodata_that_are_stated(tmp_path):
    path = raster(tmp_path / "a.tif", **PLACE)
    image = open_scene(SceneChoice(bundle=path, bands=BANDS, nodata=7)).images[0]
    assert tuple(band.name for band in image.bands) == BANDS
    assert image.nodata == 7


def test_a_single_image_takes_the_rpc_that_is_stated(tmp_path):
    path = raster(tmp_path / "a.tif")
    rpc = tmp_path / "elsewhere.RPB"
    rpc.write_text(rpc_dialects.rpb())
    image = open_scene(SceneChoice(bundle=path, bands=BANDS, rpc=rpc)).images[0]
    assert image.model == read_rpc(rpc).model


@pytest.mark.parametrize("stated", [{"bands": BANDS}, {"nodata": 0.0}])
def test_a_delivery_with_metadata_takes_no_such_statement(tmp_path, stated):
    root = deliveries.safe(tmp_path)
    with pytest.raises(UsageError, match="metadata say it"):
        open_scene(SceneChoice(bundle=root, **stated))


def test_an_empty_picture_is_not_written(tmp_path):
    scene = open_scene(SceneChoice(bundle=raster(tmp_path / "a.tif", **PLACE), bands=BANDS))
    with pytest.raises(DisjointInputError, match="empty"):
        write_ortho(
            scene,
            tmp_path / "out.tif",
            wish=GridChoice(crs="EPSG:32638", gsd_m=10.0),
            terrain=TerrainChoice(),
            bounds=(600000.0, 4300000.0, 600500.0, 4300500.0),
            reasons={},
            overwrite=False,
            executor=Serial(),
        )
    assert not (tmp_path / "out.tif").exists()
