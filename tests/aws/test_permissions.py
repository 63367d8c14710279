"""The documented policy for deployers has every call of the code, and nothing else."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest
from botocore.session import Session

import iris_model.aws
from iris_model.aws.access import permissions_page
from iris_model.aws.access.permissions import (
    ARCHIVING,
    BATCHING,
    BY_RESOURCE_TYPE,
    DIRECT,
    MEASURING,
    Names,
    make_measuring_policy,
    make_policy,
)
from iris_model.aws.access.permissions_by_key import TYPES_OF_KEY
from iris_model.aws.cloudformation.yaml_text import read
from tests.aws.test_template import ENDPOINTS, FULL, render, with_endpoint

ROOT = Path(__file__).parents[2]


def calls_in_the_code() -> set[tuple[str, str]]:
    found = set()
    for path in Path(iris_model.aws.__path__[0]).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in ("call", "pages")
            ):
                names = [each.value for each in node.args[:2] if isinstance(each, ast.Constant)]
                if len(names) == 2:
                    found.add((names[0], names[1]))
    return found


def test_every_call_of_the_code_is_in_the_table_and_nothing_else():
    assert calls_in_the_code() == set(DIRECT) | set(MEASURING) | set(BATCHING) | set(ARCHIVING)


def test_measuring_needs_the_deployer_permissions_and_prices():
    granted = {
        action: statement["Resource"]
        for statement in make_policy(Names())["Statement"]
        for action in statement["Action"]
    }
    for statement in make_measuring_policy(Names())["Statement"]:
        for action in statement["Action"]:
            if action != "pricing:GetProducts":
                assert granted[action] == statement["Resource"]


@pytest.mark.parametrize(
    "service", sorted({service for service, _ in {**DIRECT, **MEASURING, **BATCHING, **ARCHIVING}})
)
def test_every_call_is_one_that_aws_has(service: str):
    known = Session().get_service_model(service).operation_names
    assert [
        operation
        for name, operation in {**DIRECT, **MEASURING, **BATCHING, **ARCHIVING}
        if name == service and operation not in known
    ] == []


def test_every_resource_of_every_template_is_in_the_table_and_nothing_else():
    types = {
        each["Type"]
        for endpoint in ENDPOINTS.values()
        for each in read(render(with_endpoint(FULL, endpoint)))["Resources"].values()
    }
    assert types == {*BY_RESOURCE_TYPE, *(each for found in TYPES_OF_KEY.values() for each in found)}


def test_no_permission_is_wider_than_its_resource_allows():
    policy = make_policy(Names(account="1", region="r", function="f", stack="s", repository="p"))
    for statement in policy["Statement"]:
        assert not [action for action in statement["Action"] if "*" in action]
        if statement["Resource"] == ["*"]:
            # These know no resources, or are asked before there is one.
            assert set(statement["Action"]) == {
                "sts:GetCallerIdentity", "ecr:GetAuthorizationToken", "cloudwatch:DescribeAlarms", "logs:DescribeLogGroups",
                "iam:GetRole", "iam:SimulatePrincipalPolicy",
            }  # fmt: skip


def test_a_role_may_only_be_passed_to_lambda():
    (statement,) = [each for each in make_policy(Names())["Statement"] if "iam:PassRole" in each["Action"]]
    assert statement["Condition"] == {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}
    assert statement["Resource"] == ["arn:aws:iam::<account>:role/<stack>-Role-*"]


def test_the_policy_fits_into_one_managed_policy():
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html: 6,144 characters without white space
    names = Names(account="1" * 12, region="ap-southeast-2", function="f" * 30, stack="s" * 30, repository="p" * 30)
    assert len(json.dumps(make_policy(names), separators=(",", ":"))) < 6144


def test_the_reference_page_is_up_to_date():
    page = ROOT / permissions_page.REFERENCE_PAGE
    assert page.read_text(encoding="utf-8") == permissions_page.render_reference(), (
        "run: python scripts/write_reference.py"
    )
