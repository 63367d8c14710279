"""What `cost --json` prints for programs: the same numbers as a JSON document. It computes nothing."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from iris_model.cost import BreakEven, Estimate, Workload


def cost_document(
    workload: Workload, estimates: list[Estimate], break_evens: list[BreakEven], baseline: str
) -> dict[str, Any]:
    """Money is text, so that no program takes it for a float."""
    rates = {each.name: each.requests_per_day for each in break_evens}
    use, measured = workload.sandbox_use, workload.measurement
    return {
        "requests_per_day": workload.requests_per_day,
        "traffic": workload.traffic.name,
        "region": workload.prices.region,
        "currency": "USD",
        "baseline": baseline,
        "measurement": {
            "memory_mib": measured.memory_mib,
            "max_memory_mib": measured.max_memory_mib,
            "warm_ms": measured.warm_ms,
            "warm_p99_ms": measured.warm_p99_ms,
            "cold_ms": measured.cold_ms,
            "invocations": measured.invocations,
            "cold_starts": measured.cold_starts,
        },
        "sandboxes": {"cold_share": use.cold_share, "p99_ms": use.p99_ms, "peak_concurrency": use.peak_concurrency},
        "alternatives": [
            {
                "name": each.name,
                "monthly": _text(each.monthly),
                "per_million": _text(workload.per_million(each)),
                "cheaper_from_requests_per_day": rates.get(each.name),
                "weak": each.is_weak,
                "notes": list(each.notes),
                "components": [
                    {
                        "name": component.name,
                        "quantity": _text(component.quantity),
                        "unit": component.unit,
                        "monthly": _text(component.monthly),
                    }
                    for component in each.components
                ],
            }
            for each in estimates
        ],
    }


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:.6f}"
