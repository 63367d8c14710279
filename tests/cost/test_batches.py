"""The sum of a batch: the numbers of docs/how-to/batch.md, computed by hand from the prices of AWS."""

from __future__ import annotations

import pytest

from iris_model.cost.batches import estimate_batch
from iris_model.cost.prices import read_prices


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
