"""``satdesk refine`` on the simulated world, whose truth is known."""

from __future__ import annotations

import json
import re
import shutil

import numpy as np
import pytest
import rasterio
from affine import Affine
from PIL import Image

from satdesk.bundles.formats import open_bundle
from satdesk.cli.app import run
from satdesk.files.rasters import ImageLayer
from satdesk.products.ortho import Ortho
from satdesk.release.ground import grid_over, image_outline
from satdesk.release.schema import check
from satdesk.simulate.write import simulate_all
from surveyed import points_file

BIAS = (12.3, -8.6)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return simulate_all("test", tmp_path_factory.mktemp("refined") / "world")


@pytest.fixture(scope="module")
def biased(world, tmp_path_factory):
    """The first bundle with both RPCs moved by `BIAS` PAN pixels: the image lies elsewhere."""
    folder = tmp_path_factory.mktemp("biased") / world.truths[0].bundle.name
    shutil.copytree(world.truths[0].bundle, folder)
    for path in folder.rglob("RPC_*.XML"):
        share = 1 if "_P_" in path.name else 0.25
        text = path.read_text(encoding="utf-8")
        for name, by in zip(("SAMP_OFF", "LINE_OFF"), BIAS, strict=True):
            stated = float(re.search(rf"<{name}>([^<]+)<", text)[1])
            text = re.sub(rf"(<{name}>)[^<]+", rf"\g<1>{stated + by * share!r}", text)
        path.write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def reference(world, tmp_path_factory):
    """The other date as an orthoimage made by the truth: rigorous camera and exact relief."""
    truth = world.truths[1]
    image = open_bundle(truth.bundle).image("pan")
    grid = grid_over(image_outline(image, truth.world.relief), gsd_m=1.5)
    layer = Ortho(
        source=ImageLayer(image=image),
        model=truth.camera("pan"),
        terrain=truth.world.relief,
        grid=grid,
    )
    raster = layer.read(grid)
    path = tmp_path_factory.mktemp("reference") / "reference.tif"
    rows, cols = grid.shape
    with rasterio.open(
        path, "w", driver="GTiff", count=1, dtype="uint16", nodata=0,
        crs=str(grid.crs), transform=grid.affine, height=rows, width=cols,
    ) as target:  # fmt: skip
        target.write(np.where(raster.valid, raster.values[0], 0), 1)
    return path


def answer(capfd, *words, code=0):
    assert run(["refine", *map(str, words), "--json"]) == code
    return json.loads(capfd.readouterr().out)


@pytest.mark.parametrize("kind", ["shift", "drift", "affine"])
def test_a_biased_model_is_put_right_by_points_of_which_three_in_ten_are_bad(
    biased, world, tmp_path, capfd, kind
):
    wrong = points_file(tmp_path / "points.csv", world.truths[0], count=30, bad=9)
    found = answer(capfd, biased, "--gcps", tmp_path / "points.csv", "--model", kind)
    check(found, "refine")
    assert wrong == {p["id"] for p in found["points"] if not p["used"]}
    a, b, c, d, e, f = found["model"]["matrix"]
    col, row = np.array([0, 480, 480, 0]) + BIAS[0], np.array([0, 0, 400, 400]) + BIAS[1]
    error = np.hypot(a * col + b * row + c - (col - BIAS[0]), d * col + e * row + f - row + BIAS[1])
    assert error.max() < {"shift": 0.1, "drift": 0.2, "affine": 0.3}[kind]
    assert 0.5 < found["leave_one_out"]["rmse_m"] / found["leave_one_out"]["rmse_px"] / 1.5 < 1.5
    assert found["leave_one_out"]["n"] == 21


def test_a_reference_of_another_season_puts_it_right(biased, world, reference, tmp_path, capfd):
    words = ("--reference", reference, "--dem", world.dem, "--report", tmp_path / "r.png")
    found = answer(capfd, biased, *words, "--out", tmp_path / "refined.json")
    assert found["model"]["matrix"][2] == pytest.approx(-BIAS[0], abs=0.1)
    assert found["model"]["matrix"][5] == pytest.approx(-BIAS[1], abs=0.1)
    assert found["points_used"] >= 15
    assert json.loads((tmp_path / "refined.json").read_text(encoding="utf-8")) == found
    assert "of a reference image, whose own error adds" in found["accuracy"]


def test_the_picture_has_the_same_bytes_each_time(world, tmp_path, capfd):
    points_file(tmp_path / "points.csv", world.truths[0], bad=3)
    for name in ("one.png", "two.png"):
        answer(
            capfd, world.truths[0].bundle, "--gcps", tmp_path / "points.csv",
            "--report", tmp_path / name,
        )  # fmt: skip
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
    assert (tmp_path / "one.png").read_bytes()[:4] == b"\x89PNG"


