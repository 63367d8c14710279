"""Every field of every log record, as data: the page is generated from it, and a test compares it with real logs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Field:
    """One field. `read`: `logs`, `cost` and `deploy` read it; `unit` is empty where there is none."""

    name: str
    kind: str
    unit: str
    present: str
    example: str
    meaning: str
    read: bool = False


# What a value looks like, by its kind.
KINDS = {
    "text": r".*",
    "id": r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|",
    "time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z",
    "number": r"\d+(\.\d+)?",
    "integer": r"\d+",
    "list of strings": r"\[.*\]",
    "lines": r".*",
    "list of objects": r"\[\]",
    "any": r".*",
}

_REQUEST = Field("RequestId", "id", "", "always", "6f7f0961-f831-4eca-9c07-1b3e4a2d5f60", "the invocation")
_STATUS = "`success`, `error` (the function failed), `failure` (its process ended), `timeout`"
_ERROR_TYPE = "class of the exception, or an error type of Lambda, such as `Runtime.ExitError`"
_ARN = "arn:aws:lambda:us-east-1::runtime:0508ff5c..."

TEXT: dict[str, tuple[Field, ...]] = {
    "INIT_START": (
        Field(
            "Runtime Version",
            "text",
            "",
            "always",
            "iris_model.local",
            "name and version of the runtime; on AWS a version of its base image",
        ),
        Field("Runtime Version ARN", "text", "", "always", _ARN, "ARN of the runtime"),
    ),
    "START": (_REQUEST, Field("Version", "text", "", "always", "$LATEST", "version of the function")),
    "END": (_REQUEST,),
    "REPORT": (
        Field("RequestId", "id", "", "always", _REQUEST.example, "the invocation", read=True),
        Field(
            "Duration",
            "number",
            "ms",
            "always",
            "1.39",
            "time from the event to the next poll of the runtime",
            read=True,
        ),
        Field(
            "Billed Duration",
            "integer",
            "ms",
            "always",
            "81",
            "what you pay for: init and duration together, rounded up once",
            read=True,
        ),
        Field("Memory Size", "integer", "MB", "always", "128", "configured memory", read=True),
        Field(
            "Max Memory Used",
            "integer",
            "MB",
            "always",
            "12",
            "peak memory of the sandbox since its start",
            read=True,
        ),
        Field(
            "Init Duration",
            "number",
            "ms",
            "cold start",
            "79.45",
            "time from the start of the process to its first poll",
            read=True,
        ),
        Field("Status", "text", "", "failed", "timeout", "`error` or `timeout`; absent on success"),
        Field("Error Type", "text", "", "failed, no timeout", "Runtime.ExitError", _ERROR_TYPE),
    ),
    "INIT_REPORT": (
        Field("Init Duration", "number", "ms", "always", "28.73", "duration of the init"),
        Field("Phase", "text", "", "always", "init", "`init`, or `invoke` when it was repeated inside an invocation"),
        Field(
            "Status", "text", "", "always", "error", "`success` (with provisioned concurrency only), `error`, `timeout`"
        ),
        Field("Error Type", "text", "", "failed", "Runtime.ImportModuleError", _ERROR_TYPE),
    ),
    "record": (
        Field("level", "text", "", "always", "WARNING", "level of `logging`"),
        Field("time", "time", "UTC", "always", "2026-11-25T23:39:41.432Z", "time of logging"),
        Field("requestId", "id", "", "always", _REQUEST.example, "the invocation; empty during the init"),
        Field("message", "text", "", "always", "few rows", "the message"),
    ),
    "error": (
        Field("errorType", "text", "", "always", "ValueError", _ERROR_TYPE),
        Field("errorMessage", "text", "", "always", "few rows", "its message"),
        Field(
            "stackTrace",
            "lines",
            "",
            "always",
            "Traceback (most recent call last):",
            "frames of your code, without those of the runtime",
        ),
    ),
}


def _platform(*fields: Field) -> tuple[Field, ...]:
    return (Field("time", "time", "UTC", "always", "2026-11-25T23:39:42.073Z", "time of writing"), *fields)


def _record(name: str, kind: str, unit: str, present: str, example: str, meaning: str, *, read: bool = False) -> Field:
    return Field(f"record.{name}", kind, unit, present, example, meaning, read)


_INITIALIZATION = _record("initializationType", "text", "", "always", "on-demand", "or `provisioned-concurrency`")
_PHASE = _record("phase", "text", "", "always", "init", "`init`, or `invoke` when it was repeated inside an invocation")
_JSON_STATUS = _record("status", "text", "", "always", "success", _STATUS)
_JSON_ERROR = _record("errorType", "text", "", "failed", "Runtime.ExitError", _ERROR_TYPE)
_JSON_REQUEST = _record("requestId", "id", "", "always", _REQUEST.example, "the invocation")

JSON: dict[str, tuple[Field, ...]] = {
    "platform.initStart": _platform(
        _INITIALIZATION,
        _PHASE,
        _record("runtimeVersion", "text", "", "always", "iris_model.local", "as Runtime Version above"),
        _record("runtimeVersionArn", "text", "", "always", _ARN, "as Runtime Version ARN above"),
    ),
    "platform.initRuntimeDone": _platform(_INITIALIZATION, _PHASE, _JSON_STATUS, _JSON_ERROR),
    "platform.initReport": _platform(
        _INITIALIZATION,
        _PHASE,
        _JSON_STATUS,
        _JSON_ERROR,
        _record("metrics.durationMs", "number", "ms", "always", "67.219", "duration of the init"),
    ),
    "platform.start": _platform(
        _JSON_REQUEST, _record("version", "text", "", "always", "$LATEST", "version of the function")
    ),
    "platform.runtimeDone": _platform(
        _JSON_REQUEST,
        _JSON_STATUS,
        _JSON_ERROR,
        _record(
            "metrics.durationMs",
            "number",
            "ms",
            "always",
            "6.922",
            "time from the event to the next poll of the runtime",
        ),
        _record("metrics.producedBytes", "integer", "bytes", "always", "4", "size of the answer"),
        _record("spans", "list of objects", "", "without an answer", "[]", "empty"),
        _record(
            "spans[].name",
            "text",
            "",
            "answered",
            "responseLatency",
            "`responseLatency`, `responseDuration` or `runtimeOverhead`",
        ),
        _record("spans[].start", "time", "UTC", "answered", "2026-11-25T23:39:42.073Z", "start time"),
        _record("spans[].durationMs", "number", "ms", "answered", "4.048", "duration of the span"),
    ),
    "platform.report": _platform(
        _JSON_REQUEST,
        _JSON_STATUS,
        _JSON_ERROR,
        _record("metrics.durationMs", "number", "ms", "always", "6.922", "as Duration above", read=True),
        _record("metrics.billedDurationMs", "integer", "ms", "always", "75", "as Billed Duration above", read=True),
        _record("metrics.memorySizeMB", "integer", "MB", "always", "128", "as Memory Size above", read=True),
        _record("metrics.maxMemoryUsedMB", "integer", "MB", "always", "12", "as Max Memory Used above", read=True),
        _record("metrics.initDurationMs", "number", "ms", "cold start", "67.316", "as Init Duration above", read=True),
    ),
    "record": (
        Field("timestamp", "time", "UTC", "always", "2026-11-25T23:39:42Z", "time of logging"),
        Field("level", "text", "", "always", "WARNING", "level of `logging`"),
        Field("message", "any", "", "always", "few rows", "the message; an object, if a dict was logged"),
        Field("logger", "text", "", "always", "app", "name of the logger"),
        Field("stackTrace", "list of strings", "", "with an exception", '["  File ..."]', "its frames"),
        Field("errorType", "text", "", "with an exception", "ZeroDivisionError", "its class"),
        Field("errorMessage", "text", "", "with an exception", "division by zero", "its message"),
        Field("requestId", "id", "", "always", _REQUEST.example, "the invocation"),
        Field(
            "location",
            "text",
            "",
            "with an exception",
            "/var/task/app.py:handler:15",
            "file, function and line that logged",
        ),
        Field("tenantId", "text", "", "with a tenant", "tenant-1", "tenant that the caller named"),
        Field(
            "rows",
            "any",
            "",
            "what you pass in `extra`",
            "3",
            'each key of `extra` is a field of its own; here `extra={"rows": 3}`',
        ),
    ),
    "error": (
        Field("timestamp", "time", "UTC", "always", "2026-11-25T23:39:42Z", "time of writing"),
        Field("level", "text", "", "always", "ERROR", "always `ERROR`"),
        Field("errorMessage", "text", "", "always", "division by zero", "message of the error"),
        Field("errorType", "text", "", "always", "ValueError", _ERROR_TYPE),
        Field("requestId", "id", "", "always", _REQUEST.example, "the invocation; empty when the init failed"),
        Field(
            "stackTrace",
            "list of strings",
            "",
            "always",
            '["  File ..."]',
            "frames of your code, without those of the runtime",
        ),
    ),
}
