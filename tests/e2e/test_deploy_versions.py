"""What is kept and what is deleted: logs after a stack is gone, old versions and their images, a deleted image. On MiniStack."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.iris_project import change_settings, other_model, write_iris_project
from tests.support.ministack_cloud import SHARED, Cloud, Pushed

pytestmark = pytest.mark.e2e


def test_an_existing_log_group_is_adopted(cloud: Cloud, pushed: Pushed, tmp_path: Path):
    project = write_iris_project(tmp_path / "kept", "kept", settings=f'repository = "{SHARED}"\n')
    cloud.deploy(project, pushed.iris)
    cloud.run("destroy", project, "--yes")
    assert cloud.inventory() >= {"log /aws/lambda/kept", f"repository {SHARED}"}
    assert cloud.deploy_json(project, pushed.iris)["version"] == "1"
    cloud.run("destroy", project, "--logs", "--yes")
    assert "log /aws/lambda/kept" not in cloud.inventory()


def test_old_versions_go_with_their_images_and_a_deleted_image_is_restored(
    cloud: Cloud, pushed: Pushed, tmp_path: Path
):
    name = "pruned"
    project = write_iris_project(tmp_path / "pruned", name, settings='endpoint = "none"\nkeep-versions = 2\n')
    ecr, functions = cloud.client("ecr"), cloud.client("lambda")

    def tags() -> dict[str, list[str]]:
        found = ecr.describe_images(repositoryName=name)["imageDetails"]
        return {each["imageDigest"]: sorted(each["imageTags"]) for each in found}

    def versions() -> list[str]:
        found = functions.list_versions_by_function(FunctionName=name)["Versions"]
        return [each["Version"] for each in found if each["Version"] != "$LATEST"]

    image, second = cloud.shared(pushed.iris), pushed.other
    cloud.deploy(project, image)
    (first,) = tags()
    # Another image, then the same one with another setting: no version uses the first image any longer.
    changed = write_iris_project(tmp_path / "changed", name, other_model())
    change_settings(changed, 'endpoint = "none"\nkeep-versions = 2\n')
    cloud.deploy(changed, cloud.shared(second))
    assert versions() == ["1", "2"] and not [tag for each in tags().values() for tag in each if "superseded" in tag]
    change_settings(changed, "memory = 256\n")
    assert f"delete version 1 of {name}" in cloud.deploy(changed, second, "--plan", expect=2)
    cloud.deploy(changed, second)
    assert versions() == ["2", "3"]
    assert f"superseded-{first[7:19]}" in tags()[first] and "superseded" not in str(tags()[second])
    assert "Nothing to change" in cloud.deploy(changed, second, "--plan")

    # The image goes under the live function. Another one takes its place, whatever Lambda made of that.
    ecr.batch_delete_image(repositoryName=name, imageIds=[{"imageDigest": each} for each in tags()])
    assert "no longer in the repository pruned; iris-model deploy pushes it again" in cloud.run("status", changed)
    plan = cloud.deploy(project, image, "--plan", expect=2)
    assert "push the image" in plan and "load the image" in plan
    assert cloud.deploy_json(project, image)["version"] == "4"
    assert list(tags()) == [first] and versions() == ["3", "4"]
    cloud.run("destroy", project, "--images", "--logs", "--yes")
