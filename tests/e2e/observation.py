"""What a caller and a reader of the log can see of one invocation, with what may differ between two runs masked.

Bytes in, values out. Numbers stay the text that was sent, so that 1 and 1.0, or 0.10 and 0.1, are not the same.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from tests.support.rie_process import Answer

REQUEST_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
EMULATOR_LINE = re.compile(
    r"\d\d \w{3} \d{4} \d\d:\d\d:\d\d,\d+ \[\w+\] "  # RIE's own log
    r"|(START|END|REPORT) RequestId: |INIT_REPORT |INIT_START "
)


@dataclass(frozen=True)
class Observation:
    """Status, body and log of one invocation; two are equal when nothing but the masked parts differs."""

    status: int
    body: Any
    log: list[Any]
    body_text: str = field(compare=False)
    log_text: str = field(compare=False)


def observe(answer: Answer, log: str) -> Observation:
    """Mask and parse one answer and its log."""
    text = answer.body.decode("utf-8", "backslashreplace")
    return Observation(answer.status, parse(mask(text)), runtime_log(log), text, log)


def mask(text: str) -> str:
    """Replace request ids and times by their names."""
    return TIME.sub("<time>", REQUEST_ID.sub("<request id>", text))


def parse(text: str) -> Any:
    """A JSON value with numbers as text, or the text itself where it is no JSON."""
    try:
        return json.loads(text, parse_int=str, parse_float=str, parse_constant=str)
    except ValueError:
        return text


def runtime_log(log: str) -> list[Any]:
    """The lines that the runtime and the handler wrote: without the emulator's own, JSON ones parsed."""
    lines = [mask(line) for line in log.split("\n") if line and not EMULATOR_LINE.match(line)]
    return [parse(line) if line.startswith("{") else line for line in lines]
