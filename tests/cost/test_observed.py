"""Observed traffic: rates by the time that each hour was watched."""

from __future__ import annotations

import datetime
import math

import pytest

from iris_model.cost.observed import observe_traffic

MONDAY = datetime.datetime(2026, 11, 16, tzinfo=datetime.UTC)
HOUR = 3600


def at(**delta: float) -> float:
    return (MONDAY + datetime.timedelta(**delta)).timestamp()


def hourly(begin: float, end: float, rate_of) -> list[float]:
    """`rate_of(weekday, hour)` requests in each hour, evenly."""
    moments = []
    hour = begin
    while hour < end:
        moment = datetime.datetime.fromtimestamp(hour, datetime.UTC)
        count = rate_of(moment.weekday(), moment.hour)
        moments += [hour + (number + 0.5) * HOUR / count for number in range(count)]
        hour += HOUR
    return [moment for moment in moments if begin <= moment < end]


def office(weekday: int, hour: int) -> int:
    return 60 if weekday < 5 and 8 <= hour < 18 else 2


def test_a_week_gives_the_shape_of_a_week_whenever_it_began():
    begin, end = at(days=2, hours=5), at(days=9, hours=5)
    seen = observe_traffic(hourly(begin, end, office), begin, end)
    assert seen.traffic is not None and seen.note == ""
    assert math.isclose(sum(seen.traffic.shares), 1)
    weekly = 50 * 60 + 118 * 2
    assert seen.requests_per_day == pytest.approx(weekly / 7)
    assert seen.traffic.shares[8] == pytest.approx(60 / weekly)  # Monday, 8 to 9 o'clock
    assert seen.traffic.shares[4 * 24 + 17] == pytest.approx(60 / weekly)  # Friday, 17 to 18
    assert seen.traffic.shares[5 * 24 + 12] == pytest.approx(2 / weekly)  # Saturday at noon


def test_an_hour_that_was_watched_twice_does_not_count_twice():
    begin, end = at(), at(days=8)  # two Mondays
    seen = observe_traffic(hourly(begin, end, lambda weekday, hour: 10), begin, end)
    assert seen.traffic is not None
    assert max(seen.traffic.shares) == pytest.approx(1 / 168)


def test_a_part_of_an_hour_counts_by_its_length():
    begin, end = at(minutes=30), at(days=7, minutes=30)
    moments = [moment for moment in hourly(at(), at(days=8), lambda weekday, hour: 10) if begin <= moment < end]
    seen = observe_traffic(moments, begin, end)
    assert seen.traffic is not None
    assert max(seen.traffic.shares) == pytest.approx(1 / 168)  # Monday's first hour: two halves of two weeks


def test_some_days_give_the_shape_of_a_day():
    begin, end = at(), at(days=2)
    seen = observe_traffic(hourly(begin, end, office), begin, end)
    assert seen.traffic is not None and "2.0 days of log" in seen.note
    assert seen.traffic.shares[5 * 24 + 12] == seen.traffic.shares[12] > 20 * seen.traffic.shares[3]


def test_some_hours_are_no_day():
    seen = observe_traffic([at(hours=1)] * 10, at(), at(hours=6))
    assert seen.traffic is None and "6.0 hours" in seen.note
    assert seen.requests == 10 and seen.requests_per_day is None
