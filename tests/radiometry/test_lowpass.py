"""Filters: what they transfer, what holes do to them, and that parts equal the whole."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satdesk.geometry.resample import sample
from satdesk.radiometry.lowpass import (
    antialias_taps,
    box_taps,
    cubic_taps,
    decimated,
    low_pass,
    mtf_cubic_taps,
    mtf_taps,
    reach,
    upsampled,
)


def transfer(taps, frequency):
    place = np.arange(len(taps)) - (len(taps) - 1) / 2
    return float(np.sum(np.array(taps) * np.cos(2 * np.pi * frequency * place)))


@pytest.mark.parametrize("gain", [0.1, 0.22, 0.3, 0.36])
@pytest.mark.parametrize("ratio", [2, 3, 4])
@pytest.mark.parametrize("even", [False, True])
def test_the_gaussian_transfers_its_gain_at_nyquist(gain, ratio, even):
    assert transfer(mtf_taps(gain, ratio, even=even), 1 / (2 * ratio)) == pytest.approx(
        gain, abs=0.008
    )


@pytest.mark.parametrize(
    "taps",
    [mtf_taps(0.3, 4), box_taps(7), cubic_taps(4), antialias_taps(4), mtf_cubic_taps(0.1, 4)],
)
def test_filters_keep_a_constant_to_the_edge_and_around_holes(taps):
    plane = np.full((40, 50), 7.25)
    plane[10:14, 20:23] = np.nan
    np.testing.assert_allclose(low_pass(plane, taps), 7.25, rtol=1e-12)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), top=st.integers(0, 20), left=st.integers(0, 20))
def test_a_part_with_its_halo_equals_the_whole_to_the_last_bit(seed, top, left):
    generator = np.random.default_rng(seed)
    taps = mtf_cubic_taps(0.3, 2)
    k = reach(taps)
    whole = generator.uniform(0, 1, (60 + 2 * k, 60 + 2 * k))
    whole[generator.random(whole.shape) < 0.1 * (seed % 2)] = np.nan
    part = low_pass(whole[top : top + 30 + 2 * k, left : left + 30 + 2 * k], taps)
    expected = low_pass(whole, taps)[top + k : top + k + 30, left + k : left + k + 30]
    np.testing.assert_array_equal(part[k : k + 30, k : k + 30], expected)


def test_decimation_takes_the_middles_of_blocks():
    col, row = np.meshgrid(np.arange(48) + 0.5, np.arange(40) + 0.5)
    for ratio, taps in ((4, mtf_taps(0.3, 4, even=True)), (3, mtf_taps(0.3, 3))):
        size = (40 // ratio * ratio, 48 // ratio * ratio)
        plane = (3 * col + 5 * row)[: size[0], : size[1]]
        coarse = decimated(plane, taps, ratio)
        middle_col, middle_row = np.meshgrid(
            ratio * (np.arange(size[1] // ratio) + 0.5), ratio * (np.arange(size[0] // ratio) + 0.5)
        )
        inner = (slice(3, -3), slice(3, -3))
        np.testing.assert_allclose(coarse[inner], (3 * middle_col + 5 * middle_row)[inner])


def test_a_wrong_number_of_taps_is_refused():
    with pytest.raises(ValueError, match="even"):
        decimated(np.ones((8, 8)), mtf_taps(0.3, 4), 4)


def test_upsampling_is_the_cubic_of_resampling():
    plane = np.random.default_rng(2).uniform(0, 1, (12, 14))
    fine = upsampled(plane, 4)
    col, row = np.meshgrid((np.arange(56) + 0.5) / 4, (np.arange(48) + 0.5) / 4)
    values, _ = sample(plane[None], np.ones(plane.shape, bool), col, row, "cubic")
    inner = (slice(8, -8), slice(8, -8))
    np.testing.assert_allclose(fine[inner], values[0][inner], atol=1e-12)
