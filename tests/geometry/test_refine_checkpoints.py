from __future__ import annotations

import numpy as np
import pytest
from affine import Affine
from pyproj import Geod

from satdesk.geometry.checkpoints import ce90, ground_per_pixel, in_metres, leave_one_out
from satdesk.geometry.refine import KINDS
from satdesk.geometry.robust import Frame, design, least_squares


class Camera:
    """One hundred-thousandth of a degree a pixel, rows southwards, turned a little."""

    affine = Affine.translation(46.1, 40.2) @ Affine.rotation(10) @ Affine.scale(1e-5, -1e-5)

    def locate(self, col, row, height):  # noqa: ARG002 - part of the contract
        a = self.affine
        return a.a * col + a.b * row + a.c, a.d * col + a.e * row + a.f


def points(count=12, noise=0.4):
    chance = np.random.default_rng(4)
    predicted = chance.uniform(0, 1000, (count, 2))
    return predicted, predicted + np.array([3.0, -2.0]) + chance.normal(0, noise, (count, 2))


@pytest.mark.parametrize("kind", KINDS)
def test_each_point_is_measured_by_the_fit_to_all_others(kind):
    predicted, measured = points()
    unit = np.broadcast_to(np.eye(2) * 1.5, (len(predicted), 2, 2))
    found = leave_one_out(predicted, measured, kind, unit)
    frame = Frame.around(predicted)
    errors = []
    for n in range(len(predicted)):
        rest = np.arange(len(predicted)) != n
        fit = least_squares(design(predicted[rest], kind, frame), (measured - predicted)[rest])
        there = predicted[n] + design(predicted[n : n + 1], kind, frame)[0] @ fit
        errors.append(np.hypot(*(measured[n] - there)))
    errors = np.array(errors)
    assert found.n == 12
    assert found.rmse_px == pytest.approx(np.sqrt((errors**2).mean()), rel=1e-9)
    assert found.rmse_m == pytest.approx(1.5 * found.rmse_px, rel=1e-9)
    assert found.ce90_m == pytest.approx(1.5 * ce90(errors), rel=1e-9)
    assert found.interval_95_m[0] <= found.ce90_m <= found.interval_95_m[1]


def test_an_indispensable_point_cannot_be_left_out():
    unit = np.broadcast_to(np.eye(2), (4, 2, 2))
    one_apart = np.array([[0.0, 10.0], [5.0, 10.0], [9.0, 10.0], [3.0, 400.0]])
    assert leave_one_out(one_apart, one_apart, "drift", unit) is None
    assert leave_one_out(one_apart[:1], one_apart[:1], "shift", unit[:1]) is None


def test_ce90_is_the_largest_of_few_and_the_percentile_of_many():
    assert ce90(np.array([1.0, 4.0, 2.0])) == 4.0
    many = np.random.default_rng(1).rayleigh(1.0, 20_000)
    # 2.1460: the circular error of a Gaussian of one metre at 90 %
    assert ce90(many) == pytest.approx(2.146, abs=0.03)


@pytest.mark.parametrize("count", [10, 30])
def test_the_interval_holds_the_true_error_in_most_cases(count):
    held = 0
    for seed in range(150):
        chance = np.random.default_rng(seed)
        predicted = chance.uniform(0, 1000, (count, 2))
        measured = predicted + chance.normal(0, 1, (count, 2))
        unit = np.broadcast_to(np.eye(2), (count, 2, 2))
        low, high = leave_one_out(predicted, measured, "shift", unit).interval_95_m
        held += low <= 2.146 * np.sqrt(1 + 1 / count) <= high
    assert held >= 0.9 * 150


def test_order_does_not_change_the_interval():
    predicted, measured = points(20)
    order = np.random.default_rng(9).permutation(20)
    unit = np.broadcast_to(np.eye(2), (20, 2, 2))
    one = leave_one_out(predicted, measured, "shift", unit)
    other = leave_one_out(predicted[order], measured[order], "shift", unit)
    assert one.interval_95_m == pytest.approx(other.interval_95_m)


def test_metres_are_those_of_the_geodesic():
    at = np.array([[10.0, 20.0], [900.0, 400.0]])
    height = np.zeros(2)
    offsets = np.array([[30.0, -12.0], [-7.0, 25.0]])
    metres = in_metres(ground_per_pixel(Camera(), at, height), offsets)
    start, end = Camera().locate(*at.T, height), Camera().locate(*(at + offsets).T, height)
    azimuth, _, length = Geod(ellps="WGS84").inv(*start, *end)
    np.testing.assert_allclose(np.hypot(*metres.T), length, rtol=1e-4)
    np.testing.assert_allclose(np.degrees(np.arctan2(*metres.T)), azimuth, atol=0.01)
