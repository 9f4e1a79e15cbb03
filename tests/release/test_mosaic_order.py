"""The order of the scenes of a date: rules decide, not how the scenes came."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satdesk.core.scene import Acquisition, Angles, Scene
from satdesk.errors import UsageError
from satdesk.release.mosaic_order import RULES, Candidate, ordered


def candidate(name, day=1, *, cloud=None, hidden=None, incidence=None, sun=None):
    scene = Scene(
        id=name,
        mission=None,
        instrument=None,
        images=(),
        acquisition=Acquisition.at(datetime(2020, 9, day, 8, tzinfo=UTC)),
        cloud_percent=cloud,
        angles=(Angles(where="center", incidence_deg=incidence, sun_elevation_deg=sun),),
    )
    return Candidate(scene=scene, hidden_share=hidden, place=0)


A = candidate("a", 3, cloud=20.0, hidden=0.01, incidence=20.0, sun=40.0)
B = candidate("b", 9, cloud=5.0, incidence=-8.0, sun=50.0)
C = candidate("c", 9, cloud=5.0, incidence=12.0, sun=60.0)


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (["cloud"], "abc"),  # what was measured goes before what is stated
        (["date"], "bca"),
        (["view"], "bca"),
        (["sun"], "cba"),
        (["date", "sun"], "cba"),
        (["cloud", "date", "view", "sun"], "abc"),
    ],
)
def test_rules_decide_one_after_the_other(rules, expected):
    for given_order in permutations([A, B, C]):
        found = ordered(given_order, rules)
        assert "".join(given_order[k].scene.id for k in found) == expected


def test_the_recipe_s_order_is_a_rule_too():
    listed = [replace(each, place=place) for each, place in ((C, 0), (A, 1), (B, 2))]
    assert ordered(listed, ["given"]) == (0, 1, 2)


def test_what_a_scene_does_not_say_stands_last():
    silent = candidate("0")
    for rule in ("cloud", "view", "sun"):
        assert ordered([silent, A], [rule]) == (1, 0)


@given(st.lists(st.sampled_from(sorted(set(RULES) - {"given"})), min_size=1, unique=True))
def test_every_choice_of_rules_gives_one_order(rules):
    names = {
        tuple(each[k].scene.id for k in ordered(each, rules)) for each in permutations([A, B, C])
    }
    assert len(names) == 1


def test_no_such_rule():
    with pytest.raises(UsageError, match="no such rule"):
        ordered([A], ["beauty"])
