from __future__ import annotations

import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st

from satdesk.errors import LimitError, UsageError
from satdesk.geometry.affine import mapped
from satdesk.geometry.refine import KINDS, LEAST_POINTS, fit_refinement, refinement_problems
from satdesk.geometry.robust import Frame, design, least_squares

EXTENT = (0.0, 0.0, 4000.0, 3000.0)
TRUTH = {
    "shift": Affine.translation(7.3, -4.1),
    "drift": Affine(1, 0.0012, 7.3, 0, 1 - 0.0007, -4.1),
    "affine": Affine(1.0004, 0.0012, 7.3, -0.0005, 0.9993, -4.1),
}


def points(kind, count=40, *, bad=0.0, noise=0.3, seed=1):
    """Predicted, measured, and which of them are bad."""
    chance = np.random.default_rng(seed)
    predicted = chance.uniform((0, 0), EXTENT[2:], (count, 2))
    measured = np.column_stack(mapped(TRUTH[kind], *predicted.T))
    measured += chance.normal(0, noise, measured.shape)
    wrong = np.zeros(count, dtype=bool)
    wrong[chance.choice(count, round(bad * count), replace=False)] = True
    angle = chance.uniform(0, 2 * np.pi, count)
    far = chance.uniform(8, 300, count)
    measured += (wrong * far * np.array([np.cos(angle), np.sin(angle)])).T
    return predicted, measured, wrong


def furthest(a, b):
    """Largest distance of two corrections over the image, pixels."""
    col, row = (v.ravel() for v in np.meshgrid(np.linspace(0, 4000, 9), np.linspace(0, 3000, 9)))
    first, second = mapped(a, col, row), mapped(b, col, row)
    return float(np.hypot(first[0] - second[0], first[1] - second[1]).max())


@pytest.mark.parametrize("kind", KINDS)
def test_without_noise_the_correction_is_found_exactly(kind):
    predicted, measured, _ = points(kind, noise=0.0)
    assert furthest(fit_refinement(predicted, measured, kind).matrix, TRUTH[kind]) < 1e-6


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(6))
def test_three_bad_points_of_ten_change_nothing_and_are_named(kind, seed):
    predicted, measured, wrong = points(kind, bad=0.3, seed=seed)
    clean = fit_refinement(predicted[~wrong], measured[~wrong], kind)
    found = fit_refinement(predicted, measured, kind)
    assert furthest(found.matrix, clean.matrix) < 0.1
    assert not found.used[wrong].any()
    assert found.used[~wrong].mean() > 0.95
    assert np.hypot(*found.residuals_px[wrong].T).min() > 5


@pytest.mark.parametrize("kind", KINDS)
def test_bad_points_that_agree_with_each_other_do_not_win(kind):
    predicted, measured, wrong = points(kind, bad=0.3)
    measured[wrong] = predicted[wrong] + (60.0, -45.0)
    found = fit_refinement(predicted, measured, kind)
    assert (found.used == ~wrong).all()


def test_a_bad_point_far_outside_the_others_does_not_bend_the_fit_to_itself():
    """Its own residual is small then; the others contradict it all the same."""
    predicted = np.array([(1800, 1600), (3200, 1700), (2900, 2800), (2000, 2500), (2500, 2100), (3000, 2200),
                          (2300, 1900), (50, 1500)], dtype=float)  # fmt: skip
    noise = np.random.default_rng(4).normal(0, 0.3, predicted.shape)
    measured = predicted + np.array([5.0, -3.0]) + noise
    measured[-1] += (6.0, 5.0)
    bent = least_squares(design(predicted, "affine", Frame.around(predicted)), measured - predicted)
    left = measured - predicted - design(predicted, "affine", Frame.around(predicted)) @ bent
    assert np.hypot(*left[-1]) < 3  # of 7.8
    found = fit_refinement(predicted, measured, "affine")
    assert found.used.tolist() == [True] * 7 + [False]
    assert np.hypot(*found.residuals_px[-1]) > 5
    clean = fit_refinement(predicted[:-1], measured[:-1], "affine")
    assert furthest(found.matrix, clean.matrix) < 1e-6
    # where the others cannot tell so well, it is believed
    measured[-1] = predicted[-1] + np.array([5.0, -3.0]) + (1.0, 0.8)
    assert fit_refinement(predicted, measured, "affine").used.all()


@pytest.mark.parametrize("count", [7, 10])
def test_few_points_suffice_to_tell_three_bad_of_ten(count):
    predicted, measured, wrong = points("shift", count, bad=0.3)
    assert (fit_refinement(predicted, measured, "shift").used == ~wrong).all()


