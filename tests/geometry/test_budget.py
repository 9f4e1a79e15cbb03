"""The printed figure: what it is made of, and that it holds."""

from __future__ import annotations

import math

import numpy as np
import pytest

from satdesk.geometry.affine import mapped
from satdesk.geometry.budget import Basis, Budget, Checks, Part, TerrainError
from satdesk.geometry.checkpoints import check_figures
from satdesk.geometry.interpolation import InterpolationError
from satdesk.geometry.refine import fit_refinement, independent_errors, noise_px

SIDE = 1000.0


def figures(size, n=20):
    return check_figures(np.random.default_rng(n).rayleigh(size, n))


def relief(p90_m):
    return InterpolationError(
        spacing_m=30, detail_m=30, p90_m=p90_m, p99_m=2 * p90_m, exponent=1, errors=99, smooth=False
    )


def checks(how="leave-one-out", n=20, through=None):
    return Checks(
        how=how,
        against="gcps",
        camera=figures(1.0, n),
        on_terrain=None if through is None else figures(through, n),
    )


def test_without_points_there_is_no_figure_of_ours():
    terrain = TerrainError(tangent=0.5, interpolation=relief(8.0), stated_le90_m=6.0)
    assert Budget(parts=(), terrain=terrain).ce90_m is None


def test_the_terrain_is_added_to_the_camera_and_what_points_show_is_not_undercut():
    terrain = TerrainError(tangent=0.5, interpolation=relief(8.0), stated_le90_m=6.0)
    camera = checks().camera.upper_m
    assert terrain.supports_m == pytest.approx(5.0)
    assert Budget(parts=(), checks=(checks(),), terrain=terrain).ce90_m == pytest.approx(
        math.hypot(camera, 5.0)
    )
    worse = checks(through=30.0)
    assert Budget(parts=(), checks=(worse,), terrain=terrain).ce90_m == worse.on_terrain.upper_m
    onto = Part(
        name="moved-onto", value_m=3.0, measure="CE90", basis=Basis.MEASURED, by=None, note=""
    )
    moved = Budget(parts=(onto,), checks=(checks(),))
    assert moved.ce90_m == pytest.approx(math.hypot(camera, 3.0))


def test_points_kept_for_checking_lead_where_there_are_six():
    few, many = checks("check-points", 5), checks("check-points", 6)
    left = checks()
    assert Budget(parts=(), checks=(few, left)).leading is left
    assert Budget(parts=(), checks=(many, left)).leading is many
    assert Budget(parts=(), checks=(few,)).leading is few


def test_nothing_is_known_of_a_terrain_that_cannot_be_told():
    terrain = TerrainError(tangent=0.5, interpolation=None, stated_le90_m=6.0)
    assert terrain.supports_m is None
    assert terrain.stated_ce90_m == 3.0


def test_few_points_promise_little():
    one, six, many = (check_figures(np.full(n, 1.0)) for n in (1, 6, 60))
    assert one.upper_m > 100
    assert 80 > one.upper_m / six.upper_m > 1
    assert six.upper_m > many.upper_m > 1.645


def camera_error(chance, drift, jitter):
    """A bias, a drift and a wave along the rows, as a function of ``(n, 2)`` pixels."""
    bias, slope = chance.normal(0, 15, 2), chance.uniform(-drift, drift, 2)
    phase, waves = chance.uniform(0, 2 * np.pi, 2), chance.uniform(0.5, 3)

    def error(at):
        row = at[:, 1:] / SIDE
        return bias + (row - 0.5) * slope + jitter * np.sin(2 * np.pi * waves * row + phase)

    return error


def holds(chance, n, kind, *, drift, jitter, noise, bad):
    """Whether the printed figure covers the true CE90 of the corrected image (1 px = 1 m)."""
    error = camera_error(chance, drift, jitter)
    predicted = chance.uniform(0, SIDE, (n, 2))
    measured = predicted + error(predicted) + chance.normal(0, noise, (n, 2))
    gross = int(bad * n)
    measured[:gross] += chance.choice([-1, 1], (gross, 2)) * chance.uniform(8, 100, (gross, 2))
    fitted = fit_refinement(predicted, measured, kind)
    errors = independent_errors(fitted)
    if errors is None:
        return True  # nothing is printed
    printed = check_figures(np.hypot(*errors[np.isfinite(errors).all(axis=1)].T)).upper_m
    places = np.stack(np.meshgrid(*[np.linspace(0, SIDE, 21)] * 2), -1).reshape(-1, 2)
    off = places + error(places) - np.column_stack(mapped(fitted.matrix, *places.T))
    return np.quantile(np.hypot(*off.T), 0.9) <= printed


CASES = {
    "noise alone": ("shift", {"drift": 0, "jitter": 0, "noise": 0.3}),
    "noise alone, affine": ("affine", {"drift": 0, "jitter": 0, "noise": 0.3}),
    "drift not fitted": ("shift", {"drift": 6, "jitter": 0, "noise": 0.05}),
    "drift not fitted, noise": ("shift", {"drift": 6, "jitter": 0, "noise": 0.3}),
    "drift fitted, jitter": ("drift", {"drift": 6, "jitter": 0.2, "noise": 0.3}),
    "jitter": ("shift", {"drift": 0, "jitter": 1, "noise": 0.05}),
    "drift and jitter": ("shift", {"drift": 2, "jitter": 0.3, "noise": 0.3}),
}


def test_the_printed_figure_holds_in_nine_of_ten_cases():
    """840 sets: seven cameras, 8 to 40 points, clean and with a quarter of them gross."""
    found = {}
    for name, (kind, case) in CASES.items():
        for n in (8, 12, 20, 40):
            for bad in (0, 0.25):
                chance = np.random.default_rng([n, int(4 * bad), len(name)])
                held = [holds(chance, n, kind, bad=bad, **case) for _ in range(15)]
                found.setdefault(name, []).extend(held)
    shares = {name: float(np.mean(held)) for name, held in found.items()}
    assert min(shares.values()) >= 0.9, shares
    assert np.mean(list(shares.values())) >= 0.95, shares


def test_doubtful_points_count_and_gross_ones_do_not():
    chance = np.random.default_rng(3)
    predicted = chance.uniform(0, SIDE, (20, 2))
    measured = predicted + chance.normal(0, 0.1, (20, 2))
    measured[3] += [0.7, 0]
    measured[7] += [40, 0]
    fitted = fit_refinement(predicted, measured, "shift")
    errors = independent_errors(fitted)
    assert not fitted.used[[3, 7]].any()
    assert np.isfinite(errors[3]).all()
    assert np.isnan(errors[7]).all()


def test_noise_of_many_points_moves_the_correction_less():
    def noise(n):
        chance = np.random.default_rng(1)
        predicted = chance.uniform(0, SIDE, (n, 2))
        fitted = fit_refinement(predicted, predicted + chance.normal(0, 0.3, (n, 2)), "shift")
        return noise_px(fitted, (0, 0, SIDE, SIDE))

    assert noise(100) == pytest.approx(0.03, rel=0.2)
    assert noise(9) > 2 * noise(100)
