from __future__ import annotations

import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime

import numpy as np
import pytest
import rasterio
from affine import Affine

from satdesk.core.bands import PAN, Band
from satdesk.errors import UsageError
from satdesk.files.dem import open_terrain
from satdesk.files.dimap_values import DimapBand, DimapImage, DimapProduct, DimapView
from satdesk.files.dimap_writer import open_dimap, write_dimap, write_heights
from satdesk.files.rpcs import read_rpc
from satdesk.geometry.rpc import RPC

WHEN = datetime(2018, 9, 5, 7, 31, 12, 400000, tzinfo=UTC)


COUNTS = {"P": np.arange(80 * 120, dtype=np.uint16).reshape(1, 80, 120) % 4000 + 1}


def tall(first, *rest):
    return (first, *rest, *(0.0,) * (19 - len(rest)))


MODEL = RPC(
    line_off=40.0,
    samp_off=60.0,
    lat_off=40.2,
    lon_off=46.1,
    height_off=1500.0,
    line_scale=39.5,
    samp_scale=59.5,
    lat_scale=0.01,
    lon_scale=0.02,
    height_scale=500.0,
    line_num=tall(0.001, 0.02, -0.98, 0.01),
    line_den=tall(1.0, 1e-5),
    samp_num=tall(-0.002, 0.99, 0.03, -0.02),
    samp_den=tall(1.0, 0.0, 2e-5),
)


def product(mission="SIMULATED", name="SIMULATED_one"):
    view = DimapView(
        where="Center",
        col=60.0,
        row=40.0,
        lon=46.1,
        lat=40.2,
        time=WHEN,
        values=(("INCIDENCE_ANGLE", 12.5),),
        sun_azimuth=150.0,
        sun_elevation=50.0,
        gsd_m=(2.0, 2.0),
    )
    band = DimapBand(
        id="P",
        band=Band(name=PAN.name, wavelength_nm=(450, 745)),
        gain=9.4,
        bias=0.0,
        irradiance=1690.0,
    )
    image = DimapImage(
        kind="P", shape=(80, 120), bands=(band,), model=MODEL, pixel_m=1.5, views=(view,)
    )
    return DimapProduct(
        name=name, instrument="SIM-1", strip_start=WHEN, images=(image,), mission=mission
    )


def test_the_rpc_returns_in_our_count(tmp_path):
    _, _, rpc, _ = write_dimap(tmp_path, product(), COUNTS)
    found = read_rpc(rpc)
    assert found.counts_from == "1"
    assert found.profile == "SIMULATED_SENSOR"
    for name in ("line_off", "samp_off", "lat_off", "height_scale", "line_num", "samp_den"):
        assert getattr(found.model, name) == getattr(MODEL, name)


def test_the_file_itself_counts_from_one(tmp_path):
    _, _, rpc, _ = write_dimap(tmp_path, product(), COUNTS)
    # OFF = (FIRST + LAST) / 2 for a model centred in its image.
    assert "<LINE_OFF>40.5</LINE_OFF>" in rpc.read_text()
    assert "<LAST_ROW>80</LAST_ROW>" in rpc.read_text()


def test_pixels_return_and_say_that_they_are_simulated(tmp_path):
    *_, tiff = write_dimap(tmp_path, product(), COUNTS)
    with rasterio.open(tiff) as file:
        np.testing.assert_array_equal(file.read(), COUNTS["P"])
        assert file.tags()["SIMULATED"] == "YES"
        assert "no camera took this picture" in file.tags()["TIFFTAG_IMAGEDESCRIPTION"]


@pytest.mark.parametrize("mission", ["SPOT 7", "PHR", "", "simulated"])
def test_no_real_mission_is_written(tmp_path, mission):
    with pytest.raises(UsageError, match="only simulated"):
        write_dimap(tmp_path, product(mission=mission), COUNTS)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["../out", "a/b", "", "a b"])
def test_a_name_cannot_leave_the_folder(tmp_path, name):
    with pytest.raises(UsageError, match="not plain"):
        write_dimap(tmp_path, product(name=name), COUNTS)


@pytest.mark.parametrize(
    "wrong", [np.zeros((1, 80, 120), np.float32), np.zeros((2, 80, 120), np.uint16)]
)
def test_counts_must_be_uint16_and_one_plane_a_band(tmp_path, wrong):
    with pytest.raises(UsageError, match="uint16"):
        write_dimap(tmp_path, product(), {"P": wrong})


