from __future__ import annotations

from dataclasses import replace

import pytest

from satdesk.core.scene import Scene
from satdesk.release.content import Licence
from satdesk.release.dated import Dated, draft_reasons
from satdesk.release.recipe import SceneChoice

ALL = Licence(name="x", press=True, tiles=True, analysis=True)


def date(licence):
    scene = Scene(id="s", mission=None, acquisition=None, images=(), credit="© somebody")
    return Dated(id="2020-01-01", scenes=(scene,), choices=(SceneChoice(licence=licence),))


def test_a_licence_that_says_everything_makes_no_draft():
    assert draft_reasons([date(ALL)]) == ()
    assert draft_reasons([date(replace(ALL, press=False, tiles=False, analysis=False))]) == ()


@pytest.mark.parametrize("unsaid", ["press", "tiles", "analysis"])
def test_each_permission_that_nobody_stated_makes_a_draft(unsaid):
    (reason,) = draft_reasons([date(replace(ALL, **{unsaid: None}))])
    assert reason == f"the licence of s does not say whether the public may have {unsaid}"


def test_the_reason_lists_all_that_is_not_stated():
    (reason,) = draft_reasons([date(Licence())])
    assert reason.endswith("press, tiles and analysis")