@given(st.integers(0, 10_000), st.sampled_from(KINDS))
def test_the_order_of_the_points_does_not_matter(seed, kind):
    predicted, measured, _ = points(kind, 15, bad=0.2, seed=seed)
    order = np.random.default_rng(seed).permutation(15)
    one = fit_refinement(predicted, measured, kind)
    other = fit_refinement(predicted[order], measured[order], kind)
    assert one.matrix == other.matrix
    assert (one.used[order] == other.used).all()
    np.testing.assert_array_equal(one.residuals_px[order], other.residuals_px)


@given(st.integers(0, 10_000), st.sampled_from(KINDS))
def test_a_right_model_stays_as_it_is_within_the_noise(seed, kind):
    chance = np.random.default_rng(seed)
    predicted = chance.uniform((0, 0), EXTENT[2:], (60, 2))
    noise = 0.2
    found = fit_refinement(predicted, predicted + chance.normal(0, noise, (60, 2)), kind)
    # five standard deviations of a plane's worst corner over sixty points
    assert furthest(found.matrix, Affine.identity()) < 5 * noise * np.sqrt(8 / 60) * 2


@given(
    st.integers(0, 10_000),
    st.sampled_from(KINDS),
    st.floats(-500, 500),
    st.floats(-500, 500),
)
def test_moving_all_measurements_moves_the_correction(seed, kind, dcol, drow):
    predicted, measured, _ = points(kind, 12, seed=seed)
    one = fit_refinement(predicted, measured, kind)
    other = fit_refinement(predicted, measured + np.array([dcol, drow]), kind)
    assert furthest(Affine.translation(dcol, drow) @ one.matrix, other.matrix) < 1e-5


def test_a_good_refinement_has_no_problems():
    for kind in KINDS:
        predicted, measured, _ = points(kind, bad=0.3)
        assert refinement_problems(fit_refinement(predicted, measured, kind), EXTENT, 2.0) == ()


@pytest.mark.parametrize("kind", KINDS)
def test_too_few_points_are_refused(kind):
    count = LEAST_POINTS[kind] - 1
    predicted, measured, _ = points(kind, count)
    found = refinement_problems(fit_refinement(predicted, measured, kind), EXTENT, 2.0)
    assert "refine-too-few-points" in [error.rule for error in found]


def test_fewer_points_than_coefficients_fit_nothing():
    with pytest.raises(LimitError) as caught:
        fit_refinement(np.zeros((2, 2)), np.zeros((2, 2)), "affine")
    assert caught.value.rule == "refine-too-few-points"
    with pytest.raises(LimitError):
        fit_refinement(np.zeros((0, 2)), np.zeros((0, 2)), "shift")


def test_points_that_disagree_at_random_are_refused():
    chance = np.random.default_rng(3)
    predicted = chance.uniform((0, 0), EXTENT[2:], (30, 2))
    found = fit_refinement(predicted, predicted + chance.uniform(-8, 8, (30, 2)), "shift")
    assert refinement_problems(found, EXTENT, 2.0)


@pytest.mark.parametrize(
    ("kind", "low", "high"),
    [
        ("shift", (100, 100), (300, 200)),
        ("drift", (0, 1400), (4000, 1500)),
        ("affine", (100, 100), (500, 500)),
    ],
)
def test_points_in_one_spot_are_refused(kind, low, high):
    chance = np.random.default_rng(2)
    predicted = chance.uniform(low, high, (20, 2))
    found = fit_refinement(predicted, predicted + 1.5, kind)
    (error,) = refinement_problems(found, EXTENT, 2.0)
    assert error.rule == "refine-spread"
    assert "enclose" in str(error)


def test_points_on_one_line_cannot_carry_an_affine():
    along = np.linspace(0, 3000, 12)
    predicted = np.column_stack([along, along])
    found = fit_refinement(predicted, predicted + 2.0, "affine")
    assert "refine-spread" in [e.rule for e in refinement_problems(found, EXTENT, 2.0)]


def test_a_residual_above_the_limit_is_refused():
    predicted, measured, _ = points("shift", noise=4.0)
    found = fit_refinement(predicted, measured, "shift")
    (error,) = refinement_problems(found, EXTENT, 2.0)
    assert error.rule == "refine-residual"
    assert error.measured == pytest.approx(found.rms_px, abs=1e-3)


@pytest.mark.parametrize(
    ("predicted", "measured", "kind"),
    [
        (np.zeros((4, 2)), np.zeros((5, 2)), "shift"),
        (np.full((4, 2), np.nan), np.zeros((4, 2)), "shift"),
        (np.zeros((4, 2)), np.zeros((4, 2)), "spline"),
    ],
)
def test_what_is_no_set_of_points_is_refused(predicted, measured, kind):
    with pytest.raises(UsageError):
        fit_refinement(predicted, measured, kind)
