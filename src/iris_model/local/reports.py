"""The lines Lambda itself writes into a function's log, in its text and its JSON format. Values in, text out.

Text: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html; fields of INIT_REPORT and
REPORT are separated by tabs, and a REPORT line ends with one. JSON: the shape of the Telemetry API,
https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol


@dataclass(frozen=True)
class Report:
    """The numbers of one invocation, as measured. `status` is success, error, failure or timeout."""

    request_id: str
    status: str
    duration_ms: float
    memory_size_mib: int
    max_memory_used_mib: int
    init_duration_ms: float | None = None
    error_type: str | None = None

    @property
    def billed_duration_ms(self) -> int:
        """Init and duration, summed first and then rounded up once (billed so since August 2025)."""
        return max(1, math.ceil(round(self.duration_ms + (self.init_duration_ms or 0.0), 2)))


@dataclass(frozen=True)
class InitReport:
    """An init that failed. `phase` is `init`, or `invoke` when it was repeated inside an invocation."""

    phase: str
    status: str
    duration_ms: float
    error_type: str | None = None


@dataclass(frozen=True)
class RuntimeVersion:
    """What INIT_START names. The name says `local`, so that no log of ours is taken for one of the cloud."""

    name: str
    region: str

    @property
    def arn(self) -> str:
        """A runtime version ARN of the right shape; the digest is that of the name."""
        return f"arn:aws:lambda:{self.region}::runtime:{hashlib.sha256(self.name.encode()).hexdigest()}"


class LogFormat(Protocol):
    """One of the two formats. A method returns no line where the format has none."""

    def init_start(self, version: RuntimeVersion) -> str: ...  # noqa: D102
    def init_report(self, report: InitReport) -> str: ...  # noqa: D102
    def start(self, request_id: str, version: str) -> str: ...  # noqa: D102
    def end(self, request_id: str) -> str | None: ...  # noqa: D102
    def report(self, report: Report) -> str: ...  # noqa: D102


class TextFormat:
    """Lambda's default: lines for people."""

    def init_start(self, version: RuntimeVersion) -> str:
        """INIT_START."""
        return f"INIT_START Runtime Version: {version.name}\tRuntime Version ARN: {version.arn}"

    def init_report(self, report: InitReport) -> str:
        """INIT_REPORT, written for a failed init only."""
        fields = [f"Init Duration: {report.duration_ms:.2f} ms", f"Phase: {report.phase}", f"Status: {report.status}"]
        if report.error_type:
            fields.append(f"Error Type: {report.error_type}")
        return "INIT_REPORT " + "\t".join(fields)

    def start(self, request_id: str, version: str) -> str:
        """START."""
        return f"START RequestId: {request_id} Version: {version}"

    def end(self, request_id: str) -> str | None:
        """END."""
        return f"END RequestId: {request_id}"

    def report(self, report: Report) -> str:
        """REPORT, with the status only when the invocation failed."""
        fields = [
            f"REPORT RequestId: {report.request_id}",
            f"Duration: {report.duration_ms:.2f} ms",
            f"Billed Duration: {report.billed_duration_ms} ms",
            f"Memory Size: {report.memory_size_mib} MB",
            f"Max Memory Used: {report.max_memory_used_mib} MB",
        ]
        if report.init_duration_ms is not None:
            fields.append(f"Init Duration: {report.init_duration_ms:.2f} ms")
        if report.status == "timeout":
            fields.append("Status: timeout")
        elif report.status != "success":
            # The text line knows no `failure`: a crash is an error here, too.
            fields.append("Status: error")
            fields.append(f"Error Type: {report.error_type}")
        return "\t".join(fields) + "\t"


class JsonFormat:
    """One JSON object per line. There is no line for END; `platform.report` is the last word."""

    def init_start(self, version: RuntimeVersion) -> str:
        """platform.initStart."""
        return _event(
            "platform.initStart",
            {
                "initializationType": "on-demand",
                "phase": "init",
                "runtimeVersion": version.name,
                "runtimeVersionArn": version.arn,
            },
        )

    def init_report(self, report: InitReport) -> str:
        """platform.initReport."""
        record: dict[str, Any] = {
            "initializationType": "on-demand",
            "phase": report.phase,
            "status": report.status,
            "metrics": {"durationMs": round(report.duration_ms, 3)},
        }
        if report.error_type:
            record["errorType"] = report.error_type
        return _event("platform.initReport", record)

    def start(self, request_id: str, version: str) -> str:
        """platform.start."""
        return _event("platform.start", {"requestId": request_id, "version": version})

    def end(self, request_id: str) -> str | None:
        """No line."""
        return None

    def report(self, report: Report) -> str:
        """platform.report."""
        metrics: dict[str, float] = {
            "durationMs": round(report.duration_ms, 3),
            "billedDurationMs": report.billed_duration_ms,
            "memorySizeMB": report.memory_size_mib,
            "maxMemoryUsedMB": report.max_memory_used_mib,
        }
        if report.init_duration_ms is not None:
            metrics["initDurationMs"] = round(report.init_duration_ms, 3)
        record: dict[str, Any] = {"requestId": report.request_id, "metrics": metrics, "status": report.status}
        if report.error_type and report.status != "timeout":
            record["errorType"] = report.error_type
        return _event("platform.report", record)


LOG_FORMATS: dict[str, LogFormat] = {"Text": TextFormat(), "JSON": JsonFormat()}


def _event(kind: str, record: dict[str, Any]) -> str:
    time = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return json.dumps({"time": time, "type": kind, "record": record}, separators=(",", ":"))
