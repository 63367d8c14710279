"""Compare what the native runtime posts and logs with the Python runtime, event by event."""

from __future__ import annotations

import base64
import gzip
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from tests.native.questions import Questions
from tests.native.reference import Reference
from tests.native.sandbox import Posted, start

# The words of Python's decoder before 3.13. The native runtime has the words of 3.13.
OLDER_WORDS = sys.version_info < (3, 13)


def compare(
    executable: list[str], directory: Path, names: list[str], seed: object, count: int, log: Path
) -> Counter[str]:
    """Ask both runtimes `count` events. AssertionError for the first difference, else how often which answer came."""
    reference = Reference(directory)
    questions = Questions(names, seed)
    outcomes: Counter[str] = Counter()
    expected = []
    skipped_log = False
    with start(executable, directory, log) as sandbox:
        for number in range(count):
            event, headers = questions.event()
            posted = sandbox.ask(event, headers)
            wanted, lines = reference.ask(event, headers)
            expected.append(lines)
            if OLDER_WORDS and b"Illegal trailing comma" in posted.body:
                assert b"Expecting value" in wanted.body or b"Expecting property name" in wanted.body
                skipped_log = True
                outcomes["other words"] += 1
                continue
            if posted != wanted:
                assert opened(posted) == opened(wanted), f"event {number} of seed {seed}: {event!r} {headers}"
            outcomes[kind_of(wanted)] += 1
        if not skipped_log:
            assert sandbox.read_log().decode() == "".join(expected)
    return outcomes


def opened(posted: Posted) -> Any:
    """Decompress the body of an answer: another deflate library writes other bytes for the same text."""
    try:
        answer = json.loads(posted.body)
        if isinstance(answer, dict) and answer.get("isBase64Encoded") is True:
            answer["body"] = gzip.decompress(base64.b64decode(answer["body"])).decode()
            return posted.call, list(answer.items()), posted.error_type, posted.cause
    except ValueError:
        pass
    return posted


def kind_of(posted: Posted) -> str:
    """Return "error", the HTTP status, or "answer"."""
    if posted.call.endswith("/error"):
        return posted.error_type
    answer = json.loads(posted.body)
    return str(answer.get("statusCode", "answer")) if isinstance(answer, dict) else "answer"
