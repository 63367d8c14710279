"""Each call of a roll-back, a `destroy`, a canary and of shared test events fails once in every way, or is the last one before
the machine stops: the operation continues by itself, or the same command completes it. `test_deploy_faults` has deployments.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass
from functools import cache, partial

import pytest

from iris_model.aws.console_events import read_events, schema_name, write_events
from iris_model.aws.deploying.destroy import destroy, find_remains
from iris_model.aws.deploying.rollback import roll_back
from iris_model.aws.deploying.steps import Canary
from iris_model.contract import documentation
from iris_model.errors import DeploymentError
from tests.aws.conftest import DEPLOYMENT, Cloud
from tests.aws.test_deploy_faults import DENIED, MENDED, Interrupted, fail, raise_once
from tests.support.spread import spread


def silent(step: str) -> None:
    pass


@cache
def deployed() -> Cloud:
    """Three versions, a log, and test events of another user."""
    cloud = Cloud()
    for number in (1, 2, 3):
        cloud.deploy(number)
    cloud.fake.log = []
    cloud.fake.settles_at_once = True
    write_events(cloud.aws, "iris", {"theirs": 1}, replace=False)
    return cloud


def go_back(cloud: Cloud, version: str | None = None) -> None:
    roll_back(cloud.aws, DEPLOYMENT, version, b"[1.5]", silent)


def check_back(cloud: Cloud, version: str = "2") -> None:
    function, stack = cloud.fake.functions["iris"], cloud.fake.stacks["iris"]
    assert (function.alias, function.weights, stack.parameters["LiveVersion"]) == (version, {}, version)
    assert function.tags["iris-model:accepted"] == version
    assert function.tags["iris-model:previous"] == "3"


def take_away(cloud: Cloud) -> None:
    remains = find_remains(cloud.aws, DEPLOYMENT)
    destroy(cloud.aws, DEPLOYMENT, remains, images=True, logs=True, on_step=silent)


def check_away(cloud: Cloud) -> None:
    assert find_remains(cloud.aws, DEPLOYMENT).is_empty
    assert (cloud.fake.functions, cloud.fake.repositories, cloud.fake.log) == ({}, {}, None)


def try_a_share(cloud: Cloud) -> None:
    cloud.deploy(4, canary=Canary(10, 0.5))


def check_all(cloud: Cloud) -> None:
    function = cloud.fake.functions["iris"]
    assert (function.alias, function.weights, function.tags["iris-model:accepted"]) == ("4", {}, "4")
    assert cloud.deploy(4).steps == ()


def share_events(cloud: Cloud) -> None:
    write_events(cloud.aws, "iris", {"one": [1.5]}, replace=False)


def check_shared(cloud: Cloud) -> None:
    assert read_events(cloud.aws, "iris") == {"theirs": 1, "one": [1.5]}
    assert len(json.loads(cloud.fake.schemas[schema_name("iris")][-1])["components"]["examples"]) == 2


def get_stuck(cloud: Cloud, status: str) -> None:
    """A stack that CloudFormation could not put back, or not delete, and cannot now either."""
    cloud.fake.stacks["iris"].status, cloud.fake.stuck = status, "The security group sg-1 does not exist"


def get_out(cloud: Cloud) -> None:
    cloud.deploy(4, gets_out=True)


def check_retained(cloud: Cloud) -> None:
    """Everything is gone except what could not be deleted."""
    assert find_remains(cloud.aws, DEPLOYMENT).stack == ""
    assert (list(cloud.fake.functions), cloud.fake.repositories) == (["iris"], {})


def nothing(cloud: Cloud) -> None:
    pass


@dataclass(frozen=True)
class Operation:
    run: Callable[[Cloud], None]
    check: Callable[[Cloud], None]
    prepare: Callable[[Cloud], None] = nothing

    def begin(self) -> Cloud:
        cloud = deepcopy(deployed())
        self.prepare(cloud)
        return cloud

    def count_calls(self) -> list[tuple[str, str]]:
        cloud = self.begin()
        before = len(cloud.fake.calls)
        self.run(cloud)
        calls = [(service, name) for service, name, _ in cloud.fake.calls[before:]]
        self.check(cloud)
        return calls


OPERATIONS = {
    "rollback": Operation(go_back, check_back),
    "rollback 1": Operation(partial(go_back, version="1"), partial(check_back, version="1")),
    "destroy": Operation(take_away, check_away),
    "canary": Operation(try_a_share, check_all),
    "events": Operation(share_events, check_shared),
    "stuck roll-back": Operation(get_out, check_all, partial(get_stuck, status="UPDATE_ROLLBACK_FAILED")),
    "stuck deletion": Operation(take_away, check_retained, partial(get_stuck, status="DELETE_FAILED")),
}


# Of two operations that make the same calls, `make test` has one.
SLOW = ("rollback 1", "stuck roll-back", "stuck deletion")


@pytest.fixture(params=[pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW)) for name in OPERATIONS])
def operation(request: pytest.FixtureRequest) -> Operation:
    return OPERATIONS[request.param]


def broken(operation: Operation, index: int, error: Callable[[str, str], BaseException], when: str) -> Cloud:
    cloud = operation.begin()
    setattr(cloud.fake, when, raise_once(len(cloud.fake.calls) + index, error))
    return cloud


@pytest.mark.parametrize("fault", spread(MENDED, 4))
def test_temporary_faults_are_retried(operation: Operation, fault: str):
    # The answer to a call that timed out is lost; the call may well have had its effect.
    when = "after" if fault == "timeout" else "before"
    for index, call in enumerate(operation.count_calls()):
        cloud = broken(operation, index, partial(fail, MENDED[fault]), when)
        try:
            operation.run(cloud)
            operation.check(cloud)
        except BaseException as error:
            raise AssertionError(f"call {index}, {call}") from error


def test_a_denied_call_is_reported_and_the_next_run_continues(operation: Operation):
    for index, (service, name) in enumerate(operation.count_calls()):
        cloud = broken(operation, index, partial(fail, DENIED), "before")
        with pytest.raises(DeploymentError) as caught:
            operation.run(cloud)
        assert f"({service}:{name} in eu-west-1)" in caught.value.problem
        assert documentation.PERMISSIONS in caught.value.remedy
        try:
            operation.run(cloud)
            operation.check(cloud)
        except BaseException as error:
            raise AssertionError(f"after call {index}, {service}:{name}") from error


@pytest.mark.parametrize("when", ["before", "after"])
def test_interrupted_anywhere_the_same_command_finishes_it(operation: Operation, when: str):
    for index, call in enumerate(operation.count_calls()):
        cloud = broken(operation, index, lambda *_: Interrupted(), when)
        with suppress(Interrupted):
            operation.run(cloud)
        found = cloud.fake.functions.get("iris")
        # What was accepted is over; a roll-back once more would be one more step back.
        is_over = found is not None and found.tags["iris-model:accepted"] != "3"
        try:
            if not is_over:
                operation.run(cloud)
            operation.check(cloud)
        except BaseException as error:
            raise AssertionError(f"{when} call {index}, {call}") from error
