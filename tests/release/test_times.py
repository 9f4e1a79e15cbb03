"""Before, after, or not known: computed from what is known, never typed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satdesk.core.scene import Acquisition
from satdesk.errors import UsageError
from satdesk.release.content import Event, Relation
from satdesk.release.times import parse_acquisition, parse_zone, relation


def event(at: Acquisition, zone: str = "Asia/Baku") -> Event:
    return Event(name="x", at=at, time_zone=zone, source="s")


DAY = event(Acquisition.on(date(2020, 11, 25)))


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2020, 11, 24), Relation.BEFORE),
        (date(2020, 11, 25), Relation.UNKNOWN),
        (date(2020, 11, 26), Relation.AFTER),
    ],
)
def test_days_are_compared_as_daylight_days(day, expected):
    assert relation(Acquisition.on(day), DAY) is expected


def test_a_utc_day_in_new_zealand_can_be_the_local_next_day():
    there = event(Acquisition.on(date(2020, 11, 25)), "Pacific/Auckland")
    assert relation(Acquisition.on(date(2020, 11, 24)), there) is Relation.UNKNOWN
    assert relation(Acquisition.on(date(2020, 11, 23)), there) is Relation.BEFORE


def test_an_instant_is_carried_into_the_zone_of_the_events_day():
    late = Acquisition.at(datetime(2020, 11, 24, 20, 30, tzinfo=UTC))  # 00:30 on the 25th in Baku
    early = Acquisition.at(datetime(2020, 11, 24, 19, 30, tzinfo=UTC))
    assert relation(late, DAY) is Relation.UNKNOWN
    assert relation(early, DAY) is Relation.BEFORE


def test_a_day_against_an_instant_within_it_is_not_known():
    noon = event(Acquisition.at(datetime(2020, 11, 25, 8, 0, tzinfo=UTC)))
    assert relation(Acquisition.on(date(2020, 11, 25)), noon) is Relation.UNKNOWN
    assert relation(Acquisition.on(date(2020, 11, 24)), noon) is Relation.BEFORE


@given(
    st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2030, 1, 1)),
    st.integers(1, 10**6),
)
def test_instants_are_compared_exactly(moment, seconds):
    at = Acquisition.at(moment.replace(tzinfo=UTC))
    later = Acquisition.at(at.instant + timedelta(seconds=seconds))
    assert relation(at, event(later)) is Relation.BEFORE
    assert relation(later, event(at)) is Relation.AFTER
    assert relation(at, event(at)) is Relation.AFTER


def test_without_an_event_there_is_no_relation():
    assert relation(Acquisition.on(date(2020, 11, 25)), None) is None


@pytest.mark.parametrize(
    "text", ["2020-02-30", "2020-13-01T00:00:00Z", "yesterday", "2020-11-25T25:00Z"]
)
def test_impossible_dates_are_refused(text):
    with pytest.raises(UsageError, match="is not a date"):
        parse_acquisition(text, what="--at")


def test_a_time_of_day_needs_a_zone():
    with pytest.raises(UsageError, match="no time zone"):
        parse_acquisition("2020-11-25T07:30:00", what="--at")
    assert parse_acquisition("2020-11-25T11:30:00+04:00", what="--at").instant == datetime(
        2020, 11, 25, 7, 30, tzinfo=UTC
    )


@pytest.mark.parametrize("name", ["Asia/Bakoo", "../etc/passwd", ""])
def test_unknown_zones_are_refused(name):
    with pytest.raises(UsageError, match="unknown time zone"):
        parse_zone(name)
