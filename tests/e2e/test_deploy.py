"""Deployments on MiniStack, whose functions run in containers of the image that we pushed: from nothing to nothing.

The commands are run as users run them, in a process of their own; what there is afterwards is asked with boto3.
"""

from __future__ import annotations

import json
import os
import pickle
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from sklearn.datasets import load_iris
from sklearn.tree import DecisionTreeClassifier

from iris_model.project import package_project
from tests.support.docker_engine import build, docker
from tests.support.ministack_ecr import ministack, ministack_python
from tests.support.requirement import require
from tests.support.rie_binary import REPOSITORY

pytestmark = pytest.mark.e2e

REGION = "eu-west-1"
EXAMPLE = REPOSITORY / "examples" / "iris"
ENTRY_POINT = ["python3", "-S", "/var/task/iris_model/runtime/__main__.py"]
SETOSA = b"[5.1,3.5,1.4,0.2]"


@dataclass
class Cloud:
    """MiniStack, and how to reach it."""

    port: int
    home: Path

    @property
    def environment(self) -> dict[str, str]:
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_PAGER": "",
            "DOCKER_CONFIG": str(self.home / "docker"),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }

    def client(self, service: str) -> Any:
        url = f"http://127.0.0.1:{self.port}"
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        return boto3.client(service, endpoint_url=url, region_name=REGION, **keys)

    def run(self, *arguments: object, expect: int = 0) -> str:
        command = [sys.executable, "-m", "iris_model.cli", *map(str, arguments)]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=240, env=self.environment, stdin=subprocess.DEVNULL
        )
        output = done.stdout + done.stderr
        assert done.returncode == expect, output
        assert "Traceback" not in output
        return output

    def deploy(self, project: Path, image: object, *options: str, expect: int = 0) -> str:
        return self.run("deploy", project, "--image", image, *options, expect=expect)

    def deploy_json(self, project: Path, image: object) -> dict[str, Any]:
        answer = json.loads(self.deploy(project, image, "--json").partition("Note:")[0])
        assert isinstance(answer, dict)
        return answer

    def push(self, image: str, name: str, tag: str) -> str:
        """Push with Docker, as by hand; returns the digest."""
        docker("tag", image, f"127.0.0.1:{self.port}/{name}:{tag}")
        pushed = docker("push", f"127.0.0.1:{self.port}/{name}:{tag}", timeout=240).stdout
        docker("rmi", f"127.0.0.1:{self.port}/{name}:{tag}")
        found = re.search(r"digest: (sha256:[0-9a-f]{64})", pushed)
        assert found, pushed
        return found[1]


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory, lambda_python: str) -> Iterator[Cloud]:
    require(ministack_python)
    home = tmp_path_factory.mktemp("ministack")
    with ministack(home, REGION) as port:
        yield Cloud(port, home)
    # What Docker Engine pulled to run the functions.
    shown = "{{.Repository}}:{{.Tag}} {{.Repository}}@{{.Digest}}"
    listed = docker("images", "--digests", "--filter", f"reference=127.0.0.1:{port}/*", "--format", shown).stdout
    for line in listed.splitlines():
        by_tag, by_digest = line.split()
        docker("rmi", by_digest if by_tag.endswith("<none>") else by_tag, check=False)


def write_project(directory: Path, name: str, model: object | None = None) -> Path:
    """The iris example under another name, and with another model if one is given."""
    shutil.copytree(EXAMPLE, directory, ignore=shutil.ignore_patterns(".iris-model"))
    settings = directory / "iris-model.toml"
    text = settings.read_text().replace('name = "iris-prediction"', f'name = "{name}"')
    settings.write_text(text.replace("\nstage =", '\npython = "3.13"\nstage =', 1))
    if model is not None:
        (directory / "iris_trained_model.pkl").write_bytes(pickle.dumps(model))
    return directory


def build_image(project: Path, base: str, tag: str) -> str:
    """An image of the project's function directory, by a Dockerfile of three lines."""
    context = project / "context"
    shutil.copytree(package_project(project).directory, context / "function")
    entry_point = json.dumps(ENTRY_POINT)
    (context / "Dockerfile").write_text(
        f'FROM {base}\nCOPY function /var/task\nWORKDIR /var/task\nENTRYPOINT {entry_point}\nCMD ["app.handler"]\n'
    )
    return build(f"iris-model-test/{tag}:latest", context)


def ask(url: str, body: bytes = SETOSA) -> Any:
    """POST as a browser would, to an address below localhost."""
    found = re.fullmatch(r"http://([^/:]+):(\d+)(/.*)", url)
    assert found, url
    request = urllib.request.Request(
        f"http://127.0.0.1:{found[2]}{found[3]}", body, {"Content-Type": "application/json"}
    )
    request.add_header("Host", f"{found[1]}:{found[2]}")
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read())


