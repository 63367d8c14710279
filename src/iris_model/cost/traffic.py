"""Traffic patterns over a week, and random arrival times. The same pattern gives the same times."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from iris_model.errors import CostError

HOURS_PER_WEEK = 168
# Weeks with more requests are simulated with this many. More traffic has a smaller share of cold starts, so this
# overestimates them.
SIMULATED_REQUESTS = 50_000
_SEED = 20260501


@dataclass(frozen=True)
class Traffic:
    """A pattern: the share of a week's requests in each hour. Hour 0 is Monday, midnight to one o'clock."""

    name: str
    shares: tuple[float, ...]
    burst_seconds: float | None = None
    """None: requests arrive at random over the whole hour. Else: in one interval of this length in each hour."""

    @property
    def peak_factor(self) -> float:
        """The ratio of the busiest rate to the mean rate."""
        spread = 1.0 if self.burst_seconds is None else 3600 / self.burst_seconds
        return max(self.shares) * HOURS_PER_WEEK * spread

    def peak_rate(self, requests_per_day: float) -> float:
        """Return the requests per second in the busiest time."""
        return requests_per_day / 86_400 * self.peak_factor

    def rates(self, requests_per_day: float) -> list[tuple[float, float, int]]:
        """Return for each kind of hour: share of the week's requests, requests per second, and number of hours."""
        weekly, stretch = requests_per_day * 7, self.burst_seconds or 3600.0
        return [(share, weekly * share / stretch, hours) for share, hours in Counter(self.shares).items()]

    def arrivals(self, requests_per_day: float) -> list[float]:
        """Return arrival times in seconds, ascending, over one week; at most about `SIMULATED_REQUESTS`."""
        return list(_draw_arrivals(self.shares, self.burst_seconds, min(requests_per_day * 7, SIMULATED_REQUESTS)))


@lru_cache(maxsize=2)
def _draw_arrivals(shares: tuple[float, ...], burst_seconds: float | None, weekly: float) -> tuple[float, ...]:
    numbers = random.Random(_SEED)  # noqa: S311 - traffic, not secrets
    times: list[float] = []
    for hour, share in enumerate(shares):
        start, stretch = hour * 3600.0, 3600.0
        if burst_seconds is not None:
            stretch = burst_seconds
            start += numbers.uniform(0, 3600 - stretch)
        # Poisson: exponential gaps at the rate of this hour.
        rate = weekly * share / stretch
        moment = start + numbers.expovariate(rate) if rate else start + stretch
        while moment < start + stretch:
            times.append(moment)
            moment += numbers.expovariate(rate)
    return tuple(times)


def _weighted(name: str, weight: Callable[[int, int], float], burst_seconds: float | None = None) -> Traffic:
    weights = [weight(hour // 24, hour % 24) for hour in range(HOURS_PER_WEEK)]
    total = sum(weights)
    return Traffic(name, tuple(each / total for each in weights), burst_seconds)


PATTERNS = {
    "steady": _weighted("steady", lambda day, hour: 1.0),
    # Nine tenths between 8 and 18 o'clock, Monday to Friday.
    "office-hours": _weighted("office-hours", lambda day, hour: 0.9 / 50 if day < 5 and 8 <= hour < 18 else 0.1 / 118),
    # One minute of requests in every fourth hour, and none between.
    "bursts": _weighted("bursts", lambda day, hour: 1.0 if hour % 4 == 0 else 0.0, 60.0),
}


def read_traffic(text: str) -> Traffic:
    """Return a pattern by name, or from a JSON file.

    The file is a list of 24 or 168 numbers, the requests in each hour of a day or a week. Raises CostError.
    """
    if text in PATTERNS:
        return PATTERNS[text]
    remedy = f"Use one of {', '.join(PATTERNS)}, or a JSON file with the requests of 24 or 168 hours."
    path = Path(text)
    if not path.is_file():
        raise CostError(f"{text!r} is neither a traffic pattern nor a file", remedy=remedy)
    try:
        counts = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CostError(f"{text} cannot be read ({error}); expected JSON", remedy=remedy) from None
    if (
        not isinstance(counts, list)
        or len(counts) not in (24, HOURS_PER_WEEK)
        or not all(isinstance(each, (int, float)) and not isinstance(each, bool) and each >= 0 for each in counts)
        or not sum(counts)
    ):
        raise CostError(
            f"{text} is not a list of 24 or 168 numbers; expected no negative number, and at least one above 0",
            remedy=remedy,
        )
    week = counts * (HOURS_PER_WEEK // len(counts))
    total = sum(week)
    return Traffic(path.name, tuple(each / total for each in week))
