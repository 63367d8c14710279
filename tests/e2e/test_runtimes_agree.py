"""Our runtime and awslambdaric, each under the real emulator, over one table: same answers, same errors, same logs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.e2e.function_directory import lay_functions
from tests.e2e.observation import Observation, observe
from tests.e2e.runtime_cases import CASES, Case, assert_expected
from tests.support.requirement import find_awslambdaric, require
from tests.support.rie_binary import rie_binary
from tests.support.rie_process import emulator


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lay_functions(tmp_path_factory.mktemp("task"))


def awslambdaric() -> list[str]:
    return [sys.executable, "-m", find_awslambdaric()]


def ours(directory: Path) -> list[str]:
    return [sys.executable, "-S", str(directory / "iris_model" / "runtime" / "__main__.py")]


def run(case: Case, runtime: list[str], directory: Path) -> Observation:
    environment = {"_HANDLER": case.handler, **case.environment}
    with emulator(require(rie_binary), [*runtime, case.handler], directory, environment) as function:
        answer = function.invoke(case.payload, case.headers)
    return observe(answer, function.log)


@pytest.mark.parametrize(
    "case",
    # `make test` runs one of twelve; each starts two emulators.
    [pytest.param(each, marks=[pytest.mark.slow] if at % 12 else [], id=each.name) for at, each in enumerate(CASES)],
)
def test_both_runtimes_agree(case: Case, directory: Path) -> None:
    reference = run(case, require(awslambdaric), directory)
    assert_expected(case, reference)
    assert run(case, ours(directory), directory) == reference


def test_the_table_is_as_long_as_promised() -> None:
    assert len(CASES) >= 25
    assert len({case.name for case in CASES}) == len(CASES)
