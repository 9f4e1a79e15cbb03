from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.control import GroundControlPoint

from corpus import deliveries, rpc_dialects
from satdesk.bundles.formats import open_bundle, open_images
from satdesk.core.scene import Acquisition, BandCalibration
from satdesk.errors import (
    BrokenInputError,
    MissingInputError,
    UndeclaredInputError,
    UnreadableInputError,
    UsageError,
)
from satdesk.files.rasters import ImageLayer, require_pixels

SUPPORT = """
meters_per_pixel_x:  2.0
meters_per_pixel_y:  2.1
support_data.band_name_list:  \"\"\"B2 B1 B0 B3 \"\"\"
support_data.image_date:  2013-08-05T10:42:19.4Z
support_data.physical_bias:  \"\"\"0 1 2 3 \"\"\"
support_data.physical_gain:  \"\"\"10 11 12 13 \"\"\"
support_data.solar_irradiance:  \"\"\"1900 1800 1600 1000 \"\"\"
support_data.azimuth_angle:  \"\"\"149.0 148.9 148.8 \"\"\"
support_data.elevation_angle:  \"\"\"59.7 59.8 59.9 \"\"\"
support_data.incident_angle:  \"\"\"8.6 8.5 8.4 \"\"\"
support_data.sensorID:  PHR 1B
"""


def ones(path: Path, bands: int = 1, **options) -> Path:
    return deliveries.raster(path, np.ones((bands, 6, 8), "uint16"), **options)


def on_map(path: Path, bands: int, descriptions=()) -> Path:
    ones(path, bands, crs="EPSG:32638", transform=Affine(10, 0, 500000, 0, -10, 4400000), nodata=0)
    if descriptions:
        with rasterio.open(path, "r+") as sink:
            sink.descriptions = descriptions
    return path


def test_pan_and_ms_with_sidecars(tmp_path):
    pan = ones(tmp_path / "p.tif")
    (tmp_path / "p_RPC.TXT").write_text(rpc_dialects.text())
    ms = ones(tmp_path / "m.tif", 4)
    (tmp_path / "m.RPB").write_text(rpc_dialects.rpb())
    scene = open_images(pan=pan, ms=ms, bands=("B", "G", "R", "NIR"))
    assert [image.id for image in scene.images] == ["pan", "ms"]
    assert [band.name for band in scene.image("ms").bands] == ["B", "G", "R", "NIR"]
    assert scene.image("pan").bands[0].name == "PAN"
    assert scene.image("ms").model_source.name == "m.RPB"
    assert scene.acquisition is None
    assert scene.problems == ()
    require_pixels(scene)


def test_a_geom_lists_bands_by_plane_but_gains_by_id(tmp_path):
    ms = ones(tmp_path / "m.tif", 4)
    (tmp_path / "m.geom").write_text(rpc_dialects.ossim() + SUPPORT)
    scene = open_images(image=ms)
    image = scene.image("ms")
    assert [band.name for band in image.bands] == ["R", "G", "B", "NIR"]
    # Gains stand B0 B1 B2 B3: 12 is B2's, the first plane's.
    assert image.calibration == (
        BandCalibration(gain=12, bias=2, irradiance=1600),
        BandCalibration(gain=11, bias=1, irradiance=1800),
        BandCalibration(gain=10, bias=0, irradiance=1900),
        BandCalibration(gain=13, bias=3, irradiance=1000),
    )
    assert scene.mission == "Pléiades 1B"
    assert scene.acquisition.instant == datetime(2013, 8, 5, 10, 42, 19, 400000, tzinfo=UTC)
    assert scene.center.sun_azimuth_deg == 148.9
    assert scene.center.sun_elevation_deg == 59.8
    assert scene.center.incidence_deg == 8.5


def test_descriptions_name_bands(tmp_path):
    path = on_map(tmp_path / "a.tif", 4, ("B02", "B03", "B04", "B08"))
    image = open_bundle(path).image("ms")
    assert [(b.name, b.provider_id) for b in image.bands] == [
        ("B", "B02"),
        ("G", "B03"),
        ("R", "B04"),
        ("NIR", "B08"),
    ]
    assert str(image.grid.crs) == "EPSG:32638"
    assert image.nodata == 0
    assert image.calibration is None


def test_words_name_bands(tmp_path):
    path = on_map(tmp_path / "a.tif", 5, ("Blue", "green", "RED", "Near-Infrared", "red edge"))
    assert [b.name for b in open_bundle(path).image("ms").bands] == [
        "B",
        "G",
        "R",
        "NIR",
        "red edge",
    ]


