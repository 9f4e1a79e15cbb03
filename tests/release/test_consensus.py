"""Votes for published pieces: those of one map agree on turn, scale and place; repetitions do not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from satdesk.release.consensus import Matches, most_agreeing
from satdesk.release.index import _once_a_piece


def matches(here, there, *, scale=1.0, turn=0.0, number=0, weight=1.0):
    count = len(here)
    return Matches(
        number=np.full(count, number),
        size=np.full(count, np.log2(scale), np.float32),
        turn=np.full(count, turn % 1, np.float32),
        here=np.asarray(here, np.float32),
        there=np.asarray(there, np.float32),
        weight=np.full(count, weight),
    )


def joined(*some):
    names = ("number", "size", "turn", "here", "there", "weight")
    return Matches(**{n: np.concatenate([getattr(each, n) for each in some]) for n in names})


@given(
    scale=st.floats(0.25, 4),
    turn=st.floats(0, 1),
    at=st.tuples(st.floats(-400, 1400), st.floats(-400, 1400)),
)
def test_the_points_of_one_map_agree_on_a_place(scale, turn, at):
    here = np.random.default_rng(1).uniform(-300, 300, (40, 2))
    angle = 2 * np.pi * turn
    turned = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    found = matches(here, scale * here @ turned.T + at, scale=scale, turn=turn)
    counts, weights = most_agreeing(found, 1)
    assert counts.tolist() == weights.tolist() == [40]


def test_letters_that_repeat_agree_on_nothing():
    """Of one turn and one scale, as in the true piece, and all over the place."""
    chance = np.random.default_rng(2)
    here = chance.uniform(-300, 300, (60, 2))
    true = matches(here[:12], here[:12] + 500)
    letters = matches(here, chance.uniform(0, 1024, (60, 2)), number=1)
    counts, _ = most_agreeing(joined(true, letters), 2)
    assert counts[0] == 12
    assert counts[1] < 8


def test_what_resembles_everything_weighs_little():
    here = np.random.default_rng(3).uniform(-300, 300, (20, 2))
    ground = matches(here[:5], here[:5] + 500, weight=1 / 2)
    marks = matches(here, here + 500, number=1, weight=1 / 300)
    counts, weights = most_agreeing(joined(ground, marks), 2)
    assert counts.tolist() == [5, 20]
    assert weights[0] > weights[1]
    assert weights[1] == pytest.approx(20 / 300)


def test_nothing_votes_for_nothing():
    counts, weights = most_agreeing(matches(np.zeros((0, 2)), np.zeros((0, 2))), 0)
    assert len(counts) == len(weights) == 0


@given(st.data())
def test_a_point_counts_once_for_a_piece_by_its_closest(data):
    count = data.draw(st.integers(0, 60))
    draw = np.random.default_rng(data.draw(st.integers(0, 10_000)))
    asked, view = draw.integers(0, 5, count), draw.integers(0, 6, count).astype(np.int32)
    close = np.round(draw.uniform(0.86, 1, count), 2).astype(np.float32)
    best: dict[tuple[int, int], int] = {}
    for i, pair in enumerate(zip(asked.tolist(), view.tolist(), strict=True)):
        if pair not in best or close[i] > close[best[pair]]:
            best[pair] = i
    assert _once_a_piece(asked, view, close).tolist() == [best[pair] for pair in sorted(best)]
