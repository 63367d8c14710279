"""When to retry, and how long to wait. `sleep` is an argument, so that tests take no time."""

from __future__ import annotations

import email.utils
import random
import time
from collections.abc import Callable
from dataclasses import dataclass

RETRYABLE = frozenset({408, 429, 500, 502, 503, 504})
"""HTTP statuses of temporary failures."""


@dataclass(frozen=True)
class Retries:
    """Tries at most `attempts` times. Each wait is twice as long, up to `longest` seconds."""

    attempts: int = 5
    first_wait: float = 0.5
    longest: float = 20.0
    longest_asked: float = 120.0
    """The longest wait, in seconds, that a registry may request in Retry-After. A longer one is a failure."""

    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random

    def wait_before(self, attempt: int, retry_after: str = "") -> float | None:
        """Return the seconds to wait before try number `attempt` (from 1), or None after the last one."""
        if attempt >= self.attempts:
            return None
        asked = parse_retry_after(retry_after)
        if asked is not None:
            return asked if asked <= self.longest_asked else None
        backoff = min(self.longest, self.first_wait * 2.0 ** (attempt - 1))
        return backoff * (0.5 + self.jitter() / 2)  # so that many clients do not retry at once


def parse_retry_after(value: str) -> float | None:
    """Return the seconds from a number or a date, or None."""
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except (TypeError, ValueError, IndexError):
        return None
