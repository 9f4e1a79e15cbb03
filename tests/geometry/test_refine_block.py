from __future__ import annotations

import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st

from satdesk.errors import LimitError, UsageError
from satdesk.geometry.affine import mapped
from satdesk.geometry.refine_block import Ties, adjust_block

# Metres east and north for a pixel of col and row: three scenes with different views.
GROUND = [
    np.array([[1.5, 0.1], [0.1, -1.6]]),
    np.array([[1.7, -0.2], [0.0, -1.5]]),
    np.array([[1.4, 0.3], [-0.3, -1.9]]),
]
BIAS = np.array([[6.0, -3.0], [-2.0, 5.0], [-1.0, 1.0]])
"""Metres by which the models of the scenes are wrong."""


def model(scene, ground):
    """Pixels of ground positions in metres, as the provider's model says."""
    return (ground - (100.0 * scene, 0)) @ np.linalg.inv(GROUND[scene]).T + 1000


def tied(first, second, *, count=25, bad=0, noise=0.0, seed=0):
    chance = np.random.default_rng([seed, first, second])
    true = chance.uniform(-600, 600, (count, 2))
    about = true + chance.uniform(-3, 3, (count, 2))
    seen = [model(s, true + BIAS[s]) + chance.normal(0, noise, (count, 2)) for s in (first, second)]
    seen[1][:bad] += chance.uniform(15, 60, (bad, 2))
    return Ties(
        first=first,
        second=second,
        predicted_first=model(first, about),
        predicted_second=model(second, about),
        seen_first=seen[0],
        seen_second=seen[1],
        per_pixel_first=np.broadcast_to(GROUND[first], (count, 2, 2)),
        per_pixel_second=np.broadcast_to(GROUND[second], (count, 2, 2)),
    )


def moved_m(block, scene):
    """Metres by which a scene's correction moves it at the middle."""
    at = model(scene, np.zeros((1, 2)))
    there = np.column_stack(mapped(block.matrices[scene], *at.T))
    return (GROUND[scene] @ (there - at)[0]).ravel()


PAIRS = [(0, 1), (1, 2), (0, 2)]


def test_scenes_agree_and_their_mean_stays():
    block = adjust_block([tied(*pair) for pair in PAIRS], 3)
    moves = np.array([moved_m(block, scene) for scene in range(3)])
    np.testing.assert_allclose(moves, BIAS - BIAS.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(moves.sum(axis=0), 0, atol=1e-6)
    assert block.rms_m < 1e-6


def test_bad_ties_are_named_and_change_nothing():
    pairs = [tied(*pair, bad=7, noise=0.1) for pair in PAIRS]
    block = adjust_block(pairs, 3)
    for used in block.used:
        assert not used[:7].any()
        assert used[7:].all()
    moves = np.array([moved_m(block, scene) for scene in range(3)])
    np.testing.assert_allclose(moves, BIAS - BIAS.mean(axis=0), atol=0.15)


@pytest.mark.parametrize("kind", ["drift", "affine"])
def test_more_freedom_finds_the_same_shifts(kind):
    block = adjust_block([tied(*pair) for pair in PAIRS], 3, kind)
    moves = np.array([moved_m(block, scene) for scene in range(3)])
    np.testing.assert_allclose(moves - moves[0], BIAS - BIAS[0], atol=0.05)
    assert block.rms_m < 0.05


def test_a_scene_that_nothing_ties_stays_where_it_is():
    block = adjust_block([tied(0, 1)], 3)
    assert block.matrices[2] == Affine.identity()
    half = (BIAS[0] - BIAS[1]) / 2
    np.testing.assert_allclose([moved_m(block, 0), moved_m(block, 1)], [half, -half], atol=1e-6)


@given(st.permutations(PAIRS), st.integers(0, 100))
def test_the_order_of_the_pairs_does_not_matter(order, seed):
    one = adjust_block([tied(*pair, noise=0.2, seed=seed) for pair in PAIRS], 3)
    other = adjust_block([tied(*pair, noise=0.2, seed=seed) for pair in order], 3)
    for a, b in zip(one.matrices, other.matrices, strict=True):
        np.testing.assert_allclose(np.array(a[:6]), np.array(b[:6]), atol=1e-8)


def test_what_is_no_block_is_refused():
    with pytest.raises(UsageError):
        adjust_block([], 2)
    with pytest.raises(UsageError):
        adjust_block([tied(0, 1)], 1)
    with pytest.raises(UsageError):
        adjust_block([tied(1, 1)], 2)
    with pytest.raises(LimitError):
        adjust_block([tied(0, 1, count=2)], 2)


def test_a_held_scene_stays_and_the_others_come_to_it():
    block = adjust_block([tied(*pair) for pair in PAIRS], 3, held=(1,))
    moves = np.array([moved_m(block, scene) for scene in range(3)])
    np.testing.assert_allclose(moves, BIAS - BIAS[1], atol=1e-6)
    assert block.matrices[1] == Affine.identity()


def test_nothing_is_left_where_all_are_held():
    with pytest.raises(UsageError, match="held"):
        adjust_block([tied(0, 1)], 2, held=(0, 1))


@pytest.mark.parametrize("kind", ["shift", "drift", "affine"])
def test_a_tie_that_is_left_out_is_told_by_the_others(kind):
    """Held out by leverage, and by adjusting the block without it."""
    ties = [tied(*pair, count=9, noise=0.2) for pair in PAIRS]
    whole = adjust_block(ties, 3, kind, least_m=5.0)
    for number, tie in enumerate(ties):
        keep = np.arange(9) != 4
        arrays = {
            name: getattr(tie, name)[keep]
            for name in Ties.__slots__
            if name not in {"first", "second"}
        }
        less = [*ties]
        less[number] = Ties(first=tie.first, second=tie.second, **arrays)
        without = adjust_block(less, 3, kind, least_m=5.0)
        # what the block without it says of the tie: the ground that each scene now has it on
        ends = []
        for scene, seen, places in (
            (tie.first, tie.seen_first, tie.predicted_first),
            (tie.second, tie.seen_second, tie.predicted_second),
        ):
            corrected = np.column_stack(mapped(without.matrices[scene], *places.T))
            ends.append(((seen - corrected) @ GROUND[scene].T)[4])
        np.testing.assert_allclose(whole.held_out_m[number][4], ends[1] - ends[0], atol=2e-3)


def test_bad_ties_are_held_out_of_nothing():
    block = adjust_block([tied(0, 1, bad=5, noise=0.1)], 2)
    assert not block.used[0][:5].any()
    assert np.isnan(block.held_out_m[0][:5]).all()
    assert np.isfinite(block.held_out_m[0][5:]).all()
