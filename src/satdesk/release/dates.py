"""Dates in words: UTC and the place's local time beside it; never a time that nobody knows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from satdesk.core.scene import Acquisition
from satdesk.errors import UsageError

__all__ = ["DateWords", "format_acquisition", "format_day"]

_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
"""Spelt out here because `strftime` would follow the locale of the machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DateWords:
    """An acquisition's time as it is printed.

    Attributes:
        day: ``25 November 2020``, the day in UTC.
        utc: ``07:35:12 UTC``, or ``time not known``.
        local: ``11:35:12 local time (Asia/Baku, UTC+04:00)``; None where the time or the zone is
            not known. Names the local day where it differs from the UTC day.
    """

    day: str
    utc: str
    local: str | None

    @property
    def line(self) -> str:
        """Everything on one line, parted by middle dots."""
        return " · ".join(part for part in (self.day, self.utc, self.local) if part)

    @property
    def prose(self) -> str:
        """For a sentence: ``25 November 2020 at 07:35:12 UTC (11:35:12 local time …)``."""
        if self.utc == _NOT_KNOWN:
            return f"{self.day} ({_NOT_KNOWN})"
        local = "" if self.local is None else f" ({self.local.replace(' (', ', ').rstrip(')')})"
        return f"{self.day} at {self.utc}{local}"


_NOT_KNOWN = "time not known"


def format_acquisition(acquisition: Acquisition, time_zone: str | None) -> DateWords:
    """The words for `acquisition`, with local time of `time_zone` (IANA name) where it is known.

    Whole seconds; fractions are cut, not rounded, so that no printed time lies in the future.

    Raises:
        UsageError: A time zone that nobody knows.
    """
    day = format_day(acquisition.day)
    if acquisition.instant is None:
        return DateWords(day=day, utc=_NOT_KNOWN, local=None)
    local = None if time_zone is None else _local(acquisition.instant, time_zone)
    return DateWords(day=day, utc=f"{acquisition.instant:%H:%M:%S} UTC", local=local)


def format_day(day: date) -> str:
    """``25 November 2020``."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def _local(instant: datetime, time_zone: str) -> str:
    try:
        local = instant.astimezone(ZoneInfo(time_zone))
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise UsageError(
            "unknown time zone", found=repr(time_zone), expected="an IANA name such as Asia/Baku"
        ) from error
    day = "" if local.date() == instant.date() else f" on {format_day(local.date())}"
    return f"{local:%H:%M:%S} local time{day} ({time_zone}, UTC{_offset(local)})"


def _offset(local: datetime) -> str:
    text = local.strftime("%z")
    return f"{text[:3].replace('-', '−')}:{text[3:5]}"
