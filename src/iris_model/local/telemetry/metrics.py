"""Metrics of the service: totals and percentiles of the REPORTs. Memory is bounded.

`FunctionMetrics` counts for one function, `HttpMetrics` for the HTTP front ends. `metrics_views` formats them.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from iris_model.local.telemetry.reports import InvocationReport

# Percentiles use this many of the newest invocations. Sorting them is fast, and forty values are above p99.
WINDOW = 4096
PERCENTS = (50, 90, 99)


class Distribution:
    """Durations in milliseconds: sum and count of all, and the newest ones for percentiles."""

    def __init__(self) -> None:
        self.count = 0
        self.sum_ms = 0.0
        self.max_ms = 0.0
        self._newest: deque[float] = deque(maxlen=WINDOW)

    def add(self, milliseconds: float) -> None:
        """Add one."""
        self.count += 1
        self.sum_ms += milliseconds
        self.max_ms = max(self.max_ms, milliseconds)
        self._newest.append(milliseconds)

    def percentiles(self, percents: Sequence[int] = PERCENTS) -> dict[int, float | None]:
        """Return the smallest value that this percentage does not exceed; None without values."""
        ordered = sorted(self._newest)
        if not ordered:
            return dict.fromkeys(percents)
        return {percent: ordered[math.ceil(len(ordered) * percent / 100) - 1] for percent in percents}


@dataclass
class FunctionMetrics:
    """The totals of one function."""

    errors: Counter[str] = field(default_factory=Counter)
    """By error type. An error that the function reports counts under the type that the platform records."""
    throttles: Counter[str] = field(default_factory=Counter)
    """By the reason of TooManyRequestsException. A throttled call is not an invocation, and costs nothing."""
    invocations: int = 0
    lost_events: int = 0
    billed_ms: int = 0
    max_memory_used_mib: int = 0
    durations: Distribution = field(default_factory=Distribution)
    inits: Distribution = field(default_factory=Distribution)
    """One value for each cold start that an invocation waited for."""

    def record(self, report: InvocationReport) -> None:
        """Record an invocation that has ended."""
        self.invocations += 1
        self.billed_ms += report.billed_duration_ms
        self.max_memory_used_mib = max(self.max_memory_used_mib, report.max_memory_used_mib)
        self.durations.add(report.duration_ms)
        if report.init_duration_ms is not None:
            self.inits.add(report.init_duration_ms)
        if report.status != "success":
            self.errors[report.error_type or report.status] += 1


@dataclass
class HttpMetrics:
    """The responses of the HTTP API and the function URLs."""

    statuses: Counter[int] = field(default_factory=Counter)
    throttled: int = 0
    """429 responses of the gateway's own throttling, which reached no function."""
