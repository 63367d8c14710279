"""Format records of `logging` in Lambda's text and JSON formats, field by field as awslambdaric does.

Imported only after `logging` (see logs.py).
"""

import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    import logging as logging_module
    from types import ModuleType
    from typing import Any, Protocol

    class Sink(Protocol):
        """The destination of records (logs.py)."""

        request_id: str
        tenant_id: str | None
        is_json: bool
        frames_levels: bool

        def write(self, message: str, level: int = 0) -> None:
            """Write one message."""


TEXT_FORMAT = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n"
TEXT_TIME = "%Y-%m-%dT%H:%M:%S"
JSON_TIME = "%Y-%m-%dT%H:%M:%SZ"

# The attributes of every record. Other attributes came in `extra`; the JSON format shows them.
RECORD_FIELDS = frozenset(
    (
        "args asctime aws_request_id created exc_info exc_text filename funcName levelname levelno lineno message module "
        "msecs msg name pathname process processName relativeCreated stack_info taskName tenant_id thread threadName"
    ).split()
)


def make_handler(logging: "Any", sink: "Sink") -> object:
    """Return a handler for the root logger: a filter that adds the ids of the invocation, and a formatter.

    User code can replace both, as with awslambdaric.
    """

    class LambdaLoggerHandler(logging.Handler):  # type: ignore[misc]
        def emit(self, record: "logging_module.LogRecord") -> None:
            self.log_sink.write(self.format(record), _level(record.levelno) if sink.frames_levels else 0)

    class LambdaLoggerFilter(logging.Filter):  # type: ignore[misc]
        def filter(self, record: "logging_module.LogRecord") -> bool:
            record.aws_request_id = sink.request_id
            record.tenant_id = sink.tenant_id
            return True

    class JsonFormatter(logging.Formatter):  # type: ignore[misc]
        def format(self, record: "logging_module.LogRecord") -> str:
            return format_json(logging, record)

    handler = LambdaLoggerHandler()
    handler.log_sink = sink
    handler.addFilter(LambdaLoggerFilter())
    # awslambdaric sets UTC for every formatter.
    logging.Formatter.converter = time.gmtime
    handler.setFormatter(JsonFormatter() if sink.is_json else logging.Formatter(TEXT_FORMAT, TEXT_TIME))
    return handler


def format_json(logging: "ModuleType", record: "logging_module.LogRecord") -> str:
    """Return one record as a line of JSON."""
    from json import JSONEncoder

    kind, value, traceback = record.exc_info or (None, None, None)
    level = _level(record.levelno)
    fields: dict[str, object] = {
        "timestamp": time.strftime(JSON_TIME, time.gmtime(record.created)),
        "level": logging.getLevelName(level),
        "message": record.msg if isinstance(record.msg, dict) and not record.args else record.getMessage(),
        "logger": record.name,
    }
    if kind is not None:
        from traceback import format_tb

        fields["stackTrace"] = format_tb(traceback)
        fields["errorType"] = kind.__name__
        fields["errorMessage"] = str(value)
    fields["requestId"] = record.__dict__["aws_request_id"]
    if kind is not None:
        fields["location"] = f"{record.pathname}:{record.funcName}:{record.lineno}"
    fields["tenantId"] = record.__dict__["tenant_id"]
    for name, extra in record.__dict__.items():
        if name not in RECORD_FIELDS and name not in fields:
            fields[name] = extra
    fields = {name: value for name, value in fields.items() if value is not None}
    # Values without a JSON form become strings, so that no log line is lost.
    return JSONEncoder(ensure_ascii=False, default=str).encode(fields) + "\n"


def _level(level: int) -> int:
    return min(50, max(0, level)) // 10 * 10
