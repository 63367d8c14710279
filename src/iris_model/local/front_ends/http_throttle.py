"""The gateway's throttling: a token bucket."""

from __future__ import annotations

import time
from collections.abc import Callable

from iris_model.contract.endpoint import Throttling


class TokenBucket:
    """Holds at most `burst` tokens and gains `rate` tokens per second. A request takes one token, or is refused."""

    def __init__(self, settings: Throttling, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._burst = settings.limits
        self._clock = clock
        self._tokens = float(self._burst)
        self._filled_at = clock()

    def take(self) -> bool:
        """Take a token. Return whether there was one."""
        now = self._clock()
        gained = (now - self._filled_at) * self._rate
        self._tokens = min(float(self._burst), self._tokens + gained)
        self._filled_at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
