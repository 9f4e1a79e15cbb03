"""What holds a release back: nothing of it is issued until somebody answers for it by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from satdesk.core.scene import Acquisition
from satdesk.core.statement import READERS_NEEDED, AskedStatement, Outcome
from satdesk.release.dated import Dated, acquired
from satdesk.release.recipe import HoldsChoice

__all__ = ["HOLDS", "Hold", "holds_of"]

HOLDS: Mapping[str, str] = {
    "licence-unknown": "a licence does not say what the public may have",
    "licence-forbids": "a licence lets the public have nothing",
    "credit-missing": "nobody states the credit line of a scene",
    "scene-too-recent": "a scene of a conflict area is younger than the desk allows",
    "sensitive-site": "a place that is kept back lies in the picture",
    "one-reader": "a statement beside the pictures has fewer than two readers",
}
"""Every rule that holds a release back, with what it says."""
_PERMISSIONS = ("press", "tiles", "analysis")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """One rule that holds one release back.

    Attributes:
        rule: In `HOLDS`.
        reason: For people; names no place that is kept back.
    """

    rule: str
    reason: str


def holds_of(
    dates: Sequence[Dated],
    choice: HoldsChoice,
    *,
    sensitive: bool,
    now: datetime,
    statements: Sequence[AskedStatement] = (),
) -> tuple[Hold, ...]:
    """All holds of a release, in a fixed order, each once.

    Args:
        dates: Its scenes.
        choice: How strict the rules are.
        sensitive: Whether a place that is kept back lies in its district.
        now: The clock.
        statements: With what readers answered.
    """
    found = [*_scene_holds(dates), *_recent(dates, choice, now), *_unread(statements)]
    if sensitive:
        found.append(Hold(rule="sensitive-site", reason=HOLDS["sensitive-site"]))
    return tuple(dict.fromkeys(found))


def _scene_holds(dates: Iterable[Dated]) -> Iterator[Hold]:
    for date in dates:
        for scene, choice in zip(date.scenes, date.choices, strict=True):
            said = {what: getattr(choice.licence, what) for what in _PERMISSIONS}
            unsaid = [what for what, allowed in said.items() if allowed is None]
            if unsaid:
                yield Hold(
                    rule="licence-unknown",
                    reason=f"the licence of {scene.id} does not say whether the public may have "
                    f"{_listed(unsaid)}",
                )
            if set(said.values()) == {False}:
                yield Hold(
                    rule="licence-forbids",
                    reason=f"the licence of {scene.id} lets the public have nothing",
                )
            if scene.credit is None:
                reason = f"nobody states a credit line for {scene.id}"
                yield Hold(rule="credit-missing", reason=reason)


def _recent(dates: Iterable[Dated], choice: HoldsChoice, now: datetime) -> Iterator[Hold]:
    if not choice.conflict_area:
        return
    least = timedelta(hours=choice.scene_age_hours)
    for date in dates:
        if any(now - _latest(acquired(scene)) < least for scene in date.scenes):
            yield Hold(
                rule="scene-too-recent",
                reason=f"the picture of {date.id} is younger than {choice.scene_age_hours:g} "
                "hours, and shows a conflict area",
            )


def _unread(statements: Iterable[AskedStatement]) -> Iterator[Hold]:
    for each in statements:
        for question in each.questions:
            if question.outcome is Outcome.NOT_PUBLISHED:
                yield Hold(
                    rule="one-reader",
                    reason=f"statement {each.statement.id} at {question.site} has "
                    f"{len(question.answers)} of {READERS_NEEDED} readers",
                )


def _latest(acquisition: Acquisition) -> datetime:
    """The instant, or the end of the day where no more is known."""
    if acquisition.instant is not None:
        return acquisition.instant
    return datetime.combine(acquisition.day, time.max, UTC)


def _listed(words: Sequence[str]) -> str:
    """``press, tiles and analysis``."""
    return " and ".join(part for part in (", ".join(words[:-1]), words[-1]) if part)
