"""From nothing to an endpoint, to a new model, and to `destroy`, on MiniStack, whose functions run in containers of our image.

The commands run as users run them, in their own process, by an IAM user with the permissions of
docs/reference/permissions.md; boto3 checks the result.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.docker_engine import docker
from tests.support.iris_project import function_image, other_model, write_iris_project, wrong_model
from tests.support.ministack_cloud import SETOSA, SHARED, Cloud, Pushed

pytestmark = pytest.mark.e2e


def test_from_nothing_to_an_endpoint_to_a_new_model_and_away_again(
    cloud: Cloud, deployer: Cloud, pushed: Pushed, lambda_python: str, tmp_path: Path
):
    name = "flow"
    before = cloud.inventory()
    project = write_iris_project(tmp_path / "first", name)
    archive = tmp_path / "image.tar"
    docker("save", pushed.iris_image, "--output", str(archive), timeout=240)

    # Nothing is deployed: a plan reports it, and changes nothing.
    assert "create the stack flow" in deployer.deploy(project, cloud.shared(pushed.iris), "--plan", expect=2)
    assert cloud.inventory() == before

    # The first deployment, from `docker save`; a second one has nothing to do. Later ones come from another repository.
    first = deployer.deploy_json(project, archive)
    assert first["verified_rows"] == 32 and first["version"] == "1"
    assert cloud.post(first["endpoint"]).prediction == "setosa"
    (image,) = cloud.client("ecr").list_images(repositoryName=name)["imageIds"]
    assert deployer.deploy_json(project, image["imageDigest"])["changed"] is False
    assert "Nothing to change" in deployer.deploy(project, image["imageDigest"], "--plan")

    # A new model: deployed, verified, and its answers come through the same address.
    changed = write_iris_project(tmp_path / "changed", name, other_model())
    second = deployer.deploy_json(changed, cloud.shared(pushed.other))
    assert second["version"] == "2" and second["endpoint"] == first["endpoint"]
    assert cloud.post(second["endpoint"]).prediction == "a"

    # A wrong model: the image answers with other labels than the project's golden rows say.
    wrong = write_iris_project(tmp_path / "wrong", name, wrong_model())
    wrong_digest = cloud.push(function_image(wrong, lambda_python, "deploy-wrong"), SHARED, "wrong")
    output = deployer.deploy(changed, cloud.shared(wrong_digest), expect=1)
    assert 'expected "a", got 0' in output and "Version 2 kept answering" in output
    assert cloud.post(second["endpoint"]).prediction == "a"
    assert "live      version 2" in deployer.run("status", changed)

    # Operations after the deployment.
    assert '"prediction": "a"' in deployer.run("invoke", changed, SETOSA.decode(), "--remote", "--log")
    assert "REPORT RequestId" in deployer.run("logs", changed, "--since", "1h")
    assert "version 1 answers" in deployer.run("rollback", changed)
    assert cloud.post(second["endpoint"]).prediction == "setosa"

    # Nothing is left.
    deployer.run("destroy", changed, "--images", "--logs", "--yes")
    assert cloud.inventory() == before
    assert "Nothing to delete" in deployer.run("destroy", changed, "--yes")


def test_a_project_alone_is_enough(cloud: Cloud, lambda_python: str, tmp_path: Path):
    """No Docker, no image: `deploy` builds it on a base that lies on this disk."""
    base = tmp_path / "base.tar"
    docker("save", lambda_python, "--output", str(base), timeout=240)
    project = write_iris_project(tmp_path / "alone", "alone", settings=f'base-image = "{base}"\n')
    done = cloud.deploy_json(project)
    assert done["verified_rows"] == 32
    assert cloud.post(done["endpoint"]).prediction == "setosa"
    assert "Nothing to change" in cloud.run("deploy", project, "--plan")
    cloud.run("destroy", project, "--images", "--logs", "--yes")


def test_a_repository_of_another_owner_is_not_used(cloud: Cloud, tmp_path: Path):
    project = write_iris_project(tmp_path / "foreign", "foreign")
    cloud.client("ecr").create_repository(repositoryName="foreign")
    output = cloud.deploy(project, "sha256:" + "0" * 64, expect=1)
    assert "was not created by iris-model" in output and "aws ecr tag-resource" in output
    cloud.client("ecr").delete_repository(repositoryName="foreign")
