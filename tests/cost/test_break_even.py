"""Cost curves and where they cross: for a closed form, and for step functions evaluated rate by rate."""

from dataclasses import replace
from decimal import Decimal
from functools import cache

import pytest

from iris_model.cost import PATTERNS, Workload, estimate_all, find_break_evens, make_curves, read_prices
from iris_model.cost.break_even import RATES
from iris_model.cost.workload import DAYS_PER_MONTH
from tests.cost.measurements import HUNDRED_MS, NOTHING_BESIDES
from tests.support.spread import spread

BASELINE = "Lambda x86_64, HTTP API"
WORKLOAD = Workload(500, PATTERNS["steady"], HUNDRED_MS, read_prices(), surroundings=NOTHING_BESIDES)


def monthly(rate, workload=WORKLOAD):
    return {each.name: each.monthly for each in estimate_all(replace(workload, requests_per_day=rate))}


@cache
def curves_of(traffic):
    return make_curves(replace(WORKLOAD, traffic=PATTERNS[traffic]))


def break_evens(workload=WORKLOAD):
    if workload == replace(WORKLOAD, traffic=workload.traffic):
        return {each.name: each for each in find_break_evens(workload, curves_of(workload.traffic.name), BASELINE)}
    return {each.name: each for each in find_break_evens(workload, make_curves(workload), BASELINE)}


def test_break_even_with_a_server():
    found = break_evens()
    # (2.8792 + 0.20 + 1.00) dollars a million reach 6.132 + 3.65 (address) + 0.64 (disk) dollars at 2.555 million a month.
    expected = 10.422 / 4.0792 * float(Decimal(1_000_000) / DAYS_PER_MONTH)
    assert found["EC2 t4g.micro"].requests_per_day == pytest.approx(expected, rel=0.02)
    below, above = monthly(expected * 0.98), monthly(expected * 1.02)
    assert below[BASELINE] < below["EC2 t4g.micro"]
    assert above[BASELINE] > above["EC2 t4g.micro"]
    assert found["Lambda arm64, HTTP API"].requests_per_day == 1


def test_alternatives_without_a_break_even():
    dear = replace(WORKLOAD, original=replace(HUNDRED_MS, warm_billed_ms=101, warm_ms=101))
    found = break_evens(dear)[f"{BASELINE}, original"]
    assert (found.requests_per_day, found.spans, found.dearer_again) == (None, (), ())


@pytest.mark.parametrize("pattern", spread(PATTERNS, 3))
def test_a_step_to_one_server_more_is_not_hidden(pattern):
    """Every alternative at arbitrary rates: it is cheaper exactly within its spans."""
    workload = replace(WORKLOAD, traffic=PATTERNS[pattern])
    found = break_evens(workload)
    rate, seen = 1.37, 0
    while rate < RATES[-1]:
        at = monthly(rate, workload)
        for name, each in found.items():
            edges = [edge for span in each.spans for edge in span if edge is not None]
            if any(abs(rate / edge - 1) < 0.12 for edge in edges):
                continue  # a stair narrower than two rates of the curve may be missed
            inside = any(start <= rate and (end is None or rate < end) for start, end in each.spans)
            is_cheaper = at[name] is not None and at[name] < at[BASELINE]
            assert inside == is_cheaper, (name, rate, each.spans)
            seen += 1
        rate *= 1.731
    assert seen > 400


def test_more_expensive_again():
    # 100 ms of a whole vCPU: one m5.large is cheaper, then two of them are not, then they are again.
    found = break_evens(replace(WORKLOAD, traffic=PATTERNS["office-hours"])).values()
    stairs = [each for each in found if len(each.spans) > 1]
    assert stairs
    for each in stairs:
        for (_, first_end), again in zip(each.spans, each.dearer_again, strict=False):
            assert again[0] == first_end
            middle = (again[0] * (again[1] or RATES[-1])) ** 0.5
            at = monthly(middle, replace(WORKLOAD, traffic=PATTERNS["office-hours"]))
            assert at[each.name] > at[BASELINE]


def test_curves_never_fall():
    for curve in make_curves(WORKLOAD):
        known = [value for value in curve.monthly if value is not None]
        assert known == sorted(known), curve.name


def test_an_unknown_price_is_no_curve_and_no_break_even():
    prices = read_prices()
    without = {name: price for name, price in prices.prices.items() if not name.startswith("ec2.t4g")}
    workload = replace(WORKLOAD, prices=replace(prices, prices=without))
    curve = next(curve for curve in make_curves(workload) if curve.name == "EC2 t4g.micro")
    assert set(curve.monthly) == {None}
    found = break_evens(workload)
    assert (found["EC2 t4g.micro"].spans, found["EC2 t4g.micro"].is_known) == ((), False)
    assert found["EC2 t3.micro"].is_known
