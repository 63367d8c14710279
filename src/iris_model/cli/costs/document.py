"""The JSON document of `cost --json`. It computes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from iris_model.cli.costs.original import Beside, Executed
    from iris_model.cost import BreakEven, Estimate, Measurement, Workload


@dataclass(frozen=True)
class CostResult:
    """What `cost` computed. `baseline`: the name of the alternative that the others are compared with."""

    workload: Workload
    estimates: list[Estimate]
    break_evens: list[BreakEven]
    baseline: str
    beside: Beside
    notes: Sequence[str] = ()


def cost_document(result: CostResult) -> dict[str, Any]:
    """Return the document. An amount of money is a string, so that programs do not read it as a float."""
    workload, estimates, break_evens = result.workload, result.estimates, result.break_evens
    found = {each.name: each for each in break_evens}
    from iris_model.cost.workload import LOG_BYTES

    use, around = workload.sandbox_use, workload.surroundings
    return {
        "requests_per_day": workload.requests_per_day,
        "traffic": workload.traffic.name,
        "region": workload.prices.region,
        "currency": "USD",
        "baseline": result.baseline,
        "measurement": _measurement(workload.measurement),
        "executors": _executors(workload, result.beside),
        "other_charges": {
            "log_lines": around.log_lines,
            "log_bytes_per_request": LOG_BYTES[around.log_lines],
            "log_retention_days": around.log_retention_days,
            "alarms": around.alarms,
            "access_log": around.access_log,
            "tracing": around.tracing,
            "capture_rate": float(around.capture_rate),
            "pings_per_month": float(around.pings_per_month),
            "provisioned_concurrency": around.provisioned,
            "payload_kb": float(around.payload_kb),
            "image_gb": None if around.image_gb is None else float(around.image_gb),
            "free_tier": workload.free_tier,
        },
        "notes": list(result.notes),
        "sandboxes": {
            "cold_share": use.cold_share,
            "p99_ms": use.p99_ms,
            "peak_concurrency": workload.peak_concurrency,
        },
        "alternatives": [
            {
                "name": each.name,
                "kind": each.kind,
                "possible": each.is_possible,
                "monthly": _text(each.monthly),
                "per_million": _text(workload.per_million(each)),
                "cheaper_from_requests_per_day": found[each.name].requests_per_day if each.name in found else None,
                "cheaper_between": [list(span) for span in found[each.name].spans] if each.name in found else [],
                "weak": each.is_weak,
                "notes": list(each.notes),
                "components": [
                    {
                        "name": component.name,
                        "quantity": _text(component.quantity),
                        "unit": component.unit,
                        "price": component.price or None,
                        "monthly": _text(component.monthly),
                    }
                    for component in each.components
                ],
            }
            for each in estimates
        ],
    }


def _measurement(measured: Measurement) -> dict[str, Any]:
    return {
        "memory_mib": measured.memory_mib,
        "max_memory_mib": measured.max_memory_mib,
        "warm_ms": measured.warm_ms,
        "warm_p99_ms": measured.warm_p99_ms,
        "warm_billed_ms": measured.warm_billed_ms,
        "init_ms": measured.init_ms,
        "cold_ms": measured.cold_ms,
        "cold_p99_ms": measured.cold_p99_ms,
        "cold_billed_ms": measured.cold_billed_ms,
        "invocations": measured.invocations,
        "cold_starts": measured.cold_starts,
    }


def _executors(workload: Workload, beside: Beside) -> dict[str, Any]:
    """Return the executors by name. An original that was not measured has a `problem` instead of numbers."""

    def described(executed: Executed, its: Workload) -> dict[str, Any]:
        use = its.sandbox_use
        sandboxes = {"cold_share": use.cold_share, "p99_ms": use.p99_ms}
        return _measurement(executed.measurement) | {"size_bytes": executed.size_bytes, "sandboxes": sandboxes}

    document: dict[str, Any] = {}
    if beside.measured is not None:
        document[beside.measured.executor] = described(beside.measured, workload)
    if beside.original is not None:
        document[beside.original.executor] = described(beside.original, workload.of_original())
    elif beside.problem:
        document.setdefault("original", {"problem": beside.problem})
    return document


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:.6f}"