def test_blocks_make_the_same_delivery_as_the_whole(tmp_path):
    (tmp_path / "whole").mkdir()
    (tmp_path / "blocks").mkdir()
    write_dimap(tmp_path / "whole", product(), COUNTS)
    with open_dimap(tmp_path / "blocks", product()) as target:
        for row, col in ((0, 0), (0, 64), (32, 0), (32, 64)):
            rows = slice(row, 32 if row == 0 else 80)
            cols = slice(col, 64 if col == 0 else 120)
            target.put("P", row, col, COUNTS["P"][:, rows, cols])
    dims = [next((tmp_path / name).rglob("DIM_*")).read_bytes() for name in ("whole", "blocks")]
    assert dims[0] == dims[1]
    pictures = []
    for name in ("whole", "blocks"):
        with rasterio.open(next((tmp_path / name).rglob("*.TIF"))) as file:
            pictures.append(file.read())
    np.testing.assert_array_equal(*pictures)


def test_the_statistics_are_those_of_the_counts(tmp_path):
    _, dim, _, _ = write_dimap(tmp_path, product(), COUNTS)
    text = dim.read_text()
    counts = COUNTS["P"].astype(float)
    assert f"<MEAN>{round(counts.mean(), 4)}</MEAN>" in text
    assert f"<STDV>{round(counts.std(), 4)}</STDV>" in text


def test_pixels_can_be_stored_as_they_are(tmp_path):
    with open_dimap(tmp_path, product(), compressed=False) as target:
        target.put("P", 0, 0, COUNTS["P"])
    with rasterio.open(next(tmp_path.rglob("*.TIF"))) as file:
        assert file.compression is None
        assert file.block_shapes == [(400, 400)]
        np.testing.assert_array_equal(file.read(), COUNTS["P"])


def test_a_dem_returns_with_its_datum(tmp_path):
    affine = Affine(0.001, 0, 46.0, 0, -0.001, 40.3)
    heights = np.add.outer(np.arange(40.0), np.arange(50.0)) + 1000
    write_heights(tmp_path / "dem.tif", heights, affine, "ellipsoid")
    terrain = open_terrain([tmp_path / "dem.tif"], vertical=None).terrain
    center = terrain.height(np.array(46.0105), np.array(40.2895))
    assert center == pytest.approx(1020.0, abs=1e-3)


@pytest.mark.oracle
@pytest.mark.skipif(shutil.which("gdalinfo") is None, reason="gdalinfo is not installed")
def test_gdal_opens_it_with_its_own_driver_and_counts_alike(tmp_path):
    _, dim, _, tiff = write_dimap(tmp_path, product(), COUNTS)
    answer = subprocess.run(
        ["gdalinfo", "-json", str(dim)], check=True, capture_output=True, text=True
    )
    facts = json.loads(answer.stdout)
    assert facts["driverShortName"] == "DIMAP"
    assert facts["size"] == [120, 80]
    assert facts["metadata"][""]["MISSION"] == "SIMULATED"
    rpc = facts["metadata"]["RPC"]
    # GDAL keeps RPC offsets from the first pixel's centre: half a pixel less than ours.
    assert float(rpc["LINE_OFF"]) == MODEL.line_off - 0.5
    assert float(rpc["SAMP_OFF"]) == MODEL.samp_off - 0.5
    col, row = MODEL.project(np.array(46.105), np.array(40.197), np.array(1600.0))
    there = subprocess.run(
        ["gdaltransform", "-rpc", "-i", str(dim)],
        check=True,
        capture_output=True,
        text=True,
        input="46.105 40.197 1600\n",
    )
    found = [float(v) for v in there.stdout.split()[:2]]
    np.testing.assert_allclose(found, [col, row], atol=1e-6)
    assert tiff.is_file()


FULL = """
import resource, sys
from pathlib import Path
import numpy as np
from affine import Affine
from satdesk.errors import MachineError
from satdesk.files.dimap_writer import raster_target, write_heights
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
values = np.random.default_rng(1).integers(0, 4000, (1, 600, 700), "uint16")
try:
    if {of_heights}:
        write_heights(Path("a.tif"), values[0].astype("f4"), Affine(1, 0, 0, 0, -1, 0), "EGM96")
    else:
        with raster_target(Path("a.tif"), values.shape, "uint16", compressed={compressed}) as sink:
            sink.put(0, 0, values)
except MachineError as error:
    assert str(error.subject) == "a.tif"
    sys.exit(6)
"""


@pytest.mark.parametrize("of_heights", [True, False])
@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize("limit", [100, 20_000, 300_000, 500_000, 100_000_000])
def test_a_disk_that_is_full_is_told(tmp_path, limit, compressed, of_heights):
    # GDAL writes its blocks when the file is closed, and rasterio says nothing of what it told
    pytest.importorskip("resource")
    code = FULL.format(limit=limit, compressed=compressed, of_heights=of_heights)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == (0 if limit > 10_000_000 else 6), done.stderr
