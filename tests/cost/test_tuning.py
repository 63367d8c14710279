"""Memory sizes, compared by hand calculation."""

from dataclasses import replace

import pytest

from iris_model.cost import Measurement, read_prices
from iris_model.cost.tuning import TunedSize, choose_size
from iris_model.errors import CostError

BASE = Measurement(128, 700, 700.0, 710, None, None, 20, 10, 0)


def size(memory, warm_ms):
    return TunedSize(memory, replace(BASE, memory_mib=memory, warm_ms=warm_ms, warm_billed_ms=max(1, round(warm_ms))))


MEASURED = [size(128, 700), size(256, 345), size(512, 180), size(1024, 90), size(1769, 50), size(3008, 50)]


def test_the_three_to_choose_from():
    tuning = choose_size(MEASURED, read_prices(), "x86_64")
    # 256 MB: 0.25 GB x 0.345 s x 1e6 x 0.0000166667 + 0.20 = 1.6375; at 128 MB 1.6583, at 1769 MB 1.6396.
    assert tuning.cheapest.memory_mib == 256
    assert float(tuning.cheapest.usd_per_million) == pytest.approx(1.6375, abs=1e-4)
    # Two are equally fast; the second one costs more.
    assert (tuning.fastest.memory_mib, tuning.balanced.memory_mib) == (1769, 1769)


def test_arm64_costs_less():
    x86, arm = (choose_size(MEASURED, read_prices(), architecture) for architecture in ("x86_64", "arm64"))
    assert arm.cheapest.usd_per_million < x86.cheapest.usd_per_million


def test_a_size_at_which_it_dies_is_left_out():
    tuning = choose_size([TunedSize(128, None, "out of memory"), *MEASURED[1:]], read_prices(), "x86_64")
    assert [each.memory_mib for each in tuning.sizes] == [256, 512, 1024, 1769, 3008]


def test_out_of_memory_at_every_size_is_an_error():
    with pytest.raises(CostError, match="128 MB: out of memory"):
        choose_size([TunedSize(128, None, "out of memory")], read_prices(), "x86_64")


def test_prices_that_are_not_known():
    prices = replace(read_prices(), prices={})
    with pytest.raises(CostError, match=r"lambda\.request"):
        choose_size(MEASURED, prices, "x86_64")


@pytest.mark.parametrize(("times", "fastest"), [((0.55, 0.52, 0.50), 128), ((7.0, 5.2, 5.1), 256), ((9, 7, 5), 512)])
def test_a_difference_that_is_noise_makes_no_size_the_fastest(times, fastest):
    measured = [size(memory, each) for memory, each in zip((128, 256, 512), times, strict=True)]
    tuning = choose_size(measured, read_prices(), "x86_64")
    assert tuning.fastest.memory_mib == fastest
    if tuning.cheapest == tuning.fastest:
        assert tuning.balanced == tuning.cheapest


def test_the_cheapest_size_is_best_if_it_is_as_fast():
    """As measured: 128 MB took 0.71 ms, 256 MB 0.67 ms, which is noise; and cost less."""
    measured = [size(128, 0.71), size(256, 0.67), size(512, 0.675)]
    tuning = choose_size(measured, read_prices(), "x86_64")
    assert {each.memory_mib for each in (tuning.cheapest, tuning.fastest, tuning.balanced)} == {128}


def test_a_weak_price_is_marked():
    prices = read_prices()
    weak = {name: replace(price, is_weak=name == "lambda.request") for name, price in prices.prices.items()}
    assert not choose_size(MEASURED, prices, "x86_64").is_weak
    assert choose_size(MEASURED, replace(prices, prices=weak), "x86_64").is_weak
