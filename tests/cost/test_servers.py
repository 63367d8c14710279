"""Erlang C against closed forms, printed tables, and a queue that is simulated."""

import heapq
import math
import random

import pytest

from iris_model.cost.servers import SERVERS, count_instances, waiting_share


def test_waiting_times_of_one_server_match_m_m_1():
    # P(W > t) = rho e^(-(1 - rho) t / s)
    assert waiting_share(6, 0.1, 1, 0.25) == pytest.approx(0.6 * math.exp(-0.4 * 0.25 / 0.1))


def test_two_servers_in_closed_form():
    # C(2, a) = a^2 / (2 + a)
    assert waiting_share(12, 0.1, 2, 0.0) == pytest.approx(1.2**2 / (2 + 1.2))


def test_more_than_all_servers_can_do():
    assert waiting_share(21, 0.1, 2, 100.0) == 1.0


def test_against_a_simulated_queue():
    numbers = random.Random(1)
    free = [0.0] * 4
    moment, late, count = 0.0, 0, 60_000
    for _ in range(count):
        moment += numbers.expovariate(32)
        start = max(moment, heapq.heappop(free))
        late += start - moment > 0.05
        heapq.heappush(free, start + numbers.expovariate(10))
    assert late / count == pytest.approx(waiting_share(32, 0.1, 4, 0.05), rel=0.1)


@pytest.mark.parametrize("server", SERVERS, ids=lambda server: server.name)
def test_one_server_less_would_miss_the_target(server):
    asked = {"service_ms": 40, "memory_mib": 60, "mean_per_second": 0.0, "target_ms": 150}
    sizing = count_instances(server, peak_per_second=400, **asked)
    assert sizing.count is not None and sizing.count > 1
    workers, service = max(1, int(server.vcpu)), 0.04 / min(1, server.vcpu)
    wait = max(0.15 - service, service)
    assert waiting_share(400, service, workers * sizing.count, wait) <= 0.01
    fewer = sizing.count - 1
    assert 400 * service / workers / fewer > 0.7 or waiting_share(400, service, workers * fewer, wait) > 0.01


def test_burstable_instances_are_counted_by_what_they_may_use_all_day():
    micro = next(server for server in SERVERS if server.name == "EC2 t4g.micro")
    busy = count_instances(micro, service_ms=40, memory_mib=60, peak_per_second=10, mean_per_second=10, target_ms=400)
    # 0.4 vCPU all day, of 0.2 sustained at 70 per cent.
    assert busy.count == math.ceil(0.4 / 0.2 / 0.7)


def test_a_slow_server_gets_a_note():
    fargate = next(server for server in SERVERS if "arm64, 0.25" in server.name)
    sizing = count_instances(
        fargate, service_ms=40, memory_mib=60, peak_per_second=0.1, mean_per_second=0.01, target_ms=50
    )
    assert sizing.notes == ("one answer takes 160.0 ms on it",)


def answered_within(per_second, service_seconds, workers, *, seed=3, count=30_000):
    """The p99 of the waiting time, by simulation: random arrivals, one queue, equal requests."""
    numbers = random.Random(seed)
    free = [0.0] * workers
    moment, times = 0.0, []
    for _ in range(count):
        moment += numbers.expovariate(per_second)
        end = max(moment, heapq.heappop(free)) + service_seconds
        heapq.heappush(free, end)
        times.append(end - moment)
    return sorted(times)[math.ceil(count * 0.99) - 1]


@pytest.mark.parametrize(("per_second", "service_ms", "target_ms"), [(300, 8, 25), (40, 60, 200), (900, 1.5, 6)])
@pytest.mark.parametrize("server", SERVERS, ids=lambda server: server.name)
def test_so_many_servers_keep_the_p99(server, per_second, service_ms, target_ms):
    sizing = count_instances(
        server,
        service_ms=service_ms,
        memory_mib=60,
        peak_per_second=per_second,
        mean_per_second=0.0,
        target_ms=target_ms,
    )
    service = service_ms / 1000 / min(1, server.vcpu)
    workers = max(1, int(server.vcpu)) * sizing.count
    # Where a single answer takes longer than Lambda's p99, the same time again is allowed for waiting, and a note names it.
    allowed = max(target_ms / 1000, 2 * service)
    assert answered_within(per_second, service, workers) <= allowed
    assert bool(sizing.notes) == (service * 1000 > target_ms)
    if sizing.count > 1:
        # With one instance less, a vCPU would be busy more than 70 per cent, or late.
        fewer = workers - max(1, int(server.vcpu))
        busy = per_second * service / fewer
        assert busy > 0.7 or waiting_share(per_second, service, fewer, allowed - service) > 0.01