def test_from_nothing_to_an_endpoint_to_a_new_model_and_away_again(cloud: Cloud, lambda_python: str, tmp_path: Path):
    name = "flow"
    project = write_project(tmp_path / "first", name)
    archive = tmp_path / "image.tar"
    docker("save", build_image(project, lambda_python, "deploy-first"), "--output", str(archive), timeout=240)

    # Nothing there: a plan says so, and changes nothing.
    assert "create the stack flow" in cloud.deploy(project, archive, "--plan", expect=2)
    assert cloud.client("ecr").describe_repositories()["repositories"] == []

    # The first deployment, from `docker save`; a second one has nothing to do.
    first = cloud.deploy_json(project, archive)
    assert first["verified_rows"] == 32 and first["version"] == "1"
    assert ask(first["endpoint"])["prediction"] == "setosa"
    (image,) = cloud.client("ecr").list_images(repositoryName=name)["imageIds"]
    assert cloud.deploy_json(project, image["imageDigest"])["changed"] is False
    assert "nothing to change" in cloud.deploy(project, image["imageDigest"], "--plan")

    # A new model: deployed, verified, and its answers come through the same address.
    features, classes = load_iris(return_X_y=True)
    names = [("a", "b", "c")[index] for index in classes]
    changed = write_project(tmp_path / "changed", name, DecisionTreeClassifier(random_state=0).fit(features, names))
    digest = cloud.push(build_image(changed, lambda_python, "deploy-changed"), name, "changed")
    second = cloud.deploy_json(changed, digest)
    assert second["version"] == "2" and second["endpoint"] == first["endpoint"]
    assert ask(second["endpoint"])["prediction"] == "a"

    # A wrong model: the image answers with other labels than the project's golden rows say.
    wrong = write_project(
        tmp_path / "wrong", name, DecisionTreeClassifier(max_depth=1, random_state=0).fit(features, classes)
    )
    wrong_digest = cloud.push(build_image(wrong, lambda_python, "deploy-wrong"), name, "wrong")
    output = cloud.deploy(changed, wrong_digest, expect=1)
    assert 'expected "a", got 0' in output and "Version 2 has gone on answering" in output
    assert ask(second["endpoint"])["prediction"] == "a"
    assert "live      version 2" in cloud.run("status", changed)

    # What one does with it afterwards.
    assert '"prediction": "a"' in cloud.run("invoke", changed, SETOSA.decode(), "--remote", "--log")
    assert "REPORT RequestId" in cloud.run("logs", changed, "--since", "1h")
    assert "version 1 answers" in cloud.run("rollback", "--project", changed)
    assert ask(second["endpoint"])["prediction"] == "setosa"

    # Nothing is left.
    cloud.run("destroy", changed, "--images", "--logs", "--yes")
    assert cloud.client("lambda").list_functions()["Functions"] == []
    assert cloud.client("apigatewayv2").get_apis()["Items"] == []
    assert cloud.client("ecr").describe_repositories()["repositories"] == []
    assert cloud.client("logs").describe_log_groups()["logGroups"] == []
    assert cloud.client("iam").list_roles()["Roles"] == []
    assert "There is nothing to delete" in cloud.run("destroy", changed, "--yes")


def test_a_log_that_stayed_is_taken_over_and_a_stage_is_a_function_of_its_own(
    cloud: Cloud, lambda_python: str, tmp_path: Path
):
    name = "kept"
    project = write_project(tmp_path / "kept", name)
    settings = project / "iris-model.toml"
    settings.write_text(settings.read_text() + '\n[stages.test]\nmemory = 256\nendpoint = "none"\n')
    cloud.client("ecr").create_repository(repositoryName=name, tags=[{"Key": "iris-model", "Value": name}])
    digest = cloud.push(build_image(project, lambda_python, "deploy-kept"), name, "one")
    cloud.deploy(project, digest)
    cloud.run("destroy", project, "--yes")
    assert cloud.deploy_json(project, digest)["version"] == "1"

    staged = json.loads(cloud.deploy(project, digest, "--stage", "test", "--json"))
    assert staged["endpoint"] == "" and staged["verified_rows"] == 16
    functions = {
        each["FunctionName"]: each["MemorySize"] for each in cloud.client("lambda").list_functions()["Functions"]
    }
    assert functions == {name: 128, f"{name}-test": 256}
    # The repository is shared: it does not go while the other one runs from it.
    assert f"the function {name} runs from the repository" in cloud.run(
        "destroy", project, "--stage", "test", "--images", "--yes", expect=1
    )
    cloud.run("destroy", project, "--stage", "test", "--yes")
    cloud.run("destroy", project, "--images", "--logs", "--yes")


