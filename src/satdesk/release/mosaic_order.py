"""Which scene of a date goes first: rules, one small class each, applied one after the other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Protocol

from satdesk.core.scene import Scene
from satdesk.errors import UsageError

__all__ = ["RULES", "Candidate", "Rule", "ordered"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A scene that asks for its place.

    Attributes:
        scene: What its files say.
        hidden_share: Of its part of the district, the share under cloud or shadow as measured;
            None = not measured.
        place: Its number in the recipe, from 0.
    """

    scene: Scene
    hidden_share: float | None
    place: int


class Rule(Protocol):
    """A rule of order."""

    @property
    def name(self) -> str:
        """As the recipe names it."""

    @property
    def words(self) -> str:
        """What it prefers, for people."""

    def key(self, candidate: Candidate) -> float:
        """The lower goes first; infinity where the scene does not say."""


@dataclass(frozen=True, slots=True)
class LeastCloud:
    """The least hidden first: as measured over the district, else as the provider states."""

    name: str = "cloud"
    words: str = "least cloud first"

    def key(self, candidate: Candidate) -> float:
        """Share 0–1."""
        if candidate.hidden_share is not None:
            return round(candidate.hidden_share, 4)
        stated = candidate.scene.cloud_percent
        return math.inf if stated is None else stated / 100


@dataclass(frozen=True, slots=True)
class Newest:
    """The last taken first; a scene of which only the day is known counts as taken at noon UTC."""

    name: str = "date"
    words: str = "newest first"

    def key(self, candidate: Candidate) -> float:
        """Seconds, the later the lower."""
        taken = candidate.scene.acquisition
        if taken is None:
            return math.inf
        moment = taken.instant or datetime.combine(taken.day, time(12), tzinfo=UTC)
        return -moment.timestamp()


@dataclass(frozen=True, slots=True)
class Steepest:
    """The steepest view first: least relief displacement, least air."""

    name: str = "view"
    words: str = "steepest view first"

    def key(self, candidate: Candidate) -> float:
        """Incidence angle in degrees."""
        angles = candidate.scene.center
        stated = None if angles is None else angles.incidence_deg
        return math.inf if stated is None else round(abs(stated), 3)


@dataclass(frozen=True, slots=True)
class HighestSun:
    """The highest sun first: shortest shadows."""

    name: str = "sun"
    words: str = "highest sun first"

    def key(self, candidate: Candidate) -> float:
        """Zenith distance of the sun in degrees."""
        angles = candidate.scene.center
        stated = None if angles is None else angles.sun_elevation_deg
        return math.inf if stated is None else round(90 - stated, 3)


@dataclass(frozen=True, slots=True)
class AsGiven:
    """As the recipe lists them."""

    name: str = "given"
    words: str = "as the recipe lists them"

    def key(self, candidate: Candidate) -> float:
        """The place in the recipe."""
        return float(candidate.place)


RULES: dict[str, Rule] = {
    rule.name: rule for rule in (LeastCloud(), Newest(), Steepest(), HighestSun(), AsGiven())
}
"""The rules by the names that a recipe gives them."""


def ordered(candidates: Sequence[Candidate], names: Sequence[str]) -> tuple[int, ...]:
    """Numbers of the candidates, first to last.

    The first rule decides; the next one among those that it finds equal; at last the scene's id, so
    that the order never depends on how the scenes came, and then the place in the recipe.

    Raises:
        UsageError: No such rule.
    """
    unknown = [name for name in names if name not in RULES]
    if unknown:
        raise UsageError(
            "no such rule of order", found=", ".join(unknown), expected=", ".join(RULES)
        )
    rules = [RULES[name] for name in names]

    def key(number: int) -> tuple[tuple[float, ...], str, int]:
        candidate = candidates[number]
        keys = tuple(rule.key(candidate) for rule in rules)
        return keys, candidate.scene.id, candidate.place

    return tuple(sorted(range(len(candidates)), key=key))
