"""A recipe is read whole or refused with the key at fault."""

from __future__ import annotations

import hashlib
from datetime import date

import pytest

from satdesk.core.scene import Precision
from satdesk.errors import BrokenInputError, MissingInputError, UsageError
from satdesk.release.recipe import load_recipe

RECIPE = """
[release]
id = "sample"
title = "Sample"
publisher = "Nobody"
[district]
box = [46.1, 40.1, 46.2, 40.2]
title = "A box"
[terrain]
dem = ["dem.tif"]
vertical = "EGM96"
[event]
name = "E"
at = 2020-11-25
time_zone = "Asia/Baku"
source = "S"
[[scenes]]
pan = "pan.tif"
ms = "ms.tif"
at = 2015-08-20
[scenes.licence]
press = true
[accept]
"pan-ms-residual" = "because"
"""


@pytest.fixture
def write(tmp_path):
    def _write(text):
        path = tmp_path / "recipe.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return _write


def test_a_recipe_becomes_a_frozen_value(write, tmp_path):
    recipe = load_recipe(write(RECIPE))
    assert recipe.scenes[0].pan == tmp_path / "pan.tif"
    assert recipe.scenes[0].at.day == date(2015, 8, 20)
    assert recipe.scenes[0].at.precision is Precision.DAY
    assert recipe.scenes[0].licence.press is True
    assert recipe.scenes[0].licence.analysis is None
    assert recipe.terrain.dem == (tmp_path / "dem.tif",)
    assert recipe.accept == (("pan-ms-residual", "because"),)
    assert recipe.sha256 == hashlib.sha256(RECIPE.encode()).hexdigest()


@pytest.mark.parametrize(
    ("old", "new", "names"),
    [
        ('title = "Sample"', 'title = "Sample"\ncolour = "red"', "colour"),
        ('id = "sample"', 'id = "Sample/../x"', "release.id"),
        ('publisher = "Nobody"', "", "publisher"),
        ('vertical = "EGM96"', 'vertical = "NAVD88"', "terrain.vertical"),
        (
            "box = [46.1, 40.1, 46.2, 40.2]",
            'name = "a"\nbox = [46.1, 40.1, 46.2, 40.2]',
            "district",
        ),
        ("box = [46.1, 40.1, 46.2, 40.2]", "box = [46.2, 40.1, 46.1, 40.2]", "district.box"),
        ("at = 2015-08-20", 'at = "2015-02-30"', "scenes.at"),
        ("at = 2015-08-20", 'at = "2015-08-20T10:00:00"', "scenes.0.at"),
        ('"Asia/Baku"', '"Asia/Nowhere"', "time zone"),
        ("press = true", 'press = "yes"', "press"),
    ],
)
def test_a_wrong_key_is_named(write, old, new, names):
    with pytest.raises(UsageError) as caught:
        load_recipe(write(RECIPE.replace(old, new, 1)))
    assert names in str(caught.value)


def test_a_file_that_is_not_toml_is_refused(write):
    with pytest.raises(BrokenInputError, match="not TOML"):
        load_recipe(write("[release"))


def test_a_missing_recipe_is_named(tmp_path):
    with pytest.raises(MissingInputError, match=r"nowhere\.toml"):
        load_recipe(tmp_path / "nowhere.toml")


def test_a_byte_order_mark_says_nothing(tmp_path):
    path = tmp_path / "recipe.toml"
    path.write_bytes(b"\xef\xbb\xbf" + RECIPE.replace("\n", "\r\n").encode())
    assert load_recipe(path).id == "sample"


def test_home_is_where_the_reader_lives(write, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    text = RECIPE.replace('"pan.tif"', '"~/pan.tif"').replace('"dem.tif"', '"~/dem.tif"')
    recipe = load_recipe(write(text))
    assert recipe.scenes[0].pan == tmp_path / "home" / "pan.tif"
    assert recipe.terrain.dem == (tmp_path / "home" / "dem.tif",)


def test_a_user_without_a_home_is_told(write, monkeypatch):
    def homeless(_):
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr("pathlib.Path.expanduser", homeless)
    with pytest.raises(UsageError, match="no home folder"):
        load_recipe(write(RECIPE.replace('"pan.tif"', '"~/pan.tif"')))


def test_an_unknown_key_is_told_with_those_that_are_known(write):
    with pytest.raises(UsageError, match=r"'height' was unexpected.*vertical.*height_m"):
        load_recipe(write(RECIPE.replace("vertical", "height")))
