"""The traffic that was seen: moments of requests and the stretch of time that was watched in, a `Traffic` out.

It asks nobody and knows no log: moments are seconds since 1970, as everybody counts them (UTC).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from iris_model.cost.traffic import HOURS_PER_WEEK, Traffic

OBSERVED = "observed"
"""The name of the pattern."""

_HOUR = 3600
_DAY = 24 * _HOUR
# 1970 began on a Thursday; hour 0 of a week is that of Monday.
_HOURS_BEFORE_1970 = 3 * 24


@dataclass(frozen=True)
class ObservedTraffic:
    """Where less than a day was watched, `traffic` and `requests_per_day` are None: that has no shape of a day."""

    requests: int
    seconds: float
    traffic: Traffic | None
    note: str = ""

    @property
    def requests_per_day(self) -> float | None:
        """The mean rate of the whole stretch; None where it is no day, for a busy minute times 1,440 is no day either."""
        return self.requests / self.seconds * _DAY if self.seconds >= _DAY else None


def observe_traffic(moments: Sequence[float], begin: float, end: float) -> ObservedTraffic:
    """Rates by hour of the week where a week was watched, by hour of the day where a day was.

    Each hour counts by the time that it was watched: the first and the last are rarely whole, and some come twice.
    """
    seconds = max(end - begin, 1.0)
    hours = HOURS_PER_WEEK if seconds >= 7 * _DAY else 24
    if seconds < _DAY:
        note = f"{seconds / _HOUR:.1f} hours of log show neither the rate nor the shape of a day"
        return ObservedTraffic(len(moments), seconds, None, note)
    watched = [0.0] * hours
    for hour in range(int(begin // _HOUR), int(end // _HOUR) + 1):
        watched[_slot(hour, hours)] += max(0.0, min(end, (hour + 1) * _HOUR) - max(begin, hour * _HOUR))
    counts = [0] * hours
    for moment in moments:
        counts[_slot(int(moment // _HOUR), hours)] += 1
    # A moment may lie a blink outside of the stretch; an hour of less than a minute says nothing by its rate.
    rates = [count / max(span, 60.0) for count, span in zip(counts, watched, strict=True)]
    week = rates * (HOURS_PER_WEEK // hours)
    total = sum(week)
    note = (
        "" if hours == HOURS_PER_WEEK else f"{seconds / _DAY:.1f} days of log: every day of the week is taken for alike"
    )
    shares = tuple(rate / total for rate in week) if total else ()
    return ObservedTraffic(len(moments), seconds, Traffic(OBSERVED, shares) if shares else None, note)


def _slot(hour_since_1970: int, hours: int) -> int:
    return (hour_since_1970 + _HOURS_BEFORE_1970) % hours
