"""Minimum cuts between two pictures: the true minimum, and no cell that could not be."""

from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from satdesk.geometry.seams import Side, cut, sides


def price(second, allowed, cost):
    """What a division costs: the sum of both cells for each pair of neighbours that it parts."""
    seen = allowed != Side.NONE
    total = 0
    for a, b in (
        (np.s_[:, :-1], np.s_[:, 1:]),
        (np.s_[:-1], np.s_[1:]),
    ):
        parted = (second[a] != second[b]) & seen[a] & seen[b]
        total += (cost[a] + cost[b])[parted].sum()
    return total


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10_000))
def test_no_division_of_a_small_picture_is_cheaper(seed):
    random = np.random.default_rng(seed)
    allowed = random.choice([Side.NONE, Side.FREE, Side.FREE], (3, 5)).astype(np.uint8)
    allowed[:, 0], allowed[:, -1] = Side.FIRST, Side.SECOND
    cost = random.integers(1, 9, allowed.shape) * 1000.0
    found = cut(allowed, cost)
    free = np.argwhere(allowed == Side.FREE)
    base = allowed == Side.SECOND
    best = np.inf
    for choice in product([False, True], repeat=len(free)):
        tried = base.copy()
        tried[tuple(free.T)] = choice
        best = min(best, price(tried, allowed, cost))
    # costs travel as whole thousandths of the largest
    assert price(found, allowed, cost) <= best * 1.01


def test_the_line_follows_the_valley():
    cost = np.full((60, 80), 1.0)
    valley = (40 + 6 * np.sin(np.arange(60) / 8)).astype(int)
    for row, col in enumerate(valley):
        cost[row, col - 1 : col + 2] = 0.01
    allowed = np.full(cost.shape, Side.FREE, np.uint8)
    allowed[:, :10], allowed[:, -10:] = Side.FIRST, Side.SECOND
    second = cut(allowed, cost)
    assert np.abs(second.argmax(axis=1) - valley).max() <= 2
    assert (np.diff(second.astype(int), axis=1) >= 0).all()


def test_a_large_picture_is_cut_in_bands_and_obeys_what_is_decided():
    random = np.random.default_rng(3)
    cost = random.random((300, 260))
    allowed = np.full(cost.shape, Side.FREE, np.uint8)
    allowed[:, :60], allowed[:, -60:] = Side.FIRST, Side.SECOND
    allowed[100:130, 120:150] = Side.SECOND
    second = cut(allowed, cost)
    assert not second[:, :60].any()
    assert second[:, -60:].all()
    assert second[100:130, 120:150].all()


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 1000))
def test_what_only_one_sees_clear_is_its(seed):
    random = np.random.default_rng(seed)
    first, second, hidden, veiled = random.random((4, 12, 14)) < [
        [[0.8]],
        [[0.7]],
        [[0.3]],
        [[0.3]],
    ]
    found = sides(first, second, hidden & first, veiled & second)
    clear_first, clear_second = first & ~hidden, second & ~veiled
    assert (found[~first & ~second] == Side.NONE).all()
    assert (found[clear_first & ~clear_second] == Side.FIRST).all()
    assert (found[clear_second & ~clear_first & ~first] == Side.SECOND).all()
    assert (found[clear_second & first & hidden] == Side.SECOND).all()


def test_a_picture_that_adds_nothing_gets_nothing():
    whole, none = np.ones((8, 9), bool), np.zeros((8, 9), bool)
    assert (sides(whole, whole, none, none) == Side.FIRST).all()
    assert not cut(sides(whole, whole, none, none), np.ones((8, 9))).any()
