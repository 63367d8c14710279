"""Read the log of the function, once or continuously."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from iris_model.aws.client.calls import Aws
from iris_model.contract.deployment import Deployment
from iris_model.errors import DeploymentError

_POLL_SECONDS = 2.0
# Lines reach CloudWatch some seconds late, and not in order.
_OVERLAP_MS = 15_000


@dataclass(frozen=True)
class LogEvent:
    """One event of the log."""

    time_ms: int
    stream: str
    text: str


def read_log(
    aws: Aws,
    deployment: Deployment,
    since_ms: int,
    pattern: str = "",
    *,
    is_over: Callable[[], bool] = lambda: False,
) -> Iterator[LogEvent]:
    """Yield the lines since `since_ms` (milliseconds since 1970), page by page until `is_over`."""
    group = deployment.log_group
    parameters = {"filterPattern": pattern} if pattern else {}
    token: str | None = None
    while True:
        if token:
            parameters["nextToken"] = token
        page = aws.call(
            "logs", "FilterLogEvents", f"log group {group}", absent=("ResourceNotFoundException",), logGroupName=group,
            startTime=since_ms, **parameters,
        )  # fmt: skip
        if not page:
            raise DeploymentError(
                f"there is no log group {group} in {aws.region}",
                remedy="Run `iris-model deploy`, or choose another --stage or --region.",
            )
        for event in page.get("events", []):
            yield LogEvent(event["timestamp"], event.get("logStreamName", ""), event["message"].rstrip("\n"))
        token = page.get("nextToken")
        if not token or is_over():
            return


def follow_log(
    aws: Aws,
    deployment: Deployment,
    since_ms: int,
    pattern: str = "",
    *,
    is_over: Callable[[], bool] = lambda: False,
    now_ms: Callable[[], int] = lambda: int(time.time() * 1000),
) -> Iterator[LogEvent]:
    """Yield the lines since `since_ms` and every new one, each once, until `is_over`."""
    seen: dict[tuple[int, str, str], None] = {}
    while not is_over():
        for line in read_log(aws, deployment, since_ms, pattern):
            key = (line.time_ms, line.stream, line.text)
            if key not in seen:
                seen[key] = None
                yield line
        since_ms = max(since_ms, now_ms() - _OVERLAP_MS)
        seen = {key: None for key in seen if key[0] >= since_ms}
        aws.sleep(_POLL_SECONDS)


def is_report(line: str) -> bool:
    """Whether a line is a REPORT line."""
    return line.startswith("REPORT RequestId") or '"platform.report"' in line
