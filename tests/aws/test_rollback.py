"""Roll-back against the fake: to which version, and what is refused."""

from __future__ import annotations

import pytest

from iris_model.aws.deploying.rollback import RolledBack, roll_back
from iris_model.errors import DeploymentError
from tests.aws.conftest import DEPLOYMENT, Cloud


def back(cloud: Cloud, version: str | None = None, payload: bytes | None = None) -> RolledBack:
    return roll_back(cloud.aws, DEPLOYMENT, version, payload, lambda step: None)


def test_rollback_and_the_next_deployment_move_the_alias(cloud: Cloud):
    for number in (1, 2, 3):
        cloud.deploy(number)
    done = back(cloud, payload=b"[1.5]")
    assert (done.before, done.now) == ("3", "2")
    assert cloud.fake.functions["iris"].alias == "2"
    assert cloud.fake.stacks["iris"].parameters["LiveVersion"] == "2"
    assert cloud.deploy(3).steps
    assert cloud.fake.functions["iris"].alias == "3"


def test_the_version_before_is_the_one_that_answered_not_the_number_below(cloud: Cloud):
    for number in (1, 2, 3):
        cloud.deploy(number)
    back(cloud, "1")
    cloud.deploy(4)
    # 2 and 3 are in between, and were rolled back.
    done = back(cloud)
    assert (done.before, done.now) == ("4", "1")
    assert cloud.fake.functions["iris"].alias == "1"


def test_a_second_roll_back_does_not_return_to_what_the_first_one_left(cloud: Cloud):
    for number in (1, 2, 3):
        cloud.deploy(number)
    assert [back(cloud).now, back(cloud).now] == ["2", "1"]
    with pytest.raises(DeploymentError, match="no version before the current one, 1") as caught:
        back(cloud)
    assert "Choose one of the available versions: 1, 2, 3" in caught.value.remedy
    assert back(cloud, "3").now == "3"


def test_after_a_deployment_that_was_interrupted_it_is_the_version_that_was_found_right(cloud: Cloud):
    for number in (1, 2, 3):
        cloud.deploy(number)
    back(cloud, "1")
    cloud.fake.functions["iris"].alias = "3"  # moved, and not accepted
    assert back(cloud).now == "1"


def test_rollback_skips_a_deleted_version(cloud: Cloud):
    for number in (1, 2, 3):
        cloud.deploy(number)
    del cloud.fake.functions["iris"].versions["2"]
    assert back(cloud).now == "1"


def test_a_canary_that_was_left_ends(cloud: Cloud):
    cloud.deploy(1)
    cloud.deploy(2)
    cloud.deploy(3)
    cloud.fake.functions["iris"].alias, cloud.fake.functions["iris"].weights = "2", {"3": 0.2}
    done = back(cloud)
    assert (done.now, done.canary) == ("2", "3")
    assert (cloud.fake.functions["iris"].alias, cloud.fake.functions["iris"].weights) == ("2", {})


def test_a_named_version_must_be_there_and_work(cloud: Cloud):
    cloud.deploy(1)
    cloud.deploy(2)
    with pytest.raises(DeploymentError, match="no version 9") as caught:
        back(cloud, "9")
    assert "Available versions: 1, 2" in caught.value.remedy
    with pytest.raises(DeploymentError, match="already answers"):
        back(cloud, "2")
    back(cloud, "1")
    with pytest.raises(DeploymentError, match="no version before the current one, 1"):
        back(cloud)