def test_colours_name_bands_and_alpha_is_none(tmp_path):
    options = {"photometric": "RGB", "alpha": "YES", "crs": "EPSG:4326"}
    place = Affine(1e-4, 0, 46, 0, -1e-4, 40)
    path = ones(tmp_path / "a.tif", 4, transform=place, **options)
    assert [b.name for b in open_bundle(path).images[0].bands] == ["R", "G", "B"]


def test_a_plane_of_bytes_that_bears_a_name_is_no_transparency(tmp_path):
    """GDAL takes the fourth plane of bytes for alpha, whatever its description says."""
    path = deliveries.raster(
        tmp_path / "a.tif",
        np.full((4, 6, 8), 7, "uint8"),
        crs="EPSG:32638",
        transform=Affine(10, 0, 500000, 0, -10, 4400000),
    )
    with rasterio.open(path, "r+") as sink:
        sink.descriptions = ("Blue", "Green", "Red", "NIR")
    image = open_bundle(path).images[0]
    assert [band.name for band in image.bands] == ["B", "G", "R", "NIR"]
    for name in ("Alpha", "A", "alpha channel", "Opacity"):
        with rasterio.open(path, "r+") as sink:
            sink.descriptions = ("Blue", "Green", "Red", name)
        assert [band.name for band in open_bundle(path).images[0].bands] == ["B", "G", "R"]


def test_nan_as_nodata_is_no_count(tmp_path):
    values = np.ones((1, 4, 4), "float32")
    values[0, 1, 2] = np.nan
    place = Affine(10, 0, 500000, 0, -10, 4400000)
    path = deliveries.raster(
        tmp_path / "a.tif", values, crs="EPSG:32638", transform=place, nodata=np.nan
    )
    image = open_images(image=path, bands=("R",)).images[0]
    assert image.nodata is None
    valid = ImageLayer(image=image).read(image.grid).valid
    assert np.argwhere(~valid).tolist() == [[1, 2]]


def test_bands_are_never_invented(tmp_path):
    path = on_map(tmp_path / "a.tif", 4)
    with pytest.raises(UndeclaredInputError, match="which bands"):
        open_bundle(path)
    with pytest.raises(UsageError, match="number of band names"):
        open_images(image=path, bands=("R", "G", "B"))
    assert len(open_images(image=path, bands=("R", "G", "B", "NIR")).image("ms").bands) == 4


def test_what_the_caller_states_stands(tmp_path):
    path = on_map(tmp_path / "a.tif", 1)
    scene = open_images(
        image=path,
        bands=("R",),
        nodata=9,
        acquisition=Acquisition.on(date(2020, 11, 25)),
        mission="SIMULATED SPOT",
        credit="me",
    )
    assert scene.acquisition.day == date(2020, 11, 25)
    assert (scene.mission, scene.credit, scene.simulated) == ("SIMULATED SPOT", "me", True)
    assert scene.images[0].nodata == 9


def test_an_image_without_map_and_model_is_told(tmp_path):
    scene = open_images(pan=ones(tmp_path / "a.tif"))
    assert [(p.code, p.blocks) for p in scene.problems] == [("model-missing", True)]
    with pytest.raises(BrokenInputError, match="--rpc"):
        require_pixels(scene)


def test_a_crop_keeps_its_origin(tmp_path):
    path = ones(tmp_path / "c.tif", transform=Affine.translation(5000, 4000))
    (tmp_path / "c_RPC.TXT").write_text(rpc_dialects.text())
    image = open_images(pan=path).image("pan")
    assert image.grid.crs is None
    assert (image.grid.affine.c, image.grid.affine.f) == (5000, 4000)


def test_pan_and_ms_of_two_days_block(tmp_path):
    scenes = []
    for name, day in (("p", "2013-08-05T10:42:19Z"), ("m", "2013-08-06T10:42:19Z")):
        path = ones(tmp_path / f"{name}.tif")
        support = SUPPORT.replace("2013-08-05T10:42:19.4Z", day).replace("B2 B1 B0 B3", "P")
        (tmp_path / f"{name}.geom").write_text(rpc_dialects.ossim() + support)
        scenes.append(path)
    scene = open_images(pan=scenes[0], ms=scenes[1])
    assert [problem.code for problem in scene.problems] == ["pan-ms-different-acquisition"]
    with pytest.raises(BrokenInputError):
        require_pixels(scene)


