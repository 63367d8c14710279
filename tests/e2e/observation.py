"""What a caller and the log show of one invocation, without the parts that may differ between two runtimes.

Bytes in, values out. Numbers stay the text that was sent, so that 1 and 1.0, or 0.10 and 0.1, are not the same.

Left out, and why they cannot be equal:
- request ids, times, and how often a recursion repeats: they differ between two runs of one runtime;
- the runtimes' own frames and Python's import frames: they name the runtime's files;
- what the JSON parser says of a malformed event: Lambda refuses such an event before a runtime sees it;
- awslambdaric's LAMBDA_WARNING that AWS may have updated its managed runtime: an image has no managed runtime.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from tests.support.rie_process import Answer

MASKS = [
    (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "<request id>"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"), "<time>"),
    (re.compile(r"Previous line repeated \d+ more"), "Previous line repeated <n> more"),
    (re.compile(r'Unable to unmarshal input: (\\.|[^"\\\r\n])*'), "Unable to unmarshal input: <why>"),
]
EMULATOR_LINE = re.compile(
    r"\d\d \w{3} \d{4} \d\d:\d\d:\d\d,\d+ \[\w+\] "  # RIE's own log
    r"|(START|END|REPORT) RequestId: |INIT_REPORT |INIT_START "
)
FRAME = re.compile(r"[ \xa0]{2}File \"(?P<file>[^\"]+)\", line \d+")
FRAME_SOURCE = re.compile(r"[ \xa0]{4}")
FOREIGN_FILE = re.compile(r"/awslambdaric/|/iris_model/runtime/|/importlib/__init__\.py|<frozen (importlib|runpy)")


@dataclass(frozen=True)
class Observation:
    """Status, body and log of one invocation; two are equal when a user sees no difference."""

    status: int
    body: Any
    log: list[Any]
    body_text: str = field(compare=False)
    log_text: str = field(compare=False)


def observe(answer: Answer, log: str) -> Observation:
    """Mask and parse one answer and its log."""
    text = answer.body.decode("utf-8", "backslashreplace")
    return Observation(answer.status, comparable(parse(mask(text))), comparable_log(log), text, log)


def mask(text: str) -> str:
    """Replace each value that differs between runs by a name."""
    for pattern, name in MASKS:
        text = pattern.sub(name, text)
    return text


def parse(text: str) -> Any:
    """A JSON value with numbers as text, or the text itself where it is no JSON."""
    try:
        return json.loads(text, parse_int=str, parse_float=str, parse_constant=str)
    except ValueError:
        return text


def comparable(document: Any) -> Any:
    """An error document without the frames of the runtime itself; any other value as it is."""
    if isinstance(document, dict) and isinstance(document.get("stackTrace"), list):
        return {**document, "stackTrace": without_foreign_frames(document["stackTrace"])}
    return document


def comparable_log(log: str) -> list[Any]:
    """The lines that the runtime and the handler wrote: without the emulator's own, JSON ones parsed."""
    # Inside one log event, lines end with a carriage return (lambda-contract 1.5).
    events = [event for event in log.split("\n") if event and not EMULATOR_LINE.match(event)]
    lines = [line for event in events if "LAMBDA_WARNING: " not in event for line in mask(event).split("\r")]
    return [comparable(parse(line)) if line.startswith("{") else line for line in without_foreign_frames(lines)]


def without_foreign_frames(lines: list[str]) -> list[str]:
    """Leave out each frame of a foreign file, with the source lines that belong to it."""
    kept = []
    foreign = False
    for line in lines:
        frame = FRAME.match(line)
        if frame:
            foreign = FOREIGN_FILE.search(frame["file"]) is not None
        elif not FRAME_SOURCE.match(line):
            foreign = False
        if not foreign:
            kept.append(line)
    return kept
