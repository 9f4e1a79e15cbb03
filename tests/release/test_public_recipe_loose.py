"""Loose files take along their own sidecars: the recipe is the same with each in its own folder."""

from __future__ import annotations

import numpy as np
import pytest
from affine import Affine

from corpus import deliveries, rpc_dialects
from satdesk.release.public_recipe import public_recipe
from satdesk.release.recipe import load_recipe, recipe_of
from satdesk.release.reproduce import _staged
from satdesk.release.scenes import open_scene

RECIPE = """
[release]
id = "x"
title = "X"
publisher = "P"
contact = "c@example.org"
time_zone = "UTC"
[district]
box = [1.0, 1.0, 2.0, 2.0]
title = "B"
[[scenes]]
pan = "scene.tif"
ms = "scene_ms.tif"
at = 2020-09-14
bands = ["B", "G", "R", "NIR"]
[[scenes]]
pan = "named.tif"
rpc = "model.txt"
at = 2020-09-15
[[scenes]]
image = "map.tif"
at = 2020-09-16
bands = ["PAN"]
"""
ABOUT = '<PAMDataset><Metadata><MDI key="NOTE">x</MDI></Metadata></PAMDataset>'


def tiff(path, count=1, **options):
    deliveries.raster(path, np.ones((count, 6, 8), "uint16"), **options)


@pytest.fixture
def folder(tmp_path):
    """All in one folder, and one name the beginning of another."""
    home = tmp_path / "home"
    home.mkdir()
    tiff(home / "scene.tif")
    tiff(home / "scene_ms.tif", 4)
    tiff(home / "named.tif")
    tiff(home / "map.tif", crs="EPSG:32638")
    (home / "map.tfw").write_text("2\n0\n0\n-2\n600001\n4400001\n")
    for name in ("scene_RPC.TXT", "scene_ms_RPC.TXT", "model.txt"):
        (home / name).write_text(rpc_dialects.text())
    (home / "scene_ms.tif.aux.xml").write_text(ABOUT)
    (home / "recipe.toml").write_text(RECIPE)
    return home


def described(recipe):
    scenes = [open_scene(choice) for choice in recipe.scenes]
    return public_recipe(recipe, scenes, shown_sites=(), accepted=(), version="0")


def test_each_takes_its_own_files_and_says_the_same_again(folder, tmp_path):
    document = described(load_recipe(folder / "recipe.toml"))
    files = {entry["key"]: {f["path"] for f in entry["files"]} for entry in document["files"]}
    assert files == {
        "scenes.0.pan": {"scene.tif", "scene_RPC.TXT"},
        "scenes.0.ms": {"scene_ms.tif", "scene_ms_RPC.TXT", "scene_ms.tif.aux.xml"},
        "scenes.1.pan": {"named.tif"},
        "scenes.1.rpc": {"model.txt"},
        "scenes.2.image": {"map.tif", "map.tfw"},
    }
    staged = _staged(document, folder, tmp_path / "work")
    again = described(recipe_of(staged, folder=tmp_path, sha256="0" * 64))
    assert again["files"] == document["files"]
    placed = open_scene(recipe_of(staged, folder=tmp_path, sha256="0" * 64).scenes[2])
    assert placed.images[0].grid.affine == Affine(2, 0, 600000, 0, -2, 4400002)