def test_the_picture_shows_an_arrow_at_each_point_and_the_bad_ones_in_red(world, tmp_path, capfd):
    points_file(tmp_path / "points.csv", world.truths[0], bad=3)
    bundle, picture = world.truths[0].bundle, tmp_path / "r.png"
    found = answer(capfd, bundle, "--gcps", tmp_path / "points.csv", "--report", picture)
    pixels = np.asarray(Image.open(picture).convert("RGB")).astype(int)
    colours = {True: (0x1B, 0x5E, 0x8C), False: (0xC0, 0x39, 0x2B)}
    shown = {used: np.abs(pixels - colours[used]).max(axis=2) < 60 for used in colours}
    assert sum(not point["used"] for point in found["points"]) == 3
    for point in found["points"]:
        row, col = on_paper(point["col"], point["row"], pixels.shape)
        around = np.s_[row - 3 : row + 4, col - 3 : col + 4]
        assert shown[point["used"]][around].sum() > 4
    # a bad point has a long arrow, a good one a short: red leads far from its points
    assert shown[False].sum() > 3 * 150


def on_paper(col, row, shape):
    """Row and column of the report's pixel that shows a pixel of the 480 × 400 image."""
    high, wide = shape[:2]
    left, top, width, height = 0.09 * wide, 0.17 * high, 0.86 * wide, 0.70 * high
    margin = 0.08 * 480
    scale = min(width / (480 + 2 * margin), height / (400 + 2 * margin))
    x = left + (width - scale * (480 + 2 * margin)) / 2 + scale * (col + margin)
    y = top + (height - scale * (400 + 2 * margin)) / 2 + scale * (row + margin)
    return round(y), round(x)


@pytest.mark.parametrize("image_id", ["pan", "ms"])
def test_what_is_measured_in_one_image_moves_all_alike(biased, world, tmp_path, capfd, image_id):
    points_file(tmp_path / "points.csv", world.truths[0], image_id=image_id, noise=0.0)
    words = ("--gcps", tmp_path / "points.csv", "--image", image_id)
    answer(capfd, biased, *words, "--out", tmp_path / "refined.json")
    plain = ["ortho", str(world.truths[0].bundle), "--out", str(tmp_path / "right.tif")]
    mended = ["ortho", str(biased), "--out", str(tmp_path / "mended.tif")]
    mended += ["--refinement", str(tmp_path / "refined.json")]
    # one grid for both; the outline of the mended scene rounds to the same pixels or not
    with_right = ["--dem", str(world.dem), "--product", "sharpened", "--json"]
    assert run([*plain, *with_right]) == 0
    shown = json.loads(capfd.readouterr().out)
    bounds = [str(value) for value in shown["grid"]["bounds"]]
    assert run([*mended, *with_right, "--bounds", *bounds]) == 0
    told = json.loads(capfd.readouterr().out)
    assert told["facts"]["accuracy"]["checked"] is True
    assert "(CE90, 20 independent points)" in told["facts"]["accuracy"]["statement"]
    assert not told["facts"]["pan_ms_alignment"]["corrected"]
    with (
        rasterio.open(tmp_path / "right.tif") as one,
        rasterio.open(tmp_path / "mended.tif") as other,
    ):
        first, second = one.read().astype(float), other.read().astype(float)
    both = (first > 0).all(axis=0) & (second > 0).all(axis=0)
    assert both.mean() > 0.5
    for before, after in zip(first, second, strict=True):
        assert np.corrcoef(before[both], after[both])[0, 1] > 0.999


def test_heights_that_points_lack_come_from_the_terrain(biased, world, tmp_path, capfd):
    points_file(tmp_path / "points.csv", world.truths[0], heights=False)
    answer(capfd, biased, "--gcps", tmp_path / "points.csv", code=3)
    found = answer(capfd, biased, "--gcps", tmp_path / "points.csv", "--dem", world.dem)
    assert found["model"]["matrix"][2] == pytest.approx(-BIAS[0], abs=0.15)


def test_points_outside_are_named_and_the_others_used(biased, world, tmp_path, capfd):
    path = tmp_path / "points.csv"
    points_file(path, world.truths[0])
    path.write_text(path.read_text() + "away,10,50,100,20,20\nbeyond,46.1,40.2,1900,9000,1\n")
    found = answer(capfd, biased, "--gcps", path)
    reasons = {p["id"]: p["reason"] for p in found["points"] if not p["used"]}
    assert reasons == {
        "away": "it lies outside the model's domain",
        "beyond": "its pixel lies outside the image",
    }


def test_refusals_and_their_acceptance(biased, world, tmp_path, capfd):
    path = tmp_path / "points.csv"
    points_file(path, world.truths[0], count=2)
    told = answer(capfd, biased, "--gcps", path, "--out", tmp_path / "r.json", code=4)
    assert told["error"]["rule"] == "refine-too-few-points"
    assert not (tmp_path / "r.json").exists()
    found = answer(
        capfd, biased, "--gcps", path, "--accept", "refine-too-few-points=only two are there"
    )
    assert found["notices"][0]["code"] == "accepted:refine-too-few-points"
    points_file(path, world.truths[0], noise=6.0)
    told = answer(capfd, biased, "--gcps", path, code=4)
    assert told["error"]["rule"] == "refine-residual"


