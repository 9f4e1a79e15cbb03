"""Named scenarios: what is simulated, as frozen values. All of it happens at invented places."""

from __future__ import annotations

from datetime import UTC, datetime
from difflib import get_close_matches

from satdesk.errors import UnknownNameError
from satdesk.simulate.camera import Attitude
from satdesk.simulate.cases import CASES
from satdesk.simulate.plane import Plane
from satdesk.simulate.scenario import Scenario
from satdesk.simulate.strips import STRIPS
from satdesk.simulate.world import State

__all__ = [
    "EVENT_DAY",
    "INSTRUMENT",
    "PLANE",
    "SCENARIOS",
    "Scenario",
    "scenarios_of",
]

INSTRUMENT = "SIM-1"
EVENT_DAY = "2018-09-20"
"""When the invented change happens: between the scenes of the demo."""

PLANE = Plane(lon_deg=46.13, lat_deg=40.20)
"""Origin of the world: mountains inside Kalbajar district, 10 km and more from its named sites."""


_BEFORE = State(changed=False, dryness=0.35, autumn=0.0)
_AFTER = State(changed=True, dryness=0.6, autumn=0.3, snow_line_m=2280.0)
_WHEN_BEFORE = datetime(2018, 9, 5, 7, 31, 12, 400000, tzinfo=UTC)
_WHEN_AFTER = datetime(2018, 10, 8, 7, 28, 40, 700000, tzinfo=UTC)
_LOOK_BEFORE = Attitude(roll_deg=-9.0, pitch_deg=4.0)
_LOOK_AFTER = Attitude(roll_deg=12.0, pitch_deg=-3.0)
_SMALL = (400, 480)
_SMALL_MIDDLE = (300.0, 760.0)

SCENARIOS: dict[str, tuple[Scenario, ...]] = {
    "demo": (
        Scenario(
            name="demo_before",
            role="before",
            instant=_WHEN_BEFORE,
            attitude=_LOOK_BEFORE,
            state=_BEFORE,
        ),
        Scenario(
            name="demo_after",
            role="after",
            instant=_WHEN_AFTER,
            attitude=_LOOK_AFTER,
            state=_AFTER,
        ),
    ),
    "test": (
        Scenario(
            name="test_before",
            role="before",
            instant=_WHEN_BEFORE,
            attitude=_LOOK_BEFORE,
            state=_BEFORE,
            pan_shape=_SMALL,
            middle_m=_SMALL_MIDDLE,
        ),
        Scenario(
            name="test_after",
            role="after",
            instant=_WHEN_AFTER,
            attitude=_LOOK_AFTER,
            state=_AFTER,
            pan_shape=_SMALL,
            middle_m=_SMALL_MIDDLE,
        ),
    ),
    "test_oblique": (
        Scenario(
            name="test_oblique",
            role="oblique",
            instant=_WHEN_BEFORE,
            attitude=Attitude(roll_deg=24.0, pitch_deg=15.0, drift_urad_s=(3, -2, 1)),
            state=_BEFORE,
            pan_shape=_SMALL,
            middle_m=_SMALL_MIDDLE,
        ),
    ),
    "bench": (
        Scenario(
            name="bench",
            role="bench",
            instant=_WHEN_BEFORE,
            attitude=_LOOK_BEFORE,
            state=_BEFORE,
        ).sized(18.0),
    ),
    "strips": STRIPS,
    **{case.name: (case,) for case in CASES},
}
"""Pictures by the scenario's name; every one of `cases.CASES` is a scenario too."""


def scenarios_of(name: str) -> tuple[Scenario, ...]:
    """The pictures of a named scenario.

    Raises:
        UnknownNameError: No such scenario; those that there are are named.
    """
    if name not in SCENARIOS:
        near = get_close_matches(name, SCENARIOS, n=3)
        raise UnknownNameError(
            f"there is no scenario {name!r}",
            nearest=tuple(near),
            remedy=f"take one of {', '.join(sorted(SCENARIOS))}",
        )
    return SCENARIOS[name]
