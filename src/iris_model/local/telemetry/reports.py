"""The lines that Lambda itself writes to a function's log, in its text and JSON formats.

A method returns no line if the format has none, or if the system log level drops it. Text:
https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html; fields of INIT_REPORT and REPORT
are separated by tabs, and a REPORT line ends with one. JSON: the form of the Telemetry API,
https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol


@dataclass(frozen=True)
class InvocationReport:
    """The measured numbers of one invocation. `status` is success, error, failure or timeout."""

    request_id: str
    status: str
    duration_ms: float
    memory_size_mib: int
    max_memory_used_mib: int
    init_duration_ms: float | None = None
    error_type: str | None = None
    produced_bytes: int = 0
    response_ms: float | None = None
    """The time from the start to the posted answer; None without an answer."""

    @property
    def billed_duration_ms(self) -> int:
        """Return init plus duration, rounded up once, as AWS bills since August 2025."""
        return max(1, math.ceil(round(self.duration_ms + (self.init_duration_ms or 0.0), 2)))


@dataclass(frozen=True)
class InitReport:
    """An init. `phase` is `init`, or `invoke` if the init was repeated inside an invocation."""

    phase: str
    status: str
    duration_ms: float
    error_type: str | None = None
    initialization_type: str = "on-demand"


@dataclass(frozen=True)
class RuntimeVersion:
    """The version in INIT_START. Its name contains `local`, so that a local log is not confused with one from AWS."""

    name: str
    region: str

    @property
    def arn(self) -> str:
        """Return an ARN in the form of a runtime version's; it contains a digest of the name."""
        return f"arn:aws:lambda:{self.region}::runtime:{hashlib.sha256(self.name.encode()).hexdigest()}"


class LogFormat(Protocol):
    """A log format."""

    def init_start(self, version: RuntimeVersion, initialization_type: str = "on-demand") -> str | None: ...  # noqa: D102
    def init_done(self, report: InitReport) -> list[str]: ...  # noqa: D102
    def start(self, request_id: str, version: str) -> str | None: ...  # noqa: D102
    def failure(self, report: InvocationReport, message: str) -> str | None: ...  # noqa: D102
    def end(self, report: InvocationReport) -> list[str]: ...  # noqa: D102


class TextFormat:
    """Lambda's default: lines for people."""

    def __init__(self, *, old_failure_lines: bool = False) -> None:
        """`old_failure_lines`: use Lambda's former format: a timeout has its own line, and REPORT has no status."""
        self._old = old_failure_lines

    def init_start(self, version: RuntimeVersion, initialization_type: str = "on-demand") -> str | None:
        """Return the INIT_START line."""
        return f"INIT_START Runtime Version: {version.name}\tRuntime Version ARN: {version.arn}"

    def init_done(self, report: InitReport) -> list[str]:
        """Return the INIT_REPORT line of a failed init, or of an init of provisioned concurrency."""
        if report.status == "success" and report.initialization_type == "on-demand":
            return []
        fields = [f"Init Duration: {report.duration_ms:.2f} ms", f"Phase: {report.phase}", f"Status: {report.status}"]
        if report.error_type:
            fields.append(f"Error Type: {report.error_type}")
        return ["INIT_REPORT " + "\t".join(fields)]

    def start(self, request_id: str, version: str) -> str | None:
        """Return the START line."""
        return f"START RequestId: {request_id} Version: {version}"

    def failure(self, report: InvocationReport, message: str) -> str | None:
        """Return the log line of a failed invocation, or None if the format has no such line.

        An exit of the process has a line. In the old format, a timeout has one too. `message`: from the error document.
        """
        if report.status == "failure":
            # Without this line, the log would not distinguish one kind of exit from another.
            return message
        if report.status == "timeout" and self._old:
            return f"{_now()} {report.request_id} {message.partition('Error: ')[2]}"
        return None

    def end(self, report: InvocationReport) -> list[str]:
        """Return the END and REPORT lines. REPORT has a status only if the invocation failed."""
        fields = [
            f"REPORT RequestId: {report.request_id}",
            f"Duration: {report.duration_ms:.2f} ms",
            f"Billed Duration: {report.billed_duration_ms} ms",
            f"Memory Size: {report.memory_size_mib} MB",
            f"Max Memory Used: {report.max_memory_used_mib} MB",
        ]
        if report.init_duration_ms is not None:
            fields.append(f"Init Duration: {report.init_duration_ms:.2f} ms")
        if not self._old and report.status == "timeout":
            fields.append("Status: timeout")
        elif not self._old and report.status != "success":
            # The text format has no status `failure`: a crash has the status `error`.
            fields.append("Status: error")
            fields.append(f"Error Type: {report.error_type}")
        lines = [f"END RequestId: {report.request_id}", "\t".join(fields) + "\t"]
        if self._old and report.status == "failure":
            lines += [
                f"RequestId: {report.request_id} Error: Runtime exited without providing a reason",
                str(report.error_type),
            ]
        return lines


