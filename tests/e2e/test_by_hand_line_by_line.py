"""The original manual flow of this project, line by line as a user types it. Each step has a name, which a failure shows.

Train on UCI's 3 x 50 flowers; handler, requirements, Dockerfile on AWS's base or on one of your own; build, run, curl; a
repository with scan on push, login, tag, push; a function from the image with ENTRYPOINT, CMD and WORKDIR overridden; the
console's test event; an open HTTP API; curl. Docker Engine and the AWS CLI are real, the account is MiniStack's.

Differences from what a user types: who and where (account, region, registry and endpoints are MiniStack's), the package
index that the first stage of the build asks (`--build-arg BUILD_IMAGE`), and the port 9000 where it is taken.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.docker_base import build_image
from tests.support.docker_engine import docker, one_at_a_time
from tests.support.iris_project import ENTRY_POINT
from tests.support.ministack_cloud import ACCOUNT, REGION, Cloud
from tests.support.rie_process import free_port, wait_until_accepting
from tests.support.uci_iris import write_uci_iris

pytestmark = pytest.mark.e2e

NAME, IMAGE = "iris-prediction", "iris-inference-image"
CONSOLE_EVENT = '{ "body": "WzUuMSwzLjUsMS40LDAuMl0="}'
VERSICOLOR = "[5.7,2.8,4.5,1.3]"


@contextmanager
def step(name: str) -> Iterator[None]:
    """Name what failed."""
    print(f"step: {name}")
    try:
        yield
    except BaseException as error:
        error.add_note(f"in the step: {name}")
        raise


@dataclass(frozen=True)
class Base:
    """The base of the image, the image that builds it, and an entry point that overrides the image's own."""

    image: str
    builder: str
    entry_point: list[str]


@pytest.fixture(params=["of AWS", pytest.param("of one's own", marks=pytest.mark.exhaustive)])
def base(request: pytest.FixtureRequest, lambda_python: str) -> Base:
    if request.param == "of AWS":
        return Base(lambda_python, build_image(lambda_python), ["/lambda-entrypoint.sh"])
    older = request.getfixturevalue("older_lambda_python")
    return Base(request.getfixturevalue("slim_python"), build_image(older), ENTRY_POINT)


