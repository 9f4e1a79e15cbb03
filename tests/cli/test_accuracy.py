"""The error budget and the refusal of coarse terrain, through the command line."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import rasterio
from affine import Affine

from satdesk.bundles.formats import open_bundle
from satdesk.cli.app import run
from satdesk.files.dem import open_terrain
from satdesk.files.rasters import ImageLayer
from satdesk.geometry.frames import on_terrain
from satdesk.products.ortho import Ortho
from satdesk.release.ground import grid_over, image_outline
from satdesk.release.refinement_use import refined
from satdesk.simulate.write import simulate_all
from surveyed import points_file


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return simulate_all("test", tmp_path_factory.mktemp("accuracy") / "world")


@pytest.fixture(scope="module")
def coarse_dem(world, tmp_path_factory):
    """Every twelfth node of the world's DEM: 96 m."""
    path = tmp_path_factory.mktemp("coarse") / "dem96.tif"
    with rasterio.open(world.dem) as fine:
        heights, profile = fine.read(1)[::12, ::12], fine.profile
        tags, affine = fine.tags(), fine.transform
    there, back = Affine.translation(0.5, 0.5), Affine.translation(-0.5, -0.5)
    middle = affine @ there @ Affine.scale(12) @ back
    profile.update(height=heights.shape[0], width=heights.shape[1], transform=middle)
    with rasterio.open(path, "w", **profile) as target:
        target.write(heights, 1)
        target.update_tags(**tags)
    return path


def answer(capfd, *words, code=0):
    assert run([*map(str, words), "--json"]) == code
    return json.loads(capfd.readouterr().out)


def ortho(capfd, bundle, dem, out, *words, code=0):
    told = answer(
        capfd, "ortho", bundle, "--dem", dem, "--product", "pan", "--out", out, "--overwrite",
        *words, code=code,
    )  # fmt: skip
    return told if code else told["facts"]["accuracy"]


def part(accuracy, name):
    return next(each for each in accuracy["parts"] if each["part"] == name)


def test_nothing_of_ours_is_said_of_what_nobody_checked(world, coarse_dem, tmp_path, capfd):
    found = ortho(capfd, world.truths[0].bundle, coarse_dem, tmp_path / "o.tif")
    assert found["statement"] == "not checked; the provider states nothing"
    assert (found["checked"], found["ce90_m"], found["checks"]) == (False, None, [])
    assert part(found, "sensor")["basis"] == "not known"
    assert part(found, "dem-spacing")["basis"] == "estimated"


def test_what_the_provider_states_is_said_as_the_providers(world, tmp_path, capfd):
    bundle = tmp_path / "bundle"
    shutil.copytree(world.truths[0].bundle, bundle)
    stated = (
        "<Quality_Assessment><Planimetric_Accuracy_Measurement><MEASURE_ID>{}</MEASURE_ID>"
        "<Quality_Values><ACCURACY_CE90>{}</ACCURACY_CE90></Quality_Values>"
        "</Planimetric_Accuracy_Measurement></Quality_Assessment>"
    )
    for path in bundle.rglob("DIM_*.XML"):
        text = path.read_text(encoding="utf-8")
        end = text.rindex("</Dimap_Document>")
        added = stated.format("RHA", "2.5") + stated.format("AHA", "4.67")
        path.write_text(text[:end] + added + text[end:], encoding="utf-8")
    found = ortho(capfd, bundle, world.dem, tmp_path / "o.tif")
    assert found["statement"] == "not checked; the provider states 4.7 m (CE90)"
    assert found["ce90_m"] is None
    assert part(found, "provider")["value_m"] == 4.67


@pytest.mark.parametrize("dem", ["fine", "coarse"])
def test_the_printed_figure_covers_the_true_error(world, coarse_dem, tmp_path, capfd, dem):
    """Against the rigorous camera and the exact relief, at every place of a lattice."""
    truth = world.truths[0]
    points_file(tmp_path / "points.csv", truth, count=12, noise=0.3)
    words = ("refine", truth.bundle, "--gcps", tmp_path / "points.csv", "--overwrite")
    answer(capfd, *words, "--out", tmp_path / "r.json")
    used = world.dem if dem == "fine" else coarse_dem
    found = ortho(
        capfd, truth.bundle, used, tmp_path / "o.tif", "--refinement", tmp_path / "r.json"
    )
    assert found["statement"].endswith("m (CE90, 12 independent points)")
    col, row = np.meshgrid(np.linspace(10, 470, 24), np.linspace(10, 390, 20))
    true = np.column_stack(truth.ground("pan", col.ravel(), row.ravel())[:2])
    placed = _placed(truth, used, tmp_path / "r.json", col.ravel(), row.ravel())
    east, north = truth.world.relief.plane.metres_a_degree
    off = np.hypot(*((placed - true) * [east, north]).T)
    assert np.nanquantile(off, 0.9) <= found["ce90_m"]
    terrain = {"fine": (0.0, 0.3), "coarse": (0.5, 5.0)}[dem]
    assert terrain[0] < found["terrain"]["supports_ce90_m"] < terrain[1]


