"""How much of what is to be drawn has ground of a known height."""

from __future__ import annotations

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from satdesk.core.sensor import Terrain
from satdesk.errors import LimitError
from satdesk.release.acceptance import Acceptance
from satdesk.release.content import Notice

__all__ = ["unknown_ground", "unknown_share"]

_LIMIT = 0.01
_LATTICE = 150


def unknown_share(area: BaseGeometry, terrain: Terrain) -> float:
    """Share of `area` (longitude/latitude, 0–1) whose height the terrain does not know.

    Measured at the points of a lattice; 0 where no point falls into the area.
    """
    west, south, east, north = area.bounds
    steps = (np.arange(_LATTICE) + 0.5) / _LATTICE
    lon, lat = np.meshgrid(west + steps * (east - west), south + steps * (north - south))
    wanted = shapely.contains_xy(area, lon, lat)
    if not wanted.any():
        return 0.0
    return float(np.isnan(terrain.height(lon[wanted], lat[wanted])).mean())


def unknown_ground(
    area: BaseGeometry, terrain: Terrain | None, acceptance: Acceptance, *, subject: str
) -> tuple[Notice, ...]:
    """What must be said of the parts of `area` that stay empty for want of a terrain.

    Raises:
        LimitError: They are more than 1 % and that was not accepted.
    """
    share = 0.0 if terrain is None or area.is_empty else unknown_share(area, terrain)
    if share == 0:
        return ()
    said = Notice(
        code="terrain-missing",
        text=f"The terrain is not known under {share:.1%} of the picture, which is empty there.",
    )
    if share <= _LIMIT:
        return (said,)
    error = LimitError(
        "the terrain does not cover what is to be drawn",
        subject=subject,
        rule="terrain-missing",
        measured=100 * share,
        limit=100 * _LIMIT,
        unit="% of the picture without a height",
        remedy="name the tiles that cover it, or draw less",
    )
    return (said, acceptance.settle(error))
