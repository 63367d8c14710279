"""Functions of package type Zip: the bucket, the archive in it, and everything that images have too."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from iris_model.aws.cloudformation.code import Archive, name_object
from iris_model.aws.cloudformation.template import render_template
from iris_model.aws.cloudformation.yaml_text import plain, read
from iris_model.aws.deploying.deploy import VerificationFailed, plan_deployment
from iris_model.aws.deploying.destroy import destroy, find_remains
from iris_model.aws.deploying.rollback import roll_back
from iris_model.aws.deployment import name_bucket
from iris_model.aws.state.observe import find_function
from iris_model.aws.state.status import read_status
from iris_model.contract.zip_package import NATIVE_RUNTIME, WRAPPER_VARIABLE
from iris_model.errors import DeploymentError
from tests.aws.conftest import Cloud
from tests.support.fake_ecr import ACCOUNT
from tests.support.fake_s3 import FakeBucket

BUCKET = f"iris-{ACCOUNT}-eu-west-1"


class Interrupted(BaseException):
    """The end of the machine."""


def silent(step: str) -> None:
    pass


@pytest.fixture
def zips() -> Cloud:
    return make_cloud()


def make_cloud() -> Cloud:
    cloud = Cloud()
    cloud.deployment = replace(cloud.deployment, package_type="zip", keep_versions=2)
    return cloud


def objects(cloud: Cloud) -> set[str]:
    return set(cloud.fake.buckets[BUCKET].objects)


def keys(cloud: Cloud, *numbers: int) -> set[str]:
    return {name_object(cloud.digest(number)) for number in numbers}


def test_the_bucket_exists_before_the_stack_and_nothing_is_asked_of_ecr(zips: Cloud) -> None:
    _, steps = plan_deployment(zips.aws, zips.wanted(1))
    assert [str(step) for step in steps[:2]] == [
        f"create the bucket {BUCKET} (private, encrypted)",
        f"upload the archive {zips.digest(1)[:19]} to {BUCKET}",
    ]
    outcome = zips.deploy(1)
    assert outcome.version == "1" and outcome.verifications[0].rows
    assert objects(zips) == keys(zips, 1)
    assert not [name for service, name, _ in zips.fake.calls if service == "ecr"]
    owners = {each.get("ExpectedBucketOwner") for service, name, each in zips.fake.calls if service == "s3"}
    assert owners <= {ACCOUNT, None}
    assert not zips.deploy(1).steps


def test_a_new_archive_a_rollback_and_the_status(zips: Cloud) -> None:
    zips.deploy(1)
    zips.deploy(2)
    found = read_status(zips.aws, zips.deployment)
    assert (found.version, found.digest, found.remark, found.settings_match) == ("2", zips.digest(2), "", True)
    done = roll_back(zips.aws, zips.deployment, None, b"[1.5]", silent)
    assert (done.now, done.image) == ("1", zips.digest(1))
    assert read_status(zips.aws, zips.deployment).digest == zips.digest(1)


def wrapper_in_stack(cloud: Cloud) -> bool:
    """Whether the stack sets the variable that starts our runtime in place of the managed one."""
    properties = plain(read(cloud.fake.stacks["iris"].template))["Resources"]["Function"]["Properties"]
    return WRAPPER_VARIABLE in properties.get("Environment", {}).get("Variables", {})


@pytest.mark.parametrize(("first", "then"), [("python3.13", NATIVE_RUNTIME), (NATIVE_RUNTIME, "python3.13")])
def test_an_update_and_a_rollback_to_the_other_runtime(zips: Cloud, first: str, then: str) -> None:
    """Lambda's runtime belongs to a version, as its archive does. The variable that starts ours follows it."""

    def described(version: str) -> str:
        found = find_function(zips.aws, "iris", version)
        return found.runtime if found else ""

    zips.deploy(1, runtime=first)
    zips.deploy(2, runtime=then)
    assert wrapper_in_stack(zips) == (then != NATIVE_RUNTIME)
    assert [described(version) for version in ("1", "2", "live")] == [first, then, then]
    assert read_status(zips.aws, zips.deployment).settings_match
    assert roll_back(zips.aws, zips.deployment, None, b"[1.5]", silent).now == "1"
    assert described("live") == first
    found = read_status(zips.aws, zips.deployment)
    assert (found.version, found.digest, found.remark, found.settings_match) == ("1", zips.digest(1), "", True)
    assert zips.deploy(2, runtime=then).steps
    assert described("live") == then
    assert wrapper_in_stack(zips) == (then != NATIVE_RUNTIME)
    assert not zips.deploy(2, runtime=then).steps


def test_archives_that_no_version_has_are_deleted_with_the_versions(zips: Cloud) -> None:
    for number in range(1, 6):
        outcome = zips.deploy(number)
    assert "unused archives are deleted" in str(outcome.steps[-1])
    assert objects(zips) == keys(zips, 4, 5)
    assert list(zips.fake.functions["iris"].versions) == ["4", "5"]


def test_an_archive_of_another_stage_stays(zips: Cloud) -> None:
    zips.deploy(1)
    first = zips.fake.functions["iris"]
    zips.fake.functions["other"] = replace(first, versions=dict(first.versions))
    for number in range(2, 6):
        zips.deploy(number, others=["other"])
    assert objects(zips) == keys(zips, 1, 4, 5)


def test_wrong_answers_go_back_to_the_archive_before(zips: Cloud) -> None:
    zips.deploy(1)
    zips.fake.models[zips.digest(2)] = "wrong"
    with pytest.raises(VerificationFailed):
        zips.deploy(2)
    assert zips.fake.functions["iris"].alias == "1"
    assert objects(zips) == keys(zips, 1, 2), "CloudFormation could read the archive before"