def _placed(truth, dem, refinement, col, row):
    """Where the refined model and the DEM put pixels of PAN: ``(n, 2)`` lon, lat."""
    model = refined(open_bundle(truth.bundle), refinement).image("pan").model
    terrain = open_terrain([dem], vertical=None).terrain
    lon, lat, _ = on_terrain(model, col, row, terrain, start_m=1800.0)
    return np.column_stack([lon, lat])


@pytest.fixture(scope="module")
def surveyed(world, tmp_path_factory):
    """A refinement of the first scene by twelve points."""
    folder = tmp_path_factory.mktemp("surveyed")
    points_file(folder / "points.csv", world.truths[0], count=12, noise=0.3)
    words = ["refine", str(world.truths[0].bundle), "--gcps", str(folder / "points.csv")]
    assert run([*words, "--out", str(folder / "r.json")]) == 0
    return folder / "r.json"


def test_a_terrain_too_coarse_for_what_is_wanted_is_refused(
    world, coarse_dem, surveyed, tmp_path, capfd
):
    bundle, out = world.truths[0].bundle, tmp_path / "o.tif"
    refined_by = ("--refinement", surveyed)
    error = ortho(capfd, bundle, coarse_dem, out, "--accuracy", 0.5, code=4)["error"]
    assert error["rule"] == "dem-too-coarse"
    assert error["measured"] > error["limit"] == 0.5
    assert "it supports" in error["message"]
    assert "from the vertical" in error["message"]
    assert "finer DEM" in error["message"]
    assert not out.exists()
    # the whole figure is the larger one: camera and terrain together
    supported = float(error["message"].split("it supports ")[1].split(" m")[0])
    error = ortho(capfd, bundle, coarse_dem, out, *refined_by, "--accuracy", supported, code=4)
    assert error["error"]["rule"] == "accuracy-not-met"
    told = answer(
        capfd, "ortho", bundle, "--dem", coarse_dem, "--out", out, "--overwrite", "--accuracy",
        0.5, *refined_by, "--accept", "dem-too-coarse=nothing finer is to be had",
        "--accept", "accuracy-not-met=it is for an overview",
    )  # fmt: skip
    texts = [n["text"] for n in told["notices"] if n["code"].startswith("accepted:")]
    assert [text.rpartition(": ")[2] for text in texts] == [
        "nothing finer is to be had", "it is for an overview",
    ]  # fmt: skip


def test_what_is_printed_must_not_exceed_what_is_wanted(world, surveyed, tmp_path, capfd):
    bundle, out = world.truths[0].bundle, tmp_path / "o.tif"
    words = ("--refinement", surveyed)
    found = ortho(capfd, bundle, world.dem, out, *words)
    printed = float(found["statement"].split("about ")[1].split(" m")[0])
    assert printed >= found["ce90_m"]
    ortho(capfd, bundle, world.dem, out, *words, "--accuracy", printed)
    out.unlink()
    wanted = round(printed - 0.05, 2)
    error = ortho(capfd, bundle, world.dem, out, *words, "--accuracy", wanted, code=4)["error"]
    assert error["rule"] == "accuracy-not-met"
    assert (error["measured"], error["limit"]) == (printed, wanted)
    assert error["found"] == f"positions {found['statement']}"
    assert error["expected"] == f"within {wanted:g} m (CE90)"
    assert "measure more or better points" in error["remedy"]
    assert not out.exists()


def test_an_accuracy_that_nobody_checked_cannot_be_shown(world, tmp_path, capfd):
    bundle, out = world.truths[0].bundle, tmp_path / "o.tif"
    error = ortho(capfd, bundle, world.dem, out, "--accuracy", 50, code=4)["error"]
    assert error["rule"] == "accuracy-not-shown"
    assert error["measured"] > error["limit"]
    assert error["found"] == "positions not checked; the provider states nothing"
    assert error["expected"] == "independent points that show 50 m (CE90)"
    assert "satdesk refine --gcps" in error["remedy"]
    accept = ("--accept", "accuracy-not-shown=nobody was ever there")
    found = ortho(capfd, bundle, world.dem, out, "--accuracy", 50, *accept)
    assert found["statement"] == "not checked; the provider states nothing"


