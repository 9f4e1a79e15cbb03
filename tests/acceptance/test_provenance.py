"""Signing, verifying and making again, through the command line."""

from __future__ import annotations

import json
import shutil

import pytest

from acceptance.commandline import refused, satdesk, told
from acceptance.test_release import SECRET, register, texts

AFTER = """[[scenes]]
bundle = "{world}/SIMULATED_test_after"
[scenes.licence]
name = "CC0"
press = true
tiles = true
analysis = true
"""


@pytest.fixture(scope="module")
def signed(world, tmp_path_factory):
    """Keys, a recipe of one scene with a withheld site, and its signed release."""
    folder = tmp_path_factory.mktemp("signed")
    register(folder)
    after = AFTER.format(world=world.folder)
    recipe = world.recipe(folder, ("none = true", 'register = "sites.geojson"'), (after, ""))
    made = satdesk("keys", "init", folder / "keys", "--name", "Test Desk", "--json")
    told(made, "keys")
    answer = satdesk(
        "issue", recipe, "--out", folder / "release", "--sign", folder / "keys", "--json"
    )
    told(answer, "issue")
    return folder, answer, made


@pytest.fixture
def release(signed, tmp_path):
    return shutil.copytree(signed[0] / "release", tmp_path / "release")


def verified(path, *more):
    ended = satdesk("verify", path, *more, "--json")
    from satdesk.release.schema import check  # noqa: PLC0415

    check(ended.answer, "verify")
    assert ended.code == (0 if ended.answer["stands"] else 5)
    return ended.answer


def test_a_signed_release_is_trusted_by_whoever_holds_the_root(signed):
    folder, answer, _ = signed
    assert answer.answer["signing"]["claims_to_be"] == "Test Desk, release signing"
    found = verified(folder / "release", "--trust", folder / "keys" / "root.pem")
    assert found["trusted"], found["words"]
    assert len(found["files"]) == len(texts(folder / "release")) == answer.answer["artifacts"]
    assert verified(folder / "release")["verdict"] == "unknown-signer"


def test_every_picture_carries_credentials_with_its_steps_and_its_scene(signed):
    folder, _, _ = signed
    found = verified(folder / "release", "--trust", folder / "keys" / "root.pem")
    pictures = [
        f for f in found["files"] if f["path"].endswith((".jpg", ".png", ".webp", ".tif", ".pdf"))
    ]
    assert {f["path"].rsplit(".")[-1] for f in pictures} == {"jpg", "png", "webp", "tif", "pdf"}
    for file in pictures:
        assert any("orthorectified" in action for action in file["actions"]), file["path"]
        assert len(file["ingredients"]) == 1, file["path"]


def test_verify_prints_for_people_and_ends_with_five(signed, release):
    folder, _, _ = signed
    trust = ("--trust", folder / "keys" / "root.pem")
    good = satdesk("verify", release, *trust)
    assert good.code == 0
    assert good.out.startswith("TRUSTED")
    assert "not that what they show is true" in good.out
    with (release / "index.html").open("a") as file:
        file.write(" ")
    bad = satdesk("verify", release, *trust)
    assert bad.code == 5
    assert "altered: index.html" in bad.out


def test_the_release_can_be_made_again_by_anyone(signed, world):
    folder, _, _ = signed
    ended = satdesk("reproduce", folder / "release", "--scenes", world.folder, "--json")
    answer = told(ended, "reproduce")
    assert answer["reproduced"]
    kinds = {file["path"]: file["equal"] for file in answer["files"]}
    assert kinds["release.json"] == kinds["index.html"] == kinds["SHA256SUMS"] == "bytes"
    assert kinds["SHA256SUMS.p7s"] == "by-nature"
    assert {k for p, k in kinds.items() if p.endswith((".jpg", ".png", ".webp"))} == {
        "pixels-and-assertion"
    }
    assert {k for p, k in kinds.items() if p.endswith((".tif", ".pdf"))} == {"bytes"}


def test_a_scene_that_is_not_there_is_named(signed, tmp_path):
    folder, _, _ = signed
    command = ("reproduce", folder / "release", "--scenes", tmp_path)
    refused(*command, code=3, says=("SHA-256", "scenes.0.bundle"), around=tmp_path)


@pytest.mark.parametrize("path", ["../../escape", "/escape", "a/../../escape"])
def test_a_recipe_of_a_stranger_reaches_nothing_outside(release, world, tmp_path, path):
    from satdesk.files.digests import sha256  # noqa: PLC0415

    recipe = json.loads((release / "recipe.json").read_text())
    recipe["files"][0]["files"][0]["path"] = path
    (release / "recipe.json").write_text(json.dumps(recipe))
    document = json.loads((release / "release.json").read_text())
    document["recipe_sha256"] = sha256(release / "recipe.json")
    (release / "release.json").write_text(json.dumps(document))
    command = ("reproduce", release, "--scenes", world.folder)
    refused(*command, code=3, says=("leads out of its folder",), around=tmp_path)


