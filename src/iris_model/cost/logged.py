"""The monthly bill of CloudWatch Logs for a function: Lambda's lines, the access log, captured rows, and storage.

All lines share one free allowance and one price with tiers.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import Decimal

from iris_model.cost.workload import HOURS_PER_MONTH, LOG_BYTES, CostComponent, Workload

# CloudWatch Logs stores compressed data. Its own estimates use 0.15; gzip compresses Lambda's lines to 0.11.
STORED_SHARE = Decimal("0.15")
# One line of the HTTP API's access log in our template's format, with a user agent of medium length.
ACCESS_LOG_BYTES = 440
# The part of a captured row that is not its values and answer: the header of the embedded metric format.
CAPTURE_BYTES = 260
_BYTES_PER_GB = 1_000_000_000
_PRICE = "cloudwatch.logs.ingested_gb"


def logged(workload: Workload, *, has_access_log: bool) -> Iterator[CostComponent]:
    """Yield ingestion by kind of line, storage, and the metrics of captured rows."""
    around, requests = workload.surroundings, workload.monthly_requests
    captured_bytes = CAPTURE_BYTES + around.payload_kb * 1000
    amounts = {
        "log lines": (requests + around.pings_per_month) * LOG_BYTES[around.log_lines] / _BYTES_PER_GB,
        "access log": requests * ACCESS_LOG_BYTES / _BYTES_PER_GB if has_access_log else Decimal(0),
        "captured rows": requests * around.capture_rate * captured_bytes / _BYTES_PER_GB,
    }
    free = workload.allowance("cloudwatch.free.logs_gb")
    written = Decimal(0)
    for name, amount in amounts.items():
        if amount:
            yield workload.component(_PRICE, name, amount, free, before=written)
            written += amount
    if written:
        stored = written * STORED_SHARE * around.log_retention_days * 24 / HOURS_PER_MONTH
        left = max(free - written, Decimal(0))
        yield workload.component("cloudwatch.logs.stored_gb_month", "log storage", stored, left)
    if around.capture_rate:
        yield workload.component(
            "cloudwatch.metric_month", "metrics of captured rows", metric_months(workload) * around.capture_metrics,
            workload.allowance("cloudwatch.free.metrics"),
        )  # fmt: skip


def metric_months(workload: Workload) -> Decimal:
    """Return the share of hours in which a row is captured: a metric is billed for hours with values."""
    rate = float(workload.surroundings.capture_rate)
    stretch = workload.traffic.burst_seconds or 3600.0
    hours = workload.traffic.rates(workload.requests_per_day)
    billed = sum(count * -math.expm1(-per_second * stretch * rate) for _, per_second, count in hours)
    return Decimal(str(billed / sum(count for _, _, count in hours)))