def test_a_deleted_bucket_is_made_again_and_versions_answer_without_it(zips: Cloud) -> None:
    zips.deploy(1)
    del zips.fake.buckets[BUCKET]
    assert read_status(zips.aws, zips.deployment).remark == ""
    zips.deploy(1)
    zips.deploy(2)
    assert objects(zips) == keys(zips, 1, 2)


@pytest.mark.parametrize(
    ("bucket", "expected"),
    [
        (FakeBucket(tags=[{"Key": "team", "Value": "a"}]), "was not created by iris-model"),
        (FakeBucket(owner="999999999999"), "it is not allowed"),  # in the same words as without a permission
    ],
)
def test_a_bucket_of_another_owner_is_not_used(zips: Cloud, bucket: FakeBucket, expected: str) -> None:
    zips.fake.buckets[BUCKET] = bucket
    with pytest.raises(DeploymentError, match=expected) as caught:
        zips.deploy(1)
    assert "set repository" in caught.value.remedy.lower()
    assert not bucket.objects and not zips.fake.stacks


@pytest.mark.parametrize(("first", "then"), [("image", "zip"), ("zip", "image")])
def test_the_package_type_of_a_function_cannot_be_changed(first: str, then: str) -> None:
    cloud = Cloud()
    cloud.deployment = replace(cloud.deployment, package_type=first)
    cloud.deploy(1)
    cloud.deployment = replace(cloud.deployment, package_type=then)
    with pytest.raises(DeploymentError, match=f'cannot change it: package-type = "{then}"') as caught:
        cloud.deploy(1)
    assert f'package-type = "{first}"' in caught.value.remedy


def test_destroy_keeps_the_bucket_unless_asked(zips: Cloud) -> None:
    for number in range(1, 4):
        zips.deploy(number)
    remains = find_remains(zips.aws, zips.deployment)
    assert (remains.bucket, remains.archives, remains.repository) == (BUCKET, 2, "")
    destroy(zips.aws, zips.deployment, remains, images=False, logs=True, on_step=silent)
    assert objects(zips) == keys(zips, 2, 3)
    remains = find_remains(zips.aws, zips.deployment)
    destroy(zips.aws, zips.deployment, remains, images=True, logs=True, on_step=silent)
    assert not zips.fake.buckets
    assert find_remains(zips.aws, zips.deployment).is_empty


def test_objects_of_others_in_the_bucket_are_never_deleted(zips: Cloud) -> None:
    zips.deploy(1)
    zips.fake.buckets[BUCKET].objects["holiday.jpg"] = b""
    with pytest.raises(DeploymentError, match=r"contains holiday\.jpg"):
        find_remains(zips.aws, zips.deployment)
    assert "holiday.jpg" in objects(zips)


def test_ended_at_any_call_the_same_deployment_completes_it() -> None:
    number = 0
    while True:
        cloud = make_cloud()
        cloud.deploy(1)
        start = len(cloud.fake.calls)

        def stop(index: int, service: str, operation: str, *, at: int = start + number) -> None:
            if index == at:
                raise Interrupted

        cloud.fake.after = stop
        with suppress(Interrupted):
            cloud.deploy(2)
            break
        cloud.fake.after = lambda *call: None
        cloud.deploy(2)
        assert cloud.fake.functions["iris"].alias == "2", cloud.fake.calls[start + number]
        assert not cloud.deploy(2).steps
        number += 1
    assert number > 20


def test_ended_at_any_call_of_the_first_deployment() -> None:
    for number in range(60):
        cloud = make_cloud()

        def stop(index: int, service: str, operation: str, *, at: int = number) -> None:
            if index == at:
                raise Interrupted

        cloud.fake.after = stop
        with suppress(Interrupted):
            cloud.deploy(1)
        cloud.fake.after = lambda *call: None
        cloud.deploy(1)
        assert cloud.fake.functions["iris"].alias == "1"
        assert cloud.fake.buckets[BUCKET].tags


@pytest.mark.parametrize(
    ("runtime", "environment", "expected"),
    [
        (NATIVE_RUNTIME, {}, None),
        ("python3.13", {}, {"AWS_LAMBDA_EXEC_WRAPPER": "/var/task/iris-model-start"}),
        ("python3.13", {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/agent"}, {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/agent"}),
    ],
)
def test_the_template(zips: Cloud, runtime: str, environment: dict[str, str], expected: Any) -> None:
    deployment = replace(zips.deployment, environment=environment)
    text = render_template(deployment, Archive(zips.digest(1), runtime))
    function = plain(read(text))["Resources"]["Function"]["Properties"]
    assert function["PackageType"] == "Zip"
    assert function["Code"] == {
        "S3Bucket": {"Fn::Sub": "iris-${AWS::AccountId}-${AWS::Region}"},
        "S3Key": name_object(zips.digest(1)),
    }
    assert (function["Runtime"], function["Handler"]) == (runtime, "app.handler")
    assert (function.get("Environment") or {}).get("Variables") == expected


@pytest.mark.parametrize("repository", ["iris", "a/b", "a-b", "team.x/model_y", "r" * 200])
def test_names_of_buckets_follow_the_rules_of_s3(repository: str) -> None:
    name = name_bucket(repository, ACCOUNT, "ap-southeast-1")
    assert 3 <= len(name) <= 63
    assert not set(name) - set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert name[0].isalnum()


def test_two_repositories_never_have_one_bucket() -> None:
    names = ["a/b", "a-b", "a.b", "a_b", "r" * 100, "r" * 101]
    assert len({name_bucket(each) for each in names}) == len(names)
