"""Estimated costs, checked by hand calculation from the public prices."""

from dataclasses import replace
from decimal import Decimal

import pytest

from iris_model.cost import PATTERNS, Surroundings, Workload, estimate_all, read_prices
from iris_model.cost.function_costs import estimate_provisioned, log_share
from iris_model.cost.workload import DAYS_PER_MONTH, LOG_BYTES
from tests.cost.measurements import HUNDRED_MS, NOTHING_BESIDES

A_MILLION_A_MONTH = float(Decimal(1_000_000) / DAYS_PER_MONTH)


def workload(**changes):
    some = Workload(A_MILLION_A_MONTH, PATTERNS["steady"], HUNDRED_MS, read_prices(), surroundings=NOTHING_BESIDES)
    return replace(some, **changes)


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
    # With 8 GB of disk at 0.08, and a public address at 0.005 an hour.
    assert found["EC2 t4g.micro"] == Decimal("6.1320") + Decimal("0.64") + Decimal("3.65")
    few = monthly(workload(requests_per_day=100))
    assert float(few["Fargate x86_64, 0.25 vCPU, 0.5 GB"]) == pytest.approx(7.39 + 1.62 + 3.65, abs=0.01)
    # A million a month of 100 ms, on a quarter of a processor, are too many for one.
    assert found["Fargate x86_64, 0.25 vCPU, 0.5 GB"] == 2 * few["Fargate x86_64, 0.25 vCPU, 0.5 GB"]


def test_one_sandbox_kept_warm():
    # 730 h x 3600 s x 1.7275390625 GB x 0.0000041667 = 18.916. A million a month of 0.1 s are a load of 0.03805: of such
    # requests 1 / 1.03805 find it free and cost 0.1 s x 1.7275 x 0.0000097222, the rest 0.0000166667.
    served = 1 / (1 + 1e6 / (730 * 3600) * 0.1)
    expected = 18.916 + 1.6796 * served + 2.8792 * (1 - served) + 0.20
    found = monthly(workload())["Lambda x86_64, function URL, provisioned"]
    assert float(found) == pytest.approx(expected, abs=2e-3)


def test_requests_beyond_provisioned_sandboxes_are_on_demand():
    """As often as in a simulation of the same traffic; at a high rate nearly always."""
    day = 7_000.0  # no more than is simulated whole
    for pattern in PATTERNS.values():
        some = workload(traffic=pattern, requests_per_day=day)
        busy_until, turned_away, arrivals = 0.0, 0, pattern.arrivals(day)
        for moment in arrivals:
            if moment < busy_until:
                turned_away += 1
            else:
                busy_until = moment + 0.1
        served, rest = some.provisioned_gb_seconds
        assert float(rest / (served + rest)) == pytest.approx(turned_away / len(arrivals), rel=0.15)
    often = workload(requests_per_day=A_MILLION_A_MONTH * 10_000)
    served, rest = often.provisioned_gb_seconds
    # It is busy all month: 730 h of 1.7275 GB.
    assert float(served) == pytest.approx(730 * 3600 * 1769 / 1024, rel=0.01)
    assert rest > 300 * served
    two = replace(often, surroundings=replace(NOTHING_BESIDES, provisioned=2))
    assert float(two.provisioned_gb_seconds[0]) == pytest.approx(2 * 730 * 3600 * 1769 / 1024, rel=0.01)


def test_the_note_about_the_rest_counts_the_warm_sandboxes():
    some = workload(traffic=PATTERNS["bursts"], requests_per_day=A_MILLION_A_MONTH * 10)
    for count, said in ((1, "requests and one warm sandbox: "), (2, "requests and 2 warm sandboxes: ")):
        around = replace(NOTHING_BESIDES, provisioned=count)
        (note,) = estimate_provisioned(replace(some, surroundings=around), "x86_64", "function-url").notes
        assert said in note


def test_overflow_requests_start_cold_and_are_billed():
    cold = replace(HUNDRED_MS, cold_billed_ms=1100, cold_ms=1100, cold_starts=1)
    served, rest = workload(traffic=PATTERNS["bursts"], measurement=cold).provisioned_gb_seconds
    warm = workload(traffic=PATTERNS["bursts"]).provisioned_gb_seconds
    assert served == warm[0] and rest > warm[1]
    assert rest < 11 * warm[1]


def test_lambdas_own_log_lines_are_in_the_sum():
    # 340 bytes x 1e6 x 0.50 a GB = 0.17 to take in; 0.15 of it kept for 30 days at 0.03: 0.0015.
    plain, logged = workload(), workload(surroundings=Surroundings(alarms=0))
    for name, usd in monthly(plain).items():
        more = 0.17 + 0.34 * 0.15 * 0.03 * 30 * 24 / 730 if name.startswith("Lambda") else 0
        assert float(monthly(logged)[name] - usd) == pytest.approx(more, abs=1e-6), name
    assert float(log_share(logged)) == pytest.approx(0.85)
    assert log_share(plain) == 0
    longer = workload(surroundings=Surroundings(alarms=0, log_retention_days=365))
    name = "Lambda arm64, function URL"
    assert float(monthly(longer)[name] - monthly(logged)[name]) == pytest.approx(
        0.34 * 0.15 * 0.03 * 335 * 24 / 730, abs=1e-6
    )


def test_the_bytes_of_log_lines_are_those_of_lambdas_lines():
    """The local Lambda's lines, of the shape of Lambda's, with the 26 bytes that CloudWatch Logs adds to each."""
    from iris_model.local.telemetry.reports import InvocationReport, make_log_format

    report = InvocationReport("8f507cfc-xmpl-4697-b07a-ac58fc914c95", "success", 1.234, 128, 45)
    for name, format_name in (("text", "Text"), ("json", "JSON")):
        form = make_log_format(format_name)
        lines = [str(form.start(report.request_id, "12")), *form.end(report)]
        size = sum(len(line) + 1 + 26 for line in lines)
        assert LOG_BYTES[name] == pytest.approx(size, rel=0.15)


