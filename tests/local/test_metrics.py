"""The numbers of the service. The text for Prometheus is read by the parser of its own project."""

from __future__ import annotations

import random
import statistics
from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import ClientError
from prometheus_client.parser import text_string_to_metric_families

from iris_model.local.telemetry.metrics import WINDOW, Distribution
from iris_model.local.telemetry.running_cost import Prices, Usage, describe_cost
from tests.local.conftest import make_settings
from tests.support.local_service import RunningService, running

PRICES = Prices(
    gb_second={"x86_64": Decimal("0.0000166667"), "arm64": Decimal("0.0000133334")},
    request=Decimal("0.0000002"),
    http_api_request=Decimal("0.000001"),
    source="a test",
    date="2026-01-01",
)


def samples(service: RunningService, path: str, **headers: str) -> dict[tuple[str, ...], float]:
    """Every sample by name and label values."""
    reply = service.request("GET", path, headers=headers)
    assert reply.header("content-type") == "text/plain; version=0.0.4; charset=utf-8"
    families = list(text_string_to_metric_families(reply.body.decode()))
    assert all(family.documentation and family.type != "unknown" for family in families)
    return {(sample.name, *sample.labels.values()): sample.value for family in families for sample in family.samples}


def test_invocations_and_errors_are_counted() -> None:
    functions = [
        make_settings(name="works", route="/works", handler="app.handler"),
        make_settings(name="stopped", route="/stopped", reserved_concurrency=0),
    ]
    with running(functions, prices=PRICES, retry_delays_seconds=()) as service:
        for event in ({}, {}, {"do": "fail"}, {"do": "exit", "status": 1}):
            service.invoke(event, name="works")
        with pytest.raises(ClientError):
            service.client().invoke(FunctionName="stopped", Payload=b"1")
        service.request("POST", "/default/works", b"{}")
        service.request("GET", "/nowhere")
        service.settle()
        numbers = service.request("GET", "/_local/metrics").json()
        text = samples(service, "/_local/metrics.prometheus")
        assert samples(service, "/_local/metrics", Accept="text/plain;version=0.0.4").keys() == text.keys()
    works, stopped = numbers["functions"]
    assert (works["invocations"], works["cold_starts"], works["sandboxes"]) == (5, 1, 1)
    assert works["errors"] == {"Function.Unknown": 1, "Runtime.ExitError": 1}
    assert stopped["throttles"] == {"ReservedFunctionConcurrentInvocationLimitExceeded": 1}
    assert (stopped["invocations"], stopped["duration_ms"]["p50"]) == (0, None)
    assert works["duration_ms"]["count"] == 5
    assert works["duration_ms"]["p50"] <= works["duration_ms"]["p90"] <= works["duration_ms"]["max"]
    assert works["billed_ms"] >= works["duration_ms"]["sum"]
    assert 5 < works["max_memory_used_mib"] < 128
    assert numbers["http"]["responses"] == {"200": 1, "404": 1}
    # The REPORT lines say the same.
    billed = [int(line.split("Billed Duration: ")[1].split(" ")[0]) for line in service.written if "REPORT" in line]
    assert works["billed_ms"] == sum(billed)

    assert text["iris_model_invocations_total", "works"] == 5
    assert text["iris_model_errors_total", "works", "Runtime.ExitError"] == 1
    assert text["iris_model_throttles_total", "stopped", "ReservedFunctionConcurrentInvocationLimitExceeded"] == 1
    assert text["iris_model_duration_seconds_count", "works"] == 5
    assert text["iris_model_duration_seconds", "works", "0.5"] == pytest.approx(works["duration_ms"]["p50"] / 1000)
    assert text["iris_model_memory_size_bytes", "works"] == 128 * 1024 * 1024
    assert text["iris_model_http_responses_total", "404"] == 1
    cost = works["cost"]["architectures"]["arm64"]
    assert text["iris_model_cost_usd_total", "works", "arm64"] == pytest.approx(float(cost["so_far"]))
    assert Decimal(cost["parts"]["http_api"]) == Decimal("0.000001")


def test_pings_are_left_out() -> None:
    """The handler answers with its event; `{"warm": true}` is what the runtime answers a ping with."""
    with running(make_settings(handler="app.handler")) as service:
        for event in ({"warm": True}, {"warm": True}, {"warm": False}):
            service.invoke(event)
        service.settle()
        (numbers,) = service.request("GET", "/_local/metrics").json()["functions"]
    assert (numbers["invocations"], numbers["duration_ms"]["count"], numbers["errors"]) == (1, 1, {})


def test_without_prices_the_cost_is_unknown_and_not_nothing(service: RunningService) -> None:
    (function,) = service.request("GET", "/_local/metrics").json()["functions"]
    assert function["cost"] is None
    assert not any(name.startswith("iris_model_cost") for name, *_ in samples(service, "/_local/metrics.prometheus"))


def test_cost_is_the_arithmetic_of_the_price_list() -> None:
    # 1 million invocations of 100 ms at 1,769 MB: 2.88 for compute on x86 and 2.30 on arm64, and 0.20 for the requests.
    told = describe_cost(Usage(1_000_000, 100_000_000, 1769), PRICES)
    assert told is not None
    x86, arm = told["architectures"]["x86_64"], told["architectures"]["arm64"]
    assert round(Decimal(x86["parts"]["compute"]), 2) == Decimal("2.88")
    assert round(Decimal(arm["parts"]["compute"]), 2) == Decimal("2.30")
    assert Decimal(x86["parts"]["requests"]) == Decimal("0.2")
    assert x86["per_million"] == x86["so_far"]
    nothing: Any = describe_cost(Usage(0, 0, 128), PRICES)
    assert (nothing["architectures"]["x86_64"]["so_far"], nothing["architectures"]["x86_64"]["per_million"]) == (
        "0",
        None,
    )


def test_percentiles_are_those_of_the_newest_and_memory_stays_bounded() -> None:
    distribution = Distribution()
    drawn = random.Random(7)
    values = [drawn.expovariate(0.1) for _ in range(WINDOW * 3)]
    for value in values:
        distribution.add(value)
    newest = values[-WINDOW:]
    assert distribution.count == len(values)
    assert distribution.sum_ms == pytest.approx(sum(values))
    expected = statistics.quantiles(newest, n=100, method="inclusive")
    found = distribution.percentiles()
    for percent in (50, 90, 99):
        assert found[percent] in newest
        assert found[percent] == pytest.approx(expected[percent - 1], rel=0.05)
