"""Bad input through the command line: exit code, message, and nothing written."""

from __future__ import annotations

import errno
import json
import shutil
import signal
import stat
import subprocess
import sys
import time
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.errors import NotGeoreferencedWarning

from acceptance.commandline import refused, satdesk, told, tree
from corpus import deliveries

DISTRICT = 'box = [46.131, 40.2045, 46.134, 40.207]\ntitle = "Box"\nsource = "drawn for a test"'


def ortho(bundle, world, out, *more):
    return ("ortho", bundle, "--dem", world.dem, "--vertical", "EGM96", "--out", out, *more)


def truncate(path: Path, share: float) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])


def edit(path: Path, *changes: tuple[str, str]) -> None:
    text = path.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")


def dim(root: Path, kind: str) -> Path:
    return next(root.glob(f"IMG_*_{kind}_*/DIM_*.XML"))


def rpc(root: Path, kind: str = "P") -> Path:
    return next(root.glob(f"IMG_*_{kind}_*/RPC_*.XML"))


@pytest.mark.parametrize("share", [0.0, 0.0001, 0.3, 0.9, 0.999])
def test_truncated_tiff(world, delivery, tmp_path, share):
    pan = world.pan(delivery)
    truncate(pan, share)
    message = refused(*ortho(delivery, world, tmp_path / "o.tif"), code=3, around=tmp_path)
    assert pan.name in message
    answer = told(satdesk("inspect", delivery, "--json"), "inspect")
    assert any(p["blocks"] and pan.name in p["file"] for p in answer["problems"])


@pytest.mark.parametrize("share", [0.02, 0.5, 0.99])
def test_truncated_jpeg_2000(world, tmp_path, share):
    bundle = deliveries.bundle(tmp_path / "b", suffix="JP2")
    pan = next(bundle.glob("IMG_P/*.JP2"))
    truncate(pan, share)
    message = refused(
        *ortho(bundle, world, tmp_path / "o.tif", "--product", "pan"), code=3, around=tmp_path
    )
    assert pan.name in message


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("<Dimap_Document><a></Dimap_Document>", "malformed"),
        ("", "empty"),
        (
            '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY e "x">]><Dimap_Document>&e;</Dimap_Document>',
            "DTD",
        ),
        (
            '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/hosts">]><Dimap_Document>&e;</Dimap_Document>',
            "DTD",
        ),
        ("<Dimap_Document>" + "<a>" * 5000, "deep"),
        ("<Dimap_Document>" + "<a/>" * 2_000_001 + "</Dimap_Document>", "longer"),
        ("<Dimap_Document>" + " " * 65 * 1024 * 1024 + "</Dimap_Document>", "larger"),
    ],
    ids=["malformed", "empty", "entity", "external", "deep", "many", "huge"],
)
def test_hostile_xml(delivery, tmp_path, text, says):
    path = dim(delivery, "P")
    path.write_text(text, encoding="utf-8")
    refused("inspect", path, code=3, says=(path.name, says), around=tmp_path)
    if 0 < len(text) < 1_000_000:
        refused("inspect", delivery, code=3, says=(path.name, says), around=tmp_path)


def test_an_empty_dataset_is_told_and_not_passed_over(world, delivery, tmp_path):
    path = dim(delivery, "P")
    path.write_text("")
    problems = told(satdesk("inspect", delivery, "--json"), "inspect")["problems"]
    assert [p["blocks"] for p in problems if path.name in p["file"]] == [True]
    refused(*ortho(delivery, world, tmp_path / "o.tif"), code=3, says=(path.name,), around=tmp_path)


def packed(path: Path, entries) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return path


