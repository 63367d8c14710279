"""Verify with golden rows: returns the different answers, and the duration of the cold start."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from iris_model.aws.client.calls import Aws
from iris_model.aws.verification.endpoint import HttpAnswer
from iris_model.aws.verification.golden import Difference, compare, payload_of
from iris_model.aws.verification.invoke import InvocationResult, invoke
from iris_model.contract.golden import GoldenRow
from iris_model.cost import Measurement, read_reports, summarize_reports

# HTTP statuses of a new endpoint until all of AWS's servers know it.
_NOT_READY = (0, 403, 404, 500, 502, 503, 504)
_READY_SECONDS = 90.0
_READY_PAUSE_SECONDS = 2.0
# If the endpoint refuses one row, it refuses every row.
_REFUSED = (401, 403)
# [throttling] may allow only one request per second.
_THROTTLED_PAUSE_SECONDS = 1.0


@dataclass(frozen=True)
class Verification:
    """The result for one way of sending rows."""

    rows: int
    differences: tuple[Difference, ...]
    measurement: Measurement | None = None
    log: str = ""
    refused: int = 0
    """The HTTP status with which the endpoint refused the verification requests; 0 if it did not."""


def verify_version(aws: Aws, function: str, version: str, golden: Sequence[GoldenRow]) -> Verification:
    """Invoke a new version: the first row is its cold start, all others are warm."""
    differences: list[Difference] = []
    reports: list[str] = []
    failed_log = ""
    for number, row, temperature in [(1, golden[0], "cold"), *((i, row, "warm") for i, row in enumerate(golden, 1))]:
        answer = invoke(aws, function, version, payload_of(row))
        reports += [line for line in answer.log.splitlines() if "REPORT" in line or "platform.report" in line]
        problems = _problems(row, answer)
        if problems:
            failed_log = failed_log or answer.log
            differences.append(Difference(f"version {version}, {temperature}", number, row["row"], problems))
    read = read_reports(reports)
    return Verification(len(golden), tuple(differences), summarize_reports(read) if read else None, failed_log)


def verify_endpoint(aws: Aws, ask: Callable[[bytes], HttpAnswer], golden: Sequence[GoldenRow]) -> Verification:
    """Send every row to the endpoint. A new endpoint is retried until AWS's servers know it."""
    deadline = aws.clock() + _READY_SECONDS
    differences: list[Difference] = []
    ready = False
    for number, row in enumerate(golden, 1):
        answer = ask(payload_of(row))
        while not ready and answer.status in _NOT_READY and aws.clock() < deadline:
            aws.sleep(_READY_PAUSE_SECONDS)
            answer = ask(payload_of(row))
        ready = True
        while answer.status == 429 and aws.clock() < deadline:
            aws.sleep(_THROTTLED_PAUSE_SECONDS)
            answer = ask(payload_of(row))
        problems = compare(row, answer.text) if answer.status == 200 else (_say_status(answer),)
        if problems:
            differences.append(Difference("through the endpoint", number, row["row"], problems))
        if answer.status in _REFUSED:
            return Verification(len(golden), tuple(differences), refused=answer.status)
    return Verification(len(golden), tuple(differences))


def _problems(row: GoldenRow, answer: InvocationResult) -> tuple[str, ...]:
    if answer.function_error:
        return (f"the function failed ({answer.function_error}): {' '.join(answer.payload.split())[:300]}",)
    return compare(row, answer.payload)


def _say_status(answer: HttpAnswer) -> str:
    text = " ".join(answer.text.split())[:200]
    if answer.status == 0:
        return f"no answer: {text}"
    hints = {
        401: "; the endpoint requires another token",
        403: "; the endpoint refuses the caller, or a permission is missing",
        429: "; the requests are throttled",
        500: "; the function failed, or the permission of the endpoint is missing",
        503: "; the function took longer than 30 s",
    }
    return f"status {answer.status}{hints.get(answer.status, '')}: {text}"
