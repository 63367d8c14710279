"""Money against arithmetic done by hand from the public prices."""

from dataclasses import replace
from decimal import Decimal

import pytest

from iris_model.cost import PATTERNS, Measurement, Workload, estimate_all, read_prices
from iris_model.cost.estimates import DAYS_PER_MONTH

HUNDRED_MS = Measurement(
    memory_mib=1769,
    warm_billed_ms=100,
    warm_ms=100,
    warm_p99_ms=100,
    cold_billed_ms=None,
    cold_ms=None,
    max_memory_mib=60,
    invocations=10,
    cold_starts=0,
)
A_MILLION_A_MONTH = float(Decimal(1_000_000) / DAYS_PER_MONTH)


def workload(**changes):
    return replace(Workload(A_MILLION_A_MONTH, PATTERNS["steady"], HUNDRED_MS, read_prices()), **changes)


def monthly(some_workload):
    return {each.name: each.monthly for each in estimate_all(some_workload)}


def test_a_million_invocations_of_100_ms_at_1769_mb():
    # 1e6 x 0.1 s x 1.7275390625 GB x 0.0000166667 = 2.8792, and 0.20 for the requests; arm64 2.3034.
    found = monthly(workload())
    assert float(found["Lambda x86_64, function URL"]) == pytest.approx(2.8792 + 0.20, abs=1e-3)
    assert float(found["Lambda arm64, function URL"]) == pytest.approx(2.3034 + 0.20, abs=1e-3)
    assert float(found["Lambda x86_64, HTTP API"]) == pytest.approx(2.8792 + 0.20 + 1.00, abs=1e-3)


def test_servers_cost_730_hours():
    found = monthly(workload())
    assert found["EC2 t4g.micro"] == Decimal("6.1320")
    few = monthly(workload(requests_per_day=100))
    assert float(few["Fargate x86_64, 0.25 vCPU, 0.5 GB"]) == pytest.approx(7.39 + 1.62, abs=0.01)
    # A million a month of 100 ms, on a quarter of a processor, are too many for one.
    assert found["Fargate x86_64, 0.25 vCPU, 0.5 GB"] == 2 * few["Fargate x86_64, 0.25 vCPU, 0.5 GB"]


def test_one_sandbox_kept_warm():
    # 730 h x 3600 s x 1.7275390625 GB x 0.0000041667 = 18.916; run 0.1 s x 1e6 x 1.7275 x 0.0000097222 = 1.6796
    found = monthly(workload())["Lambda x86_64, function URL, provisioned"]
    assert float(found) == pytest.approx(18.916 + 1.6796 + 0.20, abs=2e-3)


def test_the_free_tier_is_subtracted_once():
    found = monthly(workload(free_tier=True))
    # 1e6 requests are free, of 172,753.9 GB-s all.
    assert found["Lambda x86_64, function URL"] == pytest.approx(Decimal(0), abs=Decimal("1e-6"))
    assert float(found["Lambda x86_64, HTTP API"]) == pytest.approx(1.00, abs=1e-6)


def test_cold_starts_are_billed_with_their_init():
    cold = replace(HUNDRED_MS, cold_billed_ms=1100, cold_ms=1100, cold_starts=1)
    # Two requests a day never meet a warm sandbox.
    rare = workload(measurement=cold, requests_per_day=0.5)
    assert rare.sandbox_use.cold_share == 1
    expected = 0.5 * float(DAYS_PER_MONTH) * 1.1 * 1769 / 1024
    assert float(rare.billed_gb_seconds) == pytest.approx(expected)


def test_an_unknown_price_stays_unknown():
    prices = read_prices()
    without = replace(prices, prices={k: v for k, v in prices.prices.items() if k != "http_api.request"})
    found = monthly(workload(prices=without))
    assert found["Lambda x86_64, HTTP API"] is None
    assert found["Lambda x86_64, function URL"] is not None


def test_a_model_that_does_not_fit_is_not_given_a_price():
    large = replace(HUNDRED_MS, max_memory_mib=900)
    estimates = {each.name: each for each in estimate_all(workload(measurement=large))}
    assert estimates["EC2 t4g.micro"].monthly is None
    assert estimates["EC2 t4g.micro"].notes == ("needs 1284 MB with its system; this has 1024",)
    assert estimates["EC2 m5.large"].monthly is not None


def test_weak_prices_are_marked():
    marked = {each.name for each in estimate_all(workload()) if each.is_weak}
    assert marked == {"SageMaker serverless", "SageMaker ml.t2.medium"}