RECIPE = """
[release]
id = "wanted"
title = "Wanted"
publisher = "Nobody"
[district]
box = [46.1315, 40.205, 46.1335, 40.206]
[sites]
none = true
[grid]
accuracy_m = {wanted}
[terrain]
dem = ["{dem}"]
[[scenes]]
bundle = "{bundle}"
refinement = "{refinement}"
licence = {{press = false, tiles = false, analysis = false}}
"""


def test_an_accuracy_met_against_a_reference_alone_says_so(world, tmp_path, capfd):
    """A reference orthoimage of the other date, by the exact camera and relief."""
    bundle, found = world.truths[0].bundle, tmp_path / "by_reference.json"
    exact_orthoimage(world.truths[1], tmp_path / "reference.tif")
    words = ("refine", bundle, "--reference", tmp_path / "reference.tif", "--dem", world.dem)
    answer(capfd, *words, "--out", found)
    refined_by = ("--refinement", found, "--accuracy", 5)
    told = answer(
        capfd, "ortho", bundle, "--dem", world.dem, "--out", tmp_path / "o.tif", *refined_by
    )
    says = "met against the reference image alone: how exactly that image lies was not checked."
    (notice,) = [n for n in told["notices"] if n["code"] == "accuracy-against-reference"]
    assert notice["text"] == f"The accuracy wanted, 5 m (CE90), is {says}"
    assert told["facts"]["accuracy"]["against"] == "reference"
    recipe, out = tmp_path / "recipe.toml", tmp_path / "release"
    recipe.write_text(
        RECIPE.format(wanted=5, dem=world.dem, bundle=bundle, refinement=found), encoding="utf-8"
    )
    answer(capfd, "issue", recipe, "--out", out)
    document = json.loads((out / "release.json").read_text(encoding="utf-8"))
    said = [*document["notices"], *document["dates"][0]["notices"]]
    assert [n["text"] for n in said if n["code"] == "accuracy-against-reference"] == [
        notice["text"]
    ]
    assert says in (out / "index.html").read_text(encoding="utf-8")
    assert "whose own error adds" in document["dates"][0]["accuracy"]["statement"]


def exact_orthoimage(truth, path):
    """PAN of a picture on a map, as its rigorous camera and the true ground put it."""
    image = open_bundle(truth.bundle).image("pan")
    grid = grid_over(image_outline(image, truth.world.relief), gsd_m=1.5)
    layer = Ortho(
        source=ImageLayer(image=image),
        model=truth.camera("pan"),
        terrain=truth.world.relief,
        grid=grid,
    )
    raster = layer.read(grid)
    rows, cols = grid.shape
    with rasterio.open(
        path, "w", driver="GTiff", count=1, dtype="uint16", nodata=0,
        crs=str(grid.crs), transform=grid.affine, height=rows, width=cols,
    ) as target:  # fmt: skip
        target.write(np.where(raster.valid, raster.values[0], 0), 1)


def test_a_release_is_held_to_the_accuracy_of_its_recipe(world, surveyed, tmp_path, capfd):
    recipe = tmp_path / "recipe.toml"
    text = RECIPE.format(
        wanted=0.3, dem=world.dem, bundle=world.truths[0].bundle, refinement=surveyed
    )
    recipe.write_text(text)
    out = tmp_path / "release"
    error = answer(capfd, "issue", recipe, "--out", out, code=4)["error"]
    assert (error["rule"], error["limit"]) == ("accuracy-not-met", 0.3)
    assert not out.exists()
    answer(capfd, "issue", recipe, "--out", out, "--accept", "accuracy-not-met=an overview")
    document = json.loads((out / "release.json").read_text(encoding="utf-8"))
    (accepted,) = document["accepted"]
    assert accepted["rule"] == "accuracy-not-met"
    assert "an overview" in (out / "index.html").read_text(encoding="utf-8")
    recipe.write_text(text.replace(f'refinement = "{surveyed}"', ""))
    error = answer(capfd, "issue", recipe, "--out", tmp_path / "other", code=4)["error"]
    assert error["rule"] == "accuracy-not-shown"


