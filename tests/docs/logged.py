"""Real log records: from the local service in both formats, with a function that causes every kind of record.

In: a format. Out: its records, each as the name of its kind and its fields.
"""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import Any

from iris_model.local import FunctionSettings
from tests.support.local_service import running

HANDLER = """\
import logging
import os
import time

log = logging.getLogger("app")


def handler(event, context):
    if event == "warn":
        log.warning("few rows", extra={"rows": 3})
    if event == "trouble":
        try:
            1 / 0
        except ZeroDivisionError:
            log.exception("no mean")
    if event == "fail":
        raise ValueError("as requested")
    if event == "exit":
        os._exit(1)
    if event == "sleep":
        time.sleep(9)
"""
TIMEOUT_SECONDS = 0.4

_RECORD = re.compile(r"\[(?P<level>[A-Z]+)\]\t(?P<time>\S+Z)\t(?P<requestId>\S+)\t(?P<message>.*)")
_ERROR = re.compile(r"\[ERROR\] (?P<errorType>[\w.]+): (?P<errorMessage>[^\n]*)\n?(?P<stackTrace>.*)", re.DOTALL)
_PLATFORM = re.compile(r"(INIT_START|START|END|INIT_REPORT|REPORT) (.*)")

Record = tuple[str, dict[str, Any]]


def write_records(log_format: str) -> list[Record]:
    """Everything that can be logged, in this format."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "app.py").write_text(HANDLER, encoding="utf-8")
        common = {"log_format": log_format, "system_log_level": "DEBUG", "timeout_seconds": TIMEOUT_SECONDS}
        functions = [
            FunctionSettings("works", Path(folder), "app.handler", **common),
            FunctionSettings("fails", Path(folder), "missing.handler", **common),
        ]
        with running(functions) as service:
            for event in ("warn", "trouble", "fail", "sleep", "exit"):
                service.invoke(event, name="works", X_Amz_Tenant_Id="tenant-1")
            service.invoke("any", name="fails")
            lines = list(service.lines)
    read = read_json if log_format == "JSON" else read_text
    return [record for record in map(read, lines) if record is not None]


def read_text(line: str) -> Record | None:
    """A line of the text format; None for what the function printed."""
    if match := _PLATFORM.fullmatch(line):
        parts = match[2].strip("\t").split("\t") if "\t" in match[2] else re.split(r" (?=Version: )", match[2])
        return match[1], dict(part.split(": ", 1) for part in parts)
    if match := _RECORD.fullmatch(line.rstrip("\n")):
        return "record", match.groupdict()
    if match := _ERROR.fullmatch(line.rstrip("\n")):
        return "error", match.groupdict()
    return None


def read_json(line: str) -> Record | None:
    """A line of the JSON format, nested fields with a point between."""
    try:
        value = json.loads(line)
    except ValueError:
        return None
    if "type" in value:
        return value["type"], {"time": value["time"], **flatten(value["record"], "record.")}
    return "error" if "logger" not in value else "record", value


def flatten(value: dict[str, Any], prefix: str) -> dict[str, Any]:
    """`{"a": {"b": 1}}` as `{"a.b": 1}`; of a list of objects, the fields of the first."""
    flat: dict[str, Any] = {}
    for name, item in value.items():
        if isinstance(item, list) and item and isinstance(item[0], dict):
            flat |= flatten(item[0], f"{prefix}{name}[].")
        elif isinstance(item, dict):
            flat |= flatten(item, f"{prefix}{name}.")
        else:
            flat[prefix + name] = item
    return flat
