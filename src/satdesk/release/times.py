"""Times of a release: parsing what people write, and what stands before and after an event."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from satdesk.core.scene import Acquisition
from satdesk.errors import UsageError
from satdesk.release.content import Event, Relation

__all__ = ["parse_acquisition", "parse_zone", "relation", "stands_to"]


def parse_acquisition(value: str | date | datetime, *, what: str) -> Acquisition:
    """An instant with a zone, or a calendar day, from TOML or text.

    Args:
        value: ``2020-11-25``, ``2020-11-25T07:30:00Z``, or TOML's own date and date-time.
        what: The key or option, for the message.

    Raises:
        UsageError: An impossible date, or a time of day without a zone.
    """
    if isinstance(value, str):
        value = _parsed(value, what)
    if not isinstance(value, datetime):
        return Acquisition.on(value)
    if value.tzinfo is None:
        raise UsageError(
            f"{what} has a time of day but no time zone",
            found=value.isoformat(),
            expected="an instant such as 2020-11-25T07:30:00Z, or the day alone",
            remedy="add Z or an offset, or give only the day",
        )
    return Acquisition.at(value.astimezone(UTC))


def _parsed(text: str, what: str) -> date | datetime:
    try:
        return (
            date.fromisoformat(text)
            if len(text) == len("2020-11-25")
            else datetime.fromisoformat(text)
        )
    except ValueError as error:
        raise UsageError(
            f"{what} is not a date",
            found=repr(text),
            expected="YYYY-MM-DD, or YYYY-MM-DDTHH:MM:SSZ",
            remedy=str(error),
        ) from error


def parse_zone(name: str) -> str:
    """`name` if it is a known IANA time zone; else UsageError."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UsageError(
            "unknown time zone", found=repr(name), expected="an IANA name such as Asia/Baku"
        ) from error
    return name


def relation(acquisition: Acquisition, event: Event | None) -> Relation | None:
    """Where an acquisition stands to `event`; None without an event. See `stands_to`."""
    return None if event is None else stands_to(acquisition, event.at, event.time_zone)


def stands_to(acquisition: Acquisition, at: Acquisition, time_zone: str) -> Relation:
    """Where an acquisition stands to an instant or day of a place with this time zone.

    Two instants are compared exactly. A day stands for all instants that it can mean, and where
    those reach into the event the order is not known: the event's day is a day of its own time
    zone; an acquisition's day is the provider's UTC day, and since the picture was taken by
    daylight, only its hours between 4 and 20 o'clock local time count (without that, every day
    before an event east of Greenwich would be undecidable).
    """
    zone = ZoneInfo(time_zone)
    first, last = _taken_between(acquisition, zone)
    start, end = _span(at, zone)
    if last < start:
        return Relation.BEFORE
    return Relation.AFTER if first >= end else Relation.UNKNOWN


def _span(at: Acquisition, zone: ZoneInfo) -> tuple[datetime, datetime]:
    if at.instant is not None:
        return at.instant, at.instant
    midnight = datetime.combine(at.day, time(), tzinfo=zone)
    return midnight.astimezone(UTC), (midnight + timedelta(days=1)).astimezone(UTC)


def _taken_between(at: Acquisition, zone: ZoneInfo) -> tuple[datetime, datetime]:
    if at.instant is not None:
        return at.instant, at.instant
    midnight = datetime.combine(at.day, time(), tzinfo=UTC)
    following = midnight + timedelta(days=1)
    days = {midnight.astimezone(zone).date(), following.astimezone(zone).date()}
    spans = [
        (max(midnight, _at(day, _DAWN, zone)), min(following, _at(day, _DUSK, zone)))
        for day in days
    ]
    lit = [(first, last) for first, last in spans if first < last]
    return min(first for first, _ in lit), max(last for _, last in lit)


def _at(day: date, hour: int, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(hour), tzinfo=zone).astimezone(UTC)


_DAWN, _DUSK = 4, 20
