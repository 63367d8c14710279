"""Every row of the behaviour table, against the official emulator with awslambdaric: this verifies the fourth column."""

from __future__ import annotations

import sys

import pytest

from tests.behaviour.cases import CASES
from tests.behaviour.checking import check, check_log, send
from tests.behaviour.table import Case
from tests.support.local_service import HANDLERS, RunningService
from tests.support.requirement import require
from tests.support.rie_binary import rie_binary
from tests.support.rie_process import emulator

pytestmark = [pytest.mark.e2e, pytest.mark.awslambdaric]


@pytest.mark.parametrize("case", [case for case in CASES if case.emulator is not None], ids=lambda case: case.name)
def test_emulator(case: Case) -> None:
    assert case.emulator is not None
    timeout = case.settings.get("timeout_seconds", 10)
    environment = {
        "_HANDLER": case.handler,
        "AWS_LAMBDA_FUNCTION_TIMEOUT": str(int(timeout)),
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
    }
    command = [sys.executable, "-m", "awslambdaric", case.handler]
    with emulator(require(rie_binary), command, HANDLERS, environment) as running:
        reply = send(RunningService(url=f"http://127.0.0.1:{running.port}"), case, "function")
    check(case.emulator, reply)
    check_log(case.emulator, running.log.splitlines())