def test_what_gdal_knows_of_the_acquisition_is_used(tmp_path):
    path = ones(tmp_path / "w.tif")
    (tmp_path / "w.RPB").write_text(rpc_dialects.rpb())
    (tmp_path / "w.IMD").write_text(
        'version = "R";\nBEGIN_GROUP = IMAGE_1\n\tsatId = "QB02";\n'
        "\tfirstLineTime = 2010-03-01T07:12:13.500000Z;\nEND_GROUP = IMAGE_1\nEND;\n"
    )
    scene = open_images(pan=path)
    assert scene.mission == "QB02"
    assert scene.acquisition.instant == datetime(2010, 3, 1, 7, 12, 13, tzinfo=UTC)


def test_an_image_on_a_map_takes_no_rpc(tmp_path):
    path = on_map(tmp_path / "a.tif", 1)
    (tmp_path / "r.txt").write_text(rpc_dialects.text())
    with pytest.raises(BrokenInputError, match="sees other ground"):
        open_images(pan=path, rpc=tmp_path / "r.txt")


def test_an_impossible_date_is_refused(tmp_path):
    path = ones(tmp_path / "m.tif", 4)
    (tmp_path / "m.geom").write_text(
        rpc_dialects.ossim() + SUPPORT.replace("2013-08-05", "2013-02-30")
    )
    with pytest.raises(BrokenInputError, match="does not exist"):
        open_images(image=path)


def test_wrong_calls_and_bad_files(tmp_path):
    path = ones(tmp_path / "a.tif")
    with pytest.raises(UsageError):
        open_images()
    with pytest.raises(UsageError):
        open_images(pan=path, image=path)
    with pytest.raises(MissingInputError):
        open_images(pan=tmp_path / "b.tif")
    (tmp_path / "e.tif").write_bytes(b"\0")
    with pytest.raises(UnreadableInputError):
        open_images(pan=tmp_path / "e.tif")


def test_ventoux(shared_data):
    folder = shared_data / "phr_ventoux"
    scene = open_images(pan=folder / "left_image.tif", ms=folder / "lowres_color_image.tif")
    pan, ms = scene.images
    assert (pan.grid.affine.c, ms.grid.affine.c) == (5000, 1240)
    assert [b.provider_id for b in ms.bands] == ["B2", "B1", "B0", "B3"]
    assert [c.gain for c in ms.calibration] == [11.32, 10.47, 10.46, 17.21]
    assert [c.irradiance for c in ms.calibration] == [1594, 1830, 1915, 1060]
    assert pan.calibration[0].gain == 12.04
    assert scene.mission == "Pléiades 1B"
    assert scene.problems == ()


def test_beirut(shared_data):
    scene = open_bundle(shared_data / "change/oscd/beirut/imgs_1_B02B03B04B08.tif")
    assert [b.name for b in scene.images[0].bands] == ["B", "G", "R", "NIR"]
    assert scene.acquisition is None


def test_ids_counted_from_one_are_not_taken_for_airbus_ids(tmp_path):
    landsat = open_images(image=on_map(tmp_path / "l.tif", 4, ("B2", "B3", "B4", "B5")))
    assert [band.name for band in landsat.images[0].bands] == ["B2", "B3", "B4", "B5"]
    airbus = open_images(image=on_map(tmp_path / "a.tif", 4, ("B2", "B1", "B0", "B3")))
    assert [band.name for band in airbus.images[0].bands] == ["R", "G", "B", "NIR"]


def test_two_planes_of_one_name_are_refused(tmp_path):
    path = on_map(tmp_path / "a.tif", 3, ("red", "Red", "blue"))
    with pytest.raises(BrokenInputError, match="one name"):
        open_images(image=path)


def test_a_palette_is_not_a_measurement(tmp_path):
    place = {"crs": "EPSG:32638", "transform": Affine(10, 0, 500000, 0, -10, 4400000)}
    path = deliveries.raster(tmp_path / "a.tif", np.ones((1, 6, 8), "uint8"), **place)
    with rasterio.open(path, "r+") as sink:
        sink.write_colormap(1, {1: (10, 200, 30, 255)})
    with pytest.raises(BrokenInputError, match="palette"):
        open_images(image=path)


def test_complex_samples_are_refused(tmp_path):
    path = deliveries.raster(tmp_path / "a.tif", np.ones((1, 6, 8), "complex64"))
    with pytest.raises(BrokenInputError, match="complex"):
        open_images(image=path)


def test_control_points_alone_are_told(tmp_path):
    corners = [(0, 0), (0, 8), (6, 0), (6, 8)]
    points = [GroundControlPoint(r, c, 45 + c, 40 - r, 0) for r, c in corners]
    path = ones(tmp_path / "a.tif", gcps=points, crs="EPSG:4326")
    problem = open_images(image=path).problems[0]
    assert (problem.code, problem.blocks) == ("model-missing", True)
    assert "4 ground control points" in problem.found
