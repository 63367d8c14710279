"""The table of `test_runtimes_agree` once more, in containers: our entry point against the base image's own."""

from __future__ import annotations

import pytest

from tests.e2e.observation import Observation, observe
from tests.e2e.runtime_cases import CASES, Case, assert_expected
from tests.support.docker_engine import container

pytestmark = pytest.mark.e2e

OURS = ["--entrypoint", "python3"]
OUR_COMMAND = ["-S", "/var/task/iris_model/runtime/__main__.py"]


def run(image: str, command: list[str], options: list[str], case: Case) -> Observation:
    # The base image's own entry point exports the handler; here Lambda would.
    environment = {"_HANDLER": case.handler, **case.environment}
    with container(image, [*command, case.handler], options=options, environment=environment) as function:
        answer = function.invoke(case.payload, case.headers)
    return observe(answer, function.log)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_both_runtimes_agree_in_containers(case: Case, functions_image: str) -> None:
    reference = run(functions_image, [], [], case)
    assert_expected(case, reference)
    assert run(functions_image, OUR_COMMAND, OURS, case) == reference
