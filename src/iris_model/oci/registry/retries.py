"""When to try again, and how long to wait before. No clock of its own: sleeping is handed in, so that tests take no time."""

from __future__ import annotations

import email.utils
import random
import time
from collections.abc import Callable
from dataclasses import dataclass

RETRYABLE = frozenset({408, 429, 500, 502, 503, 504})
"""Statuses that may be another one a moment later."""


@dataclass(frozen=True)
class Retries:
    """Tries at most `attempts` times, waiting twice as long each time, but no longer than `longest`."""

    attempts: int = 5
    first_wait: float = 0.5
    longest: float = 20.0
    longest_asked: float = 120.0
    """What a registry may ask for in Retry-After; beyond that we say so and stop."""

    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random

    def wait_before(self, attempt: int, retry_after: str = "") -> float | None:
        """Seconds to wait before try number `attempt` (from 1), None when it should not be tried."""
        if attempt >= self.attempts:
            return None
        asked = parse_retry_after(retry_after)
        if asked is not None:
            return asked if asked <= self.longest_asked else None
        backoff = min(self.longest, self.first_wait * 2.0 ** (attempt - 1))
        return backoff * (0.5 + self.jitter() / 2)  # so that many clients do not come back at once


def parse_retry_after(value: str) -> float | None:
    """Seconds, from a number or a date; None where there is neither."""
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except (TypeError, ValueError, IndexError):
        return None
