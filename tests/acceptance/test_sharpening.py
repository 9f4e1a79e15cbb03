"""Pansharpening as a user meets it: the choice, its scores, and what cannot be scored."""

from __future__ import annotations

import json

import pytest

from acceptance.commandline import refused, satdesk, told
from satdesk.radiometry.sharpen_methods import METHODS

FIVE = ("sam_deg", "ergas", "q2n", "d_lambda", "d_s")


def ortho(world, out, *more):
    given = ("--dem", world.dem, "--vertical", "EGM96", "--out", out, *more)
    return ("ortho", world.before, *given)


def test_the_best_of_all_is_chosen_and_says_how_good_it_is(world, tmp_path):
    facts = told(
        satdesk(*ortho(world, tmp_path / "o.tif", "--sharpening", "auto", "--json")), "ortho"
    )
    said = facts["facts"]["sharpening"]
    assert said["chosen_by"] == "auto"
    assert set(said["compared"]) == set(METHODS)
    best = max(each["composite"] for each in said["compared"].values())
    assert said["scores"]["composite"] == best
    for name in FIVE:
        low, high = said["scores"]["interval_95"][name]
        assert low <= said["scores"][name] <= high
    assert said["mtf"]["instrument"] == "SIM-1"
    assert not said["mtf"]["assumed"]


@pytest.mark.parametrize("name", ["brovey", "mtf-glp-hpm"])
def test_a_stated_method_is_scored_too_and_is_told(world, tmp_path, name):
    answer = satdesk(*ortho(world, tmp_path / "o.tif", "--sharpening", name, "--json"))
    said = told(answer, "ortho")["facts"]["sharpening"]
    assert said["chosen_by"] == "stated"
    assert 0.5 < said["scores"]["hqnr"] < 1
    assert len(said["scores"]["blocks"]) == 2


def test_an_output_as_coarse_as_ms_is_not_scored_and_says_why(world, tmp_path):
    answer = satdesk(*ortho(world, tmp_path / "o.tif", "--gsd", "6", "--json"))
    said = told(answer, "ortho")["facts"]["sharpening"]
    assert said["scores"] is None
    assert "finer than MS" in said["scores_reason"]
    call = ortho(world, tmp_path / "p.tif", "--gsd", "6", "--sharpening", "rcs")
    refused(*call, code=2, says=("rcs", "finer"), around=tmp_path)


def test_the_scores_travel_with_a_release(world, tmp_path):
    recipe = world.recipe(tmp_path, ("[sites]", '[grid]\nsharpening = "bt-h"\n[sites]'))
    told(satdesk("issue", recipe, "--out", tmp_path / "out", "--json"), "issue")
    document = json.loads((tmp_path / "out" / "release.json").read_text())
    items = [json.loads(path.read_text()) for path in (tmp_path / "out").rglob("*.json")]
    stated = [item["properties"] for item in items if item.get("type") == "Feature"]
    for facts in (
        *(date["facts"] for date in document["dates"]),
        *(item["satdesk:facts"] for item in stated),
    ):
        assert facts["sharpening"]["method"] == "BT-H"
        assert facts["sharpening"]["scores"] is not None or facts["sharpening"]["scores_reason"]
