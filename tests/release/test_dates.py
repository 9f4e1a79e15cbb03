from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from satdesk.core.scene import Acquisition
from satdesk.errors import UsageError
from satdesk.release.dates import format_acquisition, format_day


def test_an_instant_is_printed_in_utc_and_in_local_time_with_its_zone_named():
    words = format_acquisition(
        Acquisition.at(datetime(2020, 11, 25, 7, 35, 12, 999999, tzinfo=UTC)), "Asia/Baku"
    )
    assert words.day == "25 November 2020"
    assert words.utc == "07:35:12 UTC"
    assert words.local == "11:35:12 local time (Asia/Baku, UTC+04:00)"
    assert words.prose == (
        "25 November 2020 at 07:35:12 UTC (11:35:12 local time, Asia/Baku, UTC+04:00)"
    )


def test_local_day_is_named_where_it_differs_and_west_has_a_minus():
    words = format_acquisition(
        Acquisition.at(datetime(2020, 11, 17, 2, 45, 17, tzinfo=UTC)), "America/New_York"
    )
    assert words.local == ("21:45:17 local time on 16 November 2020 (America/New_York, UTC−05:00)")


def test_a_day_says_that_the_time_is_not_known_and_invents_none():
    words = format_acquisition(Acquisition.on(date(2017, 8, 9)), "Asia/Beirut")
    assert words.line == "9 August 2017 · time not known"
    assert words.prose == "9 August 2017 (time not known)"
    assert words.local is None


def test_without_a_zone_utc_stands_alone():
    words = format_acquisition(Acquisition.at(datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)), None)
    assert words.line == "2 January 2020 · 03:04:05 UTC"


def test_an_unknown_zone_is_refused():
    with pytest.raises(UsageError, match="Mars/Olympus"):
        format_acquisition(Acquisition.at(datetime(2020, 1, 2, tzinfo=UTC)), "Mars/Olympus")


def test_days_are_spelt_in_english_whatever_the_locale():
    assert format_day(date(2021, 2, 3)) == "3 February 2021"
