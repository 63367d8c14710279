"""Compute a `Traffic` from the times of observed requests and the observed period.

This module reads no log. Times are seconds since 1970 (UTC).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from iris_model.cost.traffic import HOURS_PER_WEEK, Traffic

OBSERVED = "observed"
"""The name of the pattern."""

_HOUR = 3600
_DAY = 24 * _HOUR
# 1970 began on a Thursday, and hour 0 of a week is on Monday.
_HOURS_BEFORE_1970 = 3 * 24


@dataclass(frozen=True)
class ObservedTraffic:
    """With less than a day of observation, `traffic` and `requests_per_day` are None."""

    requests: int
    seconds: float
    traffic: Traffic | None
    note: str = ""

    @property
    def requests_per_day(self) -> float | None:
        """The mean rate of the period; None for less than a day, which does not represent a whole day."""
        return self.requests / self.seconds * _DAY if self.seconds >= _DAY else None


def observe_traffic(moments: Sequence[float], begin: float, end: float) -> ObservedTraffic:
    """Return rates by hour of the week if a week was observed, by hour of the day if a day was.

    Each hour is weighted by its observed time: the first and the last hour are rarely complete, and some occur twice.
    """
    seconds = max(end - begin, 1.0)
    hours = HOURS_PER_WEEK if seconds >= 7 * _DAY else 24
    if seconds < _DAY:
        note = f"{seconds / _HOUR:.1f} hours of log are not enough for the daily traffic pattern"
        return ObservedTraffic(len(moments), seconds, None, note)
    watched = [0.0] * hours
    for hour in range(int(begin // _HOUR), int(end // _HOUR) + 1):
        watched[_slot(hour, hours)] += max(0.0, min(end, (hour + 1) * _HOUR) - max(begin, hour * _HOUR))
    counts = [0] * hours
    for moment in moments:
        counts[_slot(int(moment // _HOUR), hours)] += 1
    # At least 60 s: a time may be slightly outside of the period, and a shorter observation gives no reliable rate.
    rates = [count / max(span, 60.0) for count, span in zip(counts, watched, strict=True)]
    week = rates * (HOURS_PER_WEEK // hours)
    total = sum(week)
    note = (
        ""
        if hours == HOURS_PER_WEEK
        else f"{seconds / _DAY:.1f} days of log; all days of the week are assumed to be alike"
    )
    shares = tuple(rate / total for rate in week) if total else ()
    return ObservedTraffic(len(moments), seconds, Traffic(OBSERVED, shares) if shares else None, note)


def _slot(hour_since_1970: int, hours: int) -> int:
    return (hour_since_1970 + _HOURS_BEFORE_1970) % hours
