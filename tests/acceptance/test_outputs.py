"""House style, sizes, press kit and film through the command line: signed, verified, made again."""

from __future__ import annotations

import json
import os
import shutil

import pytest
from PIL import Image

from acceptance.commandline import refused, satdesk, told
from acceptance.test_provenance import everything_in, told_in_every_form, verified
from acceptance.test_release import SECRET, register

pytest.importorskip("typst", reason="the extra satdesk[press] is not installed")
pytest.importorskip("imageio_ffmpeg", reason="the extra satdesk[press] is not installed")

WISHES = """[style]
folder = "style"
[plates]
sizes = ["social-wide"]
[video]
shapes = ["1x1"]
[press_kit]
languages = ["fa"]
[event]"""
STYLE = """[colours]
accent = "#0b4f6c"
[logo]
file = "logo.png"
width_mm = 20
alt = "A blue square"
"""
NEW = {
    "plate": 6,
    "video": 1,
    "press-kit": 1,
    "sequence": 1,
}


@pytest.fixture(scope="module")
def issued(world, tmp_path_factory):
    """Keys, a recipe of two dates with everything that can be asked for, and its signed release."""
    folder = tmp_path_factory.mktemp("outputs")
    register(folder)
    (folder / "style").mkdir()
    (folder / "style" / "style.toml").write_text(STYLE)
    Image.new("RGBA", (80, 40), (10, 60, 200, 255)).save(folder / "style" / "logo.png")
    recipe = world.recipe(
        folder,
        ("none = true", 'register = "sites.geojson"'),
        ("[event]", WISHES),
        ('publisher = "nobody"', 'publisher = "nobody"\naddress = "https://desk.example.org/r/"'),
    )
    told(satdesk("keys", "init", folder / "keys", "--name", "Test Desk", "--json"), "keys")
    wish = ("--out", folder / "release", "--sign", folder / "keys", "--json")
    told(satdesk("issue", recipe, *wish), "issue")
    return folder


@pytest.fixture(scope="module")
def document(issued):
    return json.loads((issued / "release" / "release.json").read_text())


def test_what_was_asked_for_is_there_and_listed_everywhere(issued, document):
    release = issued / "release"
    page = (release / "index.html").read_text()
    sums = (release / "SHA256SUMS").read_text()
    for role, count in NEW.items():
        paths = [a["path"] for a in document["artifacts"] if a["role"] == role]
        assert len(paths) == count, paths
        for path in paths:
            assert path in sums
            assert f'href="./{path}"' in page
            assert (release / path).stat().st_size > 1000
    assert {i["name"] for i in document["inputs"]} >= {"style.toml", "logo.png"}
    assert "page/logo.png" in sums


def test_each_of_them_is_verified(issued):
    found = verified(issued / "release", "--trust", issued / "keys" / "root.pem")
    assert found["trusted"], found["words"]
    named = {f["path"]: f for f in found["files"]}
    for ending in (".mp4", ".gif", "-fa-simulated.pdf"):
        files = [f for path, f in named.items() if path.endswith(ending)]
        assert files, ending
        assert all(len(f["ingredients"]) == 2 for f in files), ending
    clean = [f for path, f in named.items() if "-social-wide-clean" in path]
    assert sorted(len(f["ingredients"]) for f in clean) == [1, 1, 2]


def test_it_can_be_made_again_with_the_style_and_not_without(issued, world, tmp_path):
    scenes = tmp_path / "scenes"
    shutil.copytree(world.folder, scenes, copy_function=os.link)
    command = ("reproduce", issued / "release", "--scenes", scenes)
    refused(*command, code=3, says=("style.folder", "SHA-256"), around=tmp_path)
    shutil.copytree(issued / "style", scenes / "looks")
    answer = told(satdesk(*command, "--json"), "reproduce")
    assert answer["reproduced"], [f for f in answer["files"] if f["equal"] == "different"]
    kinds = {file["path"]: file["equal"] for file in answer["files"]}
    made = {p[-4:]: kind for p, kind in kinds.items() if p.startswith("press/")}
    assert made[".mp4"] == made[".pdf"] == "bytes"
    assert made[".gif"] == "pixels-and-assertion"


def test_a_withheld_site_is_in_none_of_them(issued):
    words = {SECRET[0], json.dumps(SECRET[0])[1:-1], "gizli", *told_in_every_form(*SECRET[1:])}
    found = [(n, w) for n, text in everything_in(issued / "release") for w in words if w in text]
    assert found == []


def test_a_style_with_an_unknown_key_is_refused_before_anything_is_written(issued, tmp_path):
    for name in ("recipe.toml", "sites.geojson"):
        shutil.copy(issued / name, tmp_path / name)
    shutil.copytree(issued / "style", tmp_path / "style")
    (tmp_path / "style" / "style.toml").write_text(STYLE + "[marks]\ndraft = false\n")
    command = ("issue", tmp_path / "recipe.toml", "--out", tmp_path / "release")
    refused(*command, code=2, says=("marks", "house_style"), around=tmp_path)
