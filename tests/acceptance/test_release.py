"""A release through the command line: files, digests, licences, marks, time, withheld sites."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from acceptance.commandline import satdesk, told, tree
from satdesk.desk import issue as issue_with
from satdesk.release.schema import check
from satdesk.release.status_file import STATUS_FILES
from satdesk.scale.run import Serial

SECRET = ("Gizli Abidə", 46.13234, 40.20567)


def issue(recipe: Path, out: Path, *more: object) -> dict:
    return told(satdesk("issue", recipe, "--out", out, *more, "--json"), "issue")


def register(folder: Path) -> Path:
    sites = {
        "type": "FeatureCollection",
        "features": [
            feature("open", "Open Place", 46.1325, 40.2058, "public"),
            feature("gizli", SECRET[0], SECRET[1], SECRET[2], "withheld"),
        ],
    }
    path = folder / "sites.geojson"
    path.write_text(json.dumps(sites), encoding="utf-8")
    return path


def feature(site, name, lon, lat, sensitivity):
    sources = [
        {"title": "One", "date": "2020"},
        {"title": "Two", "date": "2021"},
    ]
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [lon, lat]},
        "properties": {
            "site": site,
            "names": json.dumps([{"text": name, "language": "az"}]),
            "kind": "monument",
            "publication": "published",
            "uncertainty_m": 20,
            "sensitivity": sensitivity,
            "sources": json.dumps(sources),
        },
    }


@pytest.fixture(scope="module")
def released(world, tmp_path_factory):
    folder = tmp_path_factory.mktemp("released")
    register(folder)
    recipe = world.recipe(folder, ("none = true", 'register = "sites.geojson"'))
    answer = issue(recipe, folder / "release")
    return recipe, folder / "release", answer


def texts(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_the_files_are_all_there(released):
    _, folder, answer = released
    files = set(texts(folder))
    assert answer["status"] == "draft"
    assert answer["draft_reasons"][-1] == "it is not signed off; two different keys must"
    assert {"index.html", "release.json", "SHA256SUMS", "stac/catalog.json"} <= files
    for date in ("2018-09-05", "2018-10-08"):
        assert {f"{date}/image.tif", f"{date}/visual.tif"} <= files
        for ratio in ("16x9", "1x1", "9x16"):
            for kind in ("clean", "annotated"):
                assert f"press/acceptance-{date}-{ratio}-{kind}-simulated.jpg" in files
        assert {f"plates/acceptance-{date}-simulated.{e}" for e in ("png", "pdf")} <= files
    assert answer["artifacts"] == len(files)


def test_release_json_lists_all_but_itself_and_the_sums(released):
    _, folder, _ = released
    document = json.loads((folder / "release.json").read_text(encoding="utf-8"))
    check(document, "release")
    listed = {one["path"]: one for one in document["artifacts"]}
    assert set(listed) == set(texts(folder)) - {"release.json", "SHA256SUMS", *STATUS_FILES}
    for path, one in listed.items():
        assert hashlib.sha256((folder / path).read_bytes()).hexdigest() == one["sha256"]


@pytest.mark.oracle
def test_sha256sum_agrees(released):
    _, folder, _ = released
    subprocess.run(["sha256sum", "--strict", "--quiet", "-c", "SHA256SUMS"], cwd=folder, check=True)
    listed = {line.split("  ", 1)[1] for line in (folder / "SHA256SUMS").read_text().splitlines()}
    assert listed == set(texts(folder)) - {"SHA256SUMS", *STATUS_FILES}


def test_the_same_inputs_give_the_same_bytes(released, tmp_path):
    recipe, folder, _ = released
    issue_with(recipe, tmp_path / "again", executor=Serial())
    first, second = texts(folder), texts(tmp_path / "again")
    assert set(first) == set(second)
    assert [name for name in first if first[name] != second[name]] == []


def test_a_withheld_site_is_nowhere(released):
    _, folder, _ = released
    hidden = (SECRET[0].encode(), str(SECRET[1]).encode(), str(SECRET[2]).encode(), b"gizli")
    escaped = json.dumps(SECRET[0])[1:-1].encode()
    leaks = [
        (name, word)
        for name, data in texts(folder).items()
        for word in (*hidden, escaped)
        if word in data
    ]
    assert leaks == []
    assert b"Open Place" in (folder / "index.html").read_bytes() + b"".join(
        data for name, data in texts(folder).items() if name.endswith(".json")
    )


def test_everything_says_simulated(released):
    _, folder, _ = released
    for name, data in texts(folder).items():
        if name.startswith(("press/", "plates/")):
            assert "simulated" in name
        if name.endswith((".jpg", ".png", ".tif", ".json", ".html")) and "leaflet" not in name:
            assert b"SIMULATED" in data, name


def test_before_and_after_are_computed(released):
    _, folder, _ = released
    document = json.loads((folder / "release.json").read_text(encoding="utf-8"))
    assert [date["relation"] for date in document["dates"]] == ["before", "after"]


def cheap(world, folder, *changes):
    """A recipe whose dates may have neither tiles nor press: quick to issue."""
    off = (("press = true", "press = false"), ("tiles = true", "tiles = false"))
    return world.recipe(folder, *off, *changes)


def test_a_licence_that_forbids_everything(world, tmp_path):
    issue(cheap(world, tmp_path, ("analysis = true", "analysis = false")), tmp_path / "r")
    files = set(texts(tmp_path / "r"))
    assert not [f for f in files if f.endswith((".tif", ".webp", ".jpg", ".png", ".pdf"))]
    assert {"index.html", "release.json", "SHA256SUMS"} <= files


def test_a_licence_that_nobody_stated_is_a_visible_draft(world, tmp_path):
    unstated = ("press = true\ntiles = true\nanalysis = true\n", "")
    answer = issue(world.recipe(tmp_path, unstated), tmp_path / "r")
    assert answer["status"] == "draft"
    assert answer["draft_reasons"]
    files = texts(tmp_path / "r")
    assert not [f for f in files if f.endswith("image.tif")]
    assert b"DRAFT" in files["index.html"]
    assert json.loads(files["release.json"])["status"] == "draft"


def test_an_event_on_the_day_itself_is_not_ordered(world, tmp_path):
    georeferenced = cheap(world, tmp_path, ("at = 2018-09-20", "at = 2018-09-05"))
    issue(georeferenced, tmp_path / "r")
    document = json.loads((tmp_path / "r" / "release.json").read_text(encoding="utf-8"))
    first, second = (date["relation"] for date in document["dates"])
    assert first.startswith("same day")
    assert second == "after"


def test_overwriting_swaps_the_whole_folder(world, tmp_path):
    out = tmp_path / "r"
    out.mkdir()
    (out / "old").touch()
    issue(cheap(world, tmp_path), out, "--overwrite")
    assert not (out / "old").exists()
    assert tree(tmp_path) == {"recipe.toml", "r"} | {f"r/{name}" for name in tree(out)}


def test_a_day_without_a_time_says_so(shared_data, tmp_path):
    source = shared_data / "change" / "oscd" / "abudhabi"
    day = (source / "dates.txt").read_text().split()
    assert day
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(
        f"""
[release]
id = "day"
title = "A day"
publisher = "nobody"
time_zone = "Asia/Dubai"
[district]
file = "{source}/abudhabi.geojson"
title = "Outline"
source = "a data set"
[sites]
none = true
[grid]
gsd_m = 80.0
[[scenes]]
image = "{source}/imgs_1_B02B03B04B08.tif"
at = 2016-01-20
counts_per_reflectance = 10000
[scenes.licence]
name = "free"
press = true
tiles = true
analysis = true
""",
        encoding="utf-8",
    )
    issue(recipe, tmp_path / "r")
    document = json.loads((tmp_path / "r" / "release.json").read_text(encoding="utf-8"))
    assert {date["acquisition"]["precision"] for date in document["dates"]} == {"day"}
    page = (tmp_path / "r" / "index.html").read_text(encoding="utf-8")
    assert "time not known" in page
    stamped = [line for line in page.splitlines() if "2016-01-20T" in line or "00:00" in line]
    assert stamped == []
    assert shutil.which("exiftool") is None or b"2016:01:20 00:00:00" not in b"".join(
        data for name, data in texts(tmp_path / "r").items() if name.endswith(".jpg")
    )
