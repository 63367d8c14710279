"""Functions of package type Zip on MiniStack, native and in Python: from nothing to an endpoint, a new model, and away."""

from __future__ import annotations

from pathlib import Path

import pytest

from iris_model.aws.access.permissions import Names, make_policy
from iris_model.project.packaging.native import find_bootstrap
from tests.support.docker_base import provided_base
from tests.support.iris_project import other_model, write_iris_project
from tests.support.ministack_cloud import ACCOUNT, REGION, SETOSA, Cloud
from tests.support.requirement import require

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("runtime", ["native", "python"])
def test_from_nothing_to_an_endpoint_to_a_new_model_and_away_again(
    cloud: Cloud, lambda_python: str, runtime: str, tmp_path: Path
) -> None:
    if runtime == "native" and find_bootstrap("x86_64") is None:
        pytest.skip("this installation has no native runtime for x86_64")
    require(provided_base)
    name = f"zipped-{runtime}"
    names = Names(account=ACCOUNT, region=REGION, function=name, stack=name, repository=name, keys=("package-type",))
    deployer = cloud.as_new_user(f"deployer-{name}", make_policy(names))
    before = cloud.inventory()
    settings = f'package-type = "zip"\nruntime = "{runtime}"\n'
    project = write_iris_project(tmp_path / "first", name, settings=settings)

    plan = deployer.run("deploy", project, "--plan", expect=2)
    assert f"create the bucket {name}-{ACCOUNT}-{REGION}" in plan and "upload the archive" in plan
    assert cloud.inventory() == before

    first = deployer.deploy_json(project)
    assert first["verified_rows"] == 32 and first["version"] == "1" and first["runtime"] == runtime
    assert cloud.post(first["endpoint"]).prediction == "setosa"
    function = cloud.client("lambda").get_function_configuration(FunctionName=name)
    assert function["Runtime"] == {"native": "provided.al2023", "python": "python3.13"}[runtime]
    assert "Nothing to change" in deployer.run("deploy", project, "--plan")

    changed = write_iris_project(tmp_path / "changed", name, other_model(), settings=settings)
    second = deployer.deploy_json(changed)
    assert second["version"] == "2" and cloud.post(second["endpoint"]).prediction == "a"
    status = deployer.run("status", changed)
    assert "archive   sha256:" in status and "as built here" in status and "as in iris-model.toml" in status
    assert '"prediction": "a"' in deployer.run("invoke", changed, SETOSA.decode(), "--remote", "--log")
    assert "version 1 answers" in deployer.run("rollback", changed)
    assert cloud.post(second["endpoint"]).prediction == "setosa"

    objects = cloud.client("s3").list_objects_v2(Bucket=f"{name}-{ACCOUNT}-{REGION}")["Contents"]
    assert len(objects) == 2
    assert "is kept with 2 archives" in deployer.run("destroy", changed, "--logs", "--yes")
    assert "resources were deleted" in deployer.run("destroy", changed, "--images", "--logs", "--yes")
    assert cloud.inventory() == before
    assert name not in str(cloud.client("s3").list_buckets()["Buckets"])
