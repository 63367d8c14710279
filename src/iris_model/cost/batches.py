"""The cost of a batch: Step Functions, Lambda and S3, from a measured part."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from iris_model.cost.prices import PriceList

# An Express workflow is billed by its duration in units of 64 MB.
_WORKFLOW_GB = Decimal(64) / 1024
# US dollars in us-east-1. https://aws.amazon.com/step-functions/pricing/ and https://aws.amazon.com/s3/pricing/
_EXPRESS_REQUEST, _EXPRESS_GB_SECOND, _TRANSITION = Decimal("0.000001"), Decimal("0.00001667"), Decimal("0.000025")
_READ, _WRITE = Decimal("0.0000004"), Decimal("0.000005")
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
    """Estimate the cost of `size` bytes in so many parts. The trial is one part, measured on the deployed function."""
    seconds = Decimal(str(trial_seconds)) * size / max(trial_bytes, 1)
    compute = seconds * memory_mb / 1024
    lines = [
        (name, quantity, price.cost(quantity))
        for name, key, quantity in (
            ("Lambda: GB-s", f"lambda.{architecture}.gb_second", compute),
            ("Lambda: requests", "lambda.request", Decimal(parts)),
        )
        if (price := prices.find(key)) is not None
    ]
    for name, usd, quantity in (
        ("Step Functions: Express requests", _EXPRESS_REQUEST, Decimal(parts)),
        ("Step Functions: Express GB-s", _EXPRESS_GB_SECOND, seconds * _WORKFLOW_GB),
        ("Step Functions: state transitions", _TRANSITION, Decimal(parts)),
        ("S3: reads", _READ, Decimal(parts * _READS_OF_A_PART)),
        ("S3: writes", _WRITE, Decimal(parts * _WRITES_OF_A_PART)),
    ):
        lines.append((name, quantity, quantity * usd))
    return BatchCost(tuple(lines))