def test_the_alarm_is_counted_everywhere_and_the_image_where_containers_come_from_ecr():
    some = workload(surroundings=replace(NOTHING_BESIDES, alarms=1, image_gb=Decimal("0.2")), library=HUNDRED_MS)
    more = {name: usd - monthly(workload(library=HUNDRED_MS))[name] for name, usd in monthly(some).items()}
    for name, usd in more.items():
        has_image = name.startswith(("Lambda", "Fargate"))
        count = 2 if name.startswith("Fargate") and "0.25" in name else 1
        assert count and usd == (Decimal("0.12") if has_image else Decimal("0.10")), name


def test_an_http_api_counts_each_512_kb_as_a_request():
    for kb, count in ((0, 1), (1, 1), (512, 1), (513, 2), (5000, 10)):
        found = monthly(workload(surroundings=replace(NOTHING_BESIDES, payload_kb=Decimal(kb))))
        assert float(found["Lambda x86_64, HTTP API"] - found["Lambda x86_64, function URL"]) == pytest.approx(count)


def test_sagemaker_serverless_runs_the_library_or_is_left_out():
    name = "SageMaker serverless"
    assert name not in monthly(workload())
    # 100 ms at 1,769 MB are 100 ms of a processor, and 0.4 ms for the server, of 11.58 ms in each 20 ms at 1 GB; and 1 KB a
    # request at 0.016 a GB.
    found = monthly(workload(library=HUNDRED_MS))[name]
    part = 20 * 1024 / 1769
    periods, rest = divmod(100.4, part)
    expected = (periods * 20 + rest) / 1000 * 1e6 * 0.00002 + 0.016
    assert float(found) == pytest.approx(expected, rel=1e-4)


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
    assert estimates["EC2 t4g.micro"].notes == ("needs 1284 MB with the system; it has 1024",)
    assert estimates["EC2 m5.large"].monthly is not None


def test_weak_prices_are_marked():
    marked = {each.name for each in estimate_all(workload()) if each.is_weak}
    assert marked == {"SageMaker ml.t2.medium"}
    with_library = {each.name for each in estimate_all(workload(library=HUNDRED_MS)) if each.is_weak}
    assert with_library == {"SageMaker serverless", "SageMaker ml.t2.medium"}


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
def test_a_missing_price_makes_only_its_sums_unknown(name):
    some = workload(
        surroundings=Surroundings(
            image_gb=Decimal("0.2"),
            dashboards=1,
            snapshots=1,
            access_log=True,
            tracing=True,
            capture_rate=Decimal("0.01"),
        ),
        original=HUNDRED_MS,
        library=HUNDRED_MS,
        original_image_gb=Decimal("0.5"),
        free_tier=True,
    )
    whole = {each.name: each for each in estimate_all(some)}
    without = replace(PRICES, prices={key: price for key, price in PRICES.prices.items() if key != name})
    for each in estimate_all(replace(some, prices=without)):
        if name in {component.price for component in whole[each.name].components}:
            assert each.monthly is None, each.name
        else:
            assert each.monthly == whole[each.name].monthly, each.name


def test_the_free_tier_of_lambda_is_of_what_is_paid_by_the_request():
    free, paid = monthly(workload(free_tier=True, original=HUNDRED_MS)), monthly(workload(original=HUNDRED_MS))
    assert {name for name in paid if free[name] != paid[name]} == {
        f"Lambda {architecture}, {endpoint}{suffix}"
        for architecture in ("x86_64", "arm64")
        for endpoint in ("function URL", "HTTP API")
        for suffix in ("", ", original")
    }


def test_the_free_tier_of_cloudwatch_is_for_all():
    """Five GB of log lines a month, taken in or kept, and ten alarms, wherever the model runs."""
    some = workload(surroundings=Surroundings(), requests_per_day=A_MILLION_A_MONTH * 20)
    free, paid = monthly(replace(some, free_tier=True)), monthly(some)
    assert float(paid["EC2 m5.large"] - free["EC2 m5.large"]) == pytest.approx(0.10)
    name = "Lambda arm64, HTTP API, provisioned"
    # 6.8 GB are written: 5 of them are free, and nothing is left for what is kept.
    assert float(paid[name] - free[name]) == pytest.approx(0.10 + 5 * 0.50)
    few = workload(surroundings=Surroundings(), free_tier=True)
    assert {part.name for each in estimate_all(few) for part in each.components if part.monthly == 0} >= {
        "log lines", "log storage", "alarm",
    }  # fmt: skip


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


def test_concurrency_beyond_the_quota_gets_a_note():
    # 20,000 requests a second of 100 ms are 2,000 concurrent requests on average.
    notes = {each.name: each.notes for each in estimate_all(workload(requests_per_day=20_000 * 86_400.0))}
    (note,) = notes["Lambda arm64, HTTP API"]
    assert "the default quota of an account is 1,000" in note
    assert 2_000 < int(note.split()[2].replace(",", "")) < 3_000
    assert not {each.name: each.notes for each in estimate_all(workload())}["Lambda arm64, HTTP API"]


def test_an_image_of_unknown_size_is_not_free():
    some = workload(original=ORIGINAL, surroundings=replace(NOTHING_BESIDES, image_gb=Decimal("0.2")))
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
    assert monthly(some)["EC2 c7g.medium"] == Decimal("0.0363") * 730 + Decimal("3.65") + Decimal("0.64")
