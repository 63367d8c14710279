"""Stacks that CloudFormation leaves stuck, and the operation that repairs each state. On MiniStack.

The causes are those of real accounts: a role that is gone, a policy that somebody attached, a permission that is missing.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from iris_model.aws.access.permissions import Names, make_policy
from tests.support.iris_project import write_iris_project
from tests.support.ministack_cloud import ACCOUNT, REGION, SHARED, Cloud, Pushed

pytestmark = pytest.mark.e2e

TRUST = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
POLICY = f"arn:aws:iam::{ACCOUNT}:policy/attached"


def project(directory: Path, name: str, **keys: object) -> Path:
    lines = {"repository": SHARED, **keys}
    settings = "".join(f"{key.replace('_', '-')} = {json.dumps(value)}\n" for key, value in lines.items())
    return write_iris_project(directory, name, settings=settings)


def status(cloud: Cloud, name: str) -> str:
    stacks = cloud.client("cloudformation").list_stacks()["StackSummaries"]
    return str(next((each["StackStatus"] for each in stacks if each["StackName"] == name), ""))


def user_without(cloud: Cloud, name: str, *actions: str) -> Cloud:
    """A deployer who lacks permissions."""
    policy = make_policy(Names(account=ACCOUNT, region=REGION, function="*", stack="*", repository="*"))
    denied: dict[str, Any] = {"Sid": "Denied", "Effect": "Deny", "Action": list(actions), "Resource": "*"}
    passing = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"}
    return cloud.as_new_user(name, {**policy, "Statement": [*policy["Statement"], passing, denied]})


@pytest.fixture
def roles(cloud: Cloud) -> Any:
    iam = cloud.client("iam")
    for name in ("stuck-old", "stuck-new"):
        iam.create_role(
            RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [TRUST]})
        )
    yield [f"arn:aws:iam::{ACCOUNT}:role/stuck-{which}" for which in ("old", "new")]
    iam.delete_role(RoleName="stuck-new")


@pytest.mark.parametrize("way_out", ["deploy", "destroy"])
def test_an_update_that_cannot_roll_back(cloud: Cloud, pushed: Pushed, roles: list[str], tmp_path: Path, way_out: str):
    """The role of the old version is gone, and the update fails after the function has the new one."""
    name = f"stuck-rollback-{way_out}"
    old, new = roles
    cloud.deploy(project(tmp_path / "old", name, role=old), pushed.iris)
    cloud.client("iam").delete_role(RoleName="stuck-old")
    changed = project(tmp_path / "new", name, role=new)
    user = user_without(cloud, name, "lambda:PublishVersion")
    said = user.deploy(changed, pushed.iris, expect=1)
    assert status(cloud, name) == "UPDATE_ROLLBACK_FAILED", said
    assert cloud.alias(name) == ("1", {})

    # Without --yes nothing is changed, and the error names the state and the repair.
    said = " ".join(
        cloud.run(way_out, changed, *(["--image", pushed.iris] if way_out == "deploy" else []), expect=1).split()
    )
    assert f"he stack {name} is UPDATE_ROLLBACK_FAILED: an update failed and CloudFormation could not roll back" in said
    assert "--yes" in said
    assert status(cloud, name) == "UPDATE_ROLLBACK_FAILED"

    if way_out == "deploy":
        cloud.deploy(changed, pushed.iris, "--yes")
        assert status(cloud, name) == "UPDATE_COMPLETE" and cloud.alias(name) == ("2", {})
    cloud.run("destroy", changed, "--logs", "--yes")
    assert status(cloud, name) == "DELETE_COMPLETE"


@pytest.mark.parametrize("way_out", ["deploy", "destroy"])
def test_a_stack_with_an_undeletable_resource(cloud: Cloud, pushed: Pushed, tmp_path: Path, way_out: str):
    """A policy was attached to the role outside of the stack, so the role cannot be deleted."""
    name = f"stuck-delete-{way_out}"
    cloud.deploy(directory := project(tmp_path / "p", name), pushed.iris)
    iam = cloud.client("iam")
    (role,) = (each["RoleName"] for each in iam.list_roles()["Roles"] if each["RoleName"].startswith(f"{name}-Role-"))
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
    iam.create_policy(PolicyName=f"attached-{way_out}", PolicyDocument=json.dumps(document))
    iam.attach_role_policy(RoleName=role, PolicyArn=f"{POLICY}-{way_out}")
    said = cloud.run("destroy", directory, "--yes", expect=1)
    assert "Cannot delete entity, must detach all policies first" in " ".join(said.split())
    assert status(cloud, name) == "DELETE_FAILED"

    if way_out == "deploy":
        said = " ".join(cloud.deploy(directory, pushed.iris, expect=1).split())
        assert f"the stack {name} is DELETE_FAILED: an earlier deletion did not finish" in said
        cloud.deploy(directory, pushed.iris, "--yes")
        assert status(cloud, name) == "CREATE_COMPLETE" and cloud.alias(name) == ("1", {})
        cloud.run("destroy", directory, "--logs", "--yes")
    else:
        # The second deletion skips the role, and names it.
        assert role in cloud.run("destroy", directory, "--logs", "--yes")
    assert status(cloud, name) == "DELETE_COMPLETE"
    # MiniStack gives the role of the next stack the same name, so that it may be gone already.
    with suppress(ClientError):
        iam.detach_role_policy(RoleName=role, PolicyArn=f"{POLICY}-{way_out}")
        for each in iam.list_role_policies(RoleName=role)["PolicyNames"]:
            iam.delete_role_policy(RoleName=role, PolicyName=each)
        iam.delete_role(RoleName=role)


def test_a_deletion_that_is_not_allowed_leaves_nothing_out(cloud: Cloud, pushed: Pushed, tmp_path: Path):
    """A resource without permission to delete it is not skipped. With the permission, everything is deleted."""
    name = "stuck-denied"
    cloud.deploy(directory := project(tmp_path / "p", name), pushed.iris)
    user = user_without(cloud, name, "cloudwatch:DeleteAlarms")
    for _ in range(2):
        said = user.run("destroy", directory, "--yes", expect=1)
        assert "cloudwatch:DeleteAlarms" in said and status(cloud, name) == "DELETE_FAILED"
    cloud.run("destroy", directory, "--logs", "--yes")
    assert status(cloud, name) == "DELETE_COMPLETE"
    assert not [each for each in cloud.inventory() if name in each]
