"""When requests come: a shape over a week, and arrival times drawn from it. The same shape gives the same times."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from iris_model.errors import CostError

HOURS_PER_WEEK = 168
# Weeks of more requests are simulated as weeks of so many. Cold starts become rarer with traffic, so that this counts too
# many of them rather than too few.
SIMULATED_REQUESTS = 50_000
_SEED = 20260501


@dataclass(frozen=True)
class Traffic:
    """A shape: the share of a week's requests that each hour gets. Hour 0 is Monday, midnight to one o'clock."""

    name: str
    shares: tuple[float, ...]
    burst_seconds: float | None = None
    """Within an hour requests are spread evenly by chance, or crowd into one stretch of this length."""

    @property
    def peak_factor(self) -> float:
        """How many times the mean rate the busiest stretch has."""
        spread = 1.0 if self.burst_seconds is None else 3600 / self.burst_seconds
        return max(self.shares) * HOURS_PER_WEEK * spread

    def peak_rate(self, requests_per_day: float) -> float:
        """Requests per second in the busiest stretch."""
        return requests_per_day / 86_400 * self.peak_factor

    def arrivals(self, requests_per_day: float) -> list[float]:
        """Arrival times in seconds, ascending, over one week; of at most about `SIMULATED_REQUESTS`."""
        numbers = random.Random(_SEED)  # noqa: S311 - traffic, not secrets
        weekly = min(requests_per_day * 7, SIMULATED_REQUESTS)
        times: list[float] = []
        for hour, share in enumerate(self.shares):
            start, stretch = hour * 3600.0, 3600.0
            if self.burst_seconds is not None:
                stretch = self.burst_seconds
                start += numbers.uniform(0, 3600 - stretch)
            # Poisson: exponential gaps at the rate of this hour.
            rate = weekly * share / stretch
            moment = start + numbers.expovariate(rate) if rate else start + stretch
            while moment < start + stretch:
                times.append(moment)
                moment += numbers.expovariate(rate)
        return times


def _weighted(name: str, weight: Callable[[int, int], float], burst_seconds: float | None = None) -> Traffic:
    weights = [weight(hour // 24, hour % 24) for hour in range(HOURS_PER_WEEK)]
    total = sum(weights)
    return Traffic(name, tuple(each / total for each in weights), burst_seconds)


PATTERNS = {
    "steady": _weighted("steady", lambda day, hour: 1.0),
    # Nine tenths between 8 and 18 o'clock, Monday to Friday.
    "office-hours": _weighted("office-hours", lambda day, hour: 0.9 / 50 if day < 5 and 8 <= hour < 18 else 0.1 / 118),
    # Every fourth hour one minute full of requests, and nothing between.
    "bursts": _weighted("bursts", lambda day, hour: 1.0 if hour % 4 == 0 else 0.0, 60.0),
}


def read_traffic(text: str) -> Traffic:
    """A pattern by its name, or a file: JSON, a list of 24 or 168 numbers, the requests of each hour of a day or a week."""
    if text in PATTERNS:
        return PATTERNS[text]
    remedy = f"Name one of {', '.join(PATTERNS)}, or a JSON file with the requests of 24 or 168 hours."
    path = Path(text)
    if not path.is_file():
        raise CostError(f"traffic pattern {text!r} is neither known nor a file.", remedy=remedy)
    try:
        counts = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CostError(f"{text} cannot be read ({error}); expected JSON.", remedy=remedy) from None
    if (
        not isinstance(counts, list)
        or len(counts) not in (24, HOURS_PER_WEEK)
        or not all(isinstance(each, (int, float)) and not isinstance(each, bool) and each >= 0 for each in counts)
        or not sum(counts)
    ):
        raise CostError(f"{text} is no list of 24 or 168 numbers of at least 0, not all of them 0.", remedy=remedy)
    week = counts * (HOURS_PER_WEEK // len(counts))
    total = sum(week)
    return Traffic(path.name, tuple(each / total for each in week))