def test_from_the_flowers_to_the_endpoint(base: Base, cloud: Cloud, tmp_path: Path):
    before = cloud.inventory()
    project = tmp_path / "iris"
    registry = f"127.0.0.1:{cloud.port}"

    def shell(script: str, *, expect: int = 0) -> str:
        return cloud.shell(script, project if project.is_dir() else tmp_path, expect=expect)

    with step("a project: app.py, requirements.txt, Dockerfile"):
        shell("iris-model init iris")
        assert {"app.py", "requirements.txt", "Dockerfile", "train.py"} <= {path.name for path in project.iterdir()}
    with step("python train.py iris.data, the 3 x 50 flowers of UCI"):
        write_uci_iris(project / "iris.data")
        said = shell("python train.py iris.data")
        assert "differs from Fisher's values in flowers 35, 38" in said and "150 flowers" in said
    with step("docker build -t iris-inference-image ."), one_at_a_time():
        arguments = f"--build-arg BASE_IMAGE={base.image} --build-arg BUILD_IMAGE={base.builder}"
        shell(f"DOCKER_BUILDKIT=0 docker build {arguments} -t {IMAGE} .")
    port = 9000 if _is_free(9000) else free_port()
    try:
        with step("docker run -p 9000:8080 iris-inference-image:latest"):
            shell(f"docker run --detach --name {NAME}-run -p 127.0.0.1:{port}:8080 {IMAGE}:latest")
            _wait_for_container(f"{NAME}-run")
        with step("curl of the invocation path"):
            url = f"http://localhost:{port}/2015-03-31/functions/function/invocations"
            answer = json.loads(shell(f"curl --fail -sS -XPOST {url} -d '{CONSOLE_EVENT}'"))
            assert answer["prediction"] == "setosa"
            assert json.loads(shell(f"curl --fail -sS {url} -d '{VERSICOLOR}'"))["prediction"] == "versicolor"
    finally:
        docker("rm", "--force", "--volumes", f"{NAME}-run", check=False)
    with step("aws ecr create-repository, with scan on push"):
        made = shell(
            f"aws ecr create-repository --repository-name {NAME} --image-scanning-configuration scanOnPush=true"
        )
        assert json.loads(made)["repository"]["imageScanningConfiguration"] == {"scanOnPush": True}
    with step("aws ecr get-login-password | docker login"):
        said = shell(
            f"aws ecr get-login-password --region {REGION} | docker login --username AWS --password-stdin {registry}"
        )
        assert "Login Succeeded" in said
    with step("docker tag"):
        shell(f"docker tag {IMAGE}:latest {registry}/{NAME}:latest")
    with step("docker push"):
        shell(f"docker push {registry}/{NAME}:latest")
        digest = shell(
            f"aws ecr describe-images --repository-name {NAME} --image-ids imageTag=latest "
            "--query 'imageDetails[0].imageDigest' --output text"
        ).strip()
        assert digest.startswith("sha256:")
    with step("a role that Lambda may assume"):
        trusts = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trusts]})
        role = shell(
            f"aws iam create-role --role-name {NAME} --assume-role-policy-document '{document}' "
            "--query Role.Arn --output text"
        ).strip()
    with step("a function from the image, with ENTRYPOINT, CMD and WORKDIR overridden"):
        override = {"EntryPoint": base.entry_point, "Command": ["app.handler"], "WorkingDirectory": "/var/task"}
        image = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{NAME}@{digest}"
        shell(
            f"aws lambda create-function --function-name {NAME} --package-type Image --role {role} "
            f"--code ImageUri={image} --architectures x86_64 --image-config '{json.dumps(override)}'\n"
            f"aws lambda wait function-active-v2 --function-name {NAME}"
        )
        stored = json.loads(shell(f"aws lambda get-function-configuration --function-name {NAME}"))
        assert stored["ImageConfigResponse"]["ImageConfig"] == override
    with step("the console's test event, with the body in base64"):
        (project / "event.json").write_text(CONSOLE_EVENT)
        said = shell(f"aws lambda invoke --function-name {NAME} --payload fileb://event.json answer.json")
        assert "FunctionError" not in json.loads(said)
        assert json.loads((project / "answer.json").read_text())["prediction"] == "setosa"
    with step("an open HTTP API with the route /iris-prediction in the stage default"):
        function = stored["FunctionArn"]
        api = shell(
            f"aws apigatewayv2 create-api --name {NAME} --protocol-type HTTP --query ApiId --output text"
        ).strip()
        integration = shell(
            f"aws apigatewayv2 create-integration --api-id {api} --integration-type AWS_PROXY "
            f"--integration-uri {function} --payload-format-version 2.0 --query IntegrationId --output text"
        ).strip()
        shell(
            f"aws apigatewayv2 create-route --api-id {api} --route-key 'ANY /{NAME}' --target integrations/{integration}\n"
            f"aws apigatewayv2 create-stage --api-id {api} --stage-name default --auto-deploy\n"
            f"aws lambda add-permission --function-name {NAME} --statement-id http-api --action lambda:InvokeFunction "
            "--principal apigateway.amazonaws.com "
            f"--source-arn 'arn:aws:execute-api:{REGION}:{ACCOUNT}:{api}/*/*/{NAME}'"
        )
    with step("curl -XPOST https://.../default/iris-prediction"):
        endpoint = shell(f"aws apigatewayv2 get-api --api-id {api} --query ApiEndpoint --output text").strip()
        curl = f'curl --connect-to "::127.0.0.1:" --fail -sS -XPOST {endpoint}/default/{NAME}'
        assert json.loads(shell(f"{curl} -d '{VERSICOLOR}'"))["prediction"] == "versicolor"
        assert json.loads(shell(f"{curl} -H 'Content-Type: application/json' -d '[5.1,3.5,1.4,0.2]'"))[
            "prediction"
        ] == ("setosa")
    with step("away again"):
        shell(
            f"aws apigatewayv2 delete-api --api-id {api}\naws lambda delete-function --function-name {NAME}\n"
            f"aws iam delete-role --role-name {NAME}\naws ecr delete-repository --repository-name {NAME} --force\n"
            f"aws logs delete-log-group --log-group-name /aws/lambda/{NAME} || true\n"
            f"docker rmi {registry}/{NAME}:latest"
        )
        assert cloud.inventory() == before


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _wait_for_container(name: str) -> None:
    """Docker's own proxy accepts before anybody listens inside, so the container itself is asked."""

    def ended() -> str | None:
        (state,) = json.loads(docker("inspect", name).stdout)
        return None if state["State"]["Running"] else docker("logs", name).stdout

    (found,) = json.loads(docker("inspect", name).stdout)
    wait_until_accepting(found["NetworkSettings"]["Networks"]["bridge"]["IPAddress"], 8080, ended)
