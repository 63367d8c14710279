"""Measure a deployed function at several memory sizes, from its REPORT lines.

Each change of the memory ends the sandboxes of `$LATEST`, so the next invocation is a cold start. Sizes alternate,
round by round, so that a slow minute of the network or of AWS does not affect only one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from iris_model.aws.client.calls import Aws, OnStep
from iris_model.aws.deployment import ALIAS
from iris_model.aws.measuring.logs import is_report
from iris_model.aws.measuring.memory_size import borrow_memory
from iris_model.aws.state.observe import find_function
from iris_model.aws.verification.invoke import InvocationResult, invoke
from iris_model.contract.deployment import Deployment
from iris_model.cost.measurement import ReportLine, billed, read_reports, summarize_reports
from iris_model.cost.tuning import TunedSize
from iris_model.errors import DeploymentError

_LATEST = "$LATEST"


@dataclass(frozen=True)
class DeployedTuning:
    """The measurement of each size, and the number of invocations."""

    sizes: tuple[TunedSize, ...]
    architecture: str
    invocations: int
    gb_seconds: Decimal
    """Billed for all invocations whose REPORT line was received."""

    notes: tuple[str, ...] = ()


def measure_sizes(
    aws: Aws,
    deployment: Deployment,
    sizes: tuple[int, ...],
    payloads: Sequence[bytes],
    *,
    rounds: int,
    invocations: int,
    on_step: OnStep,
) -> DeployedTuning:
    """Invoke each size `invocations` times after `rounds` cold starts.

    If the function fails at a size, the result has the reason instead of a measurement.
    """
    lines: dict[int, list[ReportLine]] = {size: [] for size in sizes}
    problems: dict[int, str] = {}
    asked = 0
    warm = max(1, invocations // rounds)
    with borrow_memory(aws, deployment, sizes, on_step) as set_memory:
        function, live = find_function(aws, deployment.function), find_function(aws, deployment.function, ALIAS)
        for turn in range(1, rounds + 1):
            for size in sizes:
                if size in problems:
                    continue
                set_memory(size)
                on_step(f"{size} MB: round {turn} of {rounds}, {1 + warm} invocations")
                for number in range(1 + warm):
                    answer = invoke(aws, deployment.function, _LATEST, payloads[number % len(payloads)])
                    asked += 1
                    lines[size] += _read_report(deployment, answer, size)
                    if answer.function_error:
                        problems[size] = _short(answer)
                        break
                if not lines[size] and size not in problems:
                    raise DeploymentError(
                        f"the function {deployment.function} logs no REPORT lines, so it cannot be measured",
                        remedy='Set log-lines = "all" in iris-model.toml and deploy: with "errors", Lambda writes no REPORT '
                        "line for successful invocations.",
                    )
    notes = []
    if function is not None and live is not None and function.image != live.image:
        notes.append("the newest image was measured, but an older version answers requests (iris-model status)")
    if function is not None and function.reserved_concurrency:
        notes.append(f"the measurement used one of the {function.reserved_concurrency} reserved concurrent executions")
    every = [line for size in sizes for line in lines[size]]
    if asked > len(every):
        notes.append(f"{asked - len(every)} of {asked} invocations returned no REPORT line and do not count")
    return DeployedTuning(
        tuple(
            TunedSize(size, None, problems[size])
            if size in problems
            else TunedSize(size, summarize_reports(lines[size]))
            for size in sizes
        ),
        function.architecture if function is not None else deployment.architecture,
        asked,
        sum((Decimal(billed(line) * line.memory_mib) / 1000 / 1024 for line in every), Decimal(0)),
        tuple(notes),
    )


def _read_report(deployment: Deployment, answer: InvocationResult, size: int) -> list[ReportLine]:
    """Return the REPORT line of this invocation; empty if the log tail lacks it."""
    found = read_reports(line for line in answer.log.splitlines() if is_report(line))
    if not found:
        return []
    if found[-1].memory_mib != size:
        raise DeploymentError(
            f"the function {deployment.function} answered with {found[-1].memory_mib} MB instead of {size}: another "
            f"user or process is changing it",
            remedy="Check it with `iris-model status`, then run the same command again.",
        )
    return found[-1:]


def _short(answer: InvocationResult) -> str:
    text = " ".join(answer.payload.split())
    return f"the function fails: {text if len(text) <= 200 else text[:197] + '...'}"
