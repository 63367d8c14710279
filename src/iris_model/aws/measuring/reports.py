"""Read the REPORT lines of a deployed function, with their times.

Lines of `$LATEST` are ignored: only `tune --remote` and the console call it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from iris_model.aws.client.calls import Aws
from iris_model.aws.cloudformation.yaml_text import read
from iris_model.aws.deployment import ALIAS
from iris_model.aws.measuring.logs import is_report, read_log
from iris_model.aws.state.observe import Function, find_function, find_live, find_stack
from iris_model.aws.state.status import not_deployed
from iris_model.contract.deployment import Deployment
from iris_model.cost.measurement import ReportLine, read_reports
from iris_model.errors import DeploymentError

# Both formats; a function may have changed its format.
PATTERN = '?"REPORT RequestId" ?"platform.report"'
MOST_LINES = 100_000
MOST_SECONDS = 180.0

_STREAM_VERSION = re.compile(r"\[([^\]]+)\]")
_ENDPOINTS = {"AWS::ApiGatewayV2::Api": "http-api", "AWS::Lambda::Url": "function-url"}


@dataclass(frozen=True)
class DeployedReports:
    """The REPORT lines of the deployed function, and their origin."""

    function: str
    region: str
    version: str
    memory_mib: int
    architecture: str
    endpoint: str
    """`http-api`, `function-url`, or "" if there is no endpoint."""

    reports: tuple[ReportLine, ...]
    """The lines of the live version."""

    moments: tuple[float, ...]
    """The time of each response, from any version: seconds since 1970."""

    begin: float
    end: float
    """The start and the end of the time that the log covers: seconds since 1970."""

    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Line:
    moment: float
    version: str
    report: ReportLine


def read_deployed_reports(
    aws: Aws, deployment: Deployment, begin: float, now: float, on_step: Callable[[str], None]
) -> DeployedReports:
    """Read the lines since `begin`. Raises DeploymentError if there is no function, log or line."""
    if deployment.log_lines == "errors":
        raise DeploymentError(
            'log-lines = "errors": the log has REPORT lines of failed invocations only, and none of successful ones',
            remedy='Set log-lines = "all" in iris-model.toml and deploy while you measure.',
        )
    function, live = find_function(aws, deployment.function, ALIAS), find_live(aws, deployment.function)
    stack = find_stack(aws, deployment)
    if function is None or live is None:
        raise not_deployed(aws, deployment, stack)
    begin = max(begin, _first_moment(aws, deployment, now))
    lines, is_whole = _read(aws, deployment, begin, on_step)
    end = now if is_whole else lines[-1].moment
    notes = []
    if not is_whole:
        notes.append(f"the log is long: {len(lines):,} lines were read, {(end - begin) / 3600:.1f} hours of it")
    called = [line for line in lines if line.version != "$LATEST"]
    if len(called) < len(lines):
        notes.append(f"{len(lines) - len(called)} invocations of $LATEST are ignored, because they are not requests")
    if not called:
        raise _no_lines(aws, deployment, begin, now)
    chosen, note = _choose(called, {live.version, *live.weights}, live.version, function)
    if not chosen:
        raise DeploymentError(
            f"the log of {deployment.function} has {len(called)} REPORT lines, but none with the {function.memory} "
            f"MB of the current version {live.version}",
            remedy="Invoke it a few times (iris-model invoke --remote); the lines appear in the log within a minute.",
        )
    resources = _read_resources(stack.template if stack else "")
    if any("ProvisionedConcurrencyConfig" in each.get("Properties", {}) for each in resources):
        notes.append("provisioned concurrency is on: see the lines with provisioned concurrency, for one warm sandbox")
    return DeployedReports(
        deployment.function,
        aws.region,
        live.version,
        function.memory,
        function.architecture,
        next((_ENDPOINTS[each["Type"]] for each in resources if each["Type"] in _ENDPOINTS), ""),
        tuple(line.report for line in chosen),
        tuple(line.moment for line in called),
        begin,
        end,
        (*notes, *([note] if note else [])),
    )


def _choose(lines: list[_Line], live: set[str], newest: str, function: Function) -> tuple[list[_Line], str]:
    """Return the lines of the live version, or, before it was called, of older versions with the same memory size."""
    fitting = [line for line in lines if line.report.memory_mib == function.memory]
    chosen = [line for line in fitting if line.version in live]
    if chosen:
        return chosen, ""
    return fitting, f"version {newest} has no lines yet; lines of older versions with the same memory are used"


def _read(aws: Aws, deployment: Deployment, begin: float, on_step: Callable[[str], None]) -> tuple[list[_Line], bool]:
    lines: list[_Line] = []
    deadline = aws.clock() + MOST_SECONDS
    cut = False

    def is_over() -> bool:
        nonlocal cut
        cut = len(lines) >= MOST_LINES or (bool(lines) and aws.clock() > deadline)
        return cut

    on_step(f"Reading the log of {deployment.function}")
    for event in read_log(aws, deployment, int(begin * 1000), PATTERN, is_over=is_over):
        if not is_report(event.text):
            continue
        found = _STREAM_VERSION.search(event.stream)
        version = found[1] if found else ""
        lines += [_Line(event.time_ms / 1000, version, report) for report in read_reports([event.text])]
        if len(lines) % 1000 == 0:
            on_step(f"Reading the log of {deployment.function}: {len(lines):,} lines")
    return sorted(lines, key=lambda line: line.moment), not cut


def _first_moment(aws: Aws, deployment: Deployment, now: float) -> float:
    """Return the earliest possible time of a log line: after the group was created, and within its retention."""
    found = aws.call(
        "logs", "DescribeLogGroups", f"log group {deployment.log_group}", logGroupNamePrefix=deployment.log_group
    )
    for group in found.get("logGroups", []):
        if group["logGroupName"] == deployment.log_group:
            kept = now - group["retentionInDays"] * 86_400 if group.get("retentionInDays") else 0.0
            return max(float(group.get("creationTime", 0)) / 1000, float(kept))
    return 0.0


def _no_lines(aws: Aws, deployment: Deployment, begin: float, now: float) -> DeploymentError:
    return DeploymentError(
        f"the log of {deployment.function} in {aws.region} has no REPORT line in the last {(now - begin) / 3600:.1f} hours",
        remedy="Use a longer --since, such as 30d, or run `iris-model invoke --remote` and wait a minute. With "
        'log-lines = "errors", Lambda writes none for successful invocations.',
    )


def _read_resources(template: str) -> list[dict[str, Any]]:
    return list(read(template).get("Resources", {}).values()) if template else []
