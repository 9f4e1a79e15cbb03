"""Weights with known truth; what the weighted ratio must and must not do."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from satdesk.core.lineage import plain
from satdesk.errors import BrokenInputError, DisjointInputError, UsageError
from satdesk.radiometry.sharpen import (
    SharpeningMethod,
    SharpenWeights,
    fit_weights,
    weighted_brovey,
)

TRUE = np.array([0.15, 0.3, 0.35, 0.1])
ALL = np.ones((60, 70), dtype=bool)


def scene(seed=1, noise=0.001):
    generator = np.random.default_rng(seed)
    ms = generator.uniform(0.02, 0.4, (4, 60, 70))
    pan = np.tensordot(TRUE, ms, axes=1) + 0.01 + generator.normal(0, noise, (60, 70))
    return pan, ms


def test_true_weights_are_found():
    pan, ms = scene()
    fitted = fit_weights(pan, ms, ALL)
    np.testing.assert_allclose(fitted.weights, TRUE, atol=1e-3)
    assert fitted.offset == pytest.approx(0.01, abs=1e-3)
    assert fitted.r2 > 0.99
    assert fitted.pixels == ALL.size
    for true, (low, high) in zip(TRUE, fitted.interval_95, strict=True):
        assert low - 5e-4 < true < high + 5e-4
        assert high - low < 2e-3


def test_an_exact_sum_is_found_exactly():
    pan, ms = scene(noise=0.0)
    fitted = fit_weights(pan, ms, ALL)
    np.testing.assert_allclose(fitted.weights, TRUE, atol=1e-6)
    assert fitted.r2 == pytest.approx(1.0, abs=1e-9)


def test_clouds_that_moved_do_not_steer():
    pan, ms = scene()
    pan[:12, :30] = 0.9
    pan[40:44, 40:60] = 0.0
    fitted = fit_weights(pan, ms, ALL)
    np.testing.assert_allclose(fitted.weights, TRUE, atol=0.01)


def test_invalid_pixels_take_no_part():
    pan, ms = scene()
    valid = ALL.copy()
    valid[:30] = False
    pan[:30], ms[:, :30] = np.nan, 1e9
    np.testing.assert_allclose(fit_weights(pan, ms, valid).weights, TRUE, atol=2e-3)


@given(st.floats(0.01, 1e5))
@settings(max_examples=20, deadline=None)
def test_weights_do_not_depend_on_the_unit(unit):
    pan, ms = scene()
    fitted = fit_weights(pan * unit, ms * unit, ALL)
    np.testing.assert_allclose(fitted.weights, TRUE, atol=1e-3)
    assert fitted.offset / unit == pytest.approx(0.01, abs=1e-3)


def test_weights_are_never_negative():
    pan, ms = scene()
    fitted = fit_weights(pan - 0.3 * ms[3], ms, ALL)
    assert min(fitted.weights) >= 0


def test_bad_input_is_refused():
    pan, ms = scene()
    with pytest.raises(DisjointInputError, match="too few"):
        fit_weights(pan, ms, np.zeros_like(ALL))
    with pytest.raises(BrokenInputError, match="constant"):
        fit_weights(np.full_like(pan, 0.1), ms, ALL)
    with pytest.raises(BrokenInputError, match="no MS band"):
        fit_weights(-ms.sum(axis=0), ms, ALL)
    with pytest.raises(UsageError):
        SharpenWeights(weights=(-1.0, 2.0), floor=1.0, r2=0.5)
    with pytest.raises(UsageError, match="do not agree"):
        weighted_brovey(pan, ms[:3], fit_weights(pan, ms, ALL))


WEIGHTS = SharpenWeights(weights=tuple(TRUE), offset=0.01, floor=0.01, r2=1.0)
UNIT = st.floats(-0.0625, 1.5, width=32)


@given(arrays(np.float32, (5, 3, 4), elements=UNIT))
@settings(max_examples=60, deadline=None)
def test_never_negative_never_nan(planes):
    out = weighted_brovey(planes[0], planes[1:], WEIGHTS)
    assert out.dtype == np.float32
    assert np.isfinite(out).all()
    assert out.min() >= 0


@given(arrays(np.float32, (5, 3, 4), elements=st.floats(0.03125, 1.5, width=32)))
@settings(max_examples=60, deadline=None)
def test_colour_is_kept_and_pan_is_met(planes):
    pan, ms = planes[0], planes[1:]
    out = weighted_brovey(pan, ms, WEIGHTS)
    np.testing.assert_allclose(out * ms[0], out[0] * ms, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(np.tensordot(TRUE, out, axes=1) + 0.01, pan, rtol=1e-4)


def test_no_detail_changes_nothing():
    pan, ms = scene(noise=0.0)
    np.testing.assert_allclose(weighted_brovey(pan, ms, WEIGHTS), ms, rtol=1e-5)
    black = np.zeros((4, 2, 2))
    assert not weighted_brovey(np.full((2, 2), 0.01), black, WEIGHTS).any()


def test_the_ratio_is_continuous_at_the_floor():
    ms = np.full((4, 1, 2), 0.01 / TRUE.sum())
    ms[:, :, 0] *= 1 - 1e-4
    ms[:, :, 1] *= 1 + 1e-4
    out = weighted_brovey(np.full((1, 2), 0.035), ms, WEIGHTS)
    np.testing.assert_allclose(out[:, :, 0], out[:, :, 1], rtol=1e-3)


def test_nan_stays_out():
    pan, ms = scene()
    pan[0, 0] = np.nan
    out = weighted_brovey(pan, ms, WEIGHTS)
    assert not out[:, 0, 0].any()
    assert out[:, 1:].all()


def test_weights_are_a_method_a_value_and_a_parameter():
    assert isinstance(WEIGHTS, SharpeningMethod)
    assert pickle.loads(pickle.dumps(WEIGHTS)) == WEIGHTS  # noqa: S301 - our own bytes
    assert plain(WEIGHTS)["weights"] == list(TRUE)
