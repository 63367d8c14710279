"""`dashboard`: a CloudWatch dashboard of the live version."""

from __future__ import annotations

import json
from typing import Any

from iris_model.aws.cloudformation.parts.part import Part
from iris_model.aws.cloudformation.yaml_text import sub
from iris_model.aws.deployment import ALIAS
from iris_model.contract.deployment import Deployment

_WIDTH, _HEIGHT, _COLUMNS = 8, 6, 3

# https://aws.amazon.com/lambda/pricing/: dollars for a GB-second, first tier, in most regions; and for a request.
_GB_SECOND = {"x86_64": 0.0000166667, "arm64": 0.0000133334}
_REQUEST = 0.0000002


def add_dashboard(deployment: Deployment) -> Part:
    """Add the dashboard. It shows the metrics of the alias, so that it follows the live version."""
    if not deployment.dashboard:
        return Part()
    widgets = [
        {
            "type": kind,
            "x": number % _COLUMNS * _WIDTH,
            "y": number // _COLUMNS * _HEIGHT,
            "width": _WIDTH,
            "height": _HEIGHT,
            "properties": properties if kind == "text" else {"region": "${AWS::Region}", "title": title, **properties},
        }
        for number, (kind, title, properties) in enumerate(_widgets(deployment))
    ]
    body = json.dumps({"widgets": widgets}, separators=(",", ":"))
    dashboard = {
        "Type": "AWS::CloudWatch::Dashboard",
        "Properties": {"DashboardName": deployment.function, "DashboardBody": sub(body)},
    }
    return Part(resources={"Dashboard": dashboard})


def _widgets(deployment: Deployment) -> list[tuple[str, str, dict[str, Any]]]:
    cost = f"d/1000*{deployment.memory / 1024:g}*{_GB_SECOND[deployment.architecture]:.10f}+i*{_REQUEST:.7f}"
    invocations = _metric(deployment, "Invocations", "Sum")
    failures = [_metric(deployment, name, "Sum") for name in ("Errors", "Throttles")]
    durations = [_metric(deployment, "Duration", stat, label=stat) for stat in ("p50", "p99", "Maximum")]
    # This metric has no dimension for the alias.
    concurrency = ["AWS/Lambda", "ConcurrentExecutions", "FunctionName", deployment.function, {"stat": "Maximum"}]
    spent = [
        [{"expression": cost, "label": "$", "id": "cost"}],
        _metric(deployment, "Duration", "Sum", id="d", visible=False),
        _metric(deployment, "Invocations", "Sum", id="i", visible=False),
    ]
    widgets = [
        ("metric", "Invocations", _graph([invocations])),
        ("metric", "Errors and throttles", _graph(failures)),
        ("metric", "Duration (ms)", _graph(durations)),
        ("metric", "Concurrency of the function", _graph([concurrency])),
        ("metric", "Compute and requests ($, list price, without the free tier)", _graph(spent, period=3600)),
    ]
    if deployment.log_lines == "all":  # else there are no REPORT lines
        widgets += [
            _starts(deployment),
            ("log", "Memory used (MB)", _query(deployment, _MEMORY)),
        ]
    else:
        widgets.append(("text", "", {"markdown": _NOT_THERE}))
    return widgets


def _graph(metrics: list[Any], period: int = 60) -> dict[str, Any]:
    return {"view": "timeSeries", "period": period, "metrics": metrics}


def _metric(deployment: Deployment, name: str, stat: str, **more: Any) -> list[Any]:
    alias = ["FunctionName", deployment.function, "Resource", f"{deployment.function}:{ALIAS}"]
    return ["AWS/Lambda", name, *alias, {"stat": stat, **more}]


_NOT_THERE = (
    "**Starts and memory** are not shown: they are read from the REPORT lines of the log, and with "
    '`log-lines = "errors"` Lambda writes none for successful invocations.'
)


def _starts(deployment: Deployment) -> tuple[str, str, dict[str, Any]]:
    if deployment.snapstart:
        return "log", "Starts: number, mean and longest restore (ms)", _query(deployment, _RESTORED_STARTS)
    return "log", "Starts: number, mean and longest init (ms)", _query(deployment, _STARTS)


# REPORT lines: CloudWatch parses their fields in the text format; in JSON they are below `record.metrics`.
_STARTS = {
    "text": 'filter @type="REPORT" and ispresent(@initDuration) | stats count(*) as starts, avg(@initDuration) as mean, '
    "max(@initDuration) as longest by bin(5m)",
    "json": 'filter type="platform.report" and ispresent(record.metrics.initDurationMs) | stats count(*) as starts, '
    "avg(record.metrics.initDurationMs) as mean, max(record.metrics.initDurationMs) as longest by bin(5m)",
}
# With SnapStart, the init duration is in the line of the published version. Each start has a restore duration instead.
# https://docs.aws.amazon.com/lambda/latest/dg/snapstart-monitoring.html
_RESTORED_STARTS = {
    "text": 'filter @type="REPORT" | parse @message /Restore Duration: (?<restored>[0-9.]+) ms/ | filter ispresent(restored) '
    "| stats count(*) as starts, avg(restored) as mean, max(restored) as longest by bin(5m)",
    "json": 'filter type="platform.report" and ispresent(record.metrics.restoreDurationMs) | stats count(*) as starts, '
    "avg(record.metrics.restoreDurationMs) as mean, max(record.metrics.restoreDurationMs) as longest by bin(5m)",
}
_MEMORY = {
    "text": 'filter @type="REPORT" | stats max(@maxMemoryUsed/1000000) as used by bin(5m)',
    "json": 'filter type="platform.report" | stats max(record.metrics.maxMemoryUsedMB) as used by bin(5m)',
}


def _query(deployment: Deployment, queries: dict[str, str]) -> dict[str, Any]:
    return {"query": f"SOURCE '{deployment.log_group}' | {queries[deployment.log_format]}", "view": "timeSeries"}
