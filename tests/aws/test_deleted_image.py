"""The image of a live function was deleted: `status` reports it, `deploy` repairs it."""

from __future__ import annotations

import pytest

from iris_model.aws.deploying.deploy import plan_deployment
from iris_model.aws.deploying.rollback import roll_back
from iris_model.aws.state.status import read_status
from iris_model.errors import DeploymentError
from tests.aws.conftest import DEPLOYMENT, Cloud, digest_of


@pytest.fixture
def lost(cloud: Cloud) -> Cloud:
    """The image is gone, and Lambda has not needed it since."""
    cloud.deploy(1)
    del cloud.fake.images["iris"][digest_of(1)]
    return cloud


@pytest.fixture
def failed(lost: Cloud) -> Cloud:
    """Lambda has needed it."""
    lost.fake.functions["iris"].without_image.add(digest_of(1))
    return lost


def kinds(cloud: Cloud, number: int) -> list[str]:
    return [type(step).__name__ for step in plan_deployment(cloud.aws, cloud.wanted(number))[1]]


def test_a_deleted_image_is_pushed_again(lost: Cloud):
    for _ in range(2):
        assert kinds(lost, 1) == ["PushImage", "RefreshImage", "VerifyVersion", "VerifyEndpoint"]
        lost.deploy(1)
        assert kinds(lost, 1) == []
        assert list(lost.fake.functions["iris"].versions) == ["1"]
        del lost.fake.images["iris"][digest_of(1)]
        lost.fake.functions["iris"].without_image.add(digest_of(1))


def test_an_image_that_was_pushed_again_is_read_again(failed: Cloud):
    failed.push(failed.aws, DEPLOYMENT, digest_of(1))
    assert kinds(failed, 1) == ["RefreshImage", "VerifyVersion", "VerifyEndpoint"]
    failed.deploy(1)
    assert read_status(failed.aws, DEPLOYMENT).state == "Active"


def test_a_failed_function_is_replaced_by_another_model(failed: Cloud):
    """CloudFormation alone is refused: the function's own code is gone."""
    assert kinds(failed, 2)[:3] == ["PushImage", "RefreshImage", "ApplyTemplate"]
    assert failed.deploy(2).version == "2"
    assert kinds(failed, 2) == []


def test_the_function_may_have_lost_another_image_than_the_one_that_answers(cloud: Cloud):
    cloud.deploy(1)
    cloud.deploy(2)
    roll_back(cloud.aws, DEPLOYMENT, "1", None, lambda step: None)
    # Deleted, noticed by Lambda, and pushed again by another user.
    cloud.fake.functions["iris"].without_image.add(digest_of(2))
    assert kinds(cloud, 3)[:3] == ["PushImage", "RefreshImage", "ApplyTemplate"]
    assert cloud.deploy(3).version == "3"


def test_the_whole_repository_may_be_gone(failed: Cloud):
    del failed.fake.repositories["iris"], failed.fake.images["iris"]
    assert kinds(failed, 1)[:4] == ["CreateRepository", "SetLifecycle", "PushImage", "RefreshImage"]
    failed.deploy(1)
    assert kinds(failed, 1) == []


def test_status_reports_it_before_and_after_lambda_notices(lost: Cloud):
    found = read_status(lost.aws, DEPLOYMENT)
    assert found.state == "Active"
    assert "no longer in the repository iris; iris-model deploy pushes it again" in found.remark
    lost.fake.functions["iris"].without_image.add(digest_of(1))
    found = read_status(lost.aws, DEPLOYMENT)
    assert (found.state, found.remark) == (
        "Failed", "its image was deleted from ECR; iris-model deploy pushes it again",
    )  # fmt: skip


def test_an_image_that_lambda_does_not_take_is_reported(failed: Cloud):
    failed.fake.refuse_image = "Lambda does not have permission to access the ECR image."
    with pytest.raises(DeploymentError, match=r"refuses the image .*: Lambda does not have permission") as caught:
        failed.deploy(1)
    assert "policy of the repository" in caught.value.remedy
    failed.fake.refuse_image = ""
    failed.deploy(1)
    assert kinds(failed, 1) == []
