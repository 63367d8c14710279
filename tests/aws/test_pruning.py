"""Old versions and their images: which are deleted, which stay, and that no image in use expires."""

from __future__ import annotations

from dataclasses import replace

import pytest

from iris_model.aws.deploying.deploy import VerificationFailed, plan_deployment
from iris_model.aws.deploying.rollback import roll_back
from iris_model.aws.deploying.steps import PruneVersions
from iris_model.aws.ecr.expiry import keep_image, mark_image
from iris_model.aws.ecr.images import mark_of, tag_for
from iris_model.aws.state.status import read_status
from tests.aws.conftest import DEPLOYMENT, Cloud, digest_of
from tests.support.fake_lambda import FakeFunction

KEEP_TWO = replace(DEPLOYMENT, keep_versions=2)


def deployed(*numbers: int, keep: int = 2) -> Cloud:
    cloud = Cloud(deployment=replace(DEPLOYMENT, keep_versions=keep))
    for number in numbers:
        cloud.deploy(number)
    return cloud


def versions(cloud: Cloud) -> list[str]:
    return list(cloud.fake.functions["iris"].versions)


def images_that_stay(cloud: Cloud) -> list[str]:
    cloud.fake.expire("iris")
    return sorted(cloud.fake.images["iris"])


def planned(cloud: Cloud, number: int) -> list[str]:
    return [type(step).__name__ for step in plan_deployment(cloud.aws, cloud.wanted(number))[1]]


def test_the_newest_stay_and_the_images_of_the_others_expire():
    cloud = deployed(*range(1, 8), keep=3)
    assert versions(cloud) == ["5", "6", "7"]
    assert images_that_stay(cloud) == [digest_of(5), digest_of(6), digest_of(7)]
    assert cloud.deploy(7).steps == ()


def test_five_versions_are_kept_by_default(cloud: Cloud):
    for number in range(1, 8):
        cloud.deploy(number)
    assert versions(cloud) == ["3", "4", "5", "6", "7"]


def test_a_smaller_number_prunes_without_a_deployment_and_the_plan_says_what():
    cloud = deployed(1, 2, 3, 4, keep=5)
    cloud.deployment = KEEP_TWO
    before = list(cloud.fake.calls)
    (step,) = plan_deployment(cloud.aws, cloud.wanted(4))[1]
    assert step == PruneVersions("iris", ("1", "2"), 2)
    assert "delete versions 1, 2 of iris: keep the newest 2" in str(step)
    assert {name for _, name, _ in cloud.fake.calls[len(before) :]}.isdisjoint({"DeleteFunction", "PutImage"})
    cloud.deploy(4)
    assert versions(cloud) == ["3", "4"] and planned(cloud, 4) == []


def test_nothing_is_deleted_before_the_new_version_is_verified():
    cloud = deployed(1, 2)
    cloud.fake.models[digest_of(3)] = "wrong"
    with pytest.raises(VerificationFailed):
        cloud.deploy(3)
    cloud.endpoint_is_wrong = lambda: cloud.fake.functions["iris"].alias == "4"
    with pytest.raises(VerificationFailed):
        cloud.deploy(4)
    assert versions(cloud) == ["1", "2", "3", "4"]
    assert images_that_stay(cloud) == [digest_of(number) for number in (1, 2, 3, 4)]


def test_the_previously_live_version_is_kept():
    cloud = deployed(1, 2, 3, 4, keep=4)
    roll_back(cloud.aws, cloud.deployment, "1", None, lambda step: None)
    cloud.deployment = KEEP_TWO
    cloud.deploy(5)
    assert versions(cloud) == ["1", "4", "5"]  # 1 answered until now
    assert planned(cloud, 5) == []
    cloud.deploy(6)
    assert versions(cloud) == ["5", "6"]


def test_the_live_version_is_kept_after_a_rollback():
    cloud = deployed(1, 2, 3, keep=3)
    roll_back(cloud.aws, cloud.deployment, "1", None, lambda step: None)
    assert versions(cloud) == ["1", "2", "3"] and cloud.fake.functions["iris"].alias == "1"


def test_a_version_of_another_alias_stays():
    cloud = deployed(1, 2)
    cloud.fake.functions["iris"].aliases["reference"] = "1"
    cloud.deploy(3)
    cloud.deploy(4)
    assert versions(cloud) == ["1", "3", "4"]
    assert images_that_stay(cloud) == [digest_of(1), digest_of(3), digest_of(4)]


