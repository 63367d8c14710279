"""Every field of every log record, as data: the page is made of it, and a test holds it against real logs."""

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
    "list of texts": r"\[.*\]",
    "lines": r".*",
    "list of objects": r"\[\]",
    "any": r".*",
}

_REQUEST = Field("RequestId", "id", "", "always", "6f7f0961-f831-4eca-9c07-1b3e4a2d5f60", "the invocation")
_STATUS = "`success`, `error` (the function failed), `failure` (its process ended), `timeout`"
_ERROR_TYPE = "class of the error, or one of Lambda's own, as `Runtime.ExitError`"
_ARN = "arn:aws:lambda:us-east-1::runtime:0508ff5c..."

TEXT: dict[str, tuple[Field, ...]] = {
    "INIT_START": (
        Field(
            "Runtime Version",
            "text",
            "",
            "always",
            "iris_model.local",
            "who runs the function; on AWS a version of its base image",
        ),
        Field("Runtime Version ARN", "text", "", "always", _ARN, "the same, for programs"),
    ),
    "START": (_REQUEST, Field("Version", "text", "", "always", "$LATEST", "version of the function")),
    "END": (_REQUEST,),
    "REPORT": (
        Field("RequestId", "id", "", "always", _REQUEST.example, "the invocation", read=True),
        Field("Duration", "number", "ms", "always", "1.39", "from the event to the runtime's next poll", read=True),
        Field(
            "Billed Duration",
            "integer",
            "ms",
            "always",
            "81",
            "what is paid for: init and duration together, rounded up once",
            read=True,
        ),
        Field("Memory Size", "integer", "MB", "always", "128", "what is configured", read=True),
        Field(
            "Max Memory Used",
            "integer",
            "MB",
            "always",
            "12",
            "the peak of the sandbox, since it was started",
            read=True,
        ),
        Field(
            "Init Duration",
            "number",
            "ms",
            "cold start",
            "79.45",
            "from the start of the process to its first poll",
            read=True,
        ),
        Field("Status", "text", "", "failed", "timeout", "`error` or `timeout`; nothing says success"),
        Field("Error Type", "text", "", "failed, no timeout", "Runtime.ExitError", _ERROR_TYPE),
    ),
    "INIT_REPORT": (
        Field("Init Duration", "number", "ms", "always", "28.73", "how long the init took"),
        Field("Phase", "text", "", "always", "init", "`init`, or `invoke` when it was repeated inside an invocation"),
        Field(
            "Status", "text", "", "always", "error", "`success` (of provisioned concurrency only), `error`, `timeout`"
        ),
        Field("Error Type", "text", "", "failed", "Runtime.ImportModuleError", _ERROR_TYPE),
    ),
    "record": (
        Field("level", "text", "", "always", "WARNING", "level of `logging`"),
        Field("time", "time", "UTC", "always", "2026-11-25T23:39:41.432Z", "when it was logged"),
        Field("requestId", "id", "", "always", _REQUEST.example, "the invocation; empty during the init"),
        Field("message", "text", "", "always", "few rows", "the message"),
    ),
    "error": (
        Field("errorType", "text", "", "always", "ValueError", _ERROR_TYPE),
        Field("errorMessage", "text", "", "always", "as told", "its message"),
        Field(
            "stackTrace",
            "lines",
            "",
            "always",
            "Traceback (most recent call last):",
            "frames of your code; those of the runtime are left out",
        ),
    ),
}


def _platform(*fields: Field) -> tuple[Field, ...]:
    return (Field("time", "time", "UTC", "always", "2026-11-25T23:39:42.073Z", "when it was written"), *fields)


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
        _record("metrics.durationMs", "number", "ms", "always", "67.219", "how long the init took"),
    ),
    "platform.start": _platform(
        _JSON_REQUEST, _record("version", "text", "", "always", "$LATEST", "version of the function")
    ),
    "platform.runtimeDone": _platform(
        _JSON_REQUEST,
        _JSON_STATUS,
        _JSON_ERROR,
        _record("metrics.durationMs", "number", "ms", "always", "6.922", "from the event to the runtime's next poll"),
        _record("metrics.producedBytes", "integer", "bytes", "always", "4", "size of the answer"),
        _record("spans", "list of objects", "", "no answer came", "[]", "nothing to say where the time went"),
        _record(
            "spans[].name",
            "text",
            "",
            "answered",
            "responseLatency",
            "`responseLatency`, `responseDuration` or `runtimeOverhead`",
        ),
        _record("spans[].start", "time", "UTC", "answered", "2026-11-25T23:39:42.073Z", "when it began"),
        _record("spans[].durationMs", "number", "ms", "answered", "4.048", "how long it took"),
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
        Field("timestamp", "time", "UTC", "always", "2026-11-25T23:39:42Z", "when it was logged"),
        Field("level", "text", "", "always", "WARNING", "level of `logging`"),
        Field("message", "any", "", "always", "few rows", "the message; an object, if a dict was logged"),
        Field("logger", "text", "", "always", "app", "name of the logger"),
        Field("stackTrace", "list of texts", "", "with an exception", '["  File ..."]', "its frames"),
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
        Field("timestamp", "time", "UTC", "always", "2026-11-25T23:39:42Z", "when it was written"),
        Field("level", "text", "", "always", "ERROR", "always `ERROR`"),
        Field("errorMessage", "text", "", "always", "as told", "message of the error"),
        Field("errorType", "text", "", "always", "ValueError", _ERROR_TYPE),
        Field("requestId", "id", "", "always", _REQUEST.example, "the invocation; empty when the init failed"),
        Field(
            "stackTrace",
            "list of texts",
            "",
            "always",
            '["  File ..."]',
            "frames of your code; those of the runtime are left out",
        ),
    ),
}
