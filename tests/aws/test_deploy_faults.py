"""Each call of a deployment fails once in every way: the deployment retries, or the next run completes it.

The list of calls is recorded from a real deployment, so a new call is covered too.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from dataclasses import replace
from functools import cache, partial

import pytest

from iris_model.aws.client.failed_call import Failure
from iris_model.contract import documentation
from iris_model.errors import DeploymentError
from tests.aws.conftest import DEPLOYMENT, Cloud, digest_of
from tests.support.spread import spread

MENDED = {
    "throttling": ("ThrottlingException", "Rate exceeded", 400),
    "500": ("InternalFailure", "something broke", 500),
    "conflict": ("ResourceConflictException", "an update is in progress", 409),
    "timeout": ("ReadTimeout", "read timed out", 0),
}
DENIED = ("AccessDeniedException", "User: me is not authorized to perform: it", 403)


def fail(how: tuple[str, str, int], service: str, operation: str) -> Failure:
    return Failure(service, operation, *how)


class Interrupted(BaseException):
    """Ctrl-C, or the machine stops."""


@cache
def deployed() -> Cloud:
    cloud = Cloud(deployment=replace(DEPLOYMENT, keep_versions=2))
    cloud.deploy(1)
    cloud.deploy(2)
    return cloud


def started(kind: str) -> Cloud:
    """Before a first deployment; before an update that prunes version 1; or after the image was deleted."""
    cloud = Cloud(deployment=replace(DEPLOYMENT, keep_versions=2)) if kind == "create" else deepcopy(deployed())
    if kind == "mend":
        cloud.fake.images["iris"].clear()
        cloud.fake.functions["iris"].without_image.add(digest_of(2))
    return cloud


NUMBER = {"create": 1, "update": 3, "mend": 2}


def count_calls(kind: str) -> list[tuple[str, str]]:
    cloud = started(kind)
    before = len(cloud.fake.calls)
    cloud.deploy(NUMBER[kind])
    return [(service, operation) for service, operation, _ in cloud.fake.calls[before:]]


WALK = [(kind, index, *call) for kind in NUMBER for index, call in enumerate(count_calls(kind))]
CHANGES = [entry for entry in WALK if entry[0] != "mend"]
IDS = [f"{kind}-{index}-{operation}" for kind, index, _, operation in WALK]


def raise_once(index: int, error: Callable[[str, str], BaseException]) -> Callable[[int, str, str], None]:
    pending = [index]

    def hook(number: int, service: str, operation: str) -> None:
        if pending and number == pending[0]:
            pending.clear()
            raise error(service, operation)

    return hook


def check_right(cloud: Cloud, kind: str) -> None:
    function = cloud.fake.functions["iris"]
    image = function.versions[function.alias]["Code"]["ImageUri"].value
    assert image.endswith(digest_of(NUMBER[kind]))
    before = {} if kind == "create" else {"iris-model:previous": str(int(function.alias) - 1)}
    assert function.tags == {"iris-model:accepted": function.alias, **before}
    images = cloud.fake.images["iris"]
    cloud.fake.expire("iris")
    if kind == "update":
        assert list(function.versions) == ["2", "3"]
        assert sorted(images) == [digest_of(2), digest_of(3)]
    assert digest_of(NUMBER[kind]) in images and not function.without_image
    assert cloud.fake.stacks["iris"].parameters["LiveVersion"] in ("", function.alias)
    assert cloud.deploy(NUMBER[kind]).steps == ()


@pytest.mark.parametrize("fault", spread(MENDED, 2))
def test_temporary_faults_are_retried(fault: str):
    for kind, index, _, operation in WALK:
        cloud = started(kind)
        hook = raise_once(len(cloud.fake.calls) + index, partial(fail, MENDED[fault]))
        # The answer to a call that timed out is lost; the call may well have had its effect.
        if fault == "timeout":
            cloud.fake.after = hook
        else:
            cloud.fake.before = hook
        try:
            cloud.deploy(NUMBER[kind])
        except BaseException as error:
            raise AssertionError(f"{kind}, call {index}, {operation}") from error
        check_right(cloud, kind)


@pytest.mark.parametrize(("kind", "index", "service", "operation"), WALK, ids=IDS)
def test_a_denied_call_is_named_and_the_next_run_continues(kind: str, index: int, service: str, operation: str):
    cloud = started(kind)
    cloud.fake.before = raise_once(len(cloud.fake.calls) + index, partial(fail, DENIED))
    with pytest.raises(DeploymentError) as caught:
        cloud.deploy(NUMBER[kind])
    assert f"{service}:{operation} in eu-west-1" in caught.value.problem
    assert "iris" in caught.value.problem or operation == "GetCallerIdentity"
    assert documentation.PERMISSIONS in caught.value.remedy
    cloud.deploy(NUMBER[kind])
    check_right(cloud, kind)


@pytest.mark.parametrize("when", ["before", "after"])
def test_the_next_run_continues_after_an_interruption_anywhere(when: str):
    for kind, index, _, operation in WALK:
        cloud = started(kind)
        setattr(cloud.fake, when, raise_once(len(cloud.fake.calls) + index, lambda *_: Interrupted()))
        # A question that is answered with "there is none" has no effect that could be interrupted after it.
        with suppress(Interrupted):
            cloud.deploy(NUMBER[kind])
        try:
            cloud.deploy(NUMBER[kind])
        except BaseException as error:
            raise AssertionError(f"{kind}, {when} call {index}, {operation}") from error
        check_right(cloud, kind)


@pytest.mark.parametrize("when", ["before", "after"])
def test_interrupted_anywhere_a_wrong_model_does_not_stay_live(when: str):
    """The next run finds it, and puts the old one back, or takes the stack away."""
    for kind, index, _, operation in CHANGES:
        cloud = started(kind)
        cloud.endpoint_is_wrong = lambda fake=cloud.fake, kind=kind: fake.functions["iris"].alias == str(NUMBER[kind])
        setattr(cloud.fake, when, raise_once(len(cloud.fake.calls) + index, lambda *_: Interrupted()))
        with suppress(Interrupted, DeploymentError):
            cloud.deploy(NUMBER[kind])
        with pytest.raises(DeploymentError):
            cloud.deploy(NUMBER[kind])
        if kind == "create":
            assert cloud.fake.functions == {}, f"{when} call {index}, {operation}"
        else:
            assert cloud.fake.functions["iris"].alias == "2", f"{when} call {index}, {operation}"
