"""How the land looks in the course of a year."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum

from satdesk.simulate.world import State

__all__ = ["Season"]


class Season(StrEnum):
    """What grows, what has dried and how far down snow lies."""

    SPRING = "spring"
    SUMMER = "summer"
    AUTUMN = "autumn"
    WINTER = "winter"

    def applied(self, state: State) -> State:
        """A state in this season; what has been built or lost stays as it is."""
        dryness, autumn, snow_line_m = {
            "spring": (0.05, 0.0, 2450.0),
            "summer": (0.45, 0.0, 9000.0),
            "autumn": (0.65, 0.6, 2350.0),
            "winter": (0.8, 1.0, 1500.0),
        }[self.value]
        return replace(state, dryness=dryness, autumn=autumn, snow_line_m=snow_line_m)
