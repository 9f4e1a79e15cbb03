"""Whole numbers whose sums no order changes, and tables that no library's last bit changes."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from satdesk.radiometry.fixed_point import (
    LOGARITHM,
    REFLECTANCE,
    bell,
    fixed,
    logarithms,
    products,
    smoothed,
    solution,
)

NEAR_A_TIE = 1e-9
"""A thousand times the error of any logarithm or exponential, on the scale of the tables."""


def _from_half(values):
    return min(abs(value % 1 - 0.5) for value in values)


def test_fixed_numbers_are_the_nearest_and_stop_at_the_ends():
    plane = np.array([[0.1, -0.1, 5.0, -9.0, np.nan, np.inf]], np.float32)
    wanted = [[819, -819, 32767, -32767, 0, 32767]]
    np.testing.assert_array_equal(fixed(plane), wanted)


def test_logarithms_are_those_of_the_numbers():
    plane = np.arange(1, 32767, 7, dtype=np.int16)
    found = logarithms(plane) / LOGARITHM
    wanted = np.log(np.maximum(plane / REFLECTANCE, 0.004))
    np.testing.assert_allclose(found, wanted, atol=0.51 / LOGARITHM)
    assert logarithms(np.array([-5], np.int16))[0] == logarithms(np.array([0], np.int16))[0]


def test_no_entry_of_a_table_stands_on_an_edge():
    logs = [LOGARITHM * math.log(n / REFLECTANCE) for n in range(33, 32768) if n != REFLECTANCE]
    assert _from_half(logs) > NEAR_A_TIE
    steps = [65536 * math.exp(-n / 64) for n in range(1, 640)]
    assert _from_half(steps) > NEAR_A_TIE


@given(st.floats(0.3, 10.0))
def test_bells_have_one_top_and_two_like_sides(sigma):
    weights = bell(sigma)
    assert weights[len(weights) // 2] == max(weights) == 4096
    assert weights == weights[::-1]
    assert all(isinstance(weight, int) for weight in weights)


def test_smoothing_is_exact_whatever_the_order():
    rng = np.random.default_rng(4)
    plane = rng.integers(-(2**21), 2**21, (40, 50), dtype=np.int32)
    found = smoothed(plane, 2.3)
    weights = np.array(bell(2.3), dtype=np.int64)
    wide = np.pad(plane.astype(np.int64), len(weights) // 2)
    for axis in (1, 0):
        windows = np.lib.stride_tricks.sliding_window_view(wide, len(weights), axis)
        wide = (windows[..., ::-1] * weights).sum(axis=-1)
    np.testing.assert_array_equal(found, wide)
    np.testing.assert_array_equal(smoothed(plane.T, 2.3).T, found)


def test_smoothing_follows_the_gaussian():
    plane = np.zeros((41, 41), np.int32)
    plane[20, 20] = 10_000
    found = smoothed(plane, 3.0) / sum(bell(3.0)) ** 2
    wanted = ndimage.gaussian_filter(plane.astype(float), 3.0, truncate=3.0, mode="constant")
    np.testing.assert_allclose(found, wanted, atol=0.3)


@given(st.randoms(use_true_random=False))
def test_products_do_not_know_the_order_of_the_places(random):
    rng = np.random.default_rng(random.randrange(1000))
    values = rng.integers(-32767, 32767, (4, 300), dtype=np.int32)
    mixed = values[:, rng.permutation(300)]
    assert products(values) == products(mixed)
    np.testing.assert_allclose(products(values), np.cov(values, bias=True), rtol=1e-6, atol=1e-3)


def test_solutions_solve():
    rng = np.random.default_rng(8)
    values = rng.normal(size=(5, 40))
    matrix = (values @ values.T).tolist()
    right = rng.normal(size=5).tolist()
    np.testing.assert_allclose(solution(matrix, right), np.linalg.solve(matrix, right), rtol=1e-8)


def test_a_direction_that_nothing_tells_gets_no_weight_that_explodes():
    assert all(math.isfinite(x) for x in solution([[1.0, 1.0], [1.0, 1.0]], [1.0, 1.0]))


@pytest.mark.parametrize("dtype", [np.int16, np.int32])
def test_products_take_any_whole_numbers(dtype):
    values = np.array([[1, 2, 3], [3, 2, 1]], dtype)
    assert products(values)[0][1] == pytest.approx(-2 / 3)
