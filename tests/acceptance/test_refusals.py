"""Pictures that do not fit each other are refused; an accepted rule prints its reason."""

from __future__ import annotations

import json
import shutil
import warnings
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from pypdf import PdfReader
from scipy import ndimage

from acceptance.commandline import satdesk, told, tree

REASON = "the only pictures of that day"


def remade(delivery: Path, kind: str, change) -> Path:
    """`delivery` with its PAN or MS changed: ``change(values, row, col)`` gives ``(band, y, x)``."""
    path = next(delivery.glob(f"IMG_*_{kind}_*/IMG_*.TIF"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        with rasterio.open(path) as source:
            values, profile = source.read().astype(float), source.profile
        row, col = np.mgrid[: values.shape[1], : values.shape[2]].astype(float)
        # beside and renamed: GDAL would delete the whole delivery before it writes
        beside = delivery / "changed.tif"
        with rasterio.open(beside, "w", **profile) as target:
            target.write(np.clip(np.rint(change(values, row, col)), 0, 4094).astype("uint16"))
    beside.replace(path)
    return delivery


def moved(values, row, col):
    """`values` taken at other places; the border repeats."""
    return np.stack(
        [ndimage.map_coordinates(band, [row, col], order=3, mode="nearest") for band in values]
    )


def right_half_moved(values, row, col):
    return moved(values, row, col + np.where(col > col.max() / 2, 1.0, 0.0))


@pytest.fixture(scope="module")
def ms_apart(world, tmp_path_factory):
    """A delivery whose MS lies on PAN in its left half alone."""
    folder = shutil.copytree(world.before, tmp_path_factory.mktemp("apart") / "delivery")
    return remade(folder, "MS", right_half_moved)


def refusal(*words: object, around: Path) -> dict:
    """The error of a command that must refuse, and leaves nothing behind."""
    before = tree(around)
    ended = satdesk(*words, "--json")
    assert ended.code == 4, ended.out
    assert tree(around) == before
    error = ended.error
    assert error["measured"] > error["limit"]
    assert f"--accept {error['rule']}=REASON" in error["remedy"]
    for part in (error["found"], error["expected"], error["remedy"]):
        assert part in error["message"]
    return error


def test_colour_that_does_not_lie_on_detail(world, ms_apart, tmp_path):
    words = ("ortho", ms_apart, "--dem", world.dem, "--product", "sharpened")
    words += ("--out", tmp_path / "o.tif")
    error = refusal(*words, around=tmp_path)
    assert error["rule"] == "pan-ms-residual"
    assert error["limit"] == 0.3
    assert error["expected"] == "at most 0.3 PAN px"
    assert "make the MS image alone" in error["remedy"]
    answer = told(satdesk(*words, "--accept", f"pan-ms-residual={REASON}", "--json"), "ortho")
    (notice,) = [n for n in answer["notices"] if n["code"] == "accepted:pan-ms-residual"]
    assert notice["text"].endswith(f"expected: at most 0.3 PAN px): {REASON}")
    assert answer["facts"]["pan_ms_alignment"]["residual_px"] == pytest.approx(
        error["measured"], abs=1e-4
    )


def test_a_release_prints_why_colour_was_let_pass(world, ms_apart, tmp_path):
    before = (f'bundle = "{world.before}"', f'bundle = "{ms_apart}"')
    recipe = world.recipe(tmp_path, before)
    words = ("issue", recipe, "--out", tmp_path / "release")
    assert refusal(*words, around=tmp_path)["rule"] == "pan-ms-residual"
    accept = ("--accept", f"pan-ms-residual={REASON}")
    told(satdesk(*words, *accept, "--json"), "issue")
    printed(tmp_path / "release", "pan-ms-residual")
    for plate in (tmp_path / "release").glob("plates/*.pdf"):
        assert "Positions not checked; the provider states nothing" in text_of(plate)


def printed(release: Path, rule: str) -> None:
    """The reason stands in the document, on the page, and in the catalogue."""
    document = json.loads((release / "release.json").read_text(encoding="utf-8"))
    (accepted,) = document["accepted"]
    assert (accepted["rule"], accepted["reason"]) == (rule, REASON)
    assert accepted["measured"] > accepted["limit"]
    assert REASON in (release / "index.html").read_text(encoding="utf-8")
    assert any(REASON in p.read_text(encoding="utf-8") for p in release.rglob("stac/items/*.json"))
    plates = sorted(release.glob("plates/*.pdf"))
    assert plates
    for plate in plates:
        assert REASON in text_of(plate)


def text_of(pdf: Path) -> str:
    """What is set on a plate, with its lines joined; the letters are read, not the metadata."""
    pages = [page.extract_text() for page in PdfReader(pdf).pages]
    return " ".join(" ".join(pages).split())


MAPS = """
[release]
id = "maps"
title = "Two maps"
publisher = "nobody"
time_zone = "Asia/Baku"
[district]
box = [45.0002, 39.7480, 45.0108, 39.7558]
title = "Box"
source = "drawn for a test"
[sites]
none = true
[[scenes]]
image = "{0}/first.tif"
at = 2020-05-01
bands = ["PAN"]
mission = "made up"
credit = "made up"
licence = {{name = "free", press = true, tiles = false, analysis = true}}
[[scenes]]
image = "{0}/second.tif"
at = 2020-06-01
bands = ["PAN"]
mission = "made up"
credit = "made up"
licence = {{name = "free", press = true, tiles = false, analysis = true}}
"""
SIDE = 460


def texture(seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(size=(SIDE, SIDE))
    return 1000 + 900 * ndimage.gaussian_filter(noise, 1.6)


def mapped(path: Path, values: np.ndarray) -> None:
    place = Affine(2, 0, 500_000, 0, -2, 4_400_900)
    with rasterio.open(
        path, "w", driver="GTiff", height=SIDE, width=SIDE, count=1, dtype="uint16",
        crs="EPSG:32638", transform=place, nodata=0,
    ) as target:  # fmt: skip
        target.write(np.clip(np.rint(values), 0, 4000).astype("uint16"), 1)


def another_place(row, col):
    return texture(2)


def agreeing_in_one_corner(row, col):
    """The same ground in one corner, another one in islands far from it, nothing elsewhere."""
    islands = ((row > 300) | (row < 130)) & (col > 330) | (row > 330) & (col < 130)
    return np.where((row < 240) & (col < 240), texture(1), np.where(islands, texture(2), 0))


def bent(row, col):
    at = [row + 0.9 * np.sin(col / 11), col + 0.9 * np.cos(row / 13)]
    return ndimage.map_coordinates(texture(1), at, order=3, mode="nearest")


CASES = {
    "coregistration-too-few": (
        another_place,
        ("with usable ground agree", "that agree", "clear, unchanged ground in common"),
    ),
    "coregistration-spread": (
        agreeing_in_one_corner,
        ("% of the usable ground", "at least 25 %", "surrounds the area"),
    ),
    "coregistration-residual": (
        bent,
        ("px RMS on windows held out", "at most", "refine both scenes, take a finer DEM"),
    ),
}


@pytest.mark.parametrize("rule", CASES)
def test_dates_that_do_not_lie_on_each_other(tmp_path, rule):
    made, says = CASES[rule]
    mapped(tmp_path / "first.tif", texture(1))
    mapped(tmp_path / "second.tif", made(*np.mgrid[:SIDE, :SIDE]))
    (tmp_path / "recipe.toml").write_text(MAPS.format(tmp_path), encoding="utf-8")
    words = ("issue", tmp_path / "recipe.toml", "--out", tmp_path / "release")
    error = refusal(*words, around=tmp_path)
    assert error["rule"] == rule
    assert error["subject"] == "2020-06-01 on 2020-05-01"
    assert "inf" not in error["found"] + error["expected"]
    for text in says:
        assert text in error["message"]
    told(satdesk(*words, "--accept", f"{rule}={REASON}", "--json"), "issue")
    printed(tmp_path / "release", rule)
    document = json.loads((tmp_path / "release" / "release.json").read_text(encoding="utf-8"))
    assert document["dates"][1]["facts"]["registration"]["role"] == "measured"
    assert "not laid on" in (tmp_path / "release" / "index.html").read_text(encoding="utf-8")
