"""Where pixels lie: ``locate``, ``project`` and ``ortho`` against the truth and against GDAL."""

from __future__ import annotations

import json
import subprocess

import numpy as np
import pytest
import rasterio
from affine import Affine

from acceptance.commandline import refused, satdesk, told
from acceptance.test_bad_input import dem, rpc
from acceptance.test_shapes import tagged
from satdesk.geometry.register import measure_shift


@pytest.fixture(scope="module")
def truth(world):
    return json.loads((world.folder / "truth_test_before.json").read_text())["ground"]


@pytest.mark.parametrize("image", ["pan", "ms"])
def test_project_finds_the_true_pixels_and_locate_the_true_ground(world, tmp_path, truth, image):
    known = truth[image]
    rows = zip(known["lon"], known["lat"], known["height"], strict=True)
    ground = tmp_path / "ground.csv"
    ground.write_text(
        "name,height,lat,lon\n" + "".join(f"x,{h!r},{b!r},{a!r}\n" for a, b, h in rows)
    )
    call = ("project", world.before, "--points", ground, "--image", image, "--json")
    found = told(satdesk(*call), "project")["points"]
    error = np.hypot(
        np.array([p["col"] for p in found]) - known["col"],
        np.array([p["row"] for p in found]) - known["row"],
    )
    assert error.max() < 0.05
    pixels = tmp_path / "pixels.csv"
    pixels.write_text(
        "col,row,height\n"
        + "".join(
            f"{p['col']!r},{p['row']!r},{h!r}\n"
            for p, h in zip(found, known["height"], strict=True)
        )
    )
    call = ("locate", world.before, "--points", pixels, "--image", image, "--json")
    back = told(satdesk(*call), "locate")["points"]
    np.testing.assert_allclose([p["lon"] for p in back], known["lon"], atol=2e-11)
    np.testing.assert_allclose([p["lat"] for p in back], known["lat"], atol=2e-11)


def test_a_delivery_its_image_and_its_rpc_agree(world, tmp_path):
    pan = tagged(world.pan(world.before), tmp_path / "pan.tif", rpc(world.before))
    call = ("--lonlat", 46.133, 40.206, "--height", 1800, "--json")
    sources = [world.before, pan, rpc(world.before), world.pan(world.before)]
    found = []
    for source in sources:
        more = ("--rpc", rpc(world.before)) if source == sources[-1] else ()
        found += told(satdesk("project", source, *call, *more), "project")["points"]
    for point in found[1:]:
        assert (point["col"], point["row"]) == pytest.approx(
            (found[0]["col"], found[0]["row"]), abs=1e-6
        )


def test_outside_the_domain_is_null(world, tmp_path):
    points = tmp_path / "p.csv"
    points.write_text("lon,lat,height\n46.133,40.206,1800\n-120,-40,0\nnan,40,0\n")
    ended = satdesk("project", world.before, "--points", points, "--json")
    first, second, third = told(ended, "project")["points"]
    assert first["col"] is not None
    assert second == third == {"col": None, "row": None}
    points.write_text("lon,lat,height\n46.133,40.206\n")
    refused(
        "project",
        world.before,
        "--points",
        points,
        code=3,
        says=("p.csv", "line 2"),
        around=tmp_path,
    )
    points.write_text("lon,lat,height\n")
    assert told(satdesk("project", world.before, "--points", points, "--json"), "project") == {
        "points": []
    }


def test_every_real_rpc_comes_back(shared_data, tmp_path):
    files = sorted((shared_data / "rpc").iterdir())
    files += sorted((shared_data / "phr_ventoux").glob("*.geom"))
    files += sorted((shared_data / "phr_ventoux").glob("*.XML"))
    files += sorted((shared_data / "dimap_pleiades").rglob("RPC_*.XML"))
    assert len(files) >= 10
    for file in files:
        call = ("--colrow", "1000.5", "2000.5", "--height", 500, "--json")
        (place,) = told(satdesk("locate", file, *call), "locate")["points"]
        if place["lon"] is None:
            continue
        # As text of full precision, the way a user would pass it on.
        call = ("--lonlat", repr(place["lon"]), repr(place["lat"]), "--height", 500, "--json")
        (back,) = told(satdesk("project", file, *call), "project")["points"]
        assert (back["col"], back["row"]) == pytest.approx((1000.5, 2000.5), abs=2e-6), file.name


