from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from satdesk.errors import UsageError
from satdesk.geometry.resample import KERNELS, bilinear_at, reach_px, sample

RNG = np.random.default_rng(11)
IMAGE = RNG.uniform(10, 4000, (2, 23, 31)).astype(np.float32)
ALL = np.ones(IMAGE.shape[1:], dtype=bool)
INNER = (RNG.uniform(2.5, 28.5, 400), RNG.uniform(2.5, 20.5, 400))


@pytest.mark.parametrize("kernel", KERNELS)
def test_at_pixel_centres_it_is_the_pixel(kernel):
    row, col = np.indices(ALL.shape) + 0.5
    values, valid = sample(IMAGE, ALL, col, row, kernel)
    np.testing.assert_array_equal(values, IMAGE)
    assert valid.all()


def test_bilinear_is_scipys():
    col, row = INNER
    values, _ = sample(IMAGE, ALL, col, row, "bilinear")
    expected = ndimage.map_coordinates(IMAGE[1].astype(float), [row - 0.5, col - 0.5], order=1)
    np.testing.assert_allclose(values[1], expected, rtol=1e-6)


@given(st.floats(2.0, 28.0), st.floats(2.0, 20.0))
def test_cubic_reproduces_a_quadratic(col, row):
    y, x = np.indices(ALL.shape) + 0.5
    surface = (3 + 0.5 * x - 0.2 * y + 0.03 * x * x - 0.02 * y * y + 0.01 * x * y)[None]
    values, valid = sample(surface, ALL, np.array([col]), np.array([row]), "cubic")
    truth = 3 + 0.5 * col - 0.2 * row + 0.03 * col**2 - 0.02 * row**2 + 0.01 * col * row
    assert valid.all()
    assert values[0, 0] == pytest.approx(truth, abs=1e-9)


@pytest.mark.parametrize("kernel", KERNELS)
def test_usable_is_what_lies_in_a_usable_pixel(kernel):
    mask = ALL.copy()
    mask[7, 9] = False
    image = np.where(mask, IMAGE, np.nan)
    col = np.array([9.01, 9.99, 8.99, 10.01, -0.01, 0.01, 31.0, 30.99, np.nan])
    row = np.array([7.5, 7.01, 7.5, 7.5, 3.0, 3.0, 3.0, 3.0, 3.0])
    values, valid = sample(image, mask, col, row, kernel)
    assert valid.tolist() == [False, False, True, True, False, True, False, True, False]
    assert np.isfinite(values).all()


def test_an_unusable_neighbour_carries_no_weight():
    mask = ALL.copy()
    mask[7, 9] = False
    image = np.where(mask, 100.0, 1e9)[None]
    row, col = (np.mgrid[6:10:0.25, 7:13:0.25]).reshape(2, -1)
    for kernel in KERNELS:
        values, valid = sample(image, mask, col, row, kernel)
        np.testing.assert_allclose(values[0, valid], 100)


def test_cubic_beside_a_hole_is_bilinear_there_and_nowhere_else():
    mask = ALL.copy()
    mask[7, 9] = False
    col, row = np.array([11.2, 12.2]), np.array([7.6, 7.6])
    cubic, _ = sample(IMAGE, mask, col, row, "cubic")
    bilinear, _ = sample(IMAGE, mask, col, row, "bilinear")
    untouched, _ = sample(IMAGE, ALL, col, row, "cubic")
    np.testing.assert_array_equal(cubic[:, 0], bilinear[:, 0])
    np.testing.assert_array_equal(cubic[:, 1], untouched[:, 1])


