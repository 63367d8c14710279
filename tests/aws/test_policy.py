"""Every call of every operation against the documented policies, as IAM evaluates them: action, resource, condition.

The fake asks `tests/support/aws_rules/iam.py` before each call, and for what CloudFormation does in the deployer's name.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from iris_model.aws.access.permissions import (
    PLANNING,
    REGISTRY_ACTIONS,
    Names,
    make_planning_policy,
    make_policy,
)
from iris_model.aws.console_events import read_events, write_events
from iris_model.aws.deploying.deploy import plan_deployment
from iris_model.aws.deploying.destroy import destroy, find_remains
from iris_model.aws.deploying.rollback import roll_back
from iris_model.aws.deploying.steps import Canary
from iris_model.aws.doctor import check_aws
from iris_model.aws.ecr.repository import log_in
from iris_model.aws.measuring.logs import read_log
from iris_model.aws.secrets import read_reference
from iris_model.aws.state.status import read_status
from iris_model.contract.deployment import Deployment
from iris_model.contract.endpoint import Cors, Endpoint, Jwt, Throttling
from iris_model.contract.event_source import POLLED
from iris_model.errors import DeploymentError
from tests.aws.conftest import Cloud
from tests.aws.test_doctor import NOW
from tests.aws.test_template import DOMAIN, FEATURES
from tests.support.aws_rules.iam import Asked, allows
from tests.support.fake_ecr import ACCOUNT
from tests.support.spread import spread

ROLE = f"arn:aws:iam::{ACCOUNT}:role/mine"
SECRETS = {"LEVEL": "ssm:/iris/level", "TOKEN": "secretsmanager:iris:token"}
JWT = Jwt(issuer="https://login.example.org", audience=("iris",))
CORS = Cors(("https://example.org",))
# What stacks may be, each with what it is changed into.
SHAPES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "bare": ({}, {"memory": 256}),
    "own role": ({"role": ROLE}, {"memory": 256}),
    "long name": ({"stack": "s" * 46}, {"memory": 256, "log_retention_days": 7}),
    "jwt": (
        {"endpoint": Endpoint(auth="jwt", jwt=JWT, cors=CORS, throttling=Throttling(1, 2)), "tags": {"a": "b"}},
        {"endpoint": Endpoint(auth="open"), "tags": {"a": "c"}, "error_alarm_threshold": 2},
    ),
    "function url": (
        {
            "endpoint": Endpoint(kind="function-url"),
            "reserved_concurrency": 5,
            "provisioned_concurrency": 2,
            "tracing": True,
        },
        {"endpoint": Endpoint(kind="http-api"), "reserved_concurrency": None, "tracing": False, "error_alarm": False},
    ),
    "url for some": (
        {"endpoint": Endpoint(kind="function-url"), "secrets": SECRETS},
        {"endpoint": Endpoint(kind="function-url", auth="iam", cors=CORS), "secrets": SECRETS, "memory": 256},
    ),
    "keys": (
        {**FEATURES, "access_log": True, "domain": DOMAIN},
        {
            **FEATURES,
            "access_log": True,
            "domain": DOMAIN,
            "memory": 256,
            "on_failure": None,
            "keep_warm": "rate(1 hour)",
            "batch": replace(FEATURES["batch"], concurrency=9),
            "events": tuple(
                replace(each, **({"batch_size": 9} if each.kind in POLLED else {"filter": ('{"kind": ["other"]}',)}))
                for each in FEATURES["events"]
            ),
        },
    ),
    "zip": ({"package_type": "zip"}, {"memory": 256}),
    "none": ({"endpoint": Endpoint(kind="none"), "permissions_boundary": f"arn:aws:iam::{ACCOUNT}:policy/b"}, {}),
}


def names_of(deployment: Deployment) -> Names:
    return Names(
        account=ACCOUNT, region="eu-west-1", function=deployment.function, stack=deployment.stack,
        repository=deployment.repository, role=deployment.role or "",
        keys=deployment.keys, kms_key=deployment.kms_key or "",
        hosted_zone=(deployment.domain.hosted_zone or "") if deployment.domain else "",
        secrets=tuple(read_reference(each) for each in deployment.secrets.values()),
    )  # fmt: skip


def started(shape: str) -> Cloud:
    cloud = Cloud()
    cloud.deployment = replace(cloud.deployment, keep_versions=2, **SHAPES[shape][0])
    cloud.fake.secrets = {"/iris/level": "String"}
    cloud.fake.policy = make_policy(names_of(cloud.deployment), signs=False)
    return cloud


def walk(cloud: Cloud, after: dict[str, Any]) -> None:
    """Every operation of the command line that calls AWS, in the order of a typical user."""
    cloud.fake.log, cloud.fake.log_group = [], {}
    aws, silent = cloud.aws, lambda step: None
    check_aws(aws, cloud.deployment, lambda: NOW)
    plan_deployment(aws, cloud.wanted(1))
    for number in (1, 2):
        cloud.deploy(number)
    cloud.deploy(3, canary=Canary(10, 1))
    cloud.deployment = replace(cloud.deployment, **after)
    cloud.deploy(4)
    cloud.deploy(5)
    log_in(aws)
    if not cloud.deployment.is_zip:
        cloud.fake.repositories["iris"]["description"].update(
            imageTagMutability="MUTABLE", imageScanningConfiguration={}
        )
    cloud.deploy(1)  # its image was about to expire
    cloud.deploy(5)
    read_status(aws, cloud.deployment)
    roll_back(aws, cloud.deployment, None, b"[1.5]", silent)
    list(read_log(aws, cloud.deployment, 0))
    for value in range(6):
        write_events(aws, "iris", {"one": value}, replace=True)
    read_events(aws, "iris")
    cloud.fake.stacks[cloud.deployment.stack].status = "UPDATE_ROLLBACK_FAILED"
    cloud.deploy(5, gets_out=True)
    if not cloud.deployment.is_zip:
        cloud.fake.functions["iris"].without_image.add(cloud.wanted(5).digest)
        cloud.fake.images["iris"].pop(cloud.wanted(5).digest)
    cloud.deploy(5)
    destroy(aws, cloud.deployment, find_remains(aws, cloud.deployment), images=True, logs=True, on_step=silent)


@cache
def walked(shape: str) -> tuple[set[str], frozenset[Asked]]:
    """The actions of the policy, and what IAM was asked."""
    cloud = started(shape)
    policy = cloud.fake.policy or {}
    walk(cloud, SHAPES[shape][1])
    return {action for each in policy["Statement"] for action in each["Action"]}, frozenset(cloud.fake.asked)


@pytest.mark.parametrize("shape", spread(SHAPES, 4))
def test_the_documented_policy_allows_every_call_of_every_operation(shape: str):
    _, asked = walked(shape)
    assert len({each.action for each in asked}) > 50


# Settings whose calls no walk makes, and calls of the registry's own protocol.
NOT_WALKED = {
    *REGISTRY_ACTIONS, "lambda:UntagResource", "lambda:UpdateFunctionConfiguration", "lambda:GetPolicy",
}  # fmt: skip


@pytest.mark.slow
def test_the_policy_allows_no_action_that_no_operation_needs():
    allowed = set().union(*(walked(shape)[0] for shape in SHAPES))
    asked = {each.action for shape in SHAPES for each in walked(shape)[1]}
    assert allowed - asked - NOT_WALKED == set()


@pytest.mark.parametrize(
    "statement",
    ["LogGroup", "TagsOfTheLogGroup", "Role", "PassRole", "Function", "Stack", "Api", "Alarm", "Repository", "Any"],
)
def test_without_a_statement_something_is_refused_and_named(statement: str):
    cloud = started("jwt")
    policy = cloud.fake.policy
    assert policy is not None
    cloud.fake.policy = {**policy, "Statement": [each for each in policy["Statement"] if each["Sid"] != statement]}
    with pytest.raises(DeploymentError, match="not authorized to perform") as caught:
        cloud.deploy(1)
    assert "reference/permissions" in caught.value.remedy or "PassRole" in caught.value.remedy, caught.value.remedy


@pytest.mark.parametrize(
    ("action", "resource", "expected"),
    [
        ("logs:TagResource", "log-group:/aws/lambda/iris", True),
        ("logs:TagResource", "log-group:/aws/lambda/iris:*", False),
        ("logs:PutRetentionPolicy", "log-group:/aws/lambda/iris:log-stream:", True),
        ("logs:PutRetentionPolicy", "log-group:/aws/lambda/iris", False),
        ("logs:DeleteLogGroup", "log-group:/aws/lambda/iris-other:log-stream:", False),
    ],
)
def test_the_two_arns_of_a_log_group(action: str, resource: str, expected: bool):
    policy = make_policy(names_of(Cloud().deployment))
    assert allows(policy, Asked(action, f"arn:aws:logs:eu-west-1:{ACCOUNT}:{resource}")) is expected


def test_a_role_may_be_passed_to_lambda_alone():
    policy = make_policy(names_of(replace(Cloud().deployment, role=ROLE)))
    assert allows(policy, Asked("iam:PassRole", ROLE, (("iam:PassedToService", "lambda.amazonaws.com"),)))
    assert not allows(policy, Asked("iam:PassRole", ROLE, (("iam:PassedToService", "ec2.amazonaws.com"),)))
    assert not allows(policy, Asked("iam:PassRole", ROLE))
    assert not allows(policy, Asked("iam:CreateRole", f"arn:aws:iam::{ACCOUNT}:role/iris-Role-X"))


def test_the_plan_policy_allows_planning_only():
    cloud = started("url for some")
    policy = cloud.fake.policy
    cloud.deploy(1)
    cloud.fake.policy = make_planning_policy(names_of(cloud.deployment))
    before = len(cloud.fake.calls)
    for number in (1, 2):
        plan_deployment(cloud.aws, cloud.wanted(number))
    new = Cloud(deployment=replace(cloud.deployment, stack="new", function="new", repository="new"))
    new.fake.policy = make_planning_policy(names_of(new.deployment))
    new.fake.secrets = cloud.fake.secrets
    plan_deployment(new.aws, new.wanted(1))
    assert {(service, name) for service, name, _ in (*cloud.fake.calls[before:], *new.fake.calls)} == set(PLANNING)
    with pytest.raises(DeploymentError, match="not authorized to perform"):
        cloud.deploy(2)
    assert cloud.fake.functions["iris"].alias == "1" and policy is not None
    verbs = {action.partition(":")[2] for each in cloud.fake.policy["Statement"] for action in each["Action"]}
    assert [verb for verb in verbs if not verb.startswith(("Get", "List", "Describe"))] == []
