"""`GET /_local/metrics`: the metrics of the service as JSON, or as text for Prometheus.

The text format is https://prometheus.io/docs/instrumenting/exposition_formats/ (version 0.0.4), with base units
(seconds, bytes) as its conventions require.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from iris_model.local.functions.function import LocalFunction
from iris_model.local.telemetry.metrics import Distribution, HttpMetrics
from iris_model.local.telemetry.running_cost import Prices, Usage, describe_cost

METRICS_FORMAT = "iris-model-metrics/1"
PATH = "/_local/metrics"
PROMETHEUS_PATH = "/_local/metrics.prometheus"
PROMETHEUS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_MIB = 1024 * 1024


class MetricsApi:
    """Handlers of the paths with the metrics: for Prometheus, and as JSON for the page."""

    def __init__(self, functions: Iterable[LocalFunction], http: HttpMetrics, prices: Prices | None) -> None:
        self._functions = list(functions)
        self._http = http
        self._prices = prices

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Return JSON, or Prometheus text if the client asks for it."""
        if "text/plain" in request.headers.get("Accept", "") or "openmetrics" in request.headers.get("Accept", ""):
            return await self.handle_prometheus(request)
        return web.json_response(self.describe(), headers={"Cache-Control": "no-store"})

    async def handle_prometheus(self, request: web.Request) -> web.StreamResponse:
        """Return Prometheus text."""
        text = render_prometheus(self.describe())
        headers = {"Content-Type": PROMETHEUS_TYPE, "Cache-Control": "no-store"}
        return web.Response(body=text.encode(), headers=headers)

    def describe(self) -> dict[str, Any]:
        """Return all metrics as JSON values."""
        return {
            "format": METRICS_FORMAT,
            "functions": [self._describe_function(function) for function in self._functions],
            "http": {
                "responses": {str(status): count for status, count in sorted(self._http.statuses.items())},
                "throttled": self._http.throttled,
            },
        }

    def _describe_function(self, function: LocalFunction) -> dict[str, Any]:
        metrics, settings = function.metrics, function.settings
        usage = Usage(metrics.invocations, metrics.billed_ms, settings.memory_mib, function.http_api_requests)
        return {
            "name": settings.name,
            "invocations": metrics.invocations,
            "cold_starts": metrics.inits.count,
            "errors": dict(sorted(metrics.errors.items())),
            "throttles": dict(sorted(metrics.throttles.items())),
            "lost_events": metrics.lost_events,
            "duration_ms": _describe_distribution(metrics.durations),
            "init_duration_ms": _describe_distribution(metrics.inits),
            "billed_ms": metrics.billed_ms,
            "gb_seconds": round(float(usage.gb_seconds), 6),
            "memory_size_mib": settings.memory_mib,
            "max_memory_used_mib": metrics.max_memory_used_mib,
            "sandboxes": function.pool.sandbox_count,
            "cost": describe_cost(usage, self._prices),
        }


def _describe_distribution(distribution: Distribution) -> dict[str, Any]:
    described: dict[str, Any] = {"count": distribution.count, "sum": round(distribution.sum_ms, 3)}
    for percent, value in distribution.percentiles().items():
        described[f"p{percent}"] = None if value is None else round(value, 3)
    described["max"] = round(distribution.max_ms, 3) if distribution.count else None
    return described


@dataclass(frozen=True)
class _Family:
    name: str
    kind: str
    help: str

    def render(self, samples: Iterable[tuple[str, Mapping[str, str], float | str]]) -> str:
        """Return HELP, TYPE, and a line for each sample: name suffix, labels, value."""
        lines = [f"# HELP {self.name} {self.help}", f"# TYPE {self.name} {self.kind}"]
        for suffix, labels, value in samples:
            inner = ",".join(f'{name}="{_escape(text)}"' for name, text in labels.items())
            lines.append(f"{self.name}{suffix}{{{inner}}} {value}" if inner else f"{self.name}{suffix} {value}")
        return "\n".join(lines) + "\n"


def render_prometheus(described: Mapping[str, Any]) -> str:
    """Return the metrics as Prometheus text."""
    functions: Sequence[dict[str, Any]] = described["functions"]
    text = ""
    for key, scale, kind, name, help_text in (
        ("invocations", 1, "counter", "invocations_total", "Invocations that ended."),
        ("cold_starts", 1, "counter", "cold_starts_total", "Invocations with a cold start."),
        ("lost_events", 1, "counter", "lost_events_total", "Asynchronous events after the last failed attempt."),
        ("billed_ms", 1e-3, "counter", "billed_seconds_total", "Billed duration."),
        ("memory_size_mib", _MIB, "gauge", "memory_size_bytes", "Configured memory."),
        ("max_memory_used_mib", _MIB, "gauge", "max_memory_used_bytes", "Peak memory of any sandbox."),
        ("sandboxes", 1, "gauge", "sandboxes", "Current number of sandboxes."),
    ):
        family = _Family(f"iris_model_{name}", kind, help_text)
        text += family.render(("", {"function": each["name"]}, each[key] * scale) for each in functions)
    for key, label, name, help_text in (
        ("errors", "type", "errors_total", "Failed invocations, by error type."),
        ("throttles", "reason", "throttles_total", "Calls refused with 429, by reason."),
    ):
        text += _Family(f"iris_model_{name}", "counter", help_text).render(
            ("", {"function": each["name"], label: value}, count)
            for each in functions
            for value, count in each[key].items()
        )
    for key, name, help_text in (
        ("duration_ms", "duration_seconds", "Duration without init. Quantiles cover the newest invocations."),
        ("init_duration_ms", "init_duration_seconds", "Duration of the inits of cold starts."),
    ):
        text += _Family(f"iris_model_{name}", "summary", help_text).render(
            sample for each in functions for sample in _summarize(each["name"], each[key])
        )
    if any(each["cost"] for each in functions):
        family = _Family("iris_model_cost_usd_total", "counter", "What the invocations so far would have cost on AWS.")
        text += family.render(
            ("", {"function": each["name"], "architecture": architecture}, cost["so_far"])
            for each in functions
            for architecture, cost in each["cost"]["architectures"].items()
        )
    http = described["http"]
    family = _Family("iris_model_http_responses_total", "counter", "Responses of the HTTP front ends, by status.")
    text += family.render(("", {"status": status}, count) for status, count in http["responses"].items())
    family = _Family("iris_model_http_throttled_total", "counter", "Requests that the HTTP API refused with 429.")
    return text + family.render([("", {}, http["throttled"])])


def _summarize(function: str, numbers: Mapping[str, Any]) -> Iterable[tuple[str, dict[str, str], float]]:
    for quantile, key in (("0.5", "p50"), ("0.9", "p90"), ("0.99", "p99")):
        if numbers[key] is not None:
            yield "", {"function": function, "quantile": quantile}, round(numbers[key] / 1000, 9)
    yield "_sum", {"function": function}, round(numbers["sum"] / 1000, 9)
    yield "_count", {"function": function}, numbers["count"]


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
