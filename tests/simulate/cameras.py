"""Cameras over one mountain place, for the tests of the simulator."""

from __future__ import annotations

from satdesk.simulate.camera import ALTITUDE_M, Attitude, Camera, Orbit, aim

PLACE = (46.13, 40.2, 1800.0)


def camera(roll=0.0, pitch=0.0, *, look_along=0.0, jitter=0.0, shape=(2000, 3000)):
    attitude = Attitude(
        roll_deg=roll,
        pitch_deg=pitch,
        drift_urad_s=(2.0, -3.0, 1.0) if jitter else (0.0, 0.0, 0.0),
        jitter_urad=(jitter, jitter, jitter),
    )
    start = Camera(
        orbit=Orbit(node_deg=0, argument_deg=0),
        attitude=attitude,
        shape=shape,
        step=1.5 / ALTITUDE_M,
        line_period_s=1.5 / 6780,
        look_along=look_along,
    )
    return aim(start, *PLACE).centred(*PLACE)
