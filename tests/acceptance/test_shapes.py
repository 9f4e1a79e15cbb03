"""Deliveries in other shapes, built from public specifications, through the command line."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import warnings
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.errors import NotGeoreferencedWarning

from acceptance.commandline import satdesk, told
from acceptance.test_bad_input import rpc, tags
from corpus import deliveries

UTM = Affine(10, 0, 500000, 0, -10, 4450000)


def georeferenced(path: Path, values, crs="EPSG:32638", transform=UTM, **more) -> Path:
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        count=values.shape[0],
        height=values.shape[1],
        width=values.shape[2],
        dtype=values.dtype,
        crs=crs,
        transform=transform,
        **more,
    ) as sink:
        sink.write(values)
    return path


def tagged(source: Path, target: Path, model: Path, window=None) -> Path:
    """A GeoTIFF with the RPC in its tags, as GDAL writes it; no georeferencing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(source) as given:
            values = given.read() if window is None else given.read()[:, : window[0], : window[1]]
        with rasterio.open(
            target,
            "w",
            driver="GTiff",
            count=values.shape[0],
            height=values.shape[1],
            width=values.shape[2],
            dtype=values.dtype,
        ) as sink:
            sink.write(values)
            sink.update_tags(ns="RPC", **tags(model))
    return target


def ortho(out: Path, *arguments: object) -> dict:
    return told(satdesk("ortho", *arguments, "--out", out, "--json"), "ortho")


def ground(world) -> tuple[object, ...]:
    return ("--dem", world.dem, "--vertical", "EGM96")


def values_of(path: Path) -> np.ndarray:
    with rasterio.open(path) as image:
        return image.read()


def test_pan_and_ms_as_geotiffs_with_tags_equal_the_delivery(world, tmp_path):
    folder = tmp_path / "Снимки и ödlər"
    folder.mkdir()
    pan = tagged(world.pan(world.before), folder / "pan 1.tif", rpc(world.before))
    ms = tagged(world.ms(world.before), folder / "çox spektr.tif", rpc(world.before, "MS"))
    loose = ("--pan", pan, "--ms", ms, "--bands", "R,G,B,NIR", "--quantity", "counts")
    ortho(tmp_path / "loose.tif", *loose, *ground(world), "--gsd", 3)
    ortho(tmp_path / "dimap.tif", world.before, *ground(world), "--quantity", "counts", "--gsd", 3)
    ours, theirs = values_of(tmp_path / "loose.tif"), values_of(tmp_path / "dimap.tif")
    assert ours.shape == theirs.shape
    assert np.percentile(np.abs(ours.astype(int) - theirs.astype(int)), 95) <= 2


def test_pan_four_pixels_smaller_than_four_times_ms(world, tmp_path):
    pan = tagged(world.pan(world.before), tmp_path / "pan.tif", rpc(world.before), (396, 476))
    ms = tagged(world.ms(world.before), tmp_path / "ms.tif", rpc(world.before, "MS"))
    answer = ortho(
        tmp_path / "o.tif", "--pan", pan, "--ms", ms, "--bands", "R,G,B,NIR", *ground(world)
    )
    assert answer["product"] == "sharpened"
    assert answer["valid_share"] > 0.5


def test_a_scene_taller_than_wide(world, tmp_path):
    pan = tagged(world.pan(world.before), tmp_path / "pan.tif", rpc(world.before), (400, 60))
    answer = ortho(tmp_path / "o.tif", "--pan", pan, *ground(world))
    rows, cols = answer["grid"]["shape"]
    assert rows > 2 * cols
    assert answer["valid_share"] > 0.3
    assert "sha256" not in answer
    told = ortho(tmp_path / "again.tif", "--pan", pan, *ground(world), "--checksum")
    assert told["sha256"] == hashlib.sha256((tmp_path / "o.tif").read_bytes()).hexdigest()


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_names_with_blanks_and_letters_of_all_scripts(world, tmp_path, kind):
    folder = shutil.copytree(world.before, tmp_path / "Kəlbəcər – съёмка (1)")
    source = folder
    if kind == "zip":
        source = Path(shutil.make_archive(str(tmp_path / "Kəlbəcər 1"), "zip", folder))
    report = told(satdesk("inspect", source, "--json"), "inspect")
    assert not report["problems"]
    assert ortho(tmp_path / "çıxış 1.tif", source, *ground(world), "--gsd", 6)["valid_share"] > 0.5