def test_a_reference_without_likeness_is_refused(biased, reference, world, tmp_path, capfd):
    path = tmp_path / "noise.tif"
    with rasterio.open(reference) as source:
        profile = source.profile
    shape = (profile["height"], profile["width"])
    with rasterio.open(path, "w", **profile) as target:
        target.write(np.random.default_rng(1).integers(1, 4000, shape).astype("uint16"), 1)
    told = answer(capfd, biased, "--reference", path, "--dem", world.dem, code=4)
    assert told["error"]["rule"].startswith("refine-")


def test_wrong_calls(biased, world, reference, tmp_path, capfd):
    points_file(tmp_path / "points.csv", world.truths[0])
    both = ("--gcps", tmp_path / "points.csv", "--reference", reference)
    assert answer(capfd, biased, code=2)["error"]["exit_code"] == 2
    answer(capfd, biased, *both, code=2)
    answer(capfd, biased, "--gcps", tmp_path / "none.csv", code=3)
    answer(capfd, biased, "--reference", reference, code=3)
    (tmp_path / "r.json").write_text("{}")
    answer(capfd, biased, *both[:2], "--out", tmp_path / "r.json", code=2)
    assert (tmp_path / "r.json").read_text() == "{}"


def test_a_refinement_of_another_scene_is_refused(biased, world, tmp_path, capfd):
    points_file(tmp_path / "points.csv", world.truths[0])
    answer(capfd, biased, "--gcps", tmp_path / "points.csv", "--out", tmp_path / "r.json")
    words = ["--dem", str(world.dem), "--out", str(tmp_path / "o.tif"), "--json"]
    refused = ["--refinement", str(tmp_path / "r.json")]
    assert run(["ortho", str(world.truths[1].bundle), *refused, *words]) == 3
    assert "another scene" in json.loads(capfd.readouterr().out)["error"]["message"]
    (tmp_path / "r.json").write_text("{}")
    assert run(["ortho", str(biased), *refused, *words]) == 3
    capfd.readouterr()
    (tmp_path / "r.json").write_text('{"format": "satdesk-refinement/1", "model": {}}')
    assert run(["ortho", str(biased), *refused, *words]) == 3
    error = json.loads(capfd.readouterr().out)["error"]
    assert error["found"] == "satdesk-refinement/1"
    assert error["expected"] == "satdesk-refinement/2"
    assert "make it again" in error["remedy"]


def test_a_release_says_what_was_measured(biased, world, tmp_path, capfd):
    points_file(tmp_path / "points.csv", world.truths[0])
    answer(capfd, biased, "--gcps", tmp_path / "points.csv", "--out", tmp_path / "r.json")
    (tmp_path / "recipe.toml").write_text(
        f"""
[release]
id = "refined"
title = "Refined"
publisher = "Nobody"
[district]
box = [46.1315, 40.205, 46.1335, 40.206]
[sites]
none = true
[terrain]
dem = ["{world.dem}"]
[[scenes]]
bundle = "{biased}"
refinement = "r.json"
licence = {{press = false, tiles = false, analysis = false}}
"""
    )
    assert run(["issue", str(tmp_path / "recipe.toml"), "--out", str(tmp_path / "release")]) == 0
    (date,) = json.loads((tmp_path / "release" / "release.json").read_text())["dates"]
    assert date["accuracy"]["checked"] is True
    assert date["accuracy"]["n"] == 20
    assert date["accuracy"]["statement"].endswith("m (CE90, 20 independent points)")
    assert date["accuracy"]["statement"] in date["caption"]
    (item,) = (tmp_path / "release" / "stac" / "items").glob("*.json")
    properties = json.loads(item.read_text(encoding="utf-8"))["properties"]
    assert properties["satdesk:accuracy"] == date["accuracy"]
    page = (tmp_path / "release" / "index.html").read_text(encoding="utf-8")
    assert date["accuracy"]["statement"] in page
    assert "What the positions depend on" in page
    assert "r.json" in [file["name"] for file in date["scenes"][0]["inputs"]]


def test_an_image_whose_planes_nobody_names_can_be_refined(shared_data, tmp_path, capfd):
    given = shared_data / "phr_ventoux" / "left_image.geom"
    (tmp_path / "four.geom").write_bytes(given.read_bytes())
    profile = {"driver": "GTiff", "count": 4, "dtype": "uint16", "height": 500, "width": 500}
    # a crop: its origin stands in the geotransform, and points count in the file
    with rasterio.open(tmp_path / "four.tif", "w", transform=Affine.translation(10, 20), **profile):
        pass
    assert run(["locate", str(given), "--colrow", "30", "40", "--height", "900", "--json"]) == 0
    (at,) = json.loads(capfd.readouterr().out)["points"]
    text = f"id,lon,lat,height,col,row\na,{at['lon']},{at['lat']},900,21,22\n"
    (tmp_path / "points.csv").write_text(text)
    words = ("--gcps", tmp_path / "points.csv", "--accept", "refine-too-few-points=one is there")
    found = answer(capfd, tmp_path / "four.tif", *words)
    assert found["model"]["matrix"] == pytest.approx([1, 0, 1, 0, 1, 2], abs=1e-4)
    assert found["leave_one_out"] is None