def link(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return entry


@pytest.mark.parametrize(
    "entries",
    [
        [("../evil.xml", "<a/>")],
        [("/evil.xml", "<a/>")],
        [("a/../../evil.xml", "<a/>")],
        [("..\\evil.xml", "<a/>")],
        [("C:\\evil.xml", "<a/>")],
        [(link("DIM_X.XML"), "/etc/passwd")],
        [("bomb.xml", b"\0" * 200 * 1024 * 1024)],
    ],
    ids=["parent", "root", "hidden-parent", "backslash", "drive", "link", "bomb"],
)
def test_hostile_zip(tmp_path, entries):
    path = packed(tmp_path / "delivery.zip", entries)
    refused("inspect", path, code=3, says=(path.name, "trust"), around=tmp_path)
    assert not (tmp_path.parent / "evil.xml").exists()


def test_damaged_zip(delivery, tmp_path):
    path = Path(shutil.make_archive(str(tmp_path / "d"), "zip", delivery))
    data = bytearray(path.read_bytes())
    data[len(data) // 3 : len(data) // 3 + 2000] = bytes(2000)
    path.write_bytes(data)
    refused("inspect", path, code=3, says=(path.name,), around=tmp_path)
    path.write_bytes(data[: len(data) // 2])
    refused("inspect", path, code=3, says=(path.name,), around=tmp_path)


def test_links_inside_a_folder_do_not_lead_out_of_it(world, delivery, tmp_path):
    pan = world.pan(delivery)
    elsewhere = tmp_path / "elsewhere.tif"
    pan.rename(elsewhere)
    pan.symlink_to(elsewhere)
    message = refused(*ortho(delivery, world, tmp_path / "o.tif"), code=3, around=tmp_path)
    assert "outside" in message


def test_metadata_that_names_files_outside_the_delivery(world, delivery, tmp_path):
    path = dim(delivery, "P")
    name = world.pan(delivery).name
    edit(path, (f'href="{name}"', 'href="../../../../../etc/passwd"'))
    refused("inspect", delivery, code=3, says=("outside",), around=tmp_path)


def test_missing_image_is_told_and_not_processed(world, delivery, tmp_path):
    pan = world.pan(delivery)
    pan.unlink()
    answer = told(satdesk("inspect", delivery, "--json"), "inspect")
    assert "image-absent" in {p["code"] for p in answer["problems"]}
    refused(*ortho(delivery, world, tmp_path / "o.tif"), code=3, says=(pan.name,), around=tmp_path)
    recipe = world.recipe(tmp_path, (f"{world.folder}/SIMULATED_test_before", str(delivery)))
    refused("issue", recipe, "--out", tmp_path / "r", code=3, says=(pan.name,), around=tmp_path)


def test_pan_and_ms_of_different_acquisitions(world, delivery, tmp_path):
    other = world.folder / "SIMULATED_test_after"
    shutil.rmtree(next(delivery.glob("IMG_*_MS_*")))
    shutil.copytree(next(other.glob("IMG_*_MS_*")), delivery / "IMG_OTHER_MS_002")
    told(satdesk("inspect", delivery, "--json"), "inspect")
    message = refused(*ortho(delivery, world, tmp_path / "o.tif"), code=3, around=tmp_path)
    assert "2018-09-05" in message
    assert "2018-10-08" in message


def test_loose_pan_and_ms_of_different_acquisitions(world, tmp_path):
    other = world.folder / "SIMULATED_test_after"
    message = refused(
        *("ortho", "--dem", world.dem, "--vertical", "EGM96", "--out", tmp_path / "o.tif"),
        *("--bands", "R,G,B,NIR", "--pan", world.pan(world.before), "--ms", world.ms(other)),
        *("--rpc", rpc(world.before), "--ms-rpc", rpc(other, "MS")),
        code=3,
        around=tmp_path,
    )
    assert "PAN" in message


@pytest.mark.parametrize("bad", ["nan", "inf", "0", "", "abc", "1e999"])
@pytest.mark.parametrize("tag", ["LINE_SCALE", "LAT_SCALE", "HEIGHT_SCALE", "LINE_DEN_COEFF_1"])
def test_broken_rpc(world, delivery, tmp_path, bad, tag):
    path = rpc(delivery)
    text = path.read_text(encoding="utf-8")
    start = text.index(f"<{tag}>", text.index("Inverse_Model") if "COEFF" in tag else 0)
    end = text.index(f"</{tag}>", start)
    path.write_text(text[:start] + f"<{tag}>{bad}" + text[end:], encoding="utf-8")
    message = refused(*ortho(delivery, world, tmp_path / "o.tif"), code=3, around=tmp_path)
    assert path.name in message


def test_an_rpc_of_zeros(world, delivery, tmp_path):
    path = rpc(delivery)
    text = path.read_text(encoding="utf-8")
    for part in ("LINE_NUM", "LINE_DEN", "SAMP_NUM", "SAMP_DEN"):
        for i in range(1, 21):
            tag = f"{part}_COEFF_{i}"
            pieces = text.split(f"<{tag}>")
            text = pieces[0] + "".join(
                f"<{tag}>0" + piece[piece.index("<") :] for piece in pieces[1:]
            )
    path.write_text(text, encoding="utf-8")
    message = refused(*ortho(delivery, world, tmp_path / "o.tif"), code=3, around=tmp_path)
    assert path.name in message


def test_two_rpcs_that_disagree(world, tmp_path):
    pan = tmp_path / "pan.tif"
    shutil.copy(world.pan(world.before), pan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(pan, "r+") as image:
            image.update_tags(ns="RPC", **tags(rpc(world.before)))
    shutil.copy(rpc(world.folder / "SIMULATED_test_after"), tmp_path / "other.xml")
    message = refused(
        *("locate", pan, "--rpc", tmp_path / "other.xml", "--colrow", 5, 5, "--height", 1800),
        code=3,
        around=tmp_path,
    )
    assert "other.xml" in message


def tags(path: Path) -> dict[str, str]:
    """RPC tags of GDAL from a DIMAP RPC whose pixels count from 1."""
    from satdesk.files.rpcs import read_rpc  # noqa: PLC0415 - only here

    model = read_rpc(path).model
    found = {
        "LINE_OFF": model.line_off - 0.5,
        "SAMP_OFF": model.samp_off - 0.5,
        "LAT_OFF": model.lat_off,
        "LONG_OFF": model.lon_off,
        "HEIGHT_OFF": model.height_off,
        "LINE_SCALE": model.line_scale,
        "SAMP_SCALE": model.samp_scale,
        "LAT_SCALE": model.lat_scale,
        "LONG_SCALE": model.lon_scale,
        "HEIGHT_SCALE": model.height_scale,
        "LINE_NUM_COEFF": model.line_num,
        "LINE_DEN_COEFF": model.line_den,
        "SAMP_NUM_COEFF": model.samp_num,
        "SAMP_DEN_COEFF": model.samp_den,
    }
    return {
        name: " ".join(map(repr, value)) if isinstance(value, tuple) else repr(float(value))
        for name, value in found.items()
    }


def dem(path: Path, values, *, west=46.0, north=40.3, step=0.002, nodata=-32768.0, **more):
    from affine import Affine  # noqa: PLC0415 - only here

    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=values.shape[1],
        height=values.shape[0],
        count=1,
        dtype="float32",
        crs="EPSG:4326",
        transform=Affine(step, 0, west, 0, -step, north),
        nodata=nodata,
        **more,
    ) as sink:
        sink.write(values.astype("float32"), 1)
    return path


def test_dem_without_a_vertical_datum(world, tmp_path):
    path = dem(tmp_path / "dem.tif", np.full((100, 150), 1800.0))
    message = refused(
        *("ortho", world.before, "--dem", path, "--out", tmp_path / "o.tif"),
        code=3,
        says=("dem.tif", "--vertical"),
        around=tmp_path,
    )
    assert "EGM96" in message


@pytest.mark.parametrize(
    ("west", "value"),
    [(10.0, 1800.0), (46.0, -32768.0)],
    ids=["elsewhere", "void"],
)
def test_dem_that_says_nothing_here(world, tmp_path, west, value):
    path = dem(tmp_path / "dem.tif", np.full((100, 150), value), west=west)
    call = ("--dem", path, "--vertical", "EGM96", "--out", tmp_path / "o.tif")
    refused("ortho", world.before, *call, code=3, says=("dem.tif",), around=tmp_path)


def test_dem_that_covers_only_a_part(world, tmp_path):
    path = dem(tmp_path / "dem.tif", np.full((100, 66), 1800.0))
    call = ("--dem", path, "--vertical", "EGM96", "--out", tmp_path / "o.tif")
    says = ("dem.tif", "--accept terrain-missing=REASON")
    refused("ortho", world.before, *call, code=4, says=says, around=tmp_path)
    accepted = ("--accept", "terrain-missing=only the west matters", "--json")
    answer = told(satdesk("ortho", world.before, *call, *accepted), "ortho")
    assert answer["facts"]["known_share"] < 1
    assert 0.1 < answer["valid_share"] < 0.8
    assert any("only the west matters" in note["text"] for note in answer["notices"])


def test_a_missing_dem(world, tmp_path):
    call = ("--dem", tmp_path / "no.tif", "--vertical", "EGM96", "--out", tmp_path / "o.tif")
    refused("ortho", world.before, *call, code=3, says=("no.tif",), around=tmp_path)
    refused(
        "ortho", world.before, "--out", tmp_path / "o.tif", code=3, says=("--dem",), around=tmp_path
    )


def test_no_geoid(world, tmp_path):
    call = ortho(world.before, world, tmp_path / "o.tif", "--geoid", tmp_path / "no.gtx")
    refused(*call, code=3, says=("no.gtx",), around=tmp_path)
    (tmp_path / "bad.gtx").write_bytes(b"\0" * 40)
    call = ortho(world.before, world, tmp_path / "o.tif", "--geoid", tmp_path / "bad.gtx")
    refused(*call, code=3, says=("bad.gtx",), around=tmp_path)


def test_geoid_that_does_not_cover_the_scene(world, tmp_path):
    path = dem(tmp_path / "geoid.tif", np.full((50, 50), 20.0), west=10.0)
    call = ortho(world.before, world, tmp_path / "o.tif", "--geoid", path)
    refused(*call, code=3, says=("geoid.tif",), around=tmp_path)


def test_scene_and_district_that_do_not_overlap(world, tmp_path):
    recipe = world.recipe(tmp_path, ("46.131, 40.2045, 46.134, 40.207", "46.5, 40.5, 46.51, 40.51"))
    refused("issue", recipe, "--out", tmp_path / "r", code=3, says=("overlap",), around=tmp_path)


def test_latitude_before_longitude_is_recognised(world, tmp_path):
    swapped = ("box = [46.131, 40.2045, 46.134, 40.207]", "box = [40.2045, 46.131, 40.207, 46.134]")
    recipe = world.recipe(tmp_path, swapped)
    out = tmp_path / "r"
    refused("issue", recipe, "--out", out, code=3, says=("are swapped",), around=tmp_path)


def test_bounds_beside_the_scene(world, tmp_path):
    call = ortho(world.before, world, tmp_path / "o.tif", "--bounds", 5e5, 4e6, 500100, 4000100)
    refused(*call, code=3, around=tmp_path)


def test_an_unknown_district_names_the_nearest(world, tmp_path):
    refused(
        "places", "kalbajr", code=3, says=("kalbajr", "did you mean", "Kalbajar"), around=tmp_path
    )
    recipe = world.recipe(tmp_path, (DISTRICT, 'name = "Kalbadjr"'))
    refused(
        "issue", recipe, "--out", tmp_path / "r", code=3, says=("did you mean",), around=tmp_path
    )


def test_an_ambiguous_code_asks(world, tmp_path):
    recipe = world.recipe(tmp_path, (DISTRICT, 'code = "AZ-SA"'))
    message = refused("issue", recipe, "--out", tmp_path / "r", code=3, around=tmp_path)
    assert "AZ-SA" in message
    assert len(told(satdesk("places", "AZ-SA", "--json"), "places")["districts"]) > 1


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("2018-02-30", 3),
        ('"2018-02-30"', 2),
        ('"soon"', 2),
        ('"2018-09-20T12:00:00"', 2),
        ("2018-09-20T12:00:00", 2),
        ('"2018-13-01T12:00:00Z"', 2),
        ('"2018-09-20T25:00:00Z"', 2),
        ("12", 2),
    ],
)
def test_impossible_dates_in_a_recipe(world, tmp_path, text, code):
    recipe = world.recipe(tmp_path, ("at = 2018-09-20", f"at = {text}"))
    refused("issue", recipe, "--out", tmp_path / "r", code=code, around=tmp_path)


@pytest.mark.parametrize("day", ["2018-02-30", "0000-00-00", "2018-9", "yesterday", "9999-99-99"])
def test_impossible_dates_in_a_delivery(delivery, tmp_path, day):
    for kind in ("P", "MS"):
        edit(dim(delivery, kind), ("2018-09-05", day))
    refused("inspect", delivery, code=3, says=("DIM_",), around=tmp_path)


def test_a_full_disk(world, tmp_path, monkeypatch):
    wrote = []

    def full(*_given, **_more):
        wrote.append(1)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("satdesk.release.issue.write_page", full)
    call = ("issue", world.recipe(tmp_path), "--out", tmp_path / "r")
    refused(*call, code=6, says=("No space left",), around=tmp_path)
    assert wrote


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(folder)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("this user may not mount a small disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_small_disk(world, small_disk):
    call = ortho(world.before, world, small_disk / "o.tif", "--codec", "none")
    refused(*call, code=6, says=("o.tif",), around=small_disk)
    refused("simulate", "test", "--out", small_disk / "s", code=6, around=small_disk)


def test_an_output_that_is_there(world, tmp_path):
    out = tmp_path / "o.tif"
    out.write_text("mine")
    refused(
        *ortho(world.before, world, out), code=2, says=("o.tif", "--overwrite"), around=tmp_path
    )
    assert out.read_text() == "mine"
    folder = tmp_path / "r"
    folder.mkdir()
    (folder / "mine").touch()
    recipe = world.recipe(tmp_path)
    refused("issue", recipe, "--out", folder, code=2, says=("--overwrite",), around=tmp_path)
    refused("simulate", "test", "--out", folder, code=2, says=("--overwrite",), around=tmp_path)
    assert (folder / "mine").exists()


def test_a_failure_with_overwrite_keeps_what_was_there(world, delivery, tmp_path):
    world.pan(delivery).write_bytes(b"")
    out = tmp_path / "o.tif"
    out.write_text("mine")
    refused(*ortho(delivery, world, out, "--overwrite"), code=3, around=tmp_path)
    assert out.read_text() == "mine"


def test_an_output_inside_or_around_an_input(world, delivery, tmp_path):
    pan = world.pan(delivery)
    refused(*ortho(delivery, world, pan, "--overwrite"), code=2, around=tmp_path)
    recipe = world.recipe(tmp_path, (f"{world.folder}/SIMULATED_test_before", str(delivery)))
    for out in (delivery / "release", pan.parent / "release"):
        refused("issue", recipe, "--out", out, code=2, around=tmp_path)
    refused("issue", recipe, "--out", delivery, "--overwrite", code=2, around=tmp_path)
    refused("issue", recipe, "--out", tmp_path, "--overwrite", code=2, around=tmp_path)
    refused(*ortho(delivery, world, delivery / "o.tif"), code=2, around=tmp_path)


def test_the_terrain_is_an_input_too(world, tmp_path):
    here = tmp_path / "dem.tif"
    shutil.copy(world.dem, here)
    before = here.read_bytes()
    call = ("--dem", here, "--vertical", "EGM96", "--out", here, "--overwrite")
    refused("ortho", world.before, *call, code=2, around=tmp_path)
    folder = tmp_path / "inputs"
    folder.mkdir()
    shutil.copy(world.dem, folder / "dem.tif")
    recipe = world.recipe(tmp_path, (str(world.dem), str(folder / "dem.tif")))
    refused("issue", recipe, "--out", folder, "--overwrite", code=2, around=tmp_path)
    assert here.read_bytes() == before


def test_the_recipe_is_an_input_too(world, tmp_path):
    folder = tmp_path / "recipes"
    folder.mkdir()
    recipe = world.recipe(folder)
    refused("issue", recipe, "--out", folder, "--overwrite", code=2, around=tmp_path)
    assert recipe.exists()


def test_a_folder_that_may_not_be_written(world, tmp_path, monkeypatch):
    closed = tmp_path / "closed"
    closed.mkdir()
    refused(*ortho(world.before, world, closed / "no" / "o.tif"), code=2, around=tmp_path)

    def forbidden(path, *_given, **_more):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "mkdir", forbidden)
    refused("issue", world.recipe(tmp_path), "--out", closed / "r", code=6, around=tmp_path)


@pytest.mark.parametrize("command", ["issue", "simulate", "ortho"])
@pytest.mark.parametrize("pause_s", [0.02, 0.3, 2.5])
def test_control_c_leaves_nothing(world, tmp_path, command, pause_s):
    out = tmp_path / "out.tif"
    calls = {
        "issue": ("issue", world.recipe(tmp_path), "--out", out),
        "simulate": ("simulate", "demo", "--out", out),
        "ortho": ortho(world.before, world, out, "--gsd", "0.1"),
    }
    before = tree(tmp_path)
    # The pause counts from where our own code begins, however slowly a busy machine starts Python.
    # A shell starts what runs in its background with interrupts ignored, and that is inherited.
    start = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler);"
        "from satdesk.cli import main; print('begun', file=sys.stderr, flush=True); main()"
    )
    arguments = [sys.executable, "-c", start, *map(str, calls[command]), "--json"]
    process = subprocess.Popen(
        arguments,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr.readline() == "begun\n"
    time.sleep(pause_s)
    process.send_signal(signal.SIGINT)
    printed, complained = process.communicate(timeout=60)
    assert process.returncode == 130, complained
    assert "Traceback" not in complained
    assert json.loads(printed)["error"]["exit_code"] == 130
    assert tree(tmp_path) == before


@pytest.mark.parametrize(
    "call",
    [
        ("nonsense",),
        ("locate",),
        ("locate", "x.tif", "--colrow", "1"),
        ("ortho", "--out", "x.tif"),
        ("ortho", "x", "--product", "nonsense", "--out", "x.tif"),
        ("issue", "x.toml"),
        ("ortho", "x", "--accept", "rule", "--out", "y.tif"),
    ],
)
def test_wrong_usage(tmp_path, monkeypatch, call):
    monkeypatch.chdir(tmp_path)
    refused(*call, code=2, around=tmp_path)


@pytest.mark.parametrize("option", [("--crs", "EPSG:999999"), ("--crs", "nonsense"), ("--gsd", "0"),
    ("--gsd", "-1"), ("--gsd", "nan"), ("--gsd", "1e-7"), ("--codec", "nonsense:1"), ("--codec", "zstd:999"),
    ("--bounds", "5", "5", "1", "1"), ("--bounds", "nan", "5", "1", "1"), ("--height", "nan"), ("--height", "1e9")])  # fmt: skip
def test_options_out_of_range(world, tmp_path, option):
    call = ortho(world.before, world, tmp_path / "o.tif", *option)
    ended_code = {2, 3}
    ended = satdesk(*call, "--json")
    assert ended.code in ended_code, ended.err
    assert ended.error["message"]
    assert not (tmp_path / "o.tif").exists()


@pytest.mark.parametrize("name", ["nonsense.toml", "folder", "no.toml"])
def test_recipes_that_are_none(tmp_path, name):
    (tmp_path / "nonsense.toml").write_bytes(b"\xff\xfe [[")
    (tmp_path / "folder").mkdir()
    refused(
        "issue", tmp_path / name, "--out", tmp_path / "r", code=3, says=(name,), around=tmp_path
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("press = true", 'press = "yes"'),
        ('vertical = "EGM96"', 'vertical = "sea"'),
        ('id = "acceptance"', 'id = "../evil"'),
        ('publisher = "nobody"', 'publisher = "nobody"\nclock = "12:00"'),
        ("Asia/Baku", "Mars/Base"),
        ("box = [46.131, 40.2045, 46.134, 40.207]", "box = [46.2, 40.2, 46.1, 40.3]"),
        ("box = [46.131, 40.2045, 46.134, 40.207]", "box = [nan, 40.2, 46.1, 40.3]"),
    ],
)
def test_recipes_that_do_not_follow_the_schema(world, tmp_path, old, new):
    recipe = world.recipe(tmp_path, (old, new))
    refused(
        "issue",
        recipe,
        "--out",
        tmp_path / "r",
        code=2,
        says=("recipe",) if "box" not in old and "Baku" not in old else (),
        around=tmp_path,
    )
