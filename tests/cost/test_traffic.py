"""Arrivals, and whether they find a warm sandbox."""

import heapq
import json
import random

import pytest

from iris_model.cost import PATTERNS, Measurement, Workload, read_prices, read_traffic, simulate_sandboxes
from iris_model.cost.sandboxes import IDLE_SECONDS, likely_peak
from iris_model.errors import CostError

FAST = Measurement(128, 1, 0.5, 0.9, 25, 24.0, 10, 100, 5)
SLOW = Measurement(128, 2000, 2000, 2500, 5000, 5000, 10, 100, 5)


@pytest.mark.parametrize("name", PATTERNS)
def test_a_week_has_the_requests_of_seven_days(name):
    arrivals = PATTERNS[name].arrivals(2_000)
    assert len(arrivals) == pytest.approx(14_000, rel=0.03)
    assert arrivals == sorted(arrivals)
    assert arrivals[0] >= 0 and arrivals[-1] <= 7 * 86_400
    assert arrivals == PATTERNS[name].arrivals(2_000)


def test_office_hours_are_when_offices_are_open():
    arrivals = PATTERNS["office-hours"].arrivals(2_000)
    inside = [t for t in arrivals if t // 86_400 < 5 and 8 <= t % 86_400 // 3600 < 18]
    assert len(inside) / len(arrivals) == pytest.approx(0.9, abs=0.02)
    assert PATTERNS["office-hours"].peak_rate(86_400) == pytest.approx(0.9 * 7 * 86_400 / 50 / 3600)


def test_bursts_crowd_into_a_minute():
    arrivals = PATTERNS["bursts"].arrivals(2_000)
    for hour in range(0, 168, 4):
        inside = [t for t in arrivals if t // 3600 == hour]
        assert inside and inside[-1] - inside[0] <= 60
    assert PATTERNS["bursts"].peak_rate(86_400) == pytest.approx(7 * 86_400 / 42 / 60)


def test_every_request_beyond_the_idle_time_is_cold():
    use = simulate_sandboxes([0, IDLE_SECONDS - 1, 2 * IDLE_SECONDS + 1, 2 * IDLE_SECONDS + 2], FAST)
    assert (use.requests, use.cold_starts, use.peak_concurrency) == (4, 2, 1)


def test_requests_at_once_need_sandboxes_each():
    use = simulate_sandboxes([0, 1, 2, 10, 11, 30], SLOW)
    # Three start cold at once (5 s each); at 10 and 11 two of them are warm.
    assert (use.cold_starts, use.peak_concurrency) == (3, 3)


def test_against_a_slow_simulation():
    arrivals = PATTERNS["bursts"].arrivals(900)[:2_000]
    sandboxes: list[list[float]] = []  # [free from]
    cold = 0
    for moment in arrivals:
        usable = [each for each in sandboxes if each[0] <= moment <= each[0] + IDLE_SECONDS]
        if usable:
            max(usable)[0] = moment + 2.0
        else:
            cold += 1
            sandboxes.append([moment + 5.0])
    assert simulate_sandboxes(arrivals, SLOW).cold_starts == cold


def test_a_file_of_24_hours_is_repeated(tmp_path):
    path = tmp_path / "day.json"
    path.write_text(json.dumps([0] * 12 + [5, 15] + [0] * 10))
    traffic = read_traffic(str(path))
    assert traffic.name == "day.json"
    assert len(traffic.shares) == 168
    assert traffic.shares[13] == pytest.approx(0.75 / 7)
    assert all(t % 86_400 // 3600 in (12, 13) for t in traffic.arrivals(500))


@pytest.mark.parametrize("text", ["[1, 2]", "[]", "{", '["1"]', json.dumps([0] * 24), json.dumps([-1] * 24), "[true]"])
def test_a_file_that_is_no_shape(tmp_path, text):
    path = tmp_path / "bad.json"
    path.write_text(text)
    with pytest.raises(CostError, match=r"bad\.json"):
        read_traffic(str(path))


def test_an_unknown_pattern_names_the_known_ones():
    with pytest.raises(CostError, match="steady, office-hours, bursts"):
        read_traffic("weekends")


@pytest.mark.parametrize(("per_second", "seconds"), [(35, 0.0085), (400, 0.05), (90, 1.1)])
def test_the_likely_peak_is_what_a_played_crowd_hardly_exceeds(per_second, seconds):
    numbers = random.Random(5)
    moment, busy, peak, count = 0.0, [], 0, 150_000
    for _ in range(count):
        moment += numbers.expovariate(per_second)
        while busy and busy[0] <= moment:
            heapq.heappop(busy)
        heapq.heappush(busy, moment + seconds)
        peak = max(peak, len(busy))
    load = per_second * seconds
    assert load < peak <= likely_peak(load, count) <= max(peak + 2, 1.25 * peak)


def test_no_load_is_one_at_a_time():
    assert likely_peak(0.0, 1e6) == likely_peak(1e-9, 1) == 1


def test_more_requests_than_are_simulated_come_more_at_once():
    weeks = [Workload(rate, PATTERNS["steady"], SLOW, read_prices()).peak_concurrency for rate in (500, 5e5, 5e6)]
    # 5,000,000 requests a day of 2 s each are 116 concurrent requests on average.
    assert weeks[0] < 10 < weeks[1] < 116 < weeks[2] < 232
