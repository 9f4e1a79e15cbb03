"""The recipe for the public: the same work by names, and nothing that the public may not know."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from release_content import make_sites
from satdesk.core.scene import Scene
from satdesk.errors import MissingInputError, UnsafeInputError, VerificationError
from satdesk.files.digests import sha256
from satdesk.release.public_recipe import public_recipe, write_public_recipe
from satdesk.release.recipe import load_recipe, recipe_of
from satdesk.release.reproduce import _staged

RECIPE = """
[release]
id = "x"
title = "X"
publisher = "P"
contact = "c@example.org"
time_zone = "Asia/Baku"
assertion = "words"
revision = 2
copyright = "© P"
usage_terms = "terms"
instructions = "ask"
keywords = ["k"]
[district]
file = "private/area.shp"
contested = false
[sites]
register = "private/secret register.csv"
include = ["town", "hidden-shrine"]
[grid]
gsd_m = 2.5
[terrain]
dem = ["private/a.tif", "private/b.tif"]
vertical = "EGM96"
[event]
name = "e"
at = 2020-11-25T07:30:00Z
time_zone = "Asia/Baku"
source = "s"
[accept]
pan-ms-residual = "a reason nobody needs"
district-unseen = "used"
[[scenes]]
pan = "private/pan.tif"
ms = "private/ms.tif"
rpc = "private/pan.rpc"
at = 2020-09-14
bands = ["B", "G", "R", "NIR"]
nodata = 0
[scenes.licence]
name = "L"
press = false
[[scenes]]
bundle = "private/bundle"
group = "g"
[[scenes]]
bundle = "private/bundle.zip"
"""
FILES = ("area.shp", "area.dbf", "area.shx", "area.txt", "secret register.csv", "a.tif", "b.tif",
         "pan.tif", "ms.tif", "pan.rpc", "bundle/DIM.XML", "bundle/I/img.tif")  # fmt: skip


@pytest.fixture
def made(tmp_path):
    private = tmp_path / "private"
    for number, name in enumerate(FILES):
        (private / name).parent.mkdir(parents=True, exist_ok=True)
        (private / name).write_bytes(name.encode() * (number + 1))
    with zipfile.ZipFile(private / "bundle.zip", "w") as packed:
        packed.writestr("DIM.XML", "x")
    (tmp_path / "recipe.toml").write_text(RECIPE)
    recipe = load_recipe(tmp_path / "recipe.toml")
    loose = ("pan.tif", "ms.tif", "pan.rpc")
    scenes = [
        scene(private / name for name in loose),
        scene(private / "bundle" / name for name in ("DIM.XML", "I/img.tif")),
        scene([Path("/unpacked/somewhere/DIM.XML")]),
    ]
    document = public_recipe(
        recipe,
        scenes,
        shown_sites=make_sites()[:1],
        accepted=[("district-unseen", "used")],
        version="0.1.0",
    )
    return recipe, document, private


def scene(files):
    return Scene(id="s", mission=None, images=(), acquisition=None, files=tuple(files))


def existing(scene):
    return [path for path in scene.files if path.is_file()]


def test_it_follows_its_schemas_and_says_the_same(made, tmp_path):
    recipe, document, _ = made
    write_public_recipe(document, tmp_path)
    again = recipe_of(document["recipe"], folder=tmp_path / "private", sha256=recipe.sha256)
    expected = replace(
        recipe,
        path=None,
        sites=again.sites,
        accept=(("district-unseen", "used"),),
        district=replace(recipe.district, file=tmp_path / "private" / "area.shp"),
    )
    assert again == expected


def test_it_holds_nothing_that_the_public_may_not_know(made, tmp_path):
    _, document, private = made
    text = write_public_recipe(document, tmp_path).read_text()
    for secret in ("secret register", "hidden-shrine", "nobody needs", str(private), "private",
                   "unpacked"):  # fmt: skip
        assert secret not in text, secret
    assert document["recipe"]["sites"] == {"register": "sites.geojson", "include": ["town"]}


def test_each_named_thing_is_described_by_its_files(made):
    _, document, private = made
    files = {entry["key"]: {f["path"] for f in entry["files"]} for entry in document["files"]}
    assert files["district.file"] == {"area.shp", "area.dbf", "area.shx"}
    assert files["scenes.1.bundle"] == {"DIM.XML", "I/img.tif"}
    assert files["scenes.2.bundle"] == {"bundle.zip"}
    assert {"scenes.0.pan", "scenes.0.ms", "scenes.0.rpc", "terrain.dem.1"} <= set(files)
    for entry in document["files"]:
        root = private / "bundle" if entry["value"] == "." else private
        for file in entry["files"]:
            assert file["sha256"] == sha256(root / file["path"])


def test_files_are_found_by_their_digest_under_any_name(made, tmp_path):
    _, document, private = made
    moved = tmp_path / "elsewhere" / "deep"
    moved.mkdir(parents=True)
    for number, path in enumerate(sorted(p for p in private.rglob("*") if p.is_file())):
        path.rename(moved / f"{number}.bin")
    staged = _staged(document, tmp_path / "elsewhere", tmp_path / "work")
    bundle = Path(staged["scenes"][1]["bundle"])
    assert bundle.name == "bundle"
    assert (bundle / "I" / "img.tif").read_bytes() == b"bundle/I/img.tif" * 12
    assert Path(staged["terrain"]["dem"][1]).read_bytes() == b"b.tif" * 7
    area = Path(staged["district"]["file"])
    assert {p.name for p in area.parent.iterdir()} == {"area.shp", "area.dbf", "area.shx"}


def test_a_changed_file_is_not_taken_for_the_real_one(made, tmp_path):
    _, document, private = made
    data = (private / "ms.tif").read_bytes()
    (private / "ms.tif").write_bytes(data[:-1] + b"?")
    with pytest.raises(MissingInputError, match=r"scenes\.0\.(ms|pan)"):
        _staged(document, private, tmp_path / "work")


@pytest.mark.parametrize(
    "change", [{"name": "../x"}, {"name": "a/b"}, {"value": "../x"}, {"value": "/etc"}]
)
def test_names_that_lead_out_of_the_work_are_refused(made, tmp_path, change):
    _, document, private = made
    document["files"][0].update(change)
    with pytest.raises(UnsafeInputError, match="leads out"):
        _staged(document, private, tmp_path / "work")


@pytest.mark.parametrize("key", ["scenes.9.pan", "release.id", "sites.register", "event.none"])
def test_a_key_that_names_nothing_is_refused(made, tmp_path, key):
    _, document, private = made
    document["files"][0]["key"] = key
    with pytest.raises(VerificationError, match="does not describe"):
        _staged(document, private, tmp_path / "work")


def test_a_path_of_a_stranger_that_no_files_describe_is_never_opened(made, tmp_path):
    _, document, private = made
    document["recipe"]["terrain"]["geoid"] = "/etc/hostname"
    with pytest.raises(VerificationError, match=r"does not describe.*terrain\.geoid"):
        _staged(document, private, tmp_path / "work")
    del document["recipe"]["terrain"]["geoid"]
    document["recipe"]["sites"]["register"] = "/etc/hostname"
    with pytest.raises(VerificationError, match="a register of its own"):
        _staged(document, private, tmp_path / "work")
