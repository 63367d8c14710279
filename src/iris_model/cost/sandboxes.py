"""How often requests meet no warm sandbox: the arrivals of a week played through the sandboxes that Lambda would hold."""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass

from iris_model.cost.measurement import Measurement

# AWS does not say how long an idle sandbox is kept. Five minutes is on the short side of what people observe, so that cold
# starts are over- rather than undercounted.
IDLE_SECONDS = 300.0


@dataclass(frozen=True)
class SandboxUse:
    """What the simulation saw."""

    requests: int
    cold_starts: int
    peak_concurrency: int
    p50_ms: float
    p99_ms: float

    @property
    def cold_share(self) -> float:
        """Cold starts per request."""
        return self.cold_starts / self.requests if self.requests else 0.0


def simulate_sandboxes(
    arrivals: Sequence[float], measurement: Measurement, idle_seconds: float = IDLE_SECONDS
) -> SandboxUse:
    """Each request takes the sandbox that was used last, or starts one; a sandbox idle for `idle_seconds` is gone."""
    warm_seconds = measurement.warm_ms / 1000
    cold_seconds = warm_seconds if measurement.cold_ms is None else measurement.cold_ms / 1000
    busy: list[float] = []  # when each busy sandbox comes free: a heap
    idle: list[float] = []  # since when each idle one is: the newest last
    cold_starts = peak = 0
    for moment in arrivals:
        while busy and busy[0] <= moment:
            idle.append(heapq.heappop(busy))
        if idle and moment - idle[-1] <= idle_seconds:
            idle.pop()
            heapq.heappush(busy, moment + warm_seconds)
        else:
            idle.clear()  # the newest is too old, so all are
            cold_starts += 1
            heapq.heappush(busy, moment + cold_seconds)
        peak = max(peak, len(busy))
    requests = len(arrivals)
    # All cold ones are slower than all warm ones, so the percentiles need no list of all latencies.
    cold_ms = cold_seconds * 1000
    return SandboxUse(
        requests,
        cold_starts,
        peak,
        cold_ms if cold_starts * 2 > requests else measurement.warm_ms,
        cold_ms if cold_starts * 100 > requests else max(measurement.warm_p99_ms, measurement.warm_ms),
    )


def likely_peak(load: float, requests: float) -> int:
    """How many are answered at once at the worst moment of so many requests, where `load` is the mean of the busiest time.

    Requests come by chance, so that the number of those under way follows Poisson; of its tail, Chernoff's bound. For traffic
    that is too much to be simulated whole.
    """
    peak = max(1, math.ceil(load))
    while load > 0 and requests > 1 and peak * (1 + math.log(load / peak)) - load > -math.log(requests):
        peak += 1
    return peak
