"""Read REPORT lines from `serve` or CloudWatch, in Lambda's text and JSON formats, old and new."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Any

from iris_model.errors import CostError

_TEXT_REPORT = re.compile(r"\bREPORT RequestId: (\S+)\s(.*)")
_FIELD = re.compile(r"([A-Z][A-Za-z ]*): ([\d.]+) (?:ms|MB)")


@dataclass(frozen=True)
class ReportLine:
    """One invocation, from its REPORT line."""

    duration_ms: float
    memory_mib: int
    max_memory_mib: int
    init_ms: float | None = None
    """Duration of the start before the invocation: the init, or with SnapStart the restore of the snapshot."""
    billed_ms: int | None = None


@dataclass(frozen=True)
class Measurement:
    """The measurement of one function. Times in milliseconds, memory in MiB."""

    memory_mib: int
    warm_billed_ms: float
    """Mean of the billed durations of warm invocations."""
    warm_ms: float
    warm_p99_ms: float
    cold_billed_ms: float | None
    """Mean billed duration of cold invocations, init included; None without a cold start."""
    cold_ms: float | None
    """Median time from the start of a cold invocation to its answer."""
    max_memory_mib: int
    invocations: int
    cold_starts: int
    init_ms: float | None = None
    """Median init duration."""
    cold_p99_ms: float | None = None


def read_reports(lines: Iterable[str]) -> list[ReportLine]:
    """Return every REPORT of a log; other lines are ignored."""
    reports = []
    for line in lines:
        report = _read_text(line) or _read_json(line)
        if report is not None:
            reports.append(report)
    return reports


def summarize_reports(reports: Sequence[ReportLine]) -> Measurement:
    """Return one measurement of all reports, which must have the same memory size. Raises CostError without reports."""
    if not reports:
        raise CostError(
            "the log has no REPORT lines of a function", remedy="Invoke the function a few times, and pass that log."
        )
    sizes = sorted({report.memory_mib for report in reports})
    if len(sizes) > 1:
        raise CostError(
            f"the log mixes memory sizes: {', '.join(map(str, sizes))} MB; expected one size",
            remedy="Pass only the REPORT lines of one memory size.",
        )
    cold = [report for report in reports if report.init_ms is not None]
    # Cold invocations do not count as warm ones, unless there are no others.
    warm = [report for report in reports if report.init_ms is None] or cold
    return Measurement(
        memory_mib=sizes[0],
        warm_billed_ms=fmean(_billed_warm(report) for report in warm),
        warm_ms=median(report.duration_ms for report in warm),
        warm_p99_ms=percentile([report.duration_ms for report in warm], 99),
        cold_billed_ms=fmean(billed(report) for report in cold) if cold else None,
        cold_ms=median(report.duration_ms + (report.init_ms or 0.0) for report in cold) if cold else None,
        max_memory_mib=max(report.max_memory_mib for report in reports),
        invocations=len(reports),
        cold_starts=len(cold),
        init_ms=median(report.init_ms or 0.0 for report in cold) if cold else None,
        cold_p99_ms=percentile([report.duration_ms + (report.init_ms or 0.0) for report in cold], 99) if cold else None,
    )


def percentile(values: Iterable[float], percent: float) -> float:
    """Return the smallest value that at least `percent` per cent of the values do not exceed (nearest-rank method)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def billed(report: ReportLine) -> int:
    """Return the billed milliseconds of the line, computed if the line lacks them."""
    if report.billed_ms is not None:
        return report.billed_ms
    # Since August 2025, Lambda bills init plus duration, rounded up once, for every kind of function.
    return max(1, math.ceil(round(report.duration_ms + (report.init_ms or 0.0), 2)))


def _billed_warm(report: ReportLine) -> int:
    # If there are only cold lines, they represent warm ones, without their init.
    return billed(report) if report.init_ms is None else max(1, math.ceil(report.duration_ms))


def _read_text(line: str) -> ReportLine | None:
    found = _TEXT_REPORT.search(line)
    if found is None:
        return None
    fields = {name: float(value) for name, value in _FIELD.findall(found[2])}
    try:
        return ReportLine(
            fields["Duration"],
            int(fields["Memory Size"]),
            int(fields["Max Memory Used"]),
            fields.get("Init Duration", fields.get("Restore Duration")),
            int(fields["Billed Duration"]) if "Billed Duration" in fields else None,
        )
    except KeyError:
        return None  # a truncated line


def _read_json(line: str) -> ReportLine | None:
    start = line.find("{")
    if start < 0 or "platform.report" not in line:
        return None
    try:
        document: Any = json.loads(line[start:])
        metrics = document["record"]["metrics"]
        before_ms = metrics.get("initDurationMs", metrics.get("restoreDurationMs"))
        return ReportLine(
            float(metrics["durationMs"]),
            int(metrics["memorySizeMB"]),
            int(metrics["maxMemoryUsedMB"]),
            float(before_ms) if before_ms is not None else None,
            int(metrics["billedDurationMs"]) if "billedDurationMs" in metrics else None,
        )
    except (ValueError, KeyError, TypeError):
        return None
