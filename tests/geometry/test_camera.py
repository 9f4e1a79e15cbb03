from __future__ import annotations

import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st

from satdesk.geometry import camera
from satdesk.geometry.affine import Adjusted
from satdesk.geometry.rpc import Domain
from worlds import made_up_rpc

DOMAIN = Domain(
    lon_min=46.08, lon_max=46.12, lat_min=40.03, lat_max=40.07, height_min=0, height_max=3000
)


@pytest.mark.skipif(camera._compiled is None, reason="no C extension was built here")
@given(
    turn=st.sampled_from([0.0, 360.0, -720.0]),
    spread=st.sampled_from([0.01, 0.1, 5.0]),
    seed=st.integers(0, 99),
    domain=st.sampled_from([None, DOMAIN]),
)
def test_c_projects_to_the_same_bits(turn, spread, seed, domain):
    rng = np.random.default_rng(seed)
    lon = 46.1 + turn + rng.uniform(-spread, spread, 500)
    lat = 40.05 + rng.uniform(-spread, spread, 500)
    height = rng.uniform(-3000, 6000, 500)
    height[:3] = np.nan
    for model in (
        made_up_rpc(domain=domain),
        Adjusted(model=made_up_rpc(), matrix=Affine(0.25, 0.01, 3, 0, 0.25, 7)),
    ):
        found, wanted = camera.project(model, lon, lat, height), model.project(lon, lat, height)
        assert np.array(found).tobytes() == np.array(wanted).tobytes()
