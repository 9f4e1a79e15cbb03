"""Landsat Collection 2: what the metadata say, and what becomes of the numbers."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime

import numpy as np
import pytest
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus import deliveries
from satdesk.bundles.formats import open_bundle
from satdesk.bundles.landsat import Landsat
from satdesk.core.cover import Cover
from satdesk.core.units import Quantity
from satdesk.errors import BrokenInputError, SatdeskError, UnsafeInputError
from satdesk.files.mask_layers import mask_layer
from satdesk.files.rasters import ImageLayer, require_pixels
from satdesk.products.calibrated import Calibrated
from satdesk.radiometry.calibrate import landsat_surface, landsat_toa

SUN = 41.46228969


@pytest.mark.parametrize("form", ["txt", "xml", "json"])
@pytest.mark.parametrize("level", ["L1TP", "L2SP"])
def test_a_product_becomes_a_scene(tmp_path, level, form):
    root = deliveries.landsat(tmp_path, level=level, form=form)
    scene = open_bundle(root)
    assert scene == open_bundle(root / f"{root.name}_MTL.{form}")
    assert (scene.id, scene.mission, scene.level) == (root.name, "Landsat 8", level)
    assert scene.problems == ()
    assert scene.acquisition.instant == datetime(2024, 5, 2, 18, 0, 24, 614864, tzinfo=UTC)
    assert (scene.cloud_percent, scene.center.sun_elevation_deg) == (0.85, SUN)
    assert scene.center.sun_azimuth_deg == pytest.approx(360 - 39.71362413)
    assert scene.credit == "Image courtesy of the U.S. Geological Survey"
    names = [image.id for image in scene.images]
    assert names == (["pan", "ms", "swir"] if level == "L1TP" else ["ms", "swir"])
    assert [band.name for band in scene.image("ms").bands] == ["B", "G", "R", "NIR"]
    assert [band.provider_id for band in scene.image("ms").bands] == ["B2", "B3", "B4", "B5"]
    require_pixels(scene)


def test_pan_and_ms_share_the_centre_of_their_first_pixel(tmp_path):
    scene = open_bundle(deliveries.landsat(tmp_path))
    pan, ms = scene.image("pan").grid, scene.image("ms").grid
    assert ms.affine == Affine(30, 0, 619485, 0, -30, 2675715)
    assert pan.affine == Affine(15, 0, 619492.5, 0, -15, 2675707.5)
    assert str(ms.crs) == "EPSG:32640"


@pytest.mark.parametrize(("level", "quantity"), [("L1TP", Quantity.TOA), ("L2SP", Quantity.BOA)])
def test_counts_become_reflectance_by_the_product_s_own_numbers(tmp_path, level, quantity):
    ms = open_bundle(deliveries.landsat(tmp_path, level=level)).image("ms")
    layer = Calibrated(source=ImageLayer(image=ms), calibration=ms.calibration)
    raster, counts = layer.read(ms.grid), ImageLayer(image=ms).read(ms.grid).values
    assert raster.quantity is quantity
    assert np.argwhere(~raster.valid).tolist() == [[0, 0]]
    wanted = (
        landsat_surface(counts)
        if level == "L2SP"
        else landsat_toa(counts, mult=2e-5, add=-0.1, sun_elevation_deg=SUN)
    )
    np.testing.assert_allclose(raster.values[:, raster.valid], wanted[:, raster.valid], rtol=1e-6)
    assert ms.saturated == 65535


def test_a_night_scene_keeps_counts(tmp_path):
    scene = open_bundle(deliveries.landsat(tmp_path, SUN_ELEVATION="-41.46228969"))
    assert scene.image("ms").calibration is None
    assert {problem.code for problem in scene.problems} == {"calibration-missing"}
    assert not any(problem.blocks for problem in scene.problems)


def test_the_provider_s_bits_become_flags(tmp_path):
    scene = open_bundle(deliveries.landsat(tmp_path))
    ms = scene.image("ms")
    quality, saturation = (mask_layer(mask, ms).read(ms.grid) for mask in scene.masks)
    cloud, shadow, snow = (int(f) for f in (Cover.CLOUD, Cover.CLOUD_SHADOW, Cover.SNOW))
    assert quality.values[0, 2].tolist() == [cloud, cloud, cloud, shadow, snow, 0]
    assert np.argwhere(~quality.valid).tolist() == [[0, 0]]
    assert not quality.values[0, 3:].any()
    assert np.argwhere(saturation.values[0] == int(Cover.SATURATED)).tolist() == [[1, 2]]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"MAP_PROJECTION": "PS"}, "another map"),
        ({"SPACECRAFT_ID": "LANDSAT_1"}, "bands of this satellite"),
        ({"PROCESSING_LEVEL": "L3"}, "processing level"),
        ({"REFLECTIVE_LINES": "8e99"}, "no size"),
        ({"REFLECTANCE_MULT_BAND_3": "-1"}, "must be positive"),
        ({"SUN_ELEVATION": "high"}, "no number"),
        ({"DATE_ACQUIRED": "2024-05-32"}, "does not exist"),
        ({"LANDSAT_PRODUCT_ID": ""}, "lack a value"),
    ],
)
def test_metadata_that_cannot_be_are_refused(tmp_path, changes, says):
    with pytest.raises(BrokenInputError, match=says):
        open_bundle(deliveries.landsat(tmp_path, **changes))


def test_paths_must_not_leave_the_product(tmp_path):
    with pytest.raises(UnsafeInputError):
        open_bundle(deliveries.landsat(tmp_path, FILE_NAME_BAND_2="../../etc/x.TIF"))


def test_collection_1_is_told(tmp_path):
    path = tmp_path / "LC08_MTL.txt"
    path.write_text("GROUP = L1_METADATA_FILE\n  GROUP = PRODUCT_METADATA\n  END_GROUP = X\nEND\n")
    with pytest.raises(BrokenInputError, match="no Collection 2 product"):
        open_bundle(tmp_path)


def test_what_is_wrong_with_the_files_is_told(tmp_path):
    root = deliveries.landsat(tmp_path)
    (root / f"{root.name}_B4.TIF").unlink()
    shifted = root / f"{root.name}_B3.TIF"
    shifted.unlink()  # GDAL deletes the metadata with a file that it overwrites
    affine = Affine(30, 0, 619500, 0, -30, 2675700)
    deliveries.raster(shifted, np.ones((1, 8, 6), "uint16"), crs="EPSG:32640", transform=affine)
    codes = [problem.code for problem in open_bundle(root).problems]
    assert codes == ["image-absent", "image-misplaced"]


def test_time_without_a_clock_is_a_day(tmp_path):
    scene = open_bundle(deliveries.landsat(tmp_path, SCENE_CENTER_TIME=""))
    assert scene.acquisition.instant is None


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(["txt", "xml", "json"]), st.data())
def test_mutated_metadata_raise_only_our_errors(tmp_path_factory, form, data):
    base = tmp_path_factory.getbasetemp() / f"landsat-mutants-{form}"
    if not base.exists():
        next(deliveries.landsat(base, form=form).glob("*_MTL.*")).rename(base / "kept")
    root = next(path for path in base.iterdir() if path.is_dir())
    whole = (base / "kept").read_bytes()
    start = data.draw(st.integers(0, len(whole) - 1))
    length = data.draw(st.integers(0, 30))
    noise = data.draw(st.one_of(st.binary(max_size=6), st.sampled_from([b"-1", b"nan", b"9e99"])))
    changed = whole[:start] + noise + whole[start + length :]
    (root / f"{root.name}_MTL.{form}").write_bytes(changed)
    with contextlib.suppress(SatdeskError):
        Landsat().open(root)