def test_an_ortho_dimap_of_several_tiff_tiles(tmp_path):
    folder = tmp_path / "IMG_SPOT7_PMS_001"
    rng = np.random.default_rng(1)
    whole = rng.integers(200, 4000, (4, 90, 130)).astype("uint16")
    place = (
        "<Geoposition_Insert><ULXMAP>500000</ULXMAP><ULYMAP>4450000</ULYMAP><XDIM>1.5</XDIM>"
        "<YDIM>1.5</YDIM></Geoposition_Insert>"
    )
    tiling = (
        "<Tile_Set><NTILES>4</NTILES><Regular_Tiling><NTILES_SIZE nrows='64' ncols='64'/>"
        "<NTILES_COUNT ntiles_R='2' ntiles_C='3'/></Regular_Tiling></Tile_Set>"
    )
    files, listed = [], ""
    for r in range(2):
        for c in range(3):
            piece = whole[:, 64 * r : 64 * r + 64, 64 * c : 64 * c + 64]
            name = f"IMG_R{r + 1}C{c + 1}.TIF"
            deliveries.raster(folder / name, piece)
            files.append(name)
            listed += (
                f'<Data_File tile_R="{r + 1}" tile_C="{c + 1}"><DATA_FILE_PATH href="{name}"/>'
                "</Data_File>"
            )
    text = deliveries.dim(
        spectral="PMS",
        ids=("B2", "B1", "B0", "B3"),
        shape=(90, 130),
        files=files[:1],
        profile="S7_ORTHO",
        place=place,
        tiling=tiling,
    )
    single = f'<Data_File tile_R="1" tile_C="1"><DATA_FILE_PATH href="{files[0]}"/></Data_File>'
    assert single in text
    (folder / "DIM_SPOT7_PMS_X.XML").write_text(text.replace(single, listed))
    report = told(satdesk("inspect", folder, "--json"), "inspect")
    assert len(report["images"][0]["files"]) == 6
    out = tmp_path / "o.tif"
    call = ("--quantity", "counts", "--resampling", "nearest", "--crs", "EPSG:32638", "--gsd", 1.5)
    answer = ortho(out, folder, *call)
    assert answer["bands"] == ["B", "G", "R", "NIR"]
    found = values_of(out)[[2, 1, 0, 3]]
    np.testing.assert_array_equal(found[:, :90, :130], whole)


def test_a_sentinel_2_zip(tmp_path):
    safe = deliveries.safe(tmp_path / "in")
    path = Path(shutil.make_archive(str(tmp_path / "S2A"), "zip", safe.parent))
    report = told(satdesk("inspect", path, "--json"), "inspect")
    assert report["mission"] == "Sentinel-2A"
    answer = ortho(tmp_path / "o.tif", path)
    assert {"B", "G", "R", "NIR"} <= set(answer["bands"])
    assert answer["quantity"] == "toa"


def test_anybodys_rgb_with_alpha(tmp_path):
    values = np.random.default_rng(2).integers(1, 255, (4, 60, 50)).astype("uint8")
    values[3] = 255
    values[3, :, :10] = 0
    path = georeferenced(tmp_path / "a b.tif", values, photometric="RGB", alpha="yes")
    report = told(satdesk("inspect", path, "--json"), "inspect")
    assert [band["name"] for band in report["images"][0]["bands"]] == ["R", "G", "B"]
    answer = ortho(tmp_path / "o.tif", path, "--resampling", "nearest")
    assert answer["quantity"] == "counts"
    assert answer["bands"] == ["B", "G", "R"]
    assert answer["valid_share"] == pytest.approx(0.8, abs=0.03)


