"""The district report with masks: areas against the simulator's own truth, sites, what is missing."""

from __future__ import annotations

import json

import pytest
from pypdf import PdfReader

from satdesk.cli.app import run
from satdesk.release.direction import without_controls
from satdesk.release.schema import check

RECIPE = """
[release]
id = "seen"
title = "Seen"
publisher = "nobody"
language = "en"
[district]
box = [46.122, 40.190, 46.152, 40.213]
title = "Box"
source = "drawn for a test"
[sites]
none = true
[terrain]
dem = ["{world}/dem_egm96.tif"]
vertical = "EGM96"
[masks]
method = "{method}"
[[scenes]]
bundle = "{world}/SIMULATED_cloud_20"
[scenes.licence]
name = "CC0"
press = true
tiles = true
analysis = true
"""
STATES = {"clear", "cloud", "shadow", "not_imaged", "not_told"}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("seen")
    assert run(["simulate", "cloud_20", "--out", str(folder / "world")]) == 0
    return folder


def recipe(world, method):
    path = world / f"{method}.toml"
    path.write_text(RECIPE.format(world=world / "world", method=method), encoding="utf-8")
    return path


def reported(path, out, capsys, *more):
    capsys.readouterr()
    assert run(["report", str(path), "--out", str(out), "--json", *more]) == 0
    told = json.loads(capsys.readouterr().out)
    check(told, "report")
    (date,) = told["dates"]
    return told, date


@pytest.mark.parametrize("method", ["classical", "provider"])
def test_areas_add_up_per_date_and_scene(world, method, tmp_path, capsys):
    told, date = reported(recipe(world, method), tmp_path / "out", capsys)
    seen = date["seen"]
    assert set(seen["states"]) <= STATES
    assert sum(share["ha"] for share in seen["states"].values()) == pytest.approx(
        told["district"]["area_ha"], rel=0.01
    )
    (scene,) = seen["scenes"]
    assert (scene["told_by"], scene["not_told_because"]) == (method, None)
    assert scene["states"] == seen["states"]
    imaged = sum(v["percent"] for k, v in seen["states"].items() if k != "not_imaged")
    assert imaged == pytest.approx(date["imaged"]["percent"], abs=2.5)


def test_the_cloud_of_the_simulator_is_reported(world, tmp_path, capsys):
    """The provider's mask of a simulated delivery is the truth: a fifth of the picture."""
    states = reported(recipe(world, "provider"), tmp_path / "out", capsys)[1]["seen"]["states"]
    imaged = 100 - states["not_imaged"]["percent"]
    assert 100 * states["cloud"]["percent"] / imaged == pytest.approx(20, abs=0.7)


def test_what_is_missing_is_said_by_why_and_drawn(world, tmp_path, capsys):
    _, date = reported(recipe(world, "classical"), tmp_path / "out", capsys)
    missing, states = date["seen"]["missing"], date["seen"]["states"]
    for state in ("cloud", "shadow", "not_imaged"):
        total = sum(piece["area_ha"] for piece in missing if piece["missing"] == state)
        wanted = states.get(state, {"ha": 0.0})["ha"]
        assert total == pytest.approx(wanted, rel=0.12, abs=1.0)
    name = date["id"]
    drawn = json.loads((tmp_path / "out" / f"{name}-missing.geojson").read_text())["features"]
    assert len(drawn) == len(missing)
    assert (tmp_path / "out" / f"{name}-seen.png").stat().st_size > 5000


def test_without_masks_nothing_is_looked_at_and_the_command_line_decides(world, tmp_path, capsys):
    path = recipe(world, "classical")
    told, date = reported(path, tmp_path / "bare", capsys, "--masks", "none")
    assert date["seen"] is None
    assert "no pixel was read" in told["basis"]
    assert not (tmp_path / "bare" / f"{date['id']}-seen.png").exists()
    assert run(["report", str(path), "--masks", "magic"]) == 2


def test_people_read_it_too(world, capsys):
    capsys.readouterr()
    assert run(["report", str(recipe(world, "classical"))]) == 0
    told = capsys.readouterr().out
    for words in ("clear", "cloud", "shadow", "not imaged", "missing:", "(classical)"):
        assert words in told


def test_a_single_scene_is_issued_with_its_shares_of_cloud(world, tmp_path):
    """Cloud in catalogue and release.json; with its shadow, of the district, on plate and caption."""
    out = tmp_path / "release"
    assert run(["issue", str(recipe(world, "classical")), "--out", str(out)]) == 0
    document = json.loads((out / "release.json").read_text(encoding="utf-8"))
    (date,) = document["dates"]
    cloud, coverage = date["facts"]["cloud"], date["facts"]["coverage"]
    percent = coverage["states"]["cloud"]["percent"]
    imaged = 100 - coverage["states"]["not_imaged"]["percent"]
    assert cloud["told_by"] == "classical"
    assert cloud["cloud_percent_of_picture"] == pytest.approx(100 * percent / imaged, abs=0.01)
    assert percent > 1
    item = json.loads(next((out / "stac" / "items").glob("*.json")).read_text(encoding="utf-8"))
    assert item["properties"]["satdesk:facts"]["cloud"] == cloud
    assert item["properties"]["eo:cloud_cover"] == pytest.approx(
        cloud["cloud_percent_of_picture"], abs=0.01
    )
    hidden = sum(coverage["states"][state]["percent"] for state in ("cloud", "shadow"))
    assert cloud["hidden_percent"] == pytest.approx(hidden, abs=0.01)
    assert cloud["cloud_percent"] == pytest.approx(percent, abs=0.01)
    figure = f"{cloud['cloud_percent']:.1f}"
    assert f"hides {figure} % of the district" in without_controls(date["caption"])
    assert f"its shadow {cloud['shadow_percent']:.1f} %" in without_controls(date["caption"])
    assert "cloud" in date["caption"].casefold()
    plates = sorted(out.glob("plates/*.pdf"))
    assert plates
    for plate in plates:
        pages = [page.extract_text() for page in PdfReader(plate).pages]
        said = " ".join(" ".join(pages).split()).casefold()
        assert f"{figure} %" in said or f"{figure}%" in said
        assert "cloud" in said