@given(st.integers(0, 30), st.integers(0, 30), st.sampled_from(KERNELS))
def test_a_window_gives_what_the_whole_gives(left, top, kernel):
    mask = RNG.uniform(size=(60, 60)) > 0.02
    image = RNG.integers(0, 4096, (1, 60, 60)).astype(np.uint16)
    col, row = RNG.uniform(8, 20, (2, 50)) + np.array([[left], [top]])
    window = (slice(top, top + 30), slice(left, left + 30))
    whole = sample(image, mask, col, row, kernel)
    # Fractions of a pixel keep every bit here: positions are shifted by small whole numbers.
    col, row = np.round(col * 1024) / 1024, np.round(row * 1024) / 1024
    whole = sample(image, mask, col, row, kernel)
    part = sample(image[(slice(None), *window)], mask[window], col - left, row - top, kernel)
    np.testing.assert_array_equal(part[0], whole[0])
    np.testing.assert_array_equal(part[1], whole[1])


def test_widened_kernels_do_not_alias():
    x = np.indices((80, 80))[1]
    stripes = np.where(x % 2, 0.0, 200.0)[None]
    usable = np.ones((80, 80), dtype=bool)
    col, row = np.meshgrid(np.arange(20.5, 60, 4), np.arange(20.5, 60, 4))
    plain, _ = sample(stripes, usable, col, row, "cubic")
    wide, _ = sample(stripes, usable, col, row, "cubic", (4.0, 4.0))
    assert abs(plain - 100).min() > 90
    assert abs(wide - 100).max() < 2


@pytest.mark.parametrize("kernel", ["bilinear", "cubic"])
def test_widened_kernels_keep_a_constant(kernel):
    values, valid = sample(ALL[None] * 7.0, ALL, *INNER, kernel, (2.7, 1.3))
    np.testing.assert_allclose(values[:, valid], 7.0, rtol=1e-12)


def test_types():
    col = row = np.array([3.3])
    for dtype, out in (("uint8", "f4"), ("uint16", "f4"), ("float32", "f4"), ("int32", "f8")):
        image = IMAGE.astype(dtype)
        assert sample(image, ALL, col, row, "cubic")[0].dtype == out
        assert sample(image, ALL, col, row, "nearest")[0].dtype == dtype


def test_reach():
    assert [reach_px(kernel) for kernel in KERNELS] == [1, 2, 3]
    assert reach_px("cubic", (4.0, 1.0)) == 9


def test_an_unknown_kernel_is_an_error():
    with pytest.raises(UsageError, match=r"lanczos.*nearest"):
        sample(IMAGE, ALL, np.zeros(1), np.zeros(1), "lanczos")


def test_bilinear_at_ends_at_the_outermost_centres():
    plane = np.array([[0.0, 1.0, 2.0], [10.0, 11.0, np.nan]])
    col = np.array([0.5, 0.49, 2.5, 1.0, 2.0, 2.5])
    row = np.array([0.5, 0.5, 0.5, 1.5, 1.0, 1.0])
    got = bilinear_at(plane, col, row)
    np.testing.assert_array_equal(np.isnan(got), [False, True, True, False, True, True])
    assert got[[0, 3]].tolist() == [0.0, 10.5]


def test_bilinear_at_wraps_around_the_earth():
    plane = np.array([[0.0, 1.0, 2.0, 3.0]] * 2)
    got = bilinear_at(plane, np.array([0.0, 4.0, 3.75]), np.ones(3), wraps=True)
    np.testing.assert_allclose(got, [1.5, 1.5, 2.25])


@pytest.mark.parametrize("wraps", [False, True])
def test_a_column_of_rows_and_a_row_of_columns_are_the_same_points(wraps):
    plane = np.random.default_rng(5).normal(size=(7, 9))
    plane[2, 3] = np.nan
    col, row = np.linspace(-1, 10, 40), np.linspace(-0.5, 7.5, 31)[:, None]
    grid = bilinear_at(plane, col, row, wraps=wraps)
    points = bilinear_at(plane, *np.broadcast_arrays(col, row), wraps=wraps)
    assert 0 < np.isnan(grid).mean() < 1
    np.testing.assert_array_equal(grid, points)
