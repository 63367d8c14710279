"""Records of `logging` in Lambda's text and JSON formats, field by field as awslambdaric writes them.

Imported only when `logging` is: see logs.py.
"""

import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    import logging as logging_module
    from typing import Any

    from .logs import Sink

TEXT_FORMAT = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n"
TEXT_TIME = "%Y-%m-%dT%H:%M:%S"
JSON_TIME = "%Y-%m-%dT%H:%M:%SZ"

# What every record has by itself; anything else on it came in `extra` and is shown in JSON format.
RECORD_FIELDS = frozenset(
    (
        "args asctime aws_request_id created exc_info exc_text filename funcName levelname levelno lineno message module "
        "msecs msg name pathname process processName relativeCreated stack_info taskName tenant_id thread threadName"
    ).split()
)


def make_handler(logging: "Any", sink: "Sink") -> "Any":
    """Return the handler for the root logger."""

    class LambdaLoggerHandler(logging.Handler):  # type: ignore[misc]
        def emit(self, record: "logging_module.LogRecord") -> None:
            record.aws_request_id = sink.request_id
            record.tenant_id = sink.tenant_id
            self.log_sink.write(self.format(record), _level(record.levelno) if sink.frames_levels else 0)

    handler = LambdaLoggerHandler()
    handler.log_sink = sink
    if sink.is_json:
        handler.format = lambda record: format_json(logging, record)
    else:
        formatter = logging.Formatter(TEXT_FORMAT, TEXT_TIME)
        formatter.converter = time.gmtime
        handler.setFormatter(formatter)
    return handler


def format_json(logging: "Any", record: "logging_module.LogRecord") -> str:
    """One record as a line of JSON."""
    from json import JSONEncoder

    kind, value, traceback = record.exc_info or (None, None, None)
    level = _level(record.levelno)
    fields: dict[str, Any] = {
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
    # What has no JSON form is shown as text: a log line must not be lost for it.
    return JSONEncoder(ensure_ascii=False, default=str).encode(fields) + "\n"


def _level(level: int) -> int:
    return min(50, max(0, level)) // 10 * 10