@pytest.mark.oracle
def test_gdal_projects_to_the_same_pixel(world, tmp_path):
    pan = tagged(world.pan(world.before), tmp_path / "pan.tif", rpc(world.before))
    places = [(46.130, 40.205, 1750.0), (46.136, 40.209, 1900.0)]
    given = "".join(f"{lon} {lat} {height}\n" for lon, lat, height in places)
    ran = subprocess.run(
        ["gdaltransform", "-rpc", "-i", str(pan)],
        input=given,
        capture_output=True,
        text=True,
        check=True,
    )
    theirs = [tuple(map(float, line.split()[:2])) for line in ran.stdout.splitlines()]
    for (lon, lat, height), expected in zip(places, theirs, strict=True):
        call = ("project", pan, "--lonlat", lon, lat, "--height", height, "--json")
        (point,) = told(satdesk(*call), "project")["points"]
        # GDAL counts from the outer corner as well: the first centre is 0.5.
        assert (point["col"], point["row"]) == pytest.approx(expected, abs=1e-4)


def test_the_ortho_shows_the_true_ground(world, tmp_path, truth):
    """A checkerboard in the PAN must come out where the truth says that its pixels are."""
    source = world.pan(world.before)
    col, row = np.meshgrid(np.arange(480), np.arange(400))
    marked = 1000 + 3 * col + 2 * row
    pan = tagged(source, tmp_path / "pan.tif", rpc(world.before))
    with rasterio.open(pan, "r+") as image:
        image.write(marked.astype("uint16"), 1)
    out = tmp_path / "o.tif"
    call = (
        "--dem",
        world.dem,
        "--vertical",
        "EGM96",
        "--out",
        out,
        "--quantity",
        "counts",
        "--gsd",
        1.5,
    )
    told(satdesk("ortho", "--pan", pan, *call, "--crs", "EPSG:32638", "--json"), "ortho")
    known = {name: np.array(values) for name, values in truth["pan"].items()}
    inner = (known["col"] > 20) & (known["col"] < 460) & (known["row"] > 20) & (known["row"] < 380)
    from satdesk.geometry.frames import from_lonlat  # noqa: PLC0415 - only here

    x, y = from_lonlat("EPSG:32638", known["lon"][inner], known["lat"][inner])
    with rasterio.open(out) as image:
        at_col, at_row = (x - image.bounds.left) / 1.5, (image.bounds.top - y) / 1.5
        values = image.read(1).astype(float)
    found = _bilinear(values, at_col - 0.5, at_row - 0.5)
    expected = 1000 + 3 * (known["col"][inner] - 0.5) + 2 * (known["row"][inner] - 0.5)
    # A tenth of a pixel in either direction changes the picture by 0.2 to 0.3.
    assert np.sqrt(np.mean((found - expected) ** 2)) < 0.5
    assert abs(np.mean(found - expected)) < 0.15


def _bilinear(values, col, row):
    c, r = np.floor(col).astype(int), np.floor(row).astype(int)
    u, v = col - c, row - r
    top = values[r, c] * (1 - u) + values[r, c + 1] * u
    bottom = values[r + 1, c] * (1 - u) + values[r + 1, c + 1] * u
    return top * (1 - v) + bottom * v


@pytest.mark.oracle
def test_gdal_draws_the_same_ortho_on_an_ellipsoidal_dem(world, tmp_path):
    pan = tagged(world.pan(world.before), tmp_path / "pan.tif", rpc(world.before))
    y, x = np.mgrid[0:300, 0:300]
    heights = dem(
        tmp_path / "dem.tif",
        1800 + 40 * np.sin(x / 9) + 30 * np.cos(y / 11),
        west=46.12,
        north=40.22,
        step=0.0001,
    )
    ours, theirs = tmp_path / "ours.tif", tmp_path / "theirs.tif"
    call = ("--dem", heights, "--vertical", "ellipsoid", "--out", ours, "--quantity", "counts")
    grid = told(
        satdesk("ortho", "--pan", pan, *call, "--crs", "EPSG:32638", "--gsd", 1.5, "--json"),
        "ortho",
    )["grid"]
    bounds = [str(value) for value in grid["bounds"]]
    subprocess.run(
        ["gdalwarp", "-q", "-rpc", "-et", "0", "-to", f"RPC_DEM={heights}", "-to",
         "RPC_DEMINTERPOLATION=bilinear", "-t_srs", "EPSG:32638", "-r", "cubic", "-te", *bounds,
         "-tr", "1.5", "1.5", "-dstnodata", "0", str(pan), str(theirs)],
        check=True,
    )  # fmt: skip
    with rasterio.open(ours) as a, rasterio.open(theirs) as b:
        first, second = a.read(1).astype(float), b.read(1).astype(float)
    assert a.transform == b.transform == Affine(*grid["affine"])
    both = (first > 0) & (second > 0)
    assert both.mean() > 0.5
    shift = measure_shift(first, second, fixed_valid=both, moving_valid=both)
    assert np.hypot(shift.dcol, shift.drow) < 0.05
    assert np.percentile(np.abs(first - second)[both], 95) < 5
