"""An account in MiniStack as a user has it: commands in processes of their own, boto3, `docker push`, and the endpoint.

MiniStack runs with IAM on: the keys of `test` may everything, those of a user that was made may what his policy says, and his
signatures are checked. `inventory` is what there is in the account, to compare before and after.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import boto3

from tests.support.docker_engine import docker
from tests.support.ministack_server import ministack

REGION = "eu-west-1"
ACCOUNT = "000000000000"
SHARED = "shared"
"""A repository that is no test's own."""

SETOSA = b"[5.1,3.5,1.4,0.2]"


@dataclass(frozen=True)
class HttpAnswer:
    """What an endpoint answered."""

    status: int
    text: str

    @property
    def prediction(self) -> Any:
        return json.loads(self.text)["prediction"]


@dataclass(frozen=True)
class Pushed:
    """Two images in Docker Engine, and their digests in the shared repository."""

    iris_image: str
    iris: str
    other_image: str
    other: str


@dataclass(frozen=True)
class Cloud:
    """MiniStack, who asks it, and where that one's files are."""

    port: int
    home: Path
    keys: tuple[str, str] = ("test", "test")
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": self.keys[0],
            "AWS_SECRET_ACCESS_KEY": self.keys[1],
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CONFIG_FILE": str(self.home / "no-settings"),
            "AWS_PAGER": "",
            "DOCKER_CONFIG": str(self.home / "docker"),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            **self.variables,
        }

    def client(self, service: str) -> Any:
        keys = {"aws_access_key_id": self.keys[0], "aws_secret_access_key": self.keys[1]}
        return boto3.client(service, endpoint_url=self.url, region_name=REGION, **keys)

    def acting_as(self, key: str, secret: str) -> Cloud:
        """The same account, for another one who asks."""
        return replace(self, keys=(key, secret))

    def as_new_user(self, name: str, policy: Mapping[str, Any] | None = None) -> Cloud:
        """The same account, for a user of IAM who is made for it; without a policy he may nothing."""
        iam = self.client("iam")
        iam.create_user(UserName=name)
        if policy is not None:
            iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=json.dumps(policy))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return self.acting_as(key["AccessKeyId"], key["SecretAccessKey"])

    def having(self, **variables: str) -> Cloud:
        """The same, with more variables in the environment of the commands."""
        return replace(self, variables={**self.variables, **variables})

    def run(self, *arguments: object, expect: int = 0) -> str:
        """Run an `iris-model` command in its own process; return its output."""
        command = [sys.executable, "-m", "iris_model.cli", *map(str, arguments)]
        return self._finish(subprocess.Popen(command, **self._pipes), expect)

    def run_during(
        self,
        moment: Callable[[], object],
        then: Callable[[subprocess.Popen[str]], object],
        *arguments: object,
        expect: int = 0,
    ) -> str:
        """Run a command, and do something when `moment` gives something true; returns what it printed."""
        command = [sys.executable, "-m", "iris_model.cli", *map(str, arguments)]
        process = subprocess.Popen(command, **self._pipes)
        try:
            assert wait_for(moment, lambda: process.poll() is not None), process.communicate(timeout=10)
            then(process)
            return self._finish(process, expect)
        finally:
            process.kill()

    def shell(self, script: str, directory: Path, *, expect: int = 0) -> str:
        """Run lines as a user types them; `iris-model`, `aws` and `docker` are those of this installation."""
        arguments = ["bash", "-euo", "pipefail", "-c", script]
        return self._finish(subprocess.Popen(arguments, cwd=directory, **self._pipes), expect)

    @property
    def _pipes(self) -> dict[str, Any]:
        return {
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            "text": True,
            "env": self.environment,
        }

    def _finish(self, process: subprocess.Popen[str], expect: int) -> str:
        try:
            output = "".join(process.communicate(timeout=300))
        finally:
            process.kill()
        assert process.returncode == expect, output[-6000:]
        assert "Traceback" not in output, output[-6000:]
        return output

    def deploy(self, project: Path, image: object, *options: str, expect: int = 0) -> str:
        return self.run("deploy", project, "--image", image, *options, expect=expect)

    def deploy_json(self, project: Path, *options: object) -> dict[str, Any]:
        """Deploy, optionally from an image. Return the JSON output of the command."""
        image = ["--image", options[0]] if options else []
        # Notes for people follow on the other stream.
        answer, _ = json.JSONDecoder().raw_decode(self.run("deploy", project, *image, "--json", *options[1:]))
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

    def shared(self, digest: str) -> str:
        """An image of the shared repository, as one of any registry: quicker to deploy from than an archive."""
        return f"127.0.0.1:{self.port}/{SHARED}@{digest}"

    def post(self, url: str, body: bytes = SETOSA, headers: Mapping[str, str] = {}) -> HttpAnswer:
        """POST as a browser would, to an address below localhost."""
        found = re.fullmatch(r"http://([^/:]+):(\d+)(/.*)", url)
        assert found, url
        own = {"Content-Type": "application/json", "Host": f"{found[1]}:{found[2]}"}
        request = urllib.request.Request(f"http://127.0.0.1:{found[2]}{found[3]}", body, {**own, **headers})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return HttpAnswer(answer.status, answer.read().decode())
        except urllib.error.HTTPError as error:
            return HttpAnswer(error.code, error.read().decode())

    def alias(self, function: str) -> tuple[str, dict[str, float]]:
        """The version that answers, and those with a share."""
        found = self.client("lambda").get_alias(FunctionName=function, Name="live")
        return found["FunctionVersion"], found.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})

    def inventory(self) -> set[str]:
        """Everything in the account that a deployment makes."""
        found = {
            "function": [each["FunctionName"] for each in self.client("lambda").list_functions()["Functions"]],
            "api": [each["Name"] for each in self.client("apigatewayv2").get_apis()["Items"]],
            "repository": [
                each["repositoryName"] for each in self.client("ecr").describe_repositories()["repositories"]
            ],
            "log": [each["logGroupName"] for each in self.client("logs").describe_log_groups()["logGroups"]],
            "role": [each["RoleName"] for each in self.client("iam").list_roles()["Roles"]],
            "schedule": [each["Name"] for each in self.client("events").list_rules()["Rules"]],
            "dashboard": [
                each["DashboardName"] for each in self.client("cloudwatch").list_dashboards()["DashboardEntries"]
            ],
            "domain": [each["DomainName"] for each in self.client("apigatewayv2").get_domain_names()["Items"]],
            "alarm": [each["AlarmName"] for each in self.client("cloudwatch").describe_alarms()["MetricAlarms"]],
            "stack": [
                each["StackName"]
                for each in self.client("cloudformation").list_stacks()["StackSummaries"]
                if each["StackStatus"] != "DELETE_COMPLETE"
            ],
        }
        return {f"{kind} {name}" for kind, names in found.items() for name in names}


def wait_for(moment: Callable[[], object], is_over: Callable[[], bool], seconds: float = 120) -> object:
    """Ask again and again until the answer is true, which is returned; nothing when it is over before."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if seen := moment():
            return seen
        if is_over():
            break
        time.sleep(0.2)
    return None


@contextmanager
def run_cloud(home: Path, trusted: Path) -> Iterator[Cloud]:
    """Start MiniStack, functions in containers of Docker Engine; what Docker pulled for them goes at the end.

    `trusted` is a certificate that MiniStack takes for good.
    """
    settings = {"LAMBDA_EXECUTOR": "docker", "MINISTACK_REGION": REGION, "SSL_CERT_FILE": str(trusted)}
    with ministack(home, **settings, AUTH="true", IOT_MTLS_ENABLED="0") as port:
        yield Cloud(port, home)
    shown = "{{.Repository}}:{{.Tag}} {{.Repository}}@{{.Digest}}"
    listed = docker("images", "--digests", "--filter", f"reference=127.0.0.1:{port}/*", "--format", shown).stdout
    for line in listed.splitlines():
        by_tag, by_digest = line.split()
        docker("rmi", by_digest if by_tag.endswith("<none>") else by_tag, check=False)
