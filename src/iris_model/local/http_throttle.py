"""The gateway's throttling: a token bucket. Times in, yes or no out."""

from __future__ import annotations

import time
from collections.abc import Callable

from iris_model.local.http_settings import Throttling


class TokenBucket:
    """Holds `burst` tokens at most and gains `rate` a second; a request takes one, or is refused."""

    def __init__(self, settings: Throttling, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._tokens = float(settings.burst)
        self._filled_at = clock()

    def take(self) -> bool:
        """Whether the request may pass."""
        now = self._clock()
        gained = (now - self._filled_at) * self._settings.rate
        self._tokens = min(float(self._settings.burst), self._tokens + gained)
        self._filled_at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
