"""What features cost in addition to the answers: pings, the access log, captured rows, traces. Checked by hand calculation."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from iris_model.aws.cloudformation.parts.access_log import describe_access_log
from iris_model.cost import Surroundings, estimate_all
from iris_model.cost.function_costs import estimate_lambda, estimate_provisioned
from iris_model.cost.logged import ACCESS_LOG_BYTES, CAPTURE_BYTES
from iris_model.cost.workload import PING_MS, Workload
from iris_model.runtime.capture import Sampler
from tests.cost.measurements import HUNDRED_MS, NOTHING_BESIDES
from tests.cost.test_estimates import A_MILLION_A_MONTH, workload

COLD = replace(HUNDRED_MS, cold_billed_ms=1100, cold_ms=1100, cold_starts=1)
GB = 1769 / 1024
EVERY_FIVE_MINUTES = tuple(float(moment) for moment in range(0, 7 * 86_400, 300))
PINGED = replace(NOTHING_BESIDES, pings_per_month=Decimal(8_760), pings=EVERY_FIVE_MINUTES)


def parts(some: Workload, endpoint: str = "function-url") -> dict[str, tuple[float, float]]:
    """Name -> quantity and dollars."""
    found = estimate_lambda(some, "x86_64", endpoint).components
    return {each.name: (float(each.quantity), float(each.monthly or 0)) for each in found}


def test_pings_are_requests_with_a_moment_of_compute_and_log_lines():
    plain, pinged = parts(workload()), parts(workload(surroundings=PINGED))
    assert pinged["requests"][0] - plain["requests"][0] == 8_760
    assert pinged["compute"][0] - plain["compute"][0] == pytest.approx(8_760 * PING_MS / 1000 * GB)
    logged = parts(workload(surroundings=replace(PINGED, log_lines="text")))
    assert logged["log lines"][0] == pytest.approx((1_000_000 + 8_760) * 340 / 1e9)


def test_pings_keep_one_sandbox_warm():
    """Ten requests a day meet no warm sandbox, unless one is pinged every five minutes; then the first ping starts cold."""
    seldom = workload(requests_per_day=10, measurement=COLD)
    pinged = replace(seldom, surroundings=PINGED)
    assert seldom.sandbox_use.cold_share > 0.9
    assert (pinged.sandbox_use.cold_starts, pinged.sandbox_use.cold_pings) == (0, 1)
    assert pinged.sandbox_use.requests == seldom.sandbox_use.requests
    # Every hour is too seldom: each ping starts a sandbox and is billed for it.
    hourly = tuple(float(moment) for moment in range(0, 7 * 86_400, 3600))
    late = replace(seldom, surroundings=replace(PINGED, pings_per_month=Decimal(730), pings=hourly))
    assert late.sandbox_use.cold_pings >= 150
    assert float(late.billed_gb_seconds - seldom.billed_gb_seconds) == pytest.approx(730 * 1.1 * GB, rel=0.1)


def test_pings_without_a_weekly_schedule_are_assumed_cold():
    some = workload(measurement=COLD)
    pinged = replace(some, surroundings=replace(NOTHING_BESIDES, pings_per_month=Decimal(4)))
    more = float(pinged.billed_gb_seconds - some.billed_gb_seconds)
    assert more == pytest.approx(4 * (1.1 + PING_MS / 1000) * GB)


def test_provisioned_sandboxes_take_the_pings():
    plain, pinged = (
        {each.name: each for each in estimate_provisioned(some, "x86_64", "function-url").components}
        for some in (workload(measurement=COLD), workload(measurement=COLD, surroundings=PINGED))
    )
    assert float(pinged["requests"].quantity - plain["requests"].quantity) == pytest.approx(8_760)
    # Few requests find it busy, and those start another one.
    assert float(pinged["compute"].quantity - plain["compute"].quantity) < 8_760 * GB


def test_only_an_http_api_writes_an_access_log():
    logged = workload(surroundings=replace(NOTHING_BESIDES, access_log=True))
    assert "access log" not in parts(logged)
    written, usd = parts(logged, "http-api")["access log"]
    assert written == pytest.approx(ACCESS_LOG_BYTES / 1000) and usd == pytest.approx(0.22)
    # It is kept as long as the function's own log.
    assert parts(logged, "http-api")["log storage"][0] == pytest.approx(written * 0.15 * 30 * 24 / 730)


def test_a_line_of_the_access_log_has_about_so_many_bytes():
    values = {
        "time": "1780000000000", "requestId": "JKJaXmPLvHcESHA=", "ip": "203.0.113.145", "method": "POST",
        "path": "/default/iris-prediction", "route": "ANY /iris-prediction", "protocol": "HTTP/1.1", "status": "200",
        "bytes": "143", "latencyMs": "12", "functionMs": "9", "error": "-", "functionError": "-",
        "functionRequestId": "8f507cfc-5c7c-4d1b-9f57-6a2b0c1f5a3d",
    }  # fmt: skip
    browser = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
    for agent in ("python-requests/2.32.5", browser):
        line = values | {"userAgent": agent}
        assert set(line) == set(json.loads(describe_access_log()["AccessLogSettings"]["Format"]))
        assert len(json.dumps(line, separators=(",", ":"))) + 26 == pytest.approx(ACCESS_LOG_BYTES, rel=0.15)


def test_captured_rows_are_log_lines_and_a_metric():
    captured = workload(surroundings=replace(NOTHING_BESIDES, capture_rate=Decimal("0.01")))
    written, usd = parts(captured)["captured rows"]
    assert written == pytest.approx(0.01 * (1000 + CAPTURE_BYTES) / 1000) and usd == pytest.approx(written * 0.5)
    # A million a month are 1,370 an hour: hardly an hour has no sampled row.
    months, dollars = parts(captured)["metrics of captured rows"]
    assert months == pytest.approx(1, abs=1e-4) and dollars == pytest.approx(0.30, abs=1e-4)
    seldom = replace(captured, requests_per_day=24.0)
    assert parts(seldom)["metrics of captured rows"][0] == pytest.approx(0.00995, rel=1e-3)
    # A metric of the predictions, and one for each column whose values may be missing or out of range.
    of_columns = replace(captured, surroundings=replace(captured.surroundings, capture_metrics=5))
    assert parts(of_columns)["metrics of captured rows"][1] == pytest.approx(5 * dollars)


def test_the_head_of_a_captured_row_has_about_so_many_bytes(capsys: pytest.CaptureFixture[str]):
    columns = [{"name": f"column {number}", "minimum": 0, "maximum": 9} for number in range(4)]
    Sampler(columns, ("prediction",), 1.0, frozenset()).take([[1.0, 2.0, 3.0, 4.0]], [["setosa"]])
    line = capsys.readouterr().out
    head = line[: line.index('"row"')]
    assert len(head) + len('"row": , "answer": }') + 26 == pytest.approx(CAPTURE_BYTES, rel=0.15)


def test_all_log_lines_share_one_allowance_and_its_tiers():
    around = Surroundings(alarms=0, access_log=True, capture_rate=Decimal(1))
    some = workload(surroundings=around, requests_per_day=A_MILLION_A_MONTH * 10, free_tier=True)
    found = parts(some, "http-api")
    # 10 million x (340 + 440 + 1,260) bytes = 20.4 GB, of which 5 are free: those of the first lines.
    assert found["log lines"] == (pytest.approx(3.4), 0)
    assert found["access log"] == (pytest.approx(4.4), pytest.approx((3.4 + 4.4 - 5) * 0.5))
    assert found["captured rows"] == (pytest.approx(12.6), pytest.approx(6.3))
    # In the second tier the second kind of lines pays the second price.
    many = workload(surroundings=replace(around, capture_rate=Decimal(0)), requests_per_day=A_MILLION_A_MONTH * 40_000)
    found = parts(many, "http-api")
    assert found["log lines"][1] == pytest.approx(10_240 * 0.5 + 3_360 * 0.25)
    assert found["access log"][1] == pytest.approx(17_600 * 0.25 - max(13_600 + 17_600 - 30_720, 0) * 0.15)


def test_traced_requests_are_the_first_of_each_second_and_5_percent_of_the_others():
    few = workload(surroundings=replace(NOTHING_BESIDES, tracing=True))
    assert parts(few)["traces"] == (pytest.approx(1_000_000), pytest.approx(5.0))
    many = replace(few, requests_per_day=A_MILLION_A_MONTH * 100)
    assert parts(many)["traces"][0] == pytest.approx(2_628_000 + 0.05 * (100e6 - 2_628_000))
    free = replace(few, free_tier=True)
    assert parts(free)["traces"][1] == pytest.approx(4.5)


def test_a_dashboard_costs_the_same_wherever_the_model_runs():
    plain, watched = workload(), workload(surroundings=replace(NOTHING_BESIDES, dashboards=1))
    without = {each.name: each.monthly for each in estimate_all(plain)}
    for each in estimate_all(watched):
        assert each.monthly is not None and each.monthly - (without[each.name] or 0) == 3, each.name
