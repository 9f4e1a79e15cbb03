from __future__ import annotations

import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st

from satdesk.core.lineage import plain
from satdesk.core.sensor import SensorModel
from satdesk.errors import UsageError
from satdesk.geometry.affine import Adjusted
from worlds import made_up_rpc

RPC = made_up_rpc()
PART = st.floats(-0.05, 0.05)


@given(PART, PART, PART, PART, st.floats(-50, 50), st.floats(-50, 50))
def test_locate_inverts_project(a, b, d, e, c, f):
    model = Adjusted(model=RPC, matrix=Affine(1 + a, b, c, d, 1 + e, f))
    lon, lat = model.locate(1100.25, 700.5, 1600.0)
    np.testing.assert_allclose(model.project(lon, lat, 1600.0), (1100.25, 700.5), atol=2e-6)


def test_a_shift_moves_the_image():
    model = Adjusted(model=RPC, matrix=Affine.translation(1.4, -0.3))
    assert isinstance(model, SensorModel)
    plain_col, plain_row = RPC.project(46.1, 40.05, 1500.0)
    col, row = model.project(46.1, 40.05, 1500.0)
    assert float(col - plain_col) == pytest.approx(1.4)
    assert float(row - plain_row) == pytest.approx(-0.3)
    assert plain(model)["matrix"] == [1.0, 0.0, 1.4, 0.0, 1.0, -0.3]


def test_a_pixel_at_infinity_is_nowhere():
    model = Adjusted(model=RPC, matrix=Affine(1, 0, 5, 0, 1, 7))
    assert np.isnan(model.locate(np.inf, 0.5, 1500.0)).all()
    assert np.isnan(model.locate(np.nan, 0.5, 1500.0)).all()


def test_outside_stays_outside():
    model = Adjusted(model=RPC, matrix=Affine.translation(1, 1))
    assert np.isnan(model.project(47.0, 40.05, 1500.0)).all()


def test_it_must_be_invertible():
    with pytest.raises(UsageError):
        Adjusted(model=RPC, matrix=Affine.scale(0, 1))
