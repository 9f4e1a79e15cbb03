from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from satdesk.core.scene import Acquisition, Scene
from satdesk.errors import BrokenInputError
from satdesk.release import scenes
from satdesk.release.recipe import SceneChoice
from satdesk.release.scenes import open_scene

TAKEN = datetime(2020, 11, 17, 2, 45, 20, tzinfo=UTC)
SCENE = Scene(
    id="s", mission=None, images=(), acquisition=Acquisition.at(TAKEN), credit="© Provider 2020"
)


@pytest.fixture
def opened(monkeypatch, tmp_path):
    def _opened(scene, **stated):
        monkeypatch.setattr(scenes, "open_bundle", lambda _path: scene)
        return open_scene(SceneChoice(bundle=tmp_path, **stated))

    return _opened


def test_a_recipe_adds_to_the_providers_credit_and_never_replaces_it(opened):
    assert opened(SCENE, credit="Agency").credit == "Agency; © Provider 2020"
    assert opened(SCENE, credit="Agency, © Provider 2020").credit == "Agency, © Provider 2020"
    assert opened(SCENE).credit == "© Provider 2020"
    assert opened(replace(SCENE, credit=None), credit="Agency").credit == "Agency"
    assert opened(replace(SCENE, credit=None)).credit is None


def test_no_recipe_gives_a_simulated_scene_another_satellite_or_hides_that_it_is_one(opened):
    bare = replace(SCENE, credit=None, simulated=True)
    scene = opened(bare, credit="Agency", mission="SPOT 7", instrument="NAOMI")
    assert scene.mission == "SIMULATED"
    assert scene.instrument is None
    assert scene.credit == "Agency; SIMULATED; no camera took this picture"


def test_a_stated_instant_of_the_same_acquisition_passes(opened):
    near = Acquisition.at(TAKEN - timedelta(seconds=3))
    assert opened(SCENE, at=near).acquisition == SCENE.acquisition
    assert opened(SCENE, at=Acquisition.on(date(2020, 11, 17))).acquisition == SCENE.acquisition


@pytest.mark.parametrize(
    "at", [Acquisition.at(TAKEN + timedelta(hours=5)), Acquisition.on(date(2020, 11, 18))]
)
def test_a_stated_time_of_another_acquisition_is_refused(opened, at):
    with pytest.raises(BrokenInputError, match="contradicts the files"):
        opened(SCENE, at=at)