def test_a_recipe_that_is_not_the_named_one_is_refused(release, world, tmp_path):
    with (release / "recipe.json").open("a") as file:
        file.write("\n")
    command = ("reproduce", release, "--scenes", world.folder)
    refused(*command, code=5, says=("not the one that release.json names",), around=tmp_path)


def told_in_every_form(lon, lat):
    """A position as people and programs write it, to about a metre."""
    from pyproj import Transformer  # noqa: PLC0415

    east, north = Transformer.from_crs("EPSG:4326", "EPSG:32638", always_xy=True).transform(
        lon, lat
    )
    forms = {f"{value:.{digits}f}" for value in (lon, lat) for digits in (5, 6, 7)}
    forms |= {f"{value:.0f}" for value in (east, north)}
    for value in (lon, lat):
        minutes = value % 1 * 60
        forms.add(f"{int(value)},{minutes:.4f}")
        forms.add(f"{int(value)}°{int(minutes):02d}′{minutes % 1 * 60:04.1f}″")
    return forms


def everything_in(folder):
    """Every byte of every file, what is packed in PDF, and every tag of every picture and raster."""
    from pypdf import PdfReader  # noqa: PLC0415
    from rasterio import open as raster  # noqa: PLC0415

    for name, data in texts(folder).items():
        yield name, name
        yield name, data.decode(errors="ignore")
        if name.endswith(".pdf"):
            pages = PdfReader(folder / name).pages
            yield name, " ".join(page.extract_text() for page in pages)
        if name.endswith(".tif"):
            with raster(folder / name) as opened:
                yield name, str((opened.tags(), opened.profile["transform"].to_gdal()))


def test_a_withheld_site_is_nowhere_in_a_signed_release(signed):
    folder, _, _ = signed
    name = SECRET[0]
    words = {name, json.dumps(name)[1:-1], "gizli", *told_in_every_form(*SECRET[1:])}
    for value in SECRET[1:]:
        words.add(str(value))
    found = [(n, w) for n, text in everything_in(folder / "release") for w in words if w in text]
    assert found == []


def test_the_search_finds_a_site_that_is_shown(signed):
    """The same search, for the public site: it would see a withheld one."""
    folder, _, _ = signed
    words = told_in_every_form(46.1325, 40.2058)
    found = {n for n, text in everything_in(folder / "release") for w in words if w in text}
    assert any(name.startswith("press/") for name in found)
    assert any(name.startswith("plates/") for name in found)


def test_a_withheld_site_is_in_no_log_and_no_status(signed, tmp_path):
    folder, _, _ = signed
    desk = tmp_path / "desk.log"
    more = (
        "--sign",
        folder / "keys",
        "--log",
        desk,
        "--accept",
        "sensitive-site=seen",
        "--by",
        "A",
    )
    told(
        satdesk("issue", folder / "recipe.toml", "--out", tmp_path / "r", *more, "--json"), "issue"
    )
    listed = satdesk("log", desk, "--json").answer
    assert [entry["action"] for entry in listed["entries"]] == ["accept", "draft"]
    words = {SECRET[0], "gizli", *map(str, SECRET[1:]), *told_in_every_form(*SECRET[1:])}
    said = json.dumps(listed, ensure_ascii=False) + desk.read_bytes().decode(errors="ignore")
    said += (tmp_path / "r" / "status.json").read_text(encoding="utf-8")
    assert not [word for word in words if word in said]


def test_the_public_recipe_names_no_place_of_this_machine(signed, world):
    folder, _, _ = signed
    text = (folder / "release" / "recipe.json").read_text()
    assert str(world.folder) not in text
    assert str(folder) not in text
    recipe = json.loads(text)["recipe"]
    assert recipe["scenes"][0]["bundle"] == "SIMULATED_test_before"
    assert recipe["sites"] == {"register": "sites.geojson", "include": ["open"]}


def test_no_secret_appears_in_any_answer_or_file(signed):
    folder, answer, made = signed
    secrets = [
        line
        for name in ("root.key", "signer.key")
        for line in (folder / "keys" / name).read_text().splitlines()[1:-1]
    ]
    said = answer.out + answer.err + made.out + made.err
    for secret in secrets:
        assert secret not in said
        assert not [n for n, d in texts(folder / "release").items() if secret.encode() in d]


def test_keys_in_the_place_of_the_release_are_refused(signed, tmp_path):
    folder, _, _ = signed
    keys = shutil.copytree(folder / "keys", tmp_path / "out" / "keys")
    command = ("issue", folder / "recipe.toml", "--out", tmp_path / "out", "--sign", keys)
    refused(*command, code=2, says=("lie in the release's folder",), around=tmp_path)
    half = ("issue", folder / "recipe.toml", "--out", tmp_path / "o", "--key", keys / "signer.key")
    refused(*half, code=2, says=("needs a key and its certificates",), around=tmp_path)


def test_keys_are_not_made_twice(signed, tmp_path):
    folder, _, _ = signed
    before = (folder / "keys" / "signer.key").read_bytes()
    refused(
        "keys",
        "init",
        folder / "keys",
        "--name",
        "X",
        code=2,
        says=("already there",),
        around=tmp_path,
    )
    assert (folder / "keys" / "signer.key").read_bytes() == before
