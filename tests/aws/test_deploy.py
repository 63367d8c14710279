"""Whole deployments against the fake: which version answers when, what is created, and what is not changed."""

from __future__ import annotations

import json

import pytest

from iris_model.aws.cloudformation.yaml_text import read
from iris_model.aws.deploying.deploy import VerificationFailed, plan_deployment
from iris_model.aws.deploying.steps import ApplyTemplate, MoveAlias
from iris_model.errors import DeploymentError
from tests.aws.conftest import Cloud, digest_of
from tests.support.fake_cloudformation import FakeStack
from tests.support.fake_lambda import FakeFunction


def kinds(cloud: Cloud, number: int = 1, **more: object) -> list[str]:
    return [type(step).__name__ for step in plan_deployment(cloud.aws, cloud.wanted(number, **more))[1]]


def test_the_first_deployment_makes_everything_and_verifies_it_twice(cloud: Cloud):
    outcome = cloud.deploy()
    assert outcome.version == "1"
    assert [each.rows for each in outcome.verifications] == [2, 2]
    assert outcome.measurement is not None and outcome.measurement.cold_ms == pytest.approx(42.0)
    assert cloud.fake.functions["iris"].alias == "1"


def test_the_repository_is_safe_by_default_and_expires_nothing_in_use(cloud: Cloud):
    cloud.deploy()
    repository = cloud.fake.repositories["iris"]
    assert repository["description"]["imageScanningConfiguration"] == {"scanOnPush": True}
    assert repository["description"]["imageTagMutability"] == "IMMUTABLE"
    assert repository["description"]["encryptionConfiguration"] == {"encryptionType": "AES256"}
    # Our own tags never match, and no rule takes untagged images: a version may use one.
    for rule in json.loads(repository["policy"])["rules"]:
        assert rule["selection"]["tagStatus"] == "tagged"
        assert rule["selection"]["tagPatternList"] == ["superseded-*"]


def test_deploying_twice_changes_nothing(cloud: Cloud):
    cloud.deploy()
    before = len(cloud.fake.calls)
    assert cloud.deploy().steps == ()
    assert not [
        name for name in cloud.fake.names()[before:] if not name.startswith(("Get", "Describe", "List", "BatchGet"))
    ]


def test_a_plan_changes_nothing(cloud: Cloud):
    assert kinds(cloud)
    assert not [name for name in cloud.fake.names() if not name.startswith(("Get", "Describe", "List", "BatchGet"))]


def test_the_old_version_serves_until_the_new_one_is_verified(cloud: Cloud):
    cloud.deploy(1)
    assert kinds(cloud, 2) == ["PushImage", "ApplyTemplate", "VerifyVersion", "MoveAlias", "VerifyEndpoint"]
    cloud.fake.alias_history.clear()
    invoked_at: list[str] = []

    def note(number: int, service: str, operation: str) -> None:
        if operation == "Invoke":
            invoked_at.append(cloud.fake.functions["iris"].alias)

    cloud.fake.before = note
    assert cloud.deploy(2).version == "2"
    assert set(invoked_at) == {"1"}
    assert cloud.fake.alias_history[-1] == "2"


def test_a_wrong_model_never_serves(cloud: Cloud):
    cloud.deploy(1)
    cloud.fake.models[digest_of(2)] = "wrong"
    cloud.fake.alias_history.clear()
    with pytest.raises(VerificationFailed) as caught:
        cloud.deploy(2)
    assert cloud.fake.alias_history == []  # CloudFormation only creates another version
    # Both rows, the first one also cold; each with the expected and the actual answer.
    assert len(caught.value.differences) == 3
    assert "row 1 [1.5, 2.0] version 2, cold: prediction: expected 1.5, got 2.5" in str(caught.value)
    assert "Version 1 kept answering" in str(caught.value)
    assert cloud.deploy(1).version and cloud.fake.functions["iris"].alias != "2"


def test_a_wrong_first_model_leaves_nothing_live(cloud: Cloud):
    cloud.fake.models[digest_of(1)] = "wrong"
    with pytest.raises(VerificationFailed, match="The stack was deleted again"):
        cloud.deploy(1)
    assert cloud.fake.functions == {}
    assert cloud.deploy(2).version == "1"


def test_an_endpoint_that_answers_differently_gets_the_old_version_back(cloud: Cloud):
    cloud.deploy(1)
    cloud.endpoint_is_wrong = lambda: cloud.fake.functions["iris"].alias == "2"
    with pytest.raises(VerificationFailed, match="Version 1 answers again"):
        cloud.deploy(2)
    assert cloud.fake.functions["iris"].alias == "1"
    assert cloud.fake.stacks["iris"].parameters["LiveVersion"] == "1"


def test_a_setting_of_the_endpoint_alone_goes_back_with_the_template(cloud: Cloud):
    cloud.deploy(1)
    before = cloud.fake.stacks["iris"].template
    assert kinds(cloud, log_retention_days=7) == ["ApplyTemplate", "VerifyEndpoint"]
    cloud.endpoint_is_wrong = lambda: True
    with pytest.raises(VerificationFailed, match="has its previous template again"):
        cloud.deploy(1, log_retention_days=7)
    assert cloud.fake.stacks["iris"].template == before


def test_without_verification_nothing_is_asked(cloud: Cloud):
    cloud.fake.models[digest_of(1)] = "wrong"
    told = "accept the version of iris; no endpoint is verified"
    assert told in [str(step) for step in plan_deployment(cloud.aws, cloud.wanted(1, golden=[]))[1]]
    cloud.deploy(1, golden=[])
    assert "Invoke" not in cloud.fake.names() and not [step for step in cloud.steps if step.startswith("Verify")]
    assert cloud.deploy(1, golden=[]).steps == ()


