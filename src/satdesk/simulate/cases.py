"""Single pictures that each try one thing: the cases by which accuracy is measured."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from satdesk.simulate.bias import RpcBias
from satdesk.simulate.camera import Attitude
from satdesk.simulate.heights import DemKind
from satdesk.simulate.landscape import Landscape
from satdesk.simulate.scenario import Scenario
from satdesk.simulate.sky import Clouds, Haze, Sky
from satdesk.simulate.world import State

__all__ = ["CASES"]

_WHEN = datetime(2018, 9, 5, 7, 31, 12, 400000, tzinfo=UTC)

_MOUNTAIN = Scenario(
    name="mountain",
    role="case",
    instant=_WHEN,
    attitude=Attitude(),
    state=State(changed=False, dryness=0.35, autumn=0.0),
    pan_shape=(1200, 1200),
)
_ASIDE = replace(_MOUNTAIN, attitude=Attitude(roll_deg=15.0))

CASES: tuple[Scenario, ...] = (
    replace(_MOUNTAIN, name="flat", landscape=Landscape.PLAIN),
    replace(_MOUNTAIN, name="flat_30", landscape=Landscape.PLAIN, attitude=Attitude(roll_deg=30.0)),
    replace(_MOUNTAIN, name="gentle", landscape=Landscape.GENTLE),
    _MOUNTAIN,
    replace(_ASIDE, name="mountain_15"),
    replace(_MOUNTAIN, name="mountain_30", attitude=Attitude(roll_deg=30.0)),
    replace(_MOUNTAIN, name="mountain_pitched", attitude=Attitude(roll_deg=-15.0, pitch_deg=25.0)),
    replace(_ASIDE, name="rpc_shift", rpc_bias=RpcBias(col_px=9.3, row_px=-6.8)),
    replace(
        _ASIDE,
        name="rpc_drift",
        rpc_bias=RpcBias(col_px=9.3, row_px=-6.8, col_drift_px=4.0, row_drift_px=-3.0),
    ),
    replace(
        _ASIDE,
        name="attitude_drift",
        attitude=Attitude(roll_deg=15.0, drift_urad_s=(60.0, -40.0, 25.0)),
    ),
    replace(_ASIDE, name="jitter", attitude=Attitude(roll_deg=15.0, jitter_urad=(1.0, 1.0, 1.0))),
    replace(_ASIDE, name="snow", state=State(dryness=0.6, autumn=0.3, snow_line_m=1700.0)),
    replace(_ASIDE, name="cloud_20", sky=Sky(clouds=Clouds(share=0.2))),
    replace(_ASIDE, name="haze", sky=Sky(haze=Haze(depth=0.3))),
    replace(_ASIDE, name="wrong_datum", dem=DemKind(wrong_datum=True)),
    replace(_ASIDE, name="dem_30m", dem=DemKind(spacing_m=30.0)),
    replace(_ASIDE, name="dem_900m", dem=DemKind(spacing_m=900.0)),
)
"""All are taken of one invented world on one morning, 1200 × 1200 PAN pixels."""
