"""The error budget of a picture's positions: what was checked, the parts, and what is printed.

**The printed figure.** Without independent points there is none. With them it is the larger of

* the upper limit of CE90 from the points as the picture places them: through the terrain that was
  used (`CheckFigures.upper_m` of `Checks.on_terrain`), and
* the root of the sum of squares of the upper limit at the points' own heights (the camera) and of
  the terrain's parts in the area drawn. Points lie where people can walk; the mountains between
  them are in the second figure alone.

Independent errors add as squares (JCGM 100:2008, GUM, 5.1.2). An error of a height moves a place
along one line, by the tangent of the viewing angle: its LE90 times that tangent is a CE90.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

from satdesk.geometry.checkpoints import CheckFigures
from satdesk.geometry.interpolation import InterpolationError

__all__ = ["LEAST_CHECKS", "Basis", "Budget", "Checks", "Part", "TerrainError"]

LEAST_CHECKS = 6
"""Check points below this number are reported, and do not take the lead from left-out ones."""


class Basis(Enum):
    """How a part is known."""

    MEASURED = "measured"
    ESTIMATED = "estimated"
    STATED = "stated"
    NOT_KNOWN = "not known"
    NOT_CONCERNED = "not concerned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One cause of error.

    Attributes:
        name: ``provider``, ``sensor``, ``matching``, ``dem-stated``, ``dem-spacing``, ``datum``,
            ``pan-ms``, ``dates``, ``moved-onto``.
        value_m: Metres on the ground; None = not known, or nothing to know.
        measure: What `value_m` is: ``CE90``, ``RMS``, ``residual``.
        basis: How it is known.
        by: Who measured or stated it; None where nobody did.
        note: One clause on what it is.
    """

    name: str
    value_m: float | None
    measure: str
    basis: Basis
    by: str | None
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TerrainError:
    """What the terrain can do to positions in one picture.

    Attributes:
        tangent: Largest tangent of the viewing angle in the area drawn (`geometry.viewing`).
        interpolation: Error between the nodes in this relief; None = it cannot be told.
        stated_le90_m: Error of a height that 90 % do not exceed, as somebody states; None = nobody.
        datum_le90_m: The same of a geoid that stands in for another; None = none does.
    """

    tangent: float
    interpolation: InterpolationError | None
    stated_le90_m: float | None = None
    datum_le90_m: float | None = None

    @property
    def spacing_ce90_m(self) -> float | None:
        """Metres on the ground by which interpolation displaces; None = it cannot be told."""
        return None if self.interpolation is None else self.interpolation.p90_m * self.tangent

    @property
    def stated_ce90_m(self) -> float | None:
        """Metres on the ground by which errors of the nodes displace; None = nobody states them."""
        return None if self.stated_le90_m is None else self.stated_le90_m * self.tangent

    @property
    def datum_ce90_m(self) -> float | None:
        """Metres on the ground by which a stand-in geoid displaces; None = there is none."""
        return None if self.datum_le90_m is None else self.datum_le90_m * self.tangent

    @property
    def supports_m(self) -> float | None:
        """Best CE90 of a picture on this terrain, however exact its camera; None = not known."""
        return None if self.spacing_ce90_m is None else _known(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checks:
    """Independent points, and how far off they are.

    Attributes:
        how: ``leave-one-out`` (each point left out of the fit once), ``check-points`` (given for
            checking only) or ``held-out`` (a share of the points kept out of the fit).
        against: ``gcps`` or ``reference`` (an orthoimage, whose own error is not in the figures).
        camera: At the points' own heights.
        on_terrain: Through the terrain of the picture; None where it is not known there.
    """

    how: str
    against: str
    camera: CheckFigures
    on_terrain: CheckFigures | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What is known of the errors of one picture's positions.

    Attributes:
        parts: Every cause, known or not.
        checks: Independent points, those given for checking first; empty where there are none.
        terrain: What the terrain adds; None where none was used, or one height stood for all.
    """

    parts: tuple[Part, ...]
    checks: tuple[Checks, ...] = ()
    terrain: TerrainError | None = None

    @property
    def leading(self) -> Checks | None:
        """The checks that the printed figure rests on: points kept for it, where they are six."""
        kept = [c for c in self.checks if c.how != "leave-one-out" and c.camera.n >= LEAST_CHECKS]
        left = [c for c in self.checks if c.how == "leave-one-out"]
        return next(iter([*kept, *left, *self.checks]), None)

    @property
    def ce90_m(self) -> float | None:
        """The printed figure, metres; None where nothing was checked. See the module's words."""
        checks = self.leading
        if checks is None:
            return None
        through = 0.0 if checks.on_terrain is None else checks.on_terrain.upper_m
        terrain = 0.0 if self.terrain is None else _known(self.terrain)
        onto = next((p.value_m for p in self.parts if p.name == "moved-onto"), None)
        return math.hypot(max(through, math.hypot(checks.camera.upper_m, terrain)), onto or 0.0)

    def part(self, name: str) -> Part | None:
        """The part called `name`."""
        return next((part for part in self.parts if part.name == name), None)


def _known(terrain: TerrainError) -> float:
    found = (terrain.spacing_ce90_m, terrain.stated_ce90_m, terrain.datum_ce90_m)
    return math.hypot(*(value for value in found if value is not None))
