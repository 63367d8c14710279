"""Simulate the arrivals of a week on Lambda's sandboxes: how often is there no warm sandbox?"""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from iris_model.cost.measurement import Measurement
from iris_model.cost.traffic import Traffic

# AWS does not document how long an idle sandbox is kept. Five minutes is shorter than most observations, so that cold
# starts are overestimated.
IDLE_SECONDS = 300.0


@dataclass(frozen=True)
class SandboxUse:
    """The result of the simulation."""

    requests: int
    cold_starts: int
    peak_concurrency: int
    p50_ms: float
    p99_ms: float
    cold_pings: int = 0
    """Pings that met no warm sandbox; they are not among the requests."""

    @property
    def cold_share(self) -> float:
        """Cold starts per request."""
        return self.cold_starts / self.requests if self.requests else 0.0


def simulate_sandboxes(
    arrivals: Sequence[float],
    measurement: Measurement,
    idle_seconds: float = IDLE_SECONDS,
    provisioned: int = 0,
    pings: Sequence[float] = (),
) -> SandboxUse:
    """Each request takes the most recently used sandbox, or starts one. A sandbox idle for `idle_seconds` is removed.

    The `provisioned` sandboxes are always warm, and are used first. A ping takes a sandbox as a request does, and
    releases it at once. `arrivals` and `pings` are seconds of the same week, ascending.
    """
    warm_seconds = measurement.warm_ms / 1000
    cold_seconds = warm_seconds if measurement.cold_ms is None else measurement.cold_ms / 1000
    busy: list[float] = []  # when each busy sandbox becomes free: a heap
    idle: list[float] = []  # since when each is idle: the newest last
    kept: list[float] = []  # when each busy provisioned one becomes free: a heap
    cold_starts = peak = cold_pings = 0
    coming = ((moment, False) for moment in arrivals)
    for moment, is_ping in heapq.merge(coming, ((moment, True) for moment in pings)) if pings else coming:
        if provisioned:
            while kept and kept[0] <= moment:
                heapq.heappop(kept)
            if len(kept) < provisioned:
                if not is_ping:
                    heapq.heappush(kept, moment + warm_seconds)
                continue
        while busy and busy[0] <= moment:
            idle.append(heapq.heappop(busy))
        if is_ping:
            if idle and moment - idle[-1] <= idle_seconds:
                idle[-1] = moment
            else:
                idle, cold_pings = [moment], cold_pings + 1
            continue
        if idle and moment - idle[-1] <= idle_seconds:
            idle.pop()
            heapq.heappush(busy, moment + warm_seconds)
        else:
            idle.clear()  # the newest is too old, so all are
            cold_starts += 1
            heapq.heappush(busy, moment + cold_seconds)
        if len(busy) + len(kept) > peak:
            peak = len(busy) + len(kept)
    requests = len(arrivals)
    # Cold starts are slower than all warm requests, so percentiles need no list of latencies.
    cold_ms = cold_seconds * 1000
    return SandboxUse(
        requests,
        cold_starts,
        peak,
        cold_ms if cold_starts * 2 > requests else measurement.warm_ms,
        cold_ms if cold_starts * 100 > requests else max(measurement.warm_p99_ms, measurement.warm_ms),
        cold_pings,
    )


def served_share(traffic: Traffic, requests_per_day: float, warm_ms: float, provisioned: int) -> float:
    """Return the share of requests that find a free provisioned sandbox.

    Erlang's loss formula, for each hour of the week: requests arrive at random at the rate of the hour, and one that
    finds all busy runs elsewhere.
    """
    total = 0.0
    for share, per_second, hours in traffic.rates(requests_per_day):
        load = per_second * warm_ms / 1000
        blocked = 1.0
        for count in range(1, provisioned + 1):
            blocked = load * blocked / (count + load * blocked)
        total += share * hours * (1 - blocked)
    return total


@lru_cache(maxsize=4096)
def likely_peak(load: float, requests: float) -> int:
    """Return the likely peak concurrency of so many requests, where `load` is the mean of the busiest time.

    Requests arrive at random, so the number in progress is Poisson distributed; its tail is bounded by Chernoff's
    bound. For traffic that is too large to simulate.
    """
    peak = max(1, math.ceil(load))
    while load > 0 and requests > 1 and peak * (1 + math.log(load / peak)) - load > -math.log(requests):
        peak += 1
    return peak
