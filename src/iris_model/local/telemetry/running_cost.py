"""The cost of the invocations so far on AWS.

Amounts are `Decimal`. Without prices, the cost is None. Free tiers, log storage and data transfer are not included; the
result states this.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

LEFT_OUT = ("free tier", "log storage", "data transfer")
_MILLION = Decimal(1_000_000)


@dataclass(frozen=True)
class Prices:
    """Prices in US dollars, some of them by architecture, and their source."""

    gb_second: Mapping[str, Decimal]
    request: Decimal
    http_api_request: Decimal
    source: str
    date: str


@dataclass(frozen=True)
class Usage:
    """The quantities that AWS bills."""

    invocations: int
    billed_ms: int
    memory_mib: int
    http_api_requests: int = 0

    @property
    def gb_seconds(self) -> Decimal:
        """Return memory size times billed time."""
        return Decimal(self.billed_ms) * self.memory_mib / (1000 * 1024)


def describe_cost(usage: Usage, prices: Prices | None) -> dict[str, Any] | None:
    """Return the cost so far, and of a million such invocations, for each architecture; None without prices."""
    if prices is None:
        return None
    architectures = {}
    for architecture, gb_second in prices.gb_second.items():
        parts = {
            "compute": usage.gb_seconds * gb_second,
            "requests": usage.invocations * prices.request,
            "http_api": usage.http_api_requests * prices.http_api_request,
        }
        total = sum(parts.values(), Decimal(0))
        architectures[architecture] = {
            "so_far": _show(total),
            "per_million": _show(total / usage.invocations * _MILLION) if usage.invocations else None,
            "parts": {name: _show(value) for name, value in parts.items()},
        }
    return {
        "currency": "USD",
        "architectures": architectures,
        "left_out": list(LEFT_OUT),
        "source": prices.source,
        "date": prices.date,
    }


def _show(amount: Decimal) -> str:
    """Return the amount as plain digits, because a float would round it and an exponent is hard to read."""
    return f"{amount.quantize(Decimal('0.000000000001')).normalize():f}"
