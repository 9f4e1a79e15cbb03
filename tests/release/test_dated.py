from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from datetime import date as calendar_day

import pytest

from satdesk.core.scene import Acquisition, Scene
from satdesk.release.content import Licence
from satdesk.release.dated import Dated
from satdesk.release.holds import holds_of
from satdesk.release.recipe import HoldsChoice, SceneChoice

ALL = Licence(name="x", press=True, tiles=True, analysis=True)


def date(licence):
    scene = Scene(id="s", mission=None, acquisition=None, images=(), credit="© somebody")
    return Dated(id="2020-01-01", scenes=(scene,), choices=(SceneChoice(licence=licence),))


NOW = datetime(2026, 1, 1, tzinfo=UTC)


def holds(licence, *, sensitive=False, choice=None, now=NOW, **scene):
    given = date(licence)
    changed = replace(given.scenes[0], **scene)
    dates = [replace(given, scenes=(changed,))]
    found = holds_of(dates, choice or HoldsChoice(), sensitive=sensitive, now=now)
    return [(hold.rule, hold.reason) for hold in found]


def test_a_licence_that_says_everything_holds_nothing_back():
    assert holds(ALL) == []
    assert holds(replace(ALL, tiles=False, analysis=False)) == []
    ((rule, _),) = holds(replace(ALL, press=False, tiles=False, analysis=False))
    assert rule == "licence-forbids"


@pytest.mark.parametrize("unsaid", ["press", "tiles", "analysis"])
def test_each_permission_that_nobody_stated_holds_it_back(unsaid):
    ((rule, reason),) = holds(replace(ALL, **{unsaid: None}))
    assert rule == "licence-unknown"
    assert reason == f"the licence of s does not say whether the public may have {unsaid}"


def test_the_reason_lists_all_that_is_not_stated():
    ((_, reason),) = holds(Licence())
    assert reason.endswith("press, tiles and analysis")


def test_a_scene_without_credit_and_a_place_that_is_kept_back_hold_it_back():
    assert holds(ALL, credit=None) == [("credit-missing", "nobody states a credit line for s")]
    ((rule, reason),) = holds(ALL, sensitive=True)
    assert (rule, reason) == ("sensitive-site", "a place that is kept back lies in the picture")


@pytest.mark.parametrize(
    ("hours", "conflict", "held"),
    [(1, True, True), (71.9, True, True), (72.1, True, False), (1, False, False)],
)
def test_a_fresh_scene_of_a_conflict_area_holds_it_back(hours, conflict, held):
    at = Acquisition.at(NOW - timedelta(hours=hours))
    choice = HoldsChoice(conflict_area=conflict, scene_age_hours=72)
    rules = [rule for rule, _ in holds(ALL, choice=choice, acquisition=at)]
    assert rules == (["scene-too-recent"] if held else [])


def test_a_day_without_a_time_counts_from_its_end():
    choice = HoldsChoice(conflict_area=True, scene_age_hours=24)
    day = Acquisition.on(calendar_day(2025, 12, 30))
    assert not holds(ALL, choice=choice, acquisition=day)
    later = Acquisition.on(calendar_day(2025, 12, 31))
    assert holds(ALL, choice=choice, acquisition=later)