def test_the_plan_says_what_differs(cloud: Cloud):
    cloud.deploy(1)
    step = next(
        step for step in plan_deployment(cloud.aws, cloud.wanted(1, memory=512))[1] if isinstance(step, ApplyTemplate)
    )
    assert "-      MemorySize: 128\n+      MemorySize: 512" in step.difference
    moves = [step for step in plan_deployment(cloud.aws, cloud.wanted(2))[1] if isinstance(step, MoveAlias)]
    assert str(moves[0]) == "move the alias live to the new version"


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED"])
def test_a_stack_whose_creation_failed_is_cleared_away(cloud: Cloud, status: str):
    cloud.fake.stacks["iris"] = FakeStack(status=status, tags=[{"Key": "iris-model", "Value": "iris"}])
    assert kinds(cloud) == ["MendStack"]
    with pytest.raises(DeploymentError, match=f"the stack iris is {status}") as caught:
        cloud.deploy()
    assert "iris-model deploy --yes" in caught.value.remedy and "DeleteStack" not in cloud.fake.names()
    assert cloud.deploy(gets_out=True).version == "1"


def test_a_stuck_roll_back_is_continued_and_a_busy_stack_waited_for(cloud: Cloud):
    cloud.deploy(1)
    cloud.fake.stacks["iris"].status = "UPDATE_ROLLBACK_FAILED"
    cloud.deploy(2, gets_out=True)
    assert "ContinueUpdateRollback" in cloud.fake.names()
    cloud.fake.stacks["iris"].status, cloud.fake.stacks["iris"].then = "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"
    assert cloud.deploy(3).version == "3"


def test_a_failed_update_names_the_resource_that_began_it(cloud: Cloud):
    cloud.deploy(1)
    cloud.fake.fail_update = "The image manifest, config or layer media type for the source image x is not supported."
    with pytest.raises(DeploymentError) as caught:
        cloud.deploy(2)
    assert "Function (AWS::Lambda::Function) failed: The image manifest" in caught.value.problem
    assert "--provenance=false" in caught.value.remedy
    assert cloud.fake.functions["iris"].alias == "1"
    assert cloud.deploy(2).version == "2"


def test_a_repository_of_another_owner_is_not_changed(cloud: Cloud):
    cloud.fake._ecr_CreateRepository("iris")
    with pytest.raises(DeploymentError, match="was not created by iris-model") as caught:
        cloud.deploy()
    assert "aws ecr tag-resource" in caught.value.remedy


@pytest.mark.parametrize(
    ("package_type", "expected"), [("Image", "a function named iris"), ("Zip", "package type Zip named iris")]
)
def test_a_function_of_another_owner_is_not_changed(cloud: Cloud, package_type: str, expected: str):
    cloud.fake.functions["iris"] = FakeFunction({}, package_type)
    with pytest.raises(DeploymentError, match=expected):
        cloud.deploy()
    assert "iris" not in cloud.fake.stacks


def test_a_log_group_that_is_taken_over_gets_the_retention_of_the_settings(cloud: Cloud):
    cloud.fake.log, cloud.fake.log_group = (
        [],
        {},
    )  # created by Lambda or an earlier stack: it keeps lines without a limit
    assert "SetRetention" in kinds(cloud)
    cloud.deploy()
    assert cloud.fake.log_group == {"retentionInDays": 30}
    assert cloud.deploy().steps == ()
    # Afterwards it is the stack's, and CloudFormation sets it.
    assert kinds(cloud, log_retention_days=7) == ["ApplyTemplate", "VerifyEndpoint"]
    cloud.deploy(log_retention_days=7)
    assert cloud.fake.log_group == {"retentionInDays": 7}


def test_a_template_that_is_too_large_is_refused_with_the_number(cloud: Cloud):
    tags = {f"{number:02}-{'k' * 100}": "v" * 256 for number in range(46)}
    with pytest.raises(
        DeploymentError, match=r"the template has \d+,\d+ bytes; CloudFormation accepts at most 51,200"
    ) as caught:
        cloud.deploy(tags=tags)
    assert "--s3-bucket" in caught.value.remedy and "CreateRepository" not in cloud.fake.names()
    larger = {f"{number:02}" + "\U00020000" * 100: "\U00020000" * 256 for number in range(46)}
    with pytest.raises(DeploymentError, match="51,200 in a call, and 1,000,000 from a bucket") as caught:
        cloud.deploy(tags=larger)
    assert caught.value.remedy == "Shorten tags, environment or routes in iris-model.toml."


def test_the_name_of_a_new_stack_leaves_space_for_that_of_its_role(cloud: Cloud):
    with pytest.raises(
        DeploymentError, match="has 47 characters; beyond 46 IAM truncates the name of the role"
    ) as caught:
        cloud.deploy(stack="s" * 47)
    assert 'stack = "..."' in caught.value.remedy
    assert cloud.deploy(stack="s" * 46).version == "1"
    own = "arn:aws:iam::123456789012:role/mine"
    assert plan_deployment(cloud.aws, cloud.wanted(1, stack="t" * 47, function="other", role=own))[1]


def test_a_text_that_is_not_ascii_comes_back_from_cloudformation_as_it_was_sent(cloud: Cloud):
    """GetTemplate has question marks in place of such characters, and deploy compares the template with its own."""
    more = {"environment": {"CITY": "Zürich 花"}, "tags": {"team": "Blüte"}}
    cloud.deploy(**more)
    template = cloud.fake.stacks["iris"].template
    assert template.isascii()
    assert read(template)["Resources"]["Function"]["Properties"]["Environment"]["Variables"]["CITY"] == "Zürich 花"
    assert plan_deployment(cloud.aws, cloud.wanted(**more))[1] == ()
