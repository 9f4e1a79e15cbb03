"""A scene as the finders of cloud, shadow and snow see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from satdesk.radiometry.cloud_shadows import Sighting

__all__ = ["Picture", "ProvedHeight"]

Floats = NDArray[np.floating]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvedHeight:
    """How high the clouds of a scene hang, as more of it proves than one picture shows.

    Attributes:
        height_m: On the scale of the ground's heights.
        score: Of the fit of clouds to shadows there.
    """

    height_m: float
    score: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Picture:
    """A scene on the grid on which its cover is told.

    Attributes:
        planes: ``(y, x)`` reflectance by band; numbers where not valid mean nothing.
        valid: ``(y, x)``, True = imaged.
        pixel_m: Of the grid.
        saturated: ``(y, x)``, True = a band is at the end of its range; None = nobody states it.
        shaded: ``(y, x)``, True = relief stands before the sun; None = sun or relief unknown.
        sighting: Ground, sun and view; None = the sun is not known: no shadow can be checked.
        proved: Near which height the clouds hang, and how surely; None = the picture has to prove
            it alone.
    """

    planes: Mapping[str, Floats]
    valid: Bools
    pixel_m: float
    saturated: Bools | None = None
    shaded: Bools | None = None
    sighting: Sighting | None = None
    proved: ProvedHeight | None = None
