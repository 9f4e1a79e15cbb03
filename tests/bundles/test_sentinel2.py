from __future__ import annotations

import contextlib
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus import deliveries
from satdesk.bundles.formats import open_bundle
from satdesk.bundles.sentinel2 import Sentinel2
from satdesk.core.scene import BandCalibration
from satdesk.errors import (
    BrokenInputError,
    MissingInputError,
    SatdeskError,
    UnsafeInputError,
    UsageError,
)
from satdesk.files.rasters import ImageLayer, require_pixels


@pytest.mark.parametrize("level", ["L1C", "L2A"])
def test_a_product_becomes_a_scene(tmp_path, level):
    root = deliveries.safe(tmp_path, level=level)
    for path in (root, tmp_path, root / f"MTD_MSI{level}.xml"):
        assert open_bundle(path).id == root.name.removesuffix(".SAFE")
    scene = open_bundle(root)
    assert scene.problems == ()
    assert (scene.mission, scene.profile) == ("Sentinel-2A", f"MSI {level}")
    assert scene.acquisition.instant == datetime(2025, 11, 28, 7, 45, 1, 123456, tzinfo=UTC)
    assert [image.id for image in scene.images] == ["ms", "ms-20m", "ms-60m"]
    assert scene.cloud_percent == 3.25
    assert scene.credit == "Contains modified Copernicus Sentinel data 2025"
    assert [mask.kind for mask in scene.masks] == (
        ["scene_classification"] if level == "L2A" else []
    )
    require_pixels(scene)


def test_of_several_products_in_a_folder_one_must_be_named(tmp_path):
    both = [deliveries.safe(tmp_path, level=level) for level in ("L1C", "L2A")]
    with pytest.raises(UsageError, match="several products") as told:
        open_bundle(tmp_path)
    assert all(root.name in told.value.found for root in both)
    assert open_bundle(both[1]).profile == "MSI L2A"


@pytest.mark.parametrize("level", ["L1C", "L2A"])
def test_the_offset_is_read_and_not_supposed(tmp_path, level):
    ms = open_bundle(deliveries.safe(tmp_path / "new", level=level)).image("ms")
    assert ms.calibration == (BandCalibration(quantification=10000, offset=-1000),) * 4
    old = deliveries.safe(tmp_path / "old", level=level, baseline="03.01", offset=None)
    assert open_bundle(old).image("ms").calibration[0].offset == 0
    assert open_bundle(old).problems == ()


def test_a_new_baseline_without_offset_blocks(tmp_path):
    scene = open_bundle(deliveries.safe(tmp_path, baseline="04.00", offset=None))
    assert [problem.code for problem in scene.problems] == ["offset-missing"]
    with pytest.raises(BrokenInputError, match="offset"):
        require_pixels(scene)


def test_pixels_lie_on_the_tile_grid_and_zero_is_no_data(tmp_path):
    ms = open_bundle(deliveries.safe(tmp_path)).image("ms")
    assert [band.name for band in ms.bands] == ["B", "G", "R", "NIR"]
    assert [band.provider_id for band in ms.bands] == ["B02", "B03", "B04", "B08"]
    assert str(ms.grid.crs) == "EPSG:32638"
    assert tuple(ms.grid.affine)[:6] == (10, 0, 500000, 0, -10, 4500000)
    assert (ms.nodata, ms.saturated) == (0, 65535)
    raster = ImageLayer(image=ms).read(ms.grid)
    assert np.argwhere(~raster.valid).tolist() == [[0, 0]]
    assert raster.values[:, 1, 1].tolist() == [2010, 2110, 2210, 2310]


@pytest.mark.parametrize(("level", "quantity"), [("L1C", "counts"), ("L2A", "boa")])
def test_what_the_provider_corrected_is_called_so(tmp_path, level, quantity):
    scene = open_bundle(deliveries.safe(tmp_path, level=level))
    assert {image.quantity.value for image in scene.images} == {quantity}


def test_angles_are_means_over_the_ten_metre_bands(tmp_path):
    center = open_bundle(deliveries.safe(tmp_path)).center
    assert center.sun_elevation_deg == 28
    assert center.sun_azimuth_deg == 167
    # Bands 1, 2, 3 and 7 of a fan from 359° on: the mean wraps.
    assert center.view_azimuth_deg == pytest.approx(1.25, abs=0.01)
    assert center.incidence_deg == 8.25


def test_angles_that_the_processor_lacked_are_not_stated(tmp_path):
    root = deliveries.safe(tmp_path)
    tile = next(root.rglob("MTD_TL.xml"))
    text = tile.read_text()
    for zenith in (6, 7, 8, 12):  # bands 1, 2, 3 and 7
        text = text.replace(f"<ZENITH_ANGLE>{zenith}</", "<ZENITH_ANGLE>NaN</")
    tile.write_text(text.replace("<ZENITH_ANGLE>62</", "<ZENITH_ANGLE>nan</"))
    center = open_bundle(root).center
    assert (center.incidence_deg, center.sun_elevation_deg) == (None, None)
    assert center.sun_azimuth_deg == 167


def test_an_absent_band_is_told(tmp_path):
    root = deliveries.safe(tmp_path)
    next(root.rglob("*_B04.jp2")).unlink()
    scene = open_bundle(root)
    assert [(p.code, p.blocks) for p in scene.problems] == [("image-absent", True)]
    with pytest.raises(MissingInputError):
        require_pixels(scene)


def test_paths_must_not_leave_the_product(tmp_path):
    root = deliveries.safe(tmp_path)
    path = root / "MTD_MSIL1C.xml"
    text = path.read_text()
    first = text.index("<IMAGE_FILE>") + len("<IMAGE_FILE>")
    path.write_text(text[:first] + "../../etc/x_B02</IMAGE_FILE><IMAGE_FILE>" + text[first:])
    with pytest.raises((UnsafeInputError, BrokenInputError)):
        open_bundle(root)


def test_a_missing_granule_is_told(tmp_path):
    root = deliveries.safe(tmp_path)
    next(root.rglob("MTD_TL.xml")).unlink()
    with pytest.raises(MissingInputError, match=r"MTD_TL\.xml"):
        open_bundle(root)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_mutated_metadata_raise_only_our_errors(tmp_path_factory, data):
    base = tmp_path_factory.getbasetemp() / "safe-mutants"
    if not base.exists():
        (deliveries.safe(base) / "MTD_MSIL1C.xml").rename(base / "kept")
    root = next(base.glob("*.SAFE"))
    whole = (base / "kept").read_bytes()
    start = data.draw(st.integers(0, len(whole) - 1))
    length = data.draw(st.integers(0, 30))
    noise = data.draw(st.one_of(st.binary(max_size=6), st.sampled_from([b"-1", b"nan", b"99999"])))
    (root / "MTD_MSIL1C.xml").write_bytes(whole[:start] + noise + whole[start + length :])
    with contextlib.suppress(SatdeskError):
        Sentinel2().open(root)
