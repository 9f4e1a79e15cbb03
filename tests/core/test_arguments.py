"""What people hand over in notebooks is taken, or refused by its name."""

from __future__ import annotations

import copy
from datetime import UTC, date, datetime
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import satdesk
from satdesk import desk
from satdesk.core.arguments import path_of, points_of, require_size
from satdesk.core.scene import Acquisition
from satdesk.errors import MissingInputError, UsageError
from satdesk.release.acceptance import reasons_of
from satdesk.release.recipe import GridChoice, SceneChoice, TerrainChoice
from satdesk.release.signing import Desk, Signing


@pytest.mark.parametrize("value", [None, 3, b"x", ["a"], SceneChoice()])
def test_what_is_no_path_is_named(value):
    with pytest.raises(UsageError, match="the recipe: an argument is of another kind"):
        path_of(value, "the recipe")


def test_text_is_a_path_everywhere():
    scene = SceneChoice(bundle="a", pan="b", refinement="c")
    assert (scene.bundle, scene.pan, scene.refinement) == (Path("a"), Path("b"), Path("c"))
    assert TerrainChoice(dem="a.tif").dem == (Path("a.tif"),)
    assert TerrainChoice(dem=Path("a.tif")).dem == (Path("a.tif"),)
    assert TerrainChoice(dem=["a.tif", Path("b.tif")]).dem == (Path("a.tif"), Path("b.tif"))
    assert Desk(log="l", trust=["r.pem"]).trust == (Path("r.pem"),)
    assert Desk(log="l", trust="r.pem").trust == (Path("r.pem"),)
    assert Signing(folder="keys").folder == Path("keys")
    assert copy.copy(scene) == scene


@pytest.mark.parametrize(
    "call",
    [
        lambda: satdesk.open_bundle("nowhere"),
        lambda: satdesk.load_recipe("nowhere.toml"),
        lambda: satdesk.inspect(SceneChoice(bundle="nowhere")),
        lambda: satdesk.open_images(pan="nowhere.tif"),
        lambda: satdesk.issue("nowhere.toml", "out"),
        lambda: satdesk.locate("nowhere.tif", [[1, 1, 1]]),
        lambda: desk.status("nowhere"),
        lambda: desk.report("nowhere.toml"),
    ],
)
def test_verbs_take_text_and_look_for_the_file(call):
    with pytest.raises(MissingInputError, match="nowhere"):
        call()


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: satdesk.inspect("folder"), r"inspect\(choice\).*SceneChoice"),
        (lambda: satdesk.issue({"a": 1}, "out"), r"issue\(recipe\)"),
        (lambda: ortho(grid=None), r"ortho\(grid\).*GridChoice"),
        (lambda: ortho(terrain="dem.tif"), r"ortho\(terrain\).*TerrainChoice"),
        (lambda: ortho(bounds=(1, 2, 3)), r"ortho\(bounds\).*four numbers"),
        (lambda: ortho(bounds=np.array(5.0)), r"ortho\(bounds\).*four numbers"),
        (lambda: ortho(executor="threads"), r"ortho\(executor\).*executor"),
        (lambda: desk.places(5), r"places\(query\)"),
        (lambda: desk.catalogue("c.sqlite", "release"), r"catalogue\(releases\)"),
        (lambda: satdesk.open_images(pan="p.tif", acquisition=datetime.now(UTC)), "Acquisition"),
    ],
)
def test_what_is_of_another_kind_is_refused_by_its_name(call, name):
    with pytest.raises(UsageError, match=name):
        call()


def ortho(**changes):
    given = {"grid": GridChoice(), "terrain": TerrainChoice()} | changes
    return satdesk.ortho(SceneChoice(bundle="nowhere"), "out.tif", **given)


@pytest.mark.parametrize(
    "points", [[1, 2, 3], [[1, 2]], [[1, 2, 3, 4]], np.zeros((2, 2, 3)), None, [["a", "b", "c"]]]
)
def test_points_of_another_shape_mean_nothing(points):
    with pytest.raises(UsageError, match="points"):
        points_of(points, "points")


def test_points_are_rows_of_three():
    assert points_of([[1, 2, 3]], "points").dtype == np.float64
    assert points_of(np.empty((0, 3)), "points").shape == (0, 3)


@pytest.mark.parametrize(
    "wish",
    [
        {"quantity": "Counts"},
        {"product": "MS"},
        {"gsd_m": "6"},
        {"gsd_m": -1},
        {"gsd_m": float("nan")},
        {"gsd_m": True},
        {"accuracy_m": 0},
    ],
)
def test_a_wish_that_means_nothing_is_no_default(wish):
    with pytest.raises(UsageError):
        GridChoice(**wish)


def test_numbers_of_numpy_are_sizes():
    assert GridChoice(gsd_m=np.float32(1.5)).gsd_m == 1.5


def test_a_day_is_no_instant():
    with pytest.raises(UsageError, match=r"Acquisition\.at"):
        Acquisition.on(datetime(2018, 9, 5, tzinfo=UTC))
    with pytest.raises(UsageError, match="datetime"):
        Acquisition.at("2018-09-05")
    with pytest.raises(UsageError, match="is an Acquisition"):
        SceneChoice(at=date(2018, 9, 5))


def test_rules_are_accepted_with_reasons():
    assert reasons_of([("a", "why")]) == reasons_of({"a": "why"}) == {"a": "why"}
    assert reasons_of(()) == {}
    for wrong in ("ab", ["pan-ms-residual"], [("a", None)], 5):
        with pytest.raises(UsageError, match="pairs"):
            reasons_of(wrong)


def test_a_size_may_be_any_number():
    for size in (1, 0.5, Fraction(1, 2), np.float32(2)):
        require_size(size, "pixel")
    for size in (0, True, "1", Fraction(-1, 2), float("inf")):
        with pytest.raises(UsageError, match="pixel must be a size"):
            require_size(size, "pixel")
