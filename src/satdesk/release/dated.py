"""The dates of a release: scenes grouped, ordered, and given the licence of all of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time

from satdesk.core.scene import Acquisition, Scene
from satdesk.errors import BrokenInputError, UndeclaredInputError
from satdesk.release.content import Event, Licence, Notice
from satdesk.release.recipe import SceneChoice
from satdesk.release.times import relation

__all__ = ["Dated", "dated_scenes", "days_notices", "draft_reasons", "require_one_side"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated:
    """The scenes of one date.

    Attributes:
        id: The calendar day in UTC of the earliest scene, with ``-2``, ``-3`` … for further
            dates of one day.
        scenes: First has priority.
        choices: What the recipe says of each.
    """

    id: str
    scenes: tuple[Scene, ...]
    choices: tuple[SceneChoice, ...]

    @property
    def acquisition(self) -> Acquisition:
        """Of the earliest scene."""
        return min((acquired(scene) for scene in self.scenes), key=_moment)

    @property
    def days(self) -> tuple[dt.date, ...]:
        """The calendar days in UTC on which its scenes were taken."""
        return tuple(sorted({acquired(scene).day for scene in self.scenes}))

    @property
    def simulated(self) -> bool:
        """True where any picture was taken by no camera."""
        return any(scene.simulated for scene in self.scenes)

    @property
    def credit(self) -> str | None:
        """The credit lines that the scenes demand, each once; None where one demands none."""
        lines = [scene.credit for scene in self.scenes]
        return None if None in lines else "; ".join(dict.fromkeys(filter(None, lines)))

    @property
    def licence(self) -> Licence:
        """What all licences together let the public have."""
        licences = [choice.licence for choice in self.choices]
        names = dict.fromkeys(licence.name for licence in licences if licence.name)
        return Licence(
            name="; ".join(names) or None,
            press=_together(licence.press for licence in licences),
            tiles=_together(licence.tiles for licence in licences),
            analysis=_together(licence.analysis for licence in licences),
        )


def acquired(scene: Scene) -> Acquisition:
    """The scene's acquisition.

    Raises:
        UndeclaredInputError: Nobody says when it was taken.
    """
    if scene.acquisition is None:
        raise UndeclaredInputError(
            "nobody says when this scene was taken",
            subject=scene.id,
            found="no acquisition time in the files",
            expected="an instant or a calendar day",
            remedy="state it with at = 2020-11-25 in the recipe",
        )
    return scene.acquisition


def _moment(taken: Acquisition) -> datetime:
    return taken.instant or datetime.combine(taken.day, time(12), tzinfo=UTC)


def _together(permissions: Iterable[bool | None]) -> bool | None:
    """False where one forbids, None where one does not say, else True."""
    listed = list(permissions)
    if False in listed:
        return False
    return None if None in listed else True


def dated_scenes(scenes: Sequence[Scene], choices: Sequence[SceneChoice]) -> tuple[Dated, ...]:
    """Group scenes by the recipe's groups, in time order, and name each date by its first day.

    Raises:
        UndeclaredInputError: A scene without a time.
    """
    groups: dict[str, list[tuple[Scene, SceneChoice]]] = {}
    for number, pair in enumerate(zip(scenes, choices, strict=True)):
        groups.setdefault(pair[1].group or f"\0{number}", []).append(pair)
    ordered = sorted(groups.values(), key=lambda group: min(_moment(acquired(s)) for s, _ in group))
    taken: dict[str, int] = {}
    return tuple(_named(group, taken) for group in ordered)


def _named(group: list[tuple[Scene, SceneChoice]], taken: dict[str, int]) -> Dated:
    day = min(acquired(scene).day for scene, _ in group).isoformat()
    taken[day] = taken.get(day, 0) + 1
    return Dated(
        id=day if taken[day] == 1 else f"{day}-{taken[day]}",
        scenes=tuple(scene for scene, _ in group),
        choices=tuple(choice for _, choice in group),
    )


def require_one_side(dates: Iterable[Dated], event: Event | None) -> None:
    """Refuse a date whose scenes were taken on both sides of the event.

    Raises:
        BrokenInputError: One was taken before it, another after it.
    """
    for group in dates if event is not None else ():
        sides = {relation(acquired(scene), event) for scene in group.scenes}
        if len(sides) > 1:
            raise BrokenInputError(
                "the scenes of one group must lie on one side of the event",
                subject=group.choices[0].group,
                found=", ".join(sorted(side.value for side in sides if side is not None)),
                remedy="give those before it and those after it groups of their own",
            )


def days_notices(group: Dated) -> tuple[Notice, ...]:
    """What is to be said of a date whose scenes were taken on several days."""
    days = group.days
    if len(days) < 2:
        return ()
    listed = _listed([day.isoformat() for day in days])
    return (Notice(code="several-days", text=f"The picture shows several days: {listed}."),)


_PERMISSIONS = ("press", "tiles", "analysis")


def _listed(words: Sequence[str]) -> str:
    """``press, tiles and analysis``."""
    return " and ".join(part for part in (", ".join(words[:-1]), words[-1]) if part)


def draft_reasons(dates: Iterable[Dated]) -> tuple[str, ...]:
    """Why a release must stay a draft; empty where nothing stands in its way."""
    reasons: list[str] = []
    for date in dates:
        for scene, choice in zip(date.scenes, date.choices, strict=True):
            unsaid = [what for what in _PERMISSIONS if getattr(choice.licence, what) is None]
            if unsaid:
                reasons.append(
                    f"the licence of {scene.id} does not say whether the public may have "
                    f"{_listed(unsaid)}"
                )
            if scene.credit is None:
                reasons.append(f"nobody states a credit line for {scene.id}")
    return tuple(dict.fromkeys(reasons))
