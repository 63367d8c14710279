"""The sum of a batch: the numbers of docs/how-to/batch.md, computed by hand from the prices of AWS."""

from __future__ import annotations

import pytest

from iris_model.cost.batches import estimate_batch
from iris_model.cost.prices import PriceList, read_prices
from iris_model.errors import CostError


@pytest.mark.parametrize(
    ("memory", "parts", "seconds", "total"), [(128, 7_629, 22.64, 0.79), (1_769, 552, 22.64, 0.39)]
)
def test_a_billion_rows_of_iris_cost_less_than_a_dollar(memory: int, parts: int, seconds: float, total: float):
    size = memory * 1_048_576 // 64
    cost = estimate_batch(
        read_prices(), parts=parts, size=16_000_000_000, trial_bytes=size, trial_seconds=seconds, memory_mb=memory,
        architecture="x86_64",
    )  # fmt: skip
    assert float(cost.total) == pytest.approx(total, abs=0.006)
    quantities = {name: float(quantity) for name, quantity, _ in cost.lines}
    assert quantities["Lambda: requests"] == quantities["S3: writes"] == parts
    assert quantities["Lambda: GB-s"] == pytest.approx(21_594, rel=0.001)


def test_a_list_without_a_price_has_no_sum():
    prices = read_prices()
    without = PriceList(prices.region, {name: each for name, each in prices.prices.items() if name != "s3.read"}, {})
    with pytest.raises(CostError, match=r"s3\.read"):
        estimate_batch(
            without, parts=1, size=1, trial_bytes=1, trial_seconds=1, memory_mb=128, architecture="arm64",
        )  # fmt: skip
