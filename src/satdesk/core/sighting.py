"""How a pixel of a mosaic was seen, and by which of its scenes."""

from __future__ import annotations

from enum import IntEnum

from satdesk.core.bands import Band

__all__ = ["SOURCE", "STATE", "State"]


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


SOURCE = Band(name="source")
"""Number of the scene that gave a pixel, from 1 in the order of the date; 0 = none."""

STATE = Band(name="state")
"""`State` of a pixel."""
