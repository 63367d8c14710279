"""Every row of the behaviour table, against our service."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.behaviour.cases import CASES
from tests.behaviour.checking import check, check_log, send
from tests.behaviour.page import REFERENCE_PAGE, render_reference
from tests.behaviour.table import Case
from tests.local.conftest import make_settings
from tests.support.local_service import RunningService, running


def name_of(case: Case) -> str:
    """One function for each row, so that rows do not share a sandbox."""
    return f"case-{CASES.index(case)}"


@pytest.fixture(scope="module")
def service() -> Iterator[RunningService]:
    functions = []
    for case in CASES:
        name = name_of(case)
        route = f"/{name}/echo" if case.send.path.endswith("/echo") or "/echo?" in case.send.path else f"/{name}"
        values = {"name": name, "handler": case.handler, "route": route, "timeout_seconds": 10, **case.settings}
        functions.append(make_settings(**values))
    with running(functions) as service:
        yield service


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_ours(case: Case, service: RunningService) -> None:
    before = len(service.written)
    check(case.expected_of_us, send(service, case, name_of(case)))
    check_log(case.expected_of_us, service.lines[before:])


def test_the_table_is_as_long_as_promised_and_says_nothing_twice() -> None:
    assert len(CASES) >= 40
    assert len({case.name for case in CASES}) == len(CASES)


def test_the_page_is_that_of_the_table() -> None:
    page = Path(__file__).parents[2] / REFERENCE_PAGE
    assert page.read_text(encoding="utf-8") == render_reference(), "run scripts/write_reference.py"
