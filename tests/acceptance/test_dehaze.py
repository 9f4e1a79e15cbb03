"""Haze taken off for eyes, as a reader meets it: named in captions, the measured image untouched."""

from __future__ import annotations

import json

import pytest
import rasterio

from acceptance.commandline import refused, satdesk, told

SAID = "haze taken off for display"


@pytest.fixture(scope="module")
def issued(world, tmp_path_factory):
    """The same scenes without and with it."""
    folder = tmp_path_factory.mktemp("dehaze")
    made = {}
    for name, wish in (("as-it-is", ""), ("dehazed", "[display]\ndehaze = true\n")):
        (folder / name).mkdir()
        recipe = world.recipe(folder / name, ("[sites]", f"{wish}[sites]"))
        told(satdesk("issue", recipe, "--out", folder / f"{name}-out", "--json"), "issue")
        made[name] = folder / f"{name}-out"
    return made


def document(folder):
    return json.loads((folder / "release.json").read_text())


def test_captions_and_notices_name_it_when_used_and_only_then(issued):
    for date in document(issued["dehazed"])["dates"]:
        assert SAID in date["caption"]
        assert date["facts"]["dehaze"]["applied_to"] == "visual.tif"
        assert date["facts"]["dehaze"]["haze"]["B"] > 0.01
        assert "display-dehazed" in [notice["code"] for notice in date["notices"]]
    for date in document(issued["as-it-is"])["dates"]:
        assert SAID not in date["caption"]
        assert "dehaze" not in date["facts"]


def test_the_page_the_catalogue_and_the_public_recipe_say_it(issued):
    folder = issued["dehazed"]
    assert SAID in (folder / "index.html").read_text()
    items = [json.loads(path.read_text()) for path in folder.rglob("*.json")]
    said = [item["properties"] for item in items if item.get("type") == "Feature"]
    assert len(said) == 2
    assert all("display-dehazed" in json.dumps(each["satdesk:notices"]) for each in said)
    (public,) = (item for item in items if "recipe" in item and "files" in item)
    assert public["recipe"]["display"] == {"dehaze": True}


def test_the_measured_image_stays_and_the_picture_for_eyes_changes(issued):
    for date in document(issued["dehazed"])["dates"]:
        pair = [folder / date["id"] for folder in issued.values()]
        pixels = [_pixels(each / "image.tif") for each in pair]
        assert (pixels[0] == pixels[1]).all()
        shown = [_pixels(each / "visual.tif") for each in pair]
        assert (shown[0] != shown[1]).any()


def test_haze_of_counts_is_refused(world, tmp_path):
    wish = '[display]\ndehaze = true\n[grid]\nquantity = "counts"\n[sites]'
    recipe = world.recipe(tmp_path, ("[sites]", wish))
    call = ("issue", recipe, "--out", tmp_path / "out")
    refused(*call, code=2, says=("reflectance only",), around=tmp_path)


def _pixels(path):
    with rasterio.open(path) as file:
        return file.read()
