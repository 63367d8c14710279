"""Simulate a week of arrivals on Lambda's sandboxes, to count cold starts."""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from iris_model.cost.measurement import Measurement
from iris_model.cost.traffic import Traffic

# AWS does not document how long it keeps an idle sandbox. Five minutes is shorter than most observations, so that the
# simulation overestimates cold starts.
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
    """Pings that found no warm sandbox. Pings are not counted as requests."""

    @property
    def cold_share(self) -> float:
        """The share of requests with a cold start, between 0 and 1."""
        return self.cold_starts / self.requests if self.requests else 0.0


def simulate_sandboxes(
    arrivals: Sequence[float],
    measurement: Measurement,
    idle_seconds: float = IDLE_SECONDS,
    provisioned: int = 0,
    pings: Sequence[float] = (),
) -> SandboxUse:
    """Return the use of sandboxes by the requests and pings of a week.

    Each request takes the most recently used idle sandbox, or starts one. A sandbox idle for `idle_seconds` is removed.
    The `provisioned` sandboxes are always warm, and are used first. A ping takes a sandbox like a request, and releases
    it at once. `arrivals` and `pings` are seconds of the same week, ascending.
    """
    warm_seconds = measurement.warm_ms / 1000
    cold_seconds = warm_seconds if measurement.cold_ms is None else measurement.cold_ms / 1000
    busy: list[float] = []  # the times when busy sandboxes become free: a heap
    idle: list[float] = []  # the times since when sandboxes are idle: the newest last
    kept: list[float] = []  # the times when busy provisioned sandboxes become free: a heap
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
            idle.clear()  # the newest is too old, so all are too old
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

    Erlang's loss formula, for each hour of the week: requests arrive at random at the rate of the hour. A request that
    finds all of them busy runs on demand.
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
    """Return the likely peak concurrency of `requests`, where `load` is the mean concurrency in the busiest time.

    Used for traffic that is too large to simulate. Requests arrive at random, so the number in progress has a Poisson
    distribution, and Chernoff's bound limits its tail.
    """
    peak = max(1, math.ceil(load))
    while load > 0 and requests > 1 and peak * (1 + math.log(load / peak)) - load > -math.log(requests):
        peak += 1
    return peak