def test_an_image_of_another_stage_stays_though_the_version_goes():
    cloud = deployed(1, 2)
    other = cloud.fake.functions["iris"].versions["1"]
    cloud.fake.functions["iris-prod"] = FakeFunction(other, versions={"1": other}, alias="1")
    cloud.deploy(3, others=["iris-prod", "iris-never-deployed"])
    assert versions(cloud) == ["2", "3"]
    assert images_that_stay(cloud) == [digest_of(1), digest_of(2), digest_of(3)]
    # When the other stage no longer needs it, it expires with the version of that stage.
    del cloud.fake.functions["iris-prod"]
    cloud.deploy(1)
    cloud.deploy(4, others=["iris-prod"])
    cloud.deploy(5, others=["iris-prod"])
    assert images_that_stay(cloud) == [digest_of(4), digest_of(5)]


def test_an_image_that_a_newer_version_uses_stays():
    cloud = deployed(1)
    cloud.deploy(1, memory=256)
    cloud.deploy(1, memory=512)
    assert versions(cloud) == ["2", "3"]
    assert images_that_stay(cloud) == [digest_of(1)]


def test_an_image_that_was_pushed_and_never_deployed_stays():
    cloud = deployed(1, 2)
    cloud.push(cloud.aws, cloud.deployment, digest_of(9))
    cloud.deploy(3)
    assert digest_of(9) in images_that_stay(cloud)


def test_an_image_that_is_deployed_again_does_not_expire():
    cloud = deployed(1, 2, 3)
    assert planned(cloud, 1) == [
        "KeepImage", "ApplyTemplate", "VerifyVersion", "MoveAlias", "VerifyEndpoint", "PruneVersions",
    ]  # fmt: skip
    cloud.deploy(1)
    assert versions(cloud) == ["3", "4"]
    assert images_that_stay(cloud) == [digest_of(1), digest_of(3)]


def test_an_image_that_expires_while_it_is_kept_is_pushed():
    cloud = deployed(1, 2, 3)
    cloud.fake.before = lambda number, service, name: cloud.fake.expire("iris") if name == "BatchDeleteImage" else None
    cloud.deploy(1)
    cloud.fake.before = lambda *_: None
    assert digest_of(1) in images_that_stay(cloud)


def test_an_image_that_another_stage_marks_in_the_meantime_does_not_expire():
    cloud = deployed(1)

    def mark(number: int, service: str, name: str) -> None:
        if name == "Invoke":
            cloud.fake.after = lambda *_: None
            mark_image(cloud.aws, "iris", digest_of(2))

    cloud.fake.after = mark
    cloud.deploy(2)
    assert "PutImage" in cloud.fake.names()
    assert digest_of(2) in images_that_stay(cloud)


def test_taking_the_last_tag_does_not_take_the_image(cloud: Cloud):
    cloud.deploy(1)
    cloud.fake.images["iris"][digest_of(2)] = []  # pushed by its digest alone
    mark_image(cloud.aws, "iris", digest_of(2))
    assert cloud.fake.images["iris"][digest_of(2)] == [mark_of(digest_of(2))]
    assert keep_image(cloud.aws, "iris", digest_of(2))
    assert cloud.fake.images["iris"][digest_of(2)] == [tag_for(digest_of(2))]
    assert not keep_image(cloud.aws, "iris", digest_of(3))


def test_a_rollback_keeps_an_image_that_interrupted_pruning_marked():
    cloud = deployed(1, 2)

    def interrupt(number: int, service: str, name: str) -> None:
        if name == "DeleteFunction":
            raise KeyboardInterrupt

    cloud.fake.before = interrupt
    with pytest.raises(KeyboardInterrupt):
        cloud.deploy(3)
    cloud.fake.before = lambda *_: None
    cloud.fake.functions["iris"].alias = "1"  # by hand
    assert "is tagged superseded-111111111111 and will expire" in read_status(cloud.aws, DEPLOYMENT).remark
    cloud.fake.functions["iris"].alias = "3"
    roll_back(cloud.aws, cloud.deployment, "1", None, lambda step: None)
    assert digest_of(1) in images_that_stay(cloud)
