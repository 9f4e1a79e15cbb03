"""Simulated deliveries and one release of them, made once for all acceptance tests."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from acceptance.commandline import satdesk, told

RECIPE = """
[release]
id = "acceptance"
title = "Acceptance"
publisher = "nobody"
time_zone = "Asia/Baku"
[district]
box = [46.131, 40.2045, 46.134, 40.207]
title = "Box"
source = "drawn for a test"
[sites]
none = true
[terrain]
dem = ["{world}/dem_egm96.tif"]
vertical = "EGM96"
[event]
name = "invented event"
at = 2018-09-20
time_zone = "Asia/Baku"
source = "invented"
[[scenes]]
bundle = "{world}/SIMULATED_test_before"
[scenes.licence]
name = "CC0"
press = true
tiles = true
analysis = true
[[scenes]]
bundle = "{world}/SIMULATED_test_after"
[scenes.licence]
name = "CC0"
press = true
tiles = true
analysis = true
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Simulated deliveries."""

    folder: Path

    @property
    def before(self) -> Path:
        return self.folder / "SIMULATED_test_before"

    @property
    def dem(self) -> Path:
        return self.folder / "dem_egm96.tif"

    def pan(self, root: Path) -> Path:
        return next(root.glob("IMG_*_P_*/IMG_*.TIF"))

    def ms(self, root: Path) -> Path:
        return next(root.glob("IMG_*_MS_*/IMG_*.TIF"))

    def recipe(self, folder: Path, *changes: tuple[str, str]) -> Path:
        """A recipe of both scenes in `folder`; each change replaces a text that must be there."""
        text = RECIPE.format(world=self.folder)
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path = folder / "recipe.toml"
        path.write_text(text, encoding="utf-8")
        return path


@pytest.fixture(scope="session")
def world(tmp_path_factory) -> World:
    folder = tmp_path_factory.mktemp("world") / "made"
    told(satdesk("simulate", "test", "--out", folder, "--json"), "simulate")
    return World(folder=folder)


@pytest.fixture
def delivery(world, tmp_path) -> Path:
    """A copy of a simulated delivery, to be broken."""
    return shutil.copytree(world.before, tmp_path / "delivery")