def test_old_versions_go_with_their_images_and_a_deleted_image_is_mended(
    cloud: Cloud, lambda_python: str, tmp_path: Path
):
    name = "pruned"
    project = write_project(tmp_path / "pruned", name)
    settings = project / "iris-model.toml"
    settings.write_text('endpoint = "none"\nkeep-versions = 2\n' + settings.read_text())
    ecr, functions = cloud.client("ecr"), cloud.client("lambda")

    def tags() -> dict[str, list[str]]:
        found = ecr.describe_images(repositoryName=name)["imageDetails"]
        return {each["imageDigest"]: sorted(each["imageTags"]) for each in found}

    def versions() -> list[str]:
        found = functions.list_versions_by_function(FunctionName=name)["Versions"]
        return [each["Version"] for each in found if each["Version"] != "$LATEST"]

    archive = tmp_path / "image.tar"
    docker("save", build_image(project, lambda_python, "deploy-pruned"), "--output", str(archive), timeout=240)
    cloud.deploy(project, archive)
    (first,) = tags()
    # Another image, and then the same one with another setting: nothing uses the first one any more.
    (project / "context" / "Dockerfile").open("a").write("LABEL second=yes\n")
    second = cloud.push(build("iris-model-test/deploy-pruned-second:latest", project / "context"), name, "second")
    cloud.deploy(project, second)
    assert versions() == ["1", "2"] and not [tag for each in tags().values() for tag in each if "superseded" in tag]
    settings.write_text("memory = 256\n" + re.sub(r"(?m)^memory.*\n", "", settings.read_text()))
    assert f"delete version 1 of {name}" in cloud.deploy(project, second, "--plan", expect=2)
    cloud.deploy(project, second)
    assert versions() == ["2", "3"]
    assert f"superseded-{first[7:19]}" in tags()[first] and tags()[second] == ["second"]
    assert "nothing to change" in cloud.deploy(project, second, "--plan")

    # The image goes under the live function. Another one takes its place, whatever Lambda made of that.
    ecr.batch_delete_image(repositoryName=name, imageIds=[{"imageDigest": each} for each in tags()])
    assert "not in the repository pruned any more; iris-model deploy pushes it again" in cloud.run("status", project)
    plan = cloud.deploy(project, archive, "--plan", expect=2)
    assert "push the image" in plan and "make Lambda read the image" in plan
    assert cloud.deploy_json(project, archive)["version"] == "4"
    assert list(tags()) == [first] and versions() == ["3", "4"]
    cloud.run("destroy", project, "--images", "--logs", "--yes")


def test_a_project_alone_is_enough(cloud: Cloud, lambda_python: str, tmp_path: Path):
    """No Docker, no image: `deploy` builds it on a base that lies on this disk."""
    base = tmp_path / "base.tar"
    docker("save", lambda_python, "--output", str(base), timeout=240)
    project = write_project(tmp_path / "alone", "alone")
    settings = project / "iris-model.toml"
    settings.write_text(f'base-image = "{base}"\n' + settings.read_text())
    done = json.loads(cloud.run("deploy", project, "--json").partition("Note:")[0])
    assert done["verified_rows"] == 32
    assert ask(done["endpoint"])["prediction"] == "setosa"
    assert "nothing to change" in cloud.run("deploy", project, "--plan")
    cloud.run("destroy", project, "--images", "--logs", "--yes")


def test_a_function_that_is_not_ours_is_left_alone(cloud: Cloud, tmp_path: Path):
    project = write_project(tmp_path / "foreign", "foreign")
    cloud.client("ecr").create_repository(repositoryName="foreign")
    output = cloud.deploy(project, "sha256:" + "0" * 64, expect=1)
    assert "was not made by iris-model" in output and "aws ecr tag-resource" in output
    cloud.client("ecr").delete_repository(repositoryName="foreign")


def test_the_commands_of_the_page_work(cloud: Cloud, lambda_python: str, tmp_path: Path):
    """docs/how-to/by-hand.md, block by block in one shell; only who and where is ours."""
    page = (REPOSITORY / "docs" / "how-to" / "by-hand.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```bash\n(.*?)```", page, flags=re.DOTALL)
    image = build_image(write_project(tmp_path / "hand", "iris-prediction"), lambda_python, "deploy-by-hand")
    ours = (
        f"REGION={REGION}\nACCOUNT=000000000000\nREGISTRY=127.0.0.1:{cloud.port}\nNAME=iris-prediction\nIMAGE={image}\n"
    )
    assert re.findall(r"^(\w+)=", blocks[0], re.MULTILINE) == re.findall(r"^(\w+)=", ours, re.MULTILINE)
    script = "set -euo pipefail\n" + ours + "\n".join(blocks[1:])
    # MiniStack's own name for its APIs; not every resolver knows names below localhost.
    script = script.replace("curl --fail", 'curl --connect-to "::127.0.0.1:" --fail')
    done = subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, timeout=400, cwd=tmp_path, env=cloud.environment
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
    assert "setosa" in (tmp_path / "answer.json").read_text()  # the event with a body
    assert done.stdout.count('{"prediction": "setosa"') == 2  # invoked, and through the HTTP API
    docker(
        "rmi", f"127.0.0.1:{cloud.port}/iris-prediction:v1", f"127.0.0.1:{cloud.port}/iris-prediction:v2", check=False
    )
