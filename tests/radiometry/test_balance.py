"""Gains from overlaps: exact where the truth is exact, whatever changed, whatever hangs together."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satdesk.errors import UsageError
from satdesk.radiometry.balance import Overlap, balance


def overlap(first, second, gains, *, seed=0, count=400, changed=0.0, noise=0.0):
    """Samples of one ground seen with the inverse of two gains; a share of it changed."""
    random = np.random.default_rng([seed, first, second])
    ground = random.uniform(0.02, 0.6, (len(gains[0]), count))
    seen = np.stack([ground / np.array(gains[k])[:, None] for k in (first, second)])
    here = random.permutation(count)[: round(changed * count)]
    seen[1][:, here] *= random.uniform(1.3, 3.0, (1, len(here)))
    seen *= np.exp(random.normal(0, noise, seen.shape))
    return Overlap(first=first, second=second, values=seen)


def ratios(gains):
    return np.array(gains) / np.array(gains)[0]


GAINS = st.lists(st.tuples(*[st.floats(0.7, 1.4)] * 3).map(list), min_size=2, max_size=5)


@settings(deadline=None, max_examples=30)
@given(gains=GAINS, seed=st.integers(0, 99))
def test_gains_of_a_chain_are_recovered_exactly_although_a_fifth_changed(gains, seed):
    chain = [overlap(k, k + 1, gains, seed=seed, changed=0.2) for k in range(len(gains) - 1)]
    found = balance(chain, [1.0] * len(gains), 3)
    np.testing.assert_allclose(ratios(found.gains), ratios(gains), rtol=1e-9)
    assert all(0.75 < pair.stable_share <= 0.81 for pair in found.pairs)


def test_what_is_kept_is_the_area_weighted_mean_of_the_logarithms():
    gains, areas = [[0.9, 1.0], [1.1, 1.2], [1.0, 0.8]], np.array([3.0, 1.0, 2.0])
    pairs = [overlap(0, 1, gains), overlap(1, 2, gains), overlap(0, 2, gains)]
    found = np.log(balance(pairs, areas, 2).gains)
    np.testing.assert_allclose(areas @ found, 0, atol=1e-12)


@settings(deadline=None, max_examples=20)
@given(order=st.permutations(range(4)))
def test_the_order_of_the_overlaps_is_irrelevant(order):
    gains = [[1.0], [1.1], [0.9], [1.2]]
    ends = [(0, 1), (1, 2), (2, 3), (0, 2)]
    pairs = [overlap(*end, gains, changed=0.2, noise=0.02) for end in ends]
    assert balance([pairs[k] for k in order], [1.0] * 4, 1) == balance(pairs, [1.0] * 4, 1)


def test_scenes_that_overlap_nothing_stay_as_they_are_and_disturb_nobody():
    gains = [[1.0], [1.1], [0.8], [1.3], [1.0]]
    alone = balance([overlap(0, 1, gains)], [1.0, 2.0], 1)
    found = balance([overlap(0, 1, gains), overlap(2, 3, gains)], [1.0, 2.0, 1.0, 1.0, 5.0], 1)
    assert found.gains[:2] == alone.gains
    assert found.gains[4] == (1.0,)
    assert found.groups[0] == found.groups[1] != found.groups[2] == found.groups[3]
    assert len(set(found.groups)) == 3


def test_a_long_chain_stays_within_its_noise():
    gains = [[1.0 + 0.1 * (-1) ** k] for k in range(12)]
    chain = [overlap(k, k + 1, gains, noise=0.05, changed=0.1) for k in range(11)]
    found = balance(chain, [1.0] * 12, 1)
    np.testing.assert_allclose(ratios(found.gains), ratios(gains), rtol=0.03)


def test_overlaps_without_light_or_with_few_samples_say_nothing():
    dark = Overlap(first=0, second=1, values=np.zeros((2, 1, 100)))
    few = overlap(0, 1, [[1.0], [2.0]], count=20)
    for each in (dark, few):
        found = balance([each], [1.0, 1.0], 1)
        assert found.gains == ((1.0,), (1.0,))
        assert found.pairs == ()


def test_an_overlap_of_other_scenes_or_bands_is_refused():
    pair = overlap(0, 1, [[1.0], [1.0]])
    with pytest.raises(UsageError, match="other scenes or bands"):
        balance([pair], [1.0], 1)
    with pytest.raises(UsageError, match="other scenes or bands"):
        balance([pair], [1.0, 1.0], 2)
    with pytest.raises(UsageError, match="two scenes"):
        Overlap(first=1, second=1, values=pair.values)