def test_what_somebody_states_of_the_heights_counts_too(world, tmp_path, capfd):
    bundle, out = world.truths[0].bundle, tmp_path / "o.tif"
    found = ortho(capfd, bundle, world.dem, out, "--dem-accuracy", "6=its handbook")
    stated = part(found, "dem-stated")
    assert (stated["basis"], stated["by"]) == ("stated", "its handbook")
    tangent = np.tan(np.radians(found["terrain"]["view_deg"]))
    assert stated["value_m"] == pytest.approx(6 * tangent, rel=1e-3)
    words = ("--dem-accuracy", "6=its handbook", "--accuracy", "1")
    error = ortho(capfd, bundle, world.dem, out, *words, code=4)["error"]
    assert error["measured"] == pytest.approx(np.hypot(6 * tangent, 0.07), abs=0.02)
    for wrong in ("6", "=handbook", "-1=handbook", "six=handbook"):
        ortho(capfd, bundle, world.dem, out, "--dem-accuracy", wrong, code=2)


def test_one_height_cannot_show_an_accuracy(world, tmp_path, capfd):
    words = ("ortho", world.truths[0].bundle, "--height", 1800, "--out", tmp_path / "o.tif")
    error = answer(capfd, *words, "--accuracy", 5, code=3)["error"]
    assert "one height" in error["message"]
    found = answer(capfd, *words)["facts"]["accuracy"]
    assert part(found, "dem-spacing")["basis"] == "not known"


def test_points_given_for_checking_are_reported_apart(world, tmp_path, capfd):
    bundle = world.truths[0].bundle
    points_file(tmp_path / "fit.csv", world.truths[0], count=15)
    points_file(tmp_path / "check.csv", world.truths[0], count=8, bad=1, seed=5)
    found = answer(
        capfd, "refine", bundle, "--gcps", tmp_path / "fit.csv", "--check", tmp_path / "check.csv",
        "--out", tmp_path / "r.json",
    )  # fmt: skip
    assert found["leave_one_out"]["n"] == 15
    assert found["check"]["n"] == 8
    assert found["check"]["ce90_m"] > 15  # a bad check point counts: nobody takes it out
    assert max(p["error_m"] for p in found["check"]["points"]) == found["check"]["ce90_m"]
    told = ortho(capfd, bundle, world.dem, tmp_path / "o.tif", "--refinement", tmp_path / "r.json")
    assert "8 check points that were not fitted" in told["statement"]
    assert [each["how"] for each in told["checks"]] == ["check-points", "leave-one-out"]


def test_a_share_can_be_held_out(world, tmp_path, capfd):
    bundle = world.truths[0].bundle
    points_file(tmp_path / "p.csv", world.truths[0], count=20)
    words = ("refine", bundle, "--gcps", tmp_path / "p.csv")
    found = answer(capfd, *words, "--hold-out", 0.35, "--out", tmp_path / "r.json")
    held = {point["id"] for point in found["held_out"]["points"]}
    assert len(held) == found["held_out"]["n"] == 7
    assert not held & {point["id"] for point in found["points"]}
    assert "7 points held out of the fit" in found["accuracy"]
    answer(capfd, *words, "--hold-out", 0.9, code=2)


def test_points_in_one_corner_are_refused_with_measure_limit_and_remedy(world, tmp_path, capfd):
    points_file(tmp_path / "p.csv", world.truths[0], count=30, noise=0.05)
    lines = (tmp_path / "p.csv").read_text().splitlines()
    near = [x for x in lines[1:] if float(x.split(",")[-2]) < 200 and float(x.split(",")[-1]) < 200]
    (tmp_path / "p.csv").write_text("\n".join([lines[0], *near]) + "\n")
    words = ("refine", world.truths[0].bundle, "--gcps", tmp_path / "p.csv", "--model", "affine")
    error = answer(capfd, *words, code=4)["error"]
    assert error["rule"] == "refine-spread"
    assert error["measured"] > error["limit"]
    assert "towards the image's corners" in error["message"]


def test_downsampled_dem_is_what_it_says(world, coarse_dem):
    with rasterio.open(world.dem) as fine, rasterio.open(coarse_dem) as coarse:
        shape = coarse.shape
        assert coarse.res[0] == pytest.approx(12 * fine.res[0])
        row, col = fine.index(*coarse.xy(10, 10))
        assert coarse.read(1)[10, 10] == fine.read(1)[row, col]
    assert shape[0] > 40
