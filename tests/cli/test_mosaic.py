"""Mosaics and district reports by the command line, on simulated strips."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely

from satdesk.cli.app import run
from satdesk.core.sighting import State
from satdesk.release.schema import check
from satdesk.simulate.strips import strips
from satdesk.simulate.write import Making, simulate_pictures


@pytest.fixture(scope="module")
def recipe(tmp_path_factory):
    """Two small strips, the second 10 % too bright, with a corner that neither shows."""
    world = tmp_path_factory.mktemp("strips") / "world"
    pair = strips(2, shape=(320, 240), step_m=220.0, clouded=())
    simulate_pictures(pair, world, kit="strips", making=Making(compressed=False))
    path = world / "recipe.toml"
    text = path.read_text(encoding="utf-8")
    head, first, second, _ = text.split("[[scenes]]")
    text = f"{head}[[scenes]]{first}[[scenes]]{second}"
    box = "box = [46.1278, 40.2045, 46.1370, 40.2092]"
    text = text.replace("box = [46.1278, 40.2036, 46.1440, 40.2101]", box)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def released(recipe):
    out = recipe.parent.parent / "release"
    assert run(["issue", str(recipe), "--out", str(out)]) == 0
    return out, json.loads((out / "release.json").read_text(encoding="utf-8"))


def test_a_mosaic_tells_which_scene_gave_each_pixel(released):
    folder, document = released
    (date,) = document["dates"]
    with (
        rasterio.open(folder / date["id"] / "source.tif") as source,
        rasterio.open(folder / date["id"] / "image.tif") as image,
    ):
        number, state = source.read()
        assert source.shape == image.shape
        assert ((number > 0) == (image.read(1) > 0)).all()
        legend = source.tags()
    assert set(np.unique(number)) == {0, 1, 2}
    assert ((number == 0) == (state == State.NOT_IMAGED)).all()
    assert [legend["SOURCE_1"], legend["SOURCE_2"]] == [s["id"] for s in date["scenes"]]


def test_the_balance_undoes_what_the_calibration_did(released):
    mosaic = released[1]["dates"][0]["facts"]["mosaic"]
    gains = {scene["id"][-7:]: scene["gains"] for scene in mosaic["scenes"]}
    for band in ("B", "G", "R", "NIR"):
        assert gains["strip_1"][band] / gains["strip_2"][band] == pytest.approx(1.1, rel=0.01)
    assert mosaic["seam_visibility"]["gradient_ratio"] <= 1.05


def test_the_areas_add_up_and_the_gaps_are_what_is_missing(released):
    folder, document = released
    (date,) = document["dates"]
    coverage = date["facts"]["coverage"]
    areas = {name: share["ha"] for name, share in coverage["states"].items()}
    assert sum(areas.values()) == pytest.approx(coverage["district_ha"], abs=0.05)
    assert areas["not_imaged"] > 0
    gaps = json.loads((folder / date["id"] / "gaps.geojson").read_text(encoding="utf-8"))
    found = [each["properties"] for each in gaps["features"]]
    assert {each["missing"] for each in found} == {"not_imaged"}
    total = sum(each["area_ha"] for each in found)
    assert total == pytest.approx(areas["not_imaged"], rel=0.1, abs=0.1)


def test_the_page_and_the_catalogue_speak_of_it(released):
    folder, document = released
    (date,) = document["dates"]
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert f'src="{date["id"]}/sources.png"' in page
    assert "not imaged" in page
    assert "several-days" in {notice["code"] for notice in date["notices"]}
    item = next((folder / "stac" / "items").glob("*.json"))
    asset = json.loads(item.read_text(encoding="utf-8"))["assets"]["source"]
    assert (item.parent / asset["href"]).resolve() == (folder / date["id"] / "source.tif").resolve()
    assert date["scenes"][0]["id"] in asset["description"]


def test_report_tells_what_is_missing_before_a_pixel_is_read(recipe, tmp_path, capsys):
    capsys.readouterr()
    assert run(["report", str(recipe), "--out", str(tmp_path / "out"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    check(told, "report")
    (date,) = told["dates"]
    assert date["days"] == ["2018-09-05", "2018-09-09"]
    assert date["imaged"]["ha"] + date["not_imaged"]["ha"] == pytest.approx(
        told["district"]["area_ha"], abs=0.02
    )
    gaps = json.loads((tmp_path / "out" / f"{date['id']}-gaps.geojson").read_text())["features"]
    outlines = json.loads((tmp_path / "out" / f"{date['id']}-footprints.geojson").read_text())
    seen = shapely.union_all([shapely.geometry.shape(f["geometry"]) for f in outlines["features"]])
    assert len(gaps) == len(date["gaps"]) > 0
    for gap in gaps:
        assert shapely.geometry.shape(gap["geometry"]).intersection(seen).area < 1e-12
    assert (tmp_path / "out" / f"{date['id']}-footprints.png").stat().st_size > 5000


def test_report_for_people(recipe, capsys):
    capsys.readouterr()
    assert run(["report", str(recipe)]) == 0
    told = capsys.readouterr().out
    assert "not imaged" in told
    assert "strip_2" in told


def test_an_unknown_rule_of_order_is_refused(recipe, tmp_path, capsys):
    other = recipe.with_name("other.toml")
    text = recipe.read_text(encoding="utf-8").replace('["cloud",', '["beauty",')
    other.write_text(text, encoding="utf-8")
    assert run(["issue", str(other), "--out", str(tmp_path / "none")]) == 2
    assert "order" in capsys.readouterr().err
    assert not Path(tmp_path / "none").exists()