def test_a_float_reflectance_image(tmp_path):
    values = np.random.default_rng(3).uniform(0.01, 0.6, (4, 40, 40)).astype("float32")
    values[:, :5] = np.nan
    path = georeferenced(tmp_path / "r.tif", values, nodata=float("nan"))
    call = ("--ms", path, "--bands", "B,G,R,NIR", "--counts-per-reflectance", 1)
    answer = ortho(tmp_path / "o.tif", *call, "--resampling", "nearest", "--crs", "EPSG:32638")
    assert answer["quantity"] == "toa"
    with rasterio.open(tmp_path / "o.tif") as image:
        found, scale = image.read(), image.scales[0]
    assert image.nodata == 0
    np.testing.assert_allclose(found[:, 5:] * scale, values[:, 5:], atol=1e-4)
    assert not found[:, :5].any()


@pytest.mark.parametrize(
    ("epsg", "x", "y"),
    [
        ("EPSG:32733", 500000, 6200000),
        ("EPSG:32701", 200000, 7900000),
        ("EPSG:4326", 179.99, -16.5),
    ],
)
def test_south_of_the_equator_and_near_the_antimeridian(tmp_path, epsg, x, y):
    step = 10 if epsg != "EPSG:4326" else 0.0005
    values = np.full((1, 40, 60), 500, "uint16")
    path = georeferenced(
        tmp_path / "s.tif", values, crs=epsg, transform=Affine(step, 0, x, 0, -step, y)
    )
    answer = ortho(tmp_path / "o.tif", "--pan", path)
    assert answer["grid"]["crs"].startswith("EPSG:327")
    assert answer["valid_share"] > 0.7
    (point,) = told(satdesk("locate", path, "--colrow", 30, 20, "--height", 0, "--json"), "locate")[
        "points"
    ]
    (back,) = told(
        satdesk("project", path, "--lonlat", point["lon"], point["lat"], "--height", 0, "--json"),
        "project",
    )["points"]
    assert (back["col"], back["row"]) == pytest.approx((30, 20), abs=1e-4)


@pytest.mark.parametrize(("crs", "says"), [("EPSG:28408", True), ("EPSG:32638", False)])
def test_a_map_on_an_old_datum_says_how_well_it_is_reached(world, tmp_path, crs, says):
    pan = tagged(world.pan(world.before), tmp_path / "pan.tif", rpc(world.before))
    answer = ortho(tmp_path / "o.tif", "--pan", pan, *ground(world), "--gsd", 12, "--crs", crs)
    found = [notice["text"] for notice in answer["notices"] if notice["code"] == "datum-step"]
    assert bool(found) is says
    assert not found or "Pulkovo 1942 to WGS 84" in found[0]


@pytest.mark.oracle
def test_a_nitf_with_an_rpc_as_gdal_writes_it(world, tmp_path):
    pan = tagged(world.pan(world.before), tmp_path / "pan.tif", rpc(world.before))
    path = tmp_path / "pan.ntf"
    call = ["gdal_translate", "-q", "-of", "NITF", "--config", "GDAL_PAM_ENABLED", "NO"]
    subprocess.run([*call, str(pan), str(path)], check=True)
    point = ("--lonlat", 46.1325, 40.2065, "--height", 1800, "--json")
    (there,) = told(satdesk("project", path, *point), "project")["points"]
    ran = subprocess.run(
        ["gdaltransform", "-rpc", "-i", str(path)],
        input="46.1325 40.2065 1800",
        capture_output=True,
        text=True,
        check=True,
    )
    theirs = tuple(map(float, ran.stdout.split()[:2]))
    assert (there["col"], there["row"]) == pytest.approx(theirs, abs=1e-4)
    answer = ortho(tmp_path / "o.tif", "--pan", path, *ground(world), "--gsd", 3)
    assert answer["valid_share"] > 0.5
