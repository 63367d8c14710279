"""Every operation on MiniStack with the rules of AWS, stopped after each change: the same operation completes it.

Nothing is invoked, so that a walk takes seconds; each call, also of questions and before it is made, is ended on the fake
(tests/aws/test_deploy_faults.py, test_operation_faults.py).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from iris_model.aws.client.calls import Aws
from iris_model.aws.client.session import BotoTransport
from iris_model.aws.deploying.deploy import Wanted, deploy
from iris_model.aws.deploying.destroy import destroy, find_remains
from iris_model.aws.deploying.rollback import roll_back
from iris_model.aws.deploying.steps import Canary
from iris_model.contract.deployment import Deployment
from tests.support.ministack_cloud import REGION, SHARED, Cloud, Pushed

pytestmark = pytest.mark.e2e

QUESTIONS = ("Get", "List", "Describe", "Filter", "BatchGet")


class Interrupted(BaseException):
    """The end of the machine."""


@dataclass
class Account:
    """What reaches MiniStack, and stops after a number of changes; time passes as fast as it can."""

    transport: BotoTransport
    changes: list[str] = field(default_factory=list)
    stop_after: int = 0
    now: float = 0.0
    region: str = REGION
    profile: str = "default"
    origin: str = "of a test"

    def __call__(self, service: str, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return self.transport(service, operation, parameters)
        finally:
            if not operation.startswith(QUESTIONS):
                self.changes.append(operation)
                if len(self.changes) == self.stop_after:
                    raise Interrupted

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        time.sleep(0.02)

    @property
    def aws(self) -> Aws:
        return Aws(self, sleep=self.sleep, clock=lambda: self.now)


def wanted(deployment: Deployment, digest: str, canary: Canary | None = None) -> Wanted:
    def push(aws: Aws, deployment: Deployment, digest: str) -> None:
        raise AssertionError("it is there")

    return Wanted(deployment, digest, [], push, None, canary, gets_out=True)


def silent(step: str) -> None:
    pass


@dataclass(frozen=True)
class Operation:
    before: tuple[str, ...]
    """The images that are deployed first."""
    run: Callable[[Account, Deployment, Pushed], object]
    is_done: Callable[[Cloud, str], bool]


def first(account: Account, deployment: Deployment, pushed: Pushed) -> object:
    return deploy(account.aws, wanted(deployment, pushed.iris), silent)


def shared(account: Account, deployment: Deployment, pushed: Pushed) -> object:
    return deploy(account.aws, wanted(deployment, pushed.other, Canary(10, 0.5)), silent)


def back(account: Account, deployment: Deployment, pushed: Pushed) -> object:
    return roll_back(account.aws, deployment, "1", None, silent)


def away(account: Account, deployment: Deployment, pushed: Pushed) -> object:
    remains = find_remains(account.aws, deployment)
    return destroy(account.aws, deployment, remains, images=False, logs=True, on_step=silent)


def answers(version: str) -> Callable[[Cloud, str], bool]:
    return lambda cloud, name: cloud.alias(name) == (version, {})


OPERATIONS = {
    "deploy": Operation((), first, answers("1")),
    "canary": Operation(("iris",), shared, answers("2")),
    "rollback": Operation(("iris", "other"), back, answers("1")),
    "destroy": Operation(("iris",), away, lambda cloud, name: f"stack {name}" not in cloud.inventory()),
}


@pytest.fixture
def transport(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> BotoTransport:
    for name, value in cloud.environment.items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    return BotoTransport(region=REGION)


@pytest.mark.parametrize("name", OPERATIONS)
def test_ended_after_any_change_the_same_operation_finishes_it(
    cloud: Cloud, pushed: Pushed, transport: BotoTransport, name: str
):
    operation, stop, before = OPERATIONS[name], 0, cloud.inventory()
    while True:
        stop += 1
        deployment = Deployment(function=f"walk-{name}-{stop}", stack=f"walk-{name}-{stop}", repository=SHARED)
        for image in operation.before:
            deploy(Account(transport).aws, wanted(deployment, getattr(pushed, image)), silent)
        account = Account(transport, stop_after=stop)
        with suppress(Interrupted):
            operation.run(account, deployment, pushed)
        is_over = len(account.changes) < stop
        if not is_over and not (name == "rollback" and account.changes[-1] == "TagResource"):
            operation.run(Account(transport), deployment, pushed)
        assert operation.is_done(cloud, deployment.function), f"ended after {account.changes}"
        if name in ("deploy", "canary"):
            digest = pushed.iris if name == "deploy" else pushed.other
            assert deploy(Account(transport).aws, wanted(replace(deployment), digest), silent).steps == ()
        away(Account(transport), deployment, pushed)
        if is_over:
            break
    assert stop > {"deploy": 4, "canary": 6, "rollback": 4, "destroy": 2}[name]
    assert cloud.inventory() - before <= {f"repository {SHARED}"}
