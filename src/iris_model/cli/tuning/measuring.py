"""Measure a function in the local Lambda: cold starts and warm requests, from its REPORT lines."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from iris_model.contract.golden import GOLDEN_FILE, read_golden_rows
from iris_model.errors import CostError

if TYPE_CHECKING:
    from iris_model.cli.render.output import OnStep
    from iris_model.cost.measurement import ReportLine
    from iris_model.local import FunctionSettings

COLD_STARTS = 7
WARM_INVOCATIONS = 60
# The CPU share is renewed every 20 ms. Requests without a pause would use up the share of several periods, and some
# would then wait for CPU, as they do on AWS only under constant load. A request that needs more than its share waits
# in any case.
_REFILL_SECONDS = 0.025
_FAILED = "Run `iris-model invoke` to see the log. More memory also gives more CPU."
_TOO_SLOW = "Set a longer timeout in iris-model.toml, or more memory, which also gives more CPU."


def measure_function(
    settings: FunctionSettings, on_step: OnStep, *, cold_starts: int = COLD_STARTS, warm: int = WARM_INVOCATIONS
) -> list[ReportLine]:
    """Start it `cold_starts` times, and send `warm` requests each time, with the rows of its golden.json. Returns the
    REPORT lines.
    """
    payloads = _golden_payloads(settings)
    return asyncio.run(_measure(settings, on_step, payloads, cold_starts, max(1, warm // cold_starts)))


def hold_to_share(settings: FunctionSettings) -> FunctionSettings:
    """Return the same function, limited to the CPU share of its memory size."""
    return replace(settings, sandbox=replace(settings.sandbox, cpu_share=True))


def not_held() -> Iterable[str]:
    """Return the limits that this machine cannot enforce, one line each."""
    from iris_model.local.machine.cgroups import describe_missing, find_cgroups

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
                    said = outcome.payload.decode(errors="replace")
                    raise CostError(
                        f"the function fails on one of its golden rows: {said}",
                        remedy=_TOO_SLOW if "Sandbox.Timedout" in said else _FAILED,
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
        golden = read_golden_rows(settings.directory)
    except (OSError, ValueError):
        golden = []
    if not golden:
        raise CostError(
            f"{settings.directory} has no {GOLDEN_FILE}, so there are no rows to measure the function with",
            remedy="Log real invocations, and pass the file: `iris-model cost --from-log FILE`.",
        )
    return [json.dumps(each["row"]).encode() for each in golden]
