"""Money against arithmetic done by hand from the public prices."""

from dataclasses import replace
from decimal import Decimal

import pytest

from iris_model.cost import PATTERNS, Workload, estimate_all, read_prices
from iris_model.cost.estimates import DAYS_PER_MONTH
from tests.cost.measurements import HUNDRED_MS

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


def test_every_lambda_there_is():
    # x86_64 and arm64, function URL and HTTP API, on demand and provisioned, compiled and original.
    found = monthly(workload(original=HUNDRED_MS))
    for architecture in ("x86_64", "arm64"):
        for suffix in ("", ", provisioned", ", original", ", provisioned, original"):
            url, http = (
                found.pop(f"Lambda {architecture}, {endpoint}{suffix}") for endpoint in ("function URL", "HTTP API")
            )
            assert float(http - url) == pytest.approx(1.00)  # a million requests through the HTTP API
    assert not [name for name in found if name.startswith("Lambda")]


def test_arm64_is_a_fifth_cheaper_by_the_second():
    found = monthly(workload())
    x86, arm = (found[f"Lambda {each}, function URL"] - Decimal("0.20") for each in ("x86_64", "arm64"))
    assert float(arm / x86) == pytest.approx(0.8, abs=1e-4)


def test_per_month_and_per_million_are_the_same_money():
    some = workload(requests_per_day=12_345)
    for each in estimate_all(some):
        # 12,345 a day for 730 hours are 375,493.75 requests.
        assert float(some.per_million(each)) == pytest.approx(float(each.monthly) / 0.37549375, rel=1e-9)


PRICES = read_prices()


@pytest.mark.parametrize("name", PRICES.prices)
def test_whatever_price_is_missing_its_sums_are_unknown_and_no_other(name):
    some = workload(image_gb=Decimal("0.2"), original=HUNDRED_MS, original_image_gb=Decimal("0.5"), free_tier=True)
    whole = {each.name: each for each in estimate_all(some)}
    without = replace(PRICES, prices={key: price for key, price in PRICES.prices.items() if key != name})
    for each in estimate_all(replace(some, prices=without)):
        if name in {component.price for component in whole[each.name].components}:
            assert each.monthly is None, each.name
        else:
            assert each.monthly == whole[each.name].monthly, each.name


def test_the_free_tier_is_of_what_is_paid_by_the_request():
    free, paid = monthly(workload(free_tier=True, original=HUNDRED_MS)), monthly(workload(original=HUNDRED_MS))
    assert {name for name in paid if free[name] != paid[name]} == {
        f"Lambda {architecture}, {endpoint}{suffix}"
        for architecture in ("x86_64", "arm64")
        for endpoint in ("function URL", "HTTP API")
        for suffix in ("", ", original")
    }


ORIGINAL = replace(HUNDRED_MS, memory_mib=512, warm_billed_ms=3, warm_ms=2.5, cold_billed_ms=1500, cold_ms=1499.0)


def test_the_original_is_billed_by_its_own_numbers():
    some = workload(requests_per_day=500, original=ORIGINAL)
    own = replace(some, measurement=ORIGINAL, original=None)
    assert own.sandbox_use.cold_share > 0
    mean = 3 + own.sandbox_use.cold_share * (1500 - 3)
    million = mean / 1000 * 0.5 * 1e6 * 0.0000166667 + 0.20 + 1.00
    estimates = {each.name: each for each in estimate_all(some)}
    found = some.per_million(estimates["Lambda x86_64, HTTP API, original"])
    assert float(found) == pytest.approx(million, rel=1e-6)
    alone = monthly(workload(requests_per_day=500))
    assert estimates["Lambda x86_64, HTTP API"].monthly == alone["Lambda x86_64, HTTP API"]


def test_more_at_once_than_an_account_has_is_said():
    # 20,000 a second of 100 ms are 2,000 at once in the mean.
    notes = {each.name: each.notes for each in estimate_all(workload(requests_per_day=20_000 * 86_400.0))}
    (note,) = notes["Lambda arm64, HTTP API"]
    assert "an account has 1,000 sandboxes" in note
    assert 2_000 < int(note.split()[2].replace(",", "")) < 3_000
    assert not {each.name: each.notes for each in estimate_all(workload())}["Lambda arm64, HTTP API"]


def test_an_image_of_unknown_size_is_not_free():
    some = workload(original=ORIGINAL, image_gb=Decimal("0.2"))
    assert monthly(some)["Lambda x86_64, HTTP API, original"] is None
    assert monthly(some)["Lambda x86_64, HTTP API"] is not None
    known = monthly(replace(some, original_image_gb=Decimal("0.5")))
    without = monthly(workload(original=ORIGINAL))
    name = "Lambda x86_64, HTTP API, original"
    assert known[name] - without[name] == pytest.approx(Decimal("0.05"))


def test_a_server_is_not_as_slow_as_a_share_of_a_processor():
    # 1,383 ms at 128 MB are 100 ms of a processor; one request a second is no load for a whole one.
    slow = replace(HUNDRED_MS, memory_mib=128, warm_ms=1383.0, warm_billed_ms=1383, warm_p99_ms=1400)
    some = workload(measurement=slow, requests_per_day=86_400)
    assert monthly(some)["EC2 c7g.medium"] == Decimal("0.0363") * 730
