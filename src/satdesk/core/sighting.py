"""How a pixel of a mosaic was seen, and by which of its scenes."""

from __future__ import annotations

from enum import IntEnum

from satdesk.core.bands import Band

__all__ = ["SOURCE", "STATE", "Doubt", "State"]


class State(IntEnum):
    """How the ground of one pixel was seen, as stored."""

    NOT_IMAGED = 0
    """No scene has a usable pixel there."""
    CLEAR = 1
    """Seen, and no cloud or shadow of one was found."""
    CLOUD = 2
    """What is shown is a cloud: the ground was not seen."""
    SHADOW = 3
    """The ground lies in the shadow of a cloud."""
    NOT_TOLD = 4
    """Imaged, and nobody looked for clouds."""


class Doubt(IntEnum):
    """What another scene of nearly the same day says against a place of this one."""

    NONE = 0
    """Nothing, or there is no other."""
    AVOIDED = 1
    """It looks as if under a cloud or its shadow: the other scene is shown."""
    STANDS = 2
    """It looks so too, but may be shown, as not told: the other scene ends nearby, or is older, and
    then the ground itself may have changed."""


SOURCE = Band(name="source")
"""Number of the scene that gave a pixel, from 1 in the order of the date; 0 = none."""

STATE = Band(name="state")
"""`State` of a pixel."""
