"""Measure a function in the local Lambda: cold starts and warm answers, as its own REPORT lines give them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from iris_model.errors import CostError

if TYPE_CHECKING:
    from iris_model.cli.output import OnStep
    from iris_model.cost.measurement import ReportLine
    from iris_model.local import FunctionSettings

COLD_STARTS = 7
WARM_INVOCATIONS = 60
# A share of a processor is given anew every 20 ms. One request after the other without a pause would use up that of several
# requests, and some would seem to wait for it, as they do only under constant load. A request that needs more than its
# share waits all the same.
_REFILL_SECONDS = 0.025


def measure_function(
    settings: FunctionSettings, on_step: OnStep, *, cold_starts: int = COLD_STARTS, warm: int = WARM_INVOCATIONS
) -> list[ReportLine]:
    """Start it `cold_starts` times, and ask it `warm` times in turn, with the rows of its golden.json; a line for each."""
    payloads = _golden_payloads(settings)
    return asyncio.run(_measure(settings, on_step, payloads, cold_starts, max(1, warm // cold_starts)))


def hold_to_share(settings: FunctionSettings) -> FunctionSettings:
    """The same function, held to the share of a processor that its memory size comes with."""
    return replace(settings, sandbox=replace(settings.sandbox, cpu_share=True))


def not_held() -> Iterable[str]:
    """What this machine does not hold a function to, one line each."""
    from iris_model.local.cgroups import describe_missing, find_cgroups

    return describe_missing(find_cgroups().missing)


async def _measure(
    settings: FunctionSettings, on_step: OnStep, payloads: list[bytes], cold_starts: int, warm: int
) -> list[ReportLine]:
    from iris_model.cost.measurement import ReportLine
    from iris_model.local import LocalLambda

    lines = []
    for turn in range(cold_starts):
        on_step(f"Measuring: start {turn + 1} of {cold_starts}")
        async with LocalLambda(settings, port=0) as service:
            for number in range(1 + warm):
                if settings.sandbox.holds_cpu_share:
                    await asyncio.sleep(_REFILL_SECONDS)
                outcome = await service.invoke(payloads[number % len(payloads)])
                if outcome.function_error is not None:
                    raise CostError(
                        f"the function fails on a row it was packaged with: {outcome.payload.decode(errors='replace')}",
                        remedy="Ask it by hand: iris-model invoke. With more memory it has more of a processor, here as there.",
                    )
                report = outcome.report
                lines.append(
                    ReportLine(
                        report.duration_ms,
                        report.memory_size_mib,
                        report.max_memory_used_mib,
                        report.init_duration_ms,
                        report.billed_duration_ms,
                    )
                )
    return lines


def _golden_payloads(settings: FunctionSettings) -> list[bytes]:
    try:
        rows = [entry["row"] for entry in json.loads((settings.directory / "golden.json").read_bytes())]
    except (OSError, ValueError, LookupError, TypeError):
        rows = []
    if not rows:
        raise CostError(
            f"{settings.directory} has no golden.json, so there is nothing to ask the function while measuring.",
            remedy="Log its real invocations and pass the file: iris-model cost --from-log FILE",
        )
    return [json.dumps(row).encode() for row in rows]
