"""Area by points that somebody looked at: the stratified estimate that good practice asks for.

A map counts its own mistakes as area. Points drawn from it at random and judged by a person correct
that: of what was mapped as changed a share did not, of the rest a share did.

Source: P. Olofsson et al., Remote Sens. Environ. 148 (2014) 42–57, equations 9 to 11.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from satdesk.errors import BrokenInputError

__all__ = ["Judged", "PointEstimate", "estimated"]

_LEAST_POINTS = 20
_Z_95 = 1.959964


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The points of one stratum of the map.

    Attributes:
        area_ha: Of the stratum.
        points: Judged in it.
        changed: Of them, how many were judged changed.
    """

    area_ha: float
    points: int
    changed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PointEstimate:
    """Area of the change as the points say.

    Attributes:
        ha: The estimate.
        low_ha: Lower end of its 95 % interval, at least 0.
        high_ha: Upper end, at most the whole.
        users: Share of what was mapped as changed that did (user's accuracy).
        producers: Share of what changed that was mapped (producer's accuracy); None = nothing did.
    """

    ha: float
    low_ha: float
    high_ha: float
    users: float
    producers: float | None


def estimated(mapped: Judged, rest: Judged) -> PointEstimate:
    """The estimate from points in what was mapped as changed, and in the rest.

    Where all points of a stratum agree, its variance would be 0; there ``(x + 1) / (n + 2)`` stands
    for the share in the variance (Laplace), so that points that agree are not taken for certainty.

    Raises:
        BrokenInputError: Fewer than 20 points in a stratum.
    """
    for stratum, words in ((mapped, "mapped as changed"), (rest, "mapped as unchanged")):
        if stratum.points < _LEAST_POINTS:
            raise BrokenInputError(
                "too few points were judged to estimate an area",
                found=f"{stratum.points} points where the ground is {words}",
                expected=f"at least {_LEAST_POINTS} in each",
                remedy="judge more points, or draw more with --draw",
            )
    parts = [stratum.area_ha * _share(stratum) for stratum in (mapped, rest)]
    ha, whole = sum(parts), mapped.area_ha + rest.area_ha
    half = _Z_95 * math.sqrt(sum(_variance(stratum) for stratum in (mapped, rest)))
    return PointEstimate(
        ha=ha,
        low_ha=max(ha - half, 0.0),
        high_ha=min(ha + half, whole),
        users=_share(mapped),
        producers=parts[0] / ha if ha else None,
    )


def _share(stratum: Judged) -> float:
    return stratum.changed / stratum.points


def _variance(stratum: Judged) -> float:
    share = _share(stratum)
    if share in {0.0, 1.0}:
        share = (stratum.changed + 1) / (stratum.points + 2)
    return stratum.area_ha**2 * share * (1 - share) / (stratum.points - 1)
