"""Dates in words: UTC and the place's local time beside it; never a time that nobody knows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from satdesk.core.scene import Acquisition
from satdesk.errors import UsageError
from satdesk.release.language import Language, spoken
from satdesk.release.wording import Clock, Day, Phrase, Words

__all__ = ["DateWords", "format_acquisition", "format_day"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DateWords:
    """An acquisition's time as it is printed.

    Attributes:
        day: ``25 November 2020``, the day in UTC.
        utc: ``07:35:12 UTC``, or ``time not known``.
        local: ``11:35:12 local time (Asia/Baku, UTC+04:00)``; None where the time or the zone is
            not known. Names the local day where it differs from the UTC day.
        prose: For a sentence: ``25 November 2020 at 07:35:12 UTC (11:35:12 local time, …)``.
    """

    day: str
    utc: str
    local: str | None
    prose: str

    @property
    def line(self) -> str:
        """Everything on one line, parted by middle dots."""
        return " · ".join(part for part in (self.day, self.utc, self.local) if part)


def format_acquisition(
    acquisition: Acquisition, time_zone: str | None, words: Language | None = None
) -> DateWords:
    """The words for `acquisition`, with local time of `time_zone` (IANA name) where it is known.

    Whole seconds; fractions are cut, not rounded, so that no printed time lies in the future.

    Args:
        acquisition: When.
        time_zone: Of the place; None = not known.
        words: The language; None = English.

    Raises:
        UsageError: A time zone that nobody knows.
    """
    said, day = spoken(words), Day(acquisition.day)
    moment = acquisition.instant
    if moment is None:
        return DateWords(
            day=said.show(day),
            utc=said.say("time_not_known"),
            local=None,
            prose=said.say("when_not_known", day=day),
        )
    utc = said.show(Words(said.say("utc_time", time=Clock(moment.time()))))
    local = None if time_zone is None else _moved(moment, time_zone)
    if local is None or time_zone is None:
        prose = said.say("when", day=day, utc=Phrase(utc))
        return DateWords(day=said.show(day), utc=utc, local=None, prose=prose)
    other_day = local.date() != moment.date()
    inside = _local(said, local, time_zone, other_day=other_day, prose=True)
    return DateWords(
        day=said.show(day),
        utc=utc,
        local=_local(said, local, time_zone, other_day=other_day, prose=False),
        prose=said.say("when_local", day=day, utc=Phrase(utc), local=Phrase(inside)),
    )


def format_day(day: date, words: Language | None = None) -> str:
    """``25 November 2020``."""
    return spoken(words).show(Day(day))


def _moved(instant: datetime, time_zone: str) -> datetime:
    try:
        return instant.astimezone(ZoneInfo(time_zone))
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise UsageError(
            "unknown time zone", found=repr(time_zone), expected="an IANA name such as Asia/Baku"
        ) from error


def _local(said: Language, local: datetime, zone: str, *, other_day: bool, prose: bool) -> str:
    time, offset = Clock(local.time()), Phrase(_offset(local))
    suffix = "_prose" if prose else ""
    if not other_day:
        return said.say(f"local_time{suffix}", time=time, zone=Words(zone), offset=offset)
    return said.say(
        f"local_time_other_day{suffix}",
        time=time,
        day=Day(local.date()),
        zone=Words(zone),
        offset=offset,
    )


def _offset(local: datetime) -> str:
    text = local.strftime("%z")
    return f"{text[:3].replace('-', '−')}:{text[3:5]}"
