"""Canaries against the fake: which version answers at each moment, and what ends the canary."""

from __future__ import annotations

import pytest

from iris_model.aws.deploying.deploy import plan_deployment
from iris_model.aws.deploying.steps import Canary
from iris_model.aws.state.standing import say_standing
from iris_model.errors import DeploymentError
from tests.aws.conftest import Cloud


def who_answers(cloud: Cloud) -> tuple[str, dict[str, float]]:
    function = cloud.fake.functions["iris"]
    return function.alias, dict(function.weights)


def test_a_canary_gives_a_share_and_then_all(cloud: Cloud):
    cloud.deploy(1)
    weights: list[dict[str, float]] = []
    cloud.fake.after = lambda *_: weights.append(who_answers(cloud)[1])
    begin = cloud.now
    cloud.deploy(2, canary=Canary(10, 15))
    assert {"2": 0.1} in weights
    assert cloud.now - begin >= 15 * 60
    assert who_answers(cloud) == ("2", {})


def test_a_leftover_share_is_removed_before_the_next_deployment(cloud: Cloud):
    """After a killed canary, Lambda refuses to move the alias to the version that has the share."""
    cloud.deploy(1)
    cloud.deploy(2)
    function = cloud.fake.functions["iris"]
    function.alias, function.weights = "1", {"2": 0.1}
    planned = [str(step) for step in plan_deployment(cloud.aws, cloud.wanted(3))[1]]
    assert "end the canary of iris that was interrupted: 10% of version 2 returns to version 1" in planned
    cloud.deploy(3)
    assert who_answers(cloud) == ("3", {})


def test_the_share_is_removed_before_the_stack_moves_the_alias(cloud: Cloud):
    cloud.deploy(1)
    at_changes: list[tuple[str, dict[str, float]]] = []

    def note(number: int, service: str, operation: str) -> None:
        if operation == "ExecuteChangeSet":
            at_changes.append(who_answers(cloud))

    cloud.fake.before = note
    cloud.deploy(2, canary=Canary(10, 15))
    assert at_changes == [("1", {}), ("1", {})]


ROLE = "arn:aws:iam::123456789012:role/mine"


@pytest.mark.parametrize(("before", "after"), [(None, ROLE), (ROLE, None), (ROLE, f"{ROLE}-other")])
def test_a_canary_across_a_changed_role_is_refused_in_the_plan(cloud: Cloud, before: str | None, after: str | None):
    cloud.deploy(1, role=before)
    calls = len(cloud.fake.calls)
    with pytest.raises(DeploymentError, match="splits requests only between versions with the same role") as caught:
        cloud.deploy(2, role=after, canary=Canary(10, 15))
    assert caught.value.remedy == "Deploy without --canary."
    assert not {"CreateChangeSet", "UpdateAlias"} & {name for _, name, _ in cloud.fake.calls[calls:]}
    cloud.deploy(2, role=after)
    assert who_answers(cloud) == ("2", {})
    cloud.deploy(3, role=after, canary=Canary(10, 15))
    assert who_answers(cloud) == ("3", {})


def test_a_short_canary_is_reported_in_seconds(cloud: Cloud):
    cloud.deploy(1)
    cloud.deploy(2, canary=Canary(20, 0.2))
    told = [step for step in cloud.steps if step.startswith("Canary")]
    assert told == ["Canary: version 2 answers 20 % for 12 s more"]


def test_the_alarm_ends_a_canary_at_once(cloud: Cloud):
    cloud.deploy(1)

    def ring(*_: object) -> None:
        cloud.fake.alarm = "ALARM" if who_answers(cloud)[1] else "OK"

    cloud.fake.after = ring
    begin = cloud.now
    with pytest.raises(
        DeploymentError, match="the alarm iris-errors went into ALARM state while version 2 answered 10 %"
    ):
        cloud.deploy(2, canary=Canary(10, 15))
    assert cloud.now - begin < 60
    assert who_answers(cloud) == ("1", {})


def test_a_canary_is_refused_while_the_alarm_is_in_alarm_state(cloud: Cloud):
    cloud.deploy(1)
    cloud.fake.alarm = "ALARM"
    with pytest.raises(DeploymentError, match=r"already in ALARM state.*deploy without --canary"):
        cloud.deploy(2, canary=Canary(10, 15))
    assert who_answers(cloud) == ("1", {})
    # The deployment that fixes the failing version is allowed.
    assert cloud.deploy(2).version == "2"


def test_an_interrupted_canary_removes_its_share_and_can_start_again(cloud: Cloud):
    cloud.deploy(1)
    seen: list[tuple[str, dict[str, float]]] = []

    def interrupt(number: int, service: str, operation: str) -> None:
        if operation == "DescribeAlarms" and who_answers(cloud)[1] and not seen:
            seen.append(who_answers(cloud))
            raise KeyboardInterrupt

    cloud.fake.after = interrupt
    with pytest.raises(KeyboardInterrupt):
        cloud.deploy(2, canary=Canary(10, 15))
    assert seen == [("1", {"2": 0.1})]
    assert who_answers(cloud) == ("1", {})
    assert say_standing(cloud.aws, cloud.deployment) == "Version 1 answers."
    begin = cloud.now
    assert cloud.deploy(2, canary=Canary(10, 15)).version == "2"
    assert cloud.now - begin >= 15 * 60


def test_the_state_of_versions_is_described(cloud: Cloud):
    assert say_standing(cloud.aws, cloud.deployment) == "No version answers yet."
    cloud.deploy(1)
    cloud.fake.functions["iris"].weights = {"2": 0.2}
    cloud.fake.stacks["iris"].status = "UPDATE_IN_PROGRESS"
    said = say_standing(cloud.aws, cloud.deployment)
    assert said == "Version 1 answers, version 2 20% of the requests. AWS continues with the stack iris on its own."
