"""What a seam costs: the light that is known to differ is no reason to avoid a place."""

import numpy as np

from satdesk.radiometry.seam_cost import seam_cost


def test_in_other_light_a_seam_costs_what_differs_but_for_the_light():
    random = np.random.default_rng(3)
    first = random.uniform(0.14, 0.16, (3, 40, 60))
    second = 0.4 * first
    second[:, 15:25, 20:30] = 0.12  # something that moved
    shaded = np.ones(first.shape[1:], bool)
    plain, evened = seam_cost(first, second), seam_cost(first, second, shaded)
    edge, away = np.s_[15:25, 19:21], np.s_[:, 45:]
    assert np.median(evened[away]) < np.median(plain[away]) - 0.5
    assert evened[edge].mean() > evened[away].mean() + 0.1
    np.testing.assert_array_equal(seam_cost(first, second, ~shaded), plain)


def test_what_is_not_seen_costs_most_in_any_light():
    first = np.full((3, 30, 30), 0.1)
    second = 0.5 * first
    second[:, :, 20:] = np.nan
    cost = seam_cost(first, second, np.ones((30, 30), bool))
    assert (cost[:, 20:] == cost.max()).all()
    assert cost[:, :18].max() < 0.1
