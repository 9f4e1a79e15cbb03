from __future__ import annotations

import numpy as np
import pytest

from satdesk.simulate.rpcfit import fit_rpc
from simulate.cameras import camera


@pytest.mark.parametrize(("roll", "pitch"), [(0.0, 0.0), (-30.0, 0.0), (20.0, 20.0)])
def test_an_rpc_follows_a_small_picture_to_a_ten_thousandth(roll, pitch):
    model = camera(roll, pitch)
    fitted = fit_rpc(model, model.shape, (800.0, 2800.0))
    assert fitted.worst_px < 1e-3
    assert fitted.rms_px <= fitted.worst_px


def test_an_rpc_follows_a_full_scene_to_a_hundredth():
    model = camera(25.0, 10.0, shape=(40000, 40000))
    assert fit_rpc(model, model.shape, (0.0, 3500.0)).worst_px < 0.01


def test_the_stated_residual_holds_at_other_points():
    model = camera(12.0, -8.0, shape=(30000, 30000))
    fitted = fit_rpc(model, model.shape, (0.0, 3500.0))
    chance = np.random.default_rng(5)
    col, row = chance.uniform(0, 30000, (2, 500))
    height = chance.uniform(0, 3500, 500)
    back = fitted.model.project(*model.locate(col, row, height), height)
    assert np.hypot(back[0] - col, back[1] - row).max() < 1.5 * fitted.worst_px


@pytest.mark.parametrize("rows", [600, 2000, 8000])
def test_jitter_is_beyond_an_rpc_and_the_residual_says_how_far(rows):
    calm, shaken = camera(shape=(rows, 3000)), camera(jitter=2.0, shape=(rows, 3000))
    good = fit_rpc(calm, calm.shape, (800.0, 2800.0))
    bad = fit_rpc(shaken, shaken.shape, (800.0, 2800.0))
    # 2 µrad from 694 km are 1.4 m, 0.93 px, on two axes: √(2 · ½) of it in the root mean square
    assert 0.8 < bad.rms_px < 1.0
    assert 1.1 < bad.worst_px < 2.0
    assert good.worst_px < 1e-3
    chance = np.random.default_rng(5)
    col, row = chance.uniform(0, 3000, 2000), chance.uniform(0, rows, 2000)
    height = chance.uniform(800, 2800, 2000)
    back = bad.model.project(*shaken.locate(col, row, height), height)
    off = np.hypot(back[0] - col, back[1] - row)
    assert np.isfinite(off).all()
    assert off.max() < 1.2 * bad.worst_px
    assert np.sqrt((off**2).mean()) == pytest.approx(bad.rms_px, rel=0.05)


def test_offsets_count_from_the_outer_corner():
    model = camera()
    fitted = fit_rpc(model, model.shape, (800.0, 2800.0)).model
    assert (fitted.line_off, fitted.samp_off) == (1000.0, 1500.0)
