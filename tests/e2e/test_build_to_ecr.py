"""`build --push` to ECR as a user types it, on MiniStack: log in, push, list, push again, pull it with Docker and invoke it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.e2e.test_build import save
from tests.e2e.test_iris_image import assert_curls_answer
from tests.e2e.test_project_image import init
from tests.support.docker_engine import container, docker
from tests.support.ecr_gate import EXPIRED, Gate, ecr_gate
from tests.support.ministack_install import ministack_python
from tests.support.ministack_server import ministack
from tests.support.requirement import require

pytestmark = pytest.mark.e2e

KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}


@dataclass
class User:
    """A user with a project, a base on disk, AWS keys, and their own Docker configuration."""

    project: Path
    base: Path
    gate: Gate
    ecr: Any
    home: Path

    def run(self, *arguments: object, exit_code: int = 0) -> subprocess.CompletedProcess[str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | KEYS
        environment |= {
            "AWS_ENDPOINT_URL_ECR": f"http://{self.registry}",
            "DOCKER_CONFIG": str(self.home),
            "IRIS_MODEL_CACHE": str(self.home / "cache"),
        }
        done = subprocess.run(
            [sys.executable, "-m", "iris_model.cli", *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=300,
            stdin=subprocess.DEVNULL,
            env=environment,
        )
        assert done.returncode == exit_code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done

    @property
    def registry(self) -> str:
        """As people write it."""
        return f"localhost:{self.gate.port}"

    def push(self, repository: str, *more: object, exit_code: int = 0) -> subprocess.CompletedProcess[str]:
        """`build --push`."""
        reference = f"{self.registry}/{repository}:1"
        return self.run(
            "build", self.project, "--base", self.base, "-t", reference, "--push", *more, exit_code=exit_code
        )

    def keep_password(self, password: str) -> None:
        """What an earlier `docker login` left."""
        (self.home / "config.json").write_text(
            json.dumps({"auths": {self.registry: {"username": "AWS", "password": password}}})
        )

    def tags(self, repository: str) -> list[str]:
        found = self.ecr.describe_images(repositoryName=repository)["imageDetails"]
        return [tag for image in found for tag in image.get("imageTags", [])]


@pytest.fixture(scope="module")
def user(tmp_path_factory: pytest.TempPathFactory, older_lambda_python: str) -> Iterator[User]:
    require(ministack_python)
    directory = tmp_path_factory.mktemp("user")
    base = save(older_lambda_python, directory / "base.tar")
    project = init(directory / "flowers")
    with (
        ministack(tmp_path_factory.mktemp("ministack"), SERVICES="ecr,sts") as port,
        ecr_gate(port, "ministack-auth-token") as gate,
    ):
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        ecr = boto3.client("ecr", endpoint_url=f"http://127.0.0.1:{port}", region_name="us-east-1", **keys)
        yield User(project, base, gate, ecr, directory)


def test_from_a_login_to_a_function_that_answers(user: User) -> None:
    user.ecr.create_repository(repositoryName="team/iris")
    said = user.run("login", user.project).stdout
    assert f"Docker is logged in to {user.registry} for 12 hours" in said
    first = json.loads(user.push("team/iris", "--json").stdout)
    (described,) = user.ecr.describe_images(repositoryName="team/iris", imageIds=[{"imageTag": "1"}])["imageDetails"]
    assert described["imageDigest"] == first["digest"]
    assert described["imageManifestMediaType"] == "application/vnd.docker.distribution.manifest.v2+json"
    again = user.push("team/iris")
    assert "is already there: nothing was sent." in again.stdout
    assert user.tags("team/iris").count("1") == 1

    pinned = f"{user.registry}/team/iris@{first['digest']}"
    docker("--config", str(user.home), "pull", "--quiet", pinned, timeout=300)
    try:
        with container(pinned) as function:
            assert_curls_answer(function)
    finally:
        docker("image", "rm", "--force", pinned, check=False)


def test_a_repository_that_was_not_made(user: User) -> None:
    user.keep_password(user.gate.password)
    said = user.push("nobody/iris", exit_code=1).stderr
    assert "Nothing was tagged" in said
    assert "  aws ecr create-repository --repository-name nobody/iris\n" in said
    names = [each["repositoryName"] for each in user.ecr.describe_repositories()["repositories"]]
    assert "nobody/iris" not in names


@pytest.mark.parametrize(
    ("password", "may_push", "expected", "way_out"),
    [
        ("", True, "Not Authorized", "iris-model login"),
        ("of-yesterday", True, EXPIRED, "iris-model login"),
        ("ministack-auth-token", False, "not authorized to perform: ecr:InitiateLayerUpload", "request a policy"),
    ],
    ids=["no login", "expired login", "no permission"],
)
def test_a_denied_push_is_reported(user: User, password: str, may_push: bool, expected: str, way_out: str) -> None:
    name = f"closed/{'writers' if may_push else 'readers'}-{len(password)}"
    user.ecr.create_repository(repositoryName=name)
    user.keep_password(password)
    user.gate.may_push = may_push
    try:
        said = user.push(name, exit_code=1).stderr
    finally:
        user.gate.may_push = True
    assert expected in said
    assert way_out in said
    assert user.gate.password not in said
    assert user.tags(name) == []
