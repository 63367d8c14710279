"""The cost of a batch: Step Functions, Lambda and S3, from a measured part."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from iris_model.cost.prices import Price, PriceList
from iris_model.errors import CostError

# An Express workflow is billed by its duration in units of 64 MB.
_WORKFLOW_GB = Decimal(64) / 1024
# Each part reads the first line, its range, and the end of its last line at most; it writes its answers.
_READS_OF_A_PART = 3
_WRITES_OF_A_PART = 1


@dataclass(frozen=True)
class BatchCost:
    """The sum: (what, quantity, US dollars) for each part of it."""

    lines: tuple[tuple[str, Decimal, Decimal], ...]

    @property
    def total(self) -> Decimal:
        """US dollars in all."""
        return sum((usd for _, _, usd in self.lines), Decimal(0))


def estimate_batch(
    prices: PriceList,
    *,
    parts: int,
    size: int,
    trial_bytes: int,
    trial_seconds: float,
    memory_mb: int,
    architecture: str,
) -> BatchCost:
    """Estimate the cost of `size` bytes in so many parts. The trial is one part, measured on the deployed function.

    Raises CostError if a price is missing.
    """
    seconds = Decimal(str(trial_seconds)) * size / max(trial_bytes, 1)
    compute = seconds * memory_mb / 1024
    return BatchCost(
        tuple(
            (name, quantity, _find(prices, key).cost(quantity))
            for name, key, quantity in (
                ("Lambda: GB-s", f"lambda.{architecture}.gb_second", compute),
                ("Lambda: requests", "lambda.request", Decimal(parts)),
                ("Step Functions: Express requests", "states.express.request", Decimal(parts)),
                ("Step Functions: Express GB-s", "states.express.gb_second", seconds * _WORKFLOW_GB),
                ("Step Functions: state transitions", "states.transition", Decimal(parts)),
                ("S3: reads", "s3.read", Decimal(parts * _READS_OF_A_PART)),
                ("S3: writes", "s3.write", Decimal(parts * _WRITES_OF_A_PART)),
            )
        )
    )


def _find(prices: PriceList, key: str) -> Price:
    """Return a price. Without it the sum would be too small, so there is none. Raises CostError."""
    price = prices.find(key)
    if price is None:
        raise CostError(
            f"the price list has no {key}; expected it for the cost of a batch",
            remedy="Write a complete price file with `iris-model cost refresh`.",
        )
    return price