class JsonFormat:
    """One JSON object per line, in the form of the Telemetry API. There is no line for END.

    Each type has a system log level, which is one higher after a failure:
    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
    """

    def __init__(self, level: str = "INFO") -> None:
        self._least = _SYSTEM_LEVELS[level]

    def init_start(self, version: RuntimeVersion, initialization_type: str = "on-demand") -> str | None:
        """Return platform.initStart."""
        record = {
            "initializationType": initialization_type,
            "phase": "init",
            "runtimeVersion": version.name,
            "runtimeVersionArn": version.arn,
        }
        return self._event("platform.initStart", record, "INFO")

    def init_done(self, report: InitReport) -> list[str]:
        """Return platform.initRuntimeDone and platform.initReport."""
        common: dict[str, Any] = {
            "initializationType": report.initialization_type,
            "phase": report.phase,
            "status": report.status,
        }
        if report.error_type:
            common["errorType"] = report.error_type
        failed = report.status != "success"
        is_ordinary = report.initialization_type == "on-demand" and not failed
        lines = [
            self._event("platform.initRuntimeDone", common, "WARN" if failed else "DEBUG"),
            self._event(
                "platform.initReport",
                common | {"metrics": {"durationMs": round(report.duration_ms, 3)}},
                "DEBUG" if is_ordinary else "INFO",
            ),
        ]
        return [line for line in lines if line is not None]

    def start(self, request_id: str, version: str) -> str | None:
        """Return platform.start."""
        return self._event("platform.start", {"requestId": request_id, "version": version}, "INFO")

    def failure(self, report: InvocationReport, message: str) -> str | None:
        """Return None: platform.runtimeDone and platform.report contain the failure."""
        return None

    def end(self, report: InvocationReport) -> list[str]:
        """Return platform.runtimeDone and platform.report."""
        record: dict[str, Any] = {"requestId": report.request_id, "status": report.status}
        if report.error_type and report.status != "timeout":
            record["errorType"] = report.error_type
        done = {"durationMs": round(report.duration_ms, 3), "producedBytes": report.produced_bytes}
        metrics: dict[str, float] = {
            "durationMs": round(report.duration_ms, 3),
            "billedDurationMs": report.billed_duration_ms,
            "memorySizeMB": report.memory_size_mib,
            "maxMemoryUsedMB": report.max_memory_used_mib,
        }
        if report.init_duration_ms is not None:
            metrics["initDurationMs"] = round(report.init_duration_ms, 3)
        failed = report.status != "success"
        lines = [
            self._event(
                "platform.runtimeDone",
                record | {"metrics": done, "spans": _spans(report)},
                "WARN" if failed else "DEBUG",
            ),
            self._event("platform.report", record | {"metrics": metrics}, "WARN" if failed else "INFO"),
        ]
        return [line for line in lines if line is not None]

    def _event(self, kind: str, record: dict[str, Any], level: str) -> str | None:
        if _SYSTEM_LEVELS[level] < self._least:
            return None
        return json.dumps({"time": _now(), "type": kind, "record": record}, separators=(",", ":"))


_SYSTEM_LEVELS = {"DEBUG": 0, "INFO": 1, "WARN": 2}


def make_log_format(name: str, *, system_log_level: str = "INFO", old_failure_lines: bool = False) -> LogFormat:
    """Return the format with that name: Text or JSON. Only JSON has levels."""
    return JsonFormat(system_log_level) if name == "JSON" else TextFormat(old_failure_lines=old_failure_lines)


def _spans(report: InvocationReport) -> list[dict[str, Any]]:
    """Return spans: the time until the answer, and the time from the answer to the runtime's next poll."""
    if report.response_ms is None:
        return []
    end = datetime.now(UTC)
    start = end - timedelta(milliseconds=report.duration_ms)
    answered = start + timedelta(milliseconds=report.response_ms)
    spans = (
        ("responseLatency", start, report.response_ms),
        ("responseDuration", answered, 0.0),  # an answer in one piece
        ("runtimeOverhead", answered, report.duration_ms - report.response_ms),
    )
    return [
        {"name": name, "start": _format_time(begin), "durationMs": round(max(0.0, length), 3)}
        for name, begin, length in spans
    ]


def _now() -> str:
    return _format_time(datetime.now(UTC))


def _format_time(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
