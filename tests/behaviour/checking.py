"""Compare an HTTP answer with a row of the table."""

from __future__ import annotations

import re

from tests.behaviour.table import Answer, Case
from tests.support.local_service import Reply, RunningService


def send(service: RunningService, case: Case, name: str) -> Reply:
    """Send the row's request to the function of that name."""
    path = case.send.path.replace("{name}", name)
    return service.request(case.send.method, path, case.send.body, case.send.headers)


def check(expected: Answer, reply: Reply) -> None:
    """Everything but the log."""
    text = reply.body.decode("utf-8", "replace")
    assert reply.status == expected.status, text[:500]
    assert expected.contains in text, text[:500]
    assert not expected.lacks or expected.lacks not in text, text[:500]
    if expected.function_error is not None:
        assert (reply.header("x-amz-function-error") is not None) == expected.function_error
    for header in expected.headers:
        if header[0] == "!":
            assert reply.header(header[1:]) is None, reply.headers
            continue
        name, _, value = header.partition(": ")
        assert value in (reply.header(name) or "\0"), (name, reply.headers)


def check_log(expected: Answer, lines: list[str]) -> None:
    """The log, if the row expects something of it."""
    assert not expected.log or any(re.search(expected.log, line) for line in lines), lines[-20:]
