"""Overlapping strips over one district: several days, several skies, calibrations that differ."""

from __future__ import annotations

from datetime import UTC, datetime

from satdesk.simulate.camera import Attitude
from satdesk.simulate.scenario import Scenario
from satdesk.simulate.sky import Clouds, Sky
from satdesk.simulate.world import State

__all__ = ["STRIPS", "strips"]

_STATE = State(changed=False, dryness=0.35, autumn=0.0)
_LOOKS = (-9.0, 4.0, 11.0, -3.0)
_BRIGHTER = (1.0, 1.1, 0.92, 1.05)
_DAYS = (5, 9, 12, 16)


def strips(
    count: int,
    *,
    shape: tuple[int, int] = (640, 400),
    step_m: float = 400.0,
    brighter: tuple[float, ...] = _BRIGHTER,
    clouded: tuple[int, ...] = (2,),
    share: float = 0.08,
) -> tuple[Scenario, ...]:
    """A chain of `count` strips from west to east, each overlapping the next.

    Args:
        count: 1 to 4.
        shape: ``rows, cols`` of each PAN product.
        step_m: From the middle of one strip to that of the next.
        brighter: Error of each strip's calibration.
        clouded: Numbers from 0 of those under clouds.
        share: Of a clouded strip that its clouds hide.
    """
    return tuple(
        Scenario(
            name=f"strip_{k + 1}",
            role=f"strip_{k + 1}",
            instant=datetime(2018, 9, _DAYS[k], 7, 24 + 5 * k, 12, 400000, tzinfo=UTC),
            attitude=Attitude(roll_deg=_LOOKS[k], pitch_deg=2.0),
            state=_STATE,
            pan_shape=shape,
            middle_m=(100.0 + step_m * k, 760.0),
            brighter=brighter[k],
            sky=Sky(clouds=Clouds(share=share)) if k in clouded else Sky(),
        )
        for k in range(count)
    )


STRIPS = strips(3)
"""Three strips, the middle one 10 % too bright, the last one under some clouds."""
