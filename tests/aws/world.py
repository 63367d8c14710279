"""A user's machine and AWS, and ways to break either, for tests that run the command line in its own process."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from iris_model.aws.client.failed_call import Failure
from tests.aws.conftest import DEPLOYMENT, Cloud, digest_of
from tests.support.aws_wire import Wire
from tests.support.cli_process import Done, run_cli
from tests.support.fake_aws import FakeAws
from tests.support.fake_cloudformation import FakeStack
from tests.support.fake_lambda import FakeFunction
from tests.support.projects import write_project

KEYS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secretkey"}
OURS = [{"Key": "iris-model", "Value": "iris"}]
DEPLOY = f"deploy --no-verify --image {digest_of(2)}"
NEXT = f"deploy --no-verify --image {digest_of(3)}"
CONFIG = """\
[default]
region = eu-west-1
[profile sso]
sso_start_url = https://example.awsapps.com/start
sso_region = eu-west-1
sso_account_id = 123456789012
sso_role_name = dev
[profile keys]
aws_access_key_id = AKIDEXAMPLE
aws_secret_access_key = secretkey
[profile mfa]
role_arn = arn:aws:iam::123456789012:role/deployer
source_profile = keys
mfa_serial = arn:aws:iam::123456789012:mfa/me
[profile role]
role_arn = arn:aws:iam::123456789012:role/deployer
source_profile = keys
[profile lost]
role_arn = arn:aws:iam::123456789012:role/deployer
source_profile = nobody
[profile half]
aws_access_key_id = AKIDEXAMPLE
[profile program]
credential_process = echo secret words
[profile web]
role_arn = arn:aws:iam::123456789012:role/deployer
web_identity_token_file = /nowhere/token
"""


@cache
def deployed() -> FakeAws:
    cloud = Cloud()
    for number in (1, 2):
        cloud.deploy(number)
    cloud.push(cloud.aws, DEPLOYMENT, digest_of(3))
    cloud.fake.settles_at_once = True
    return cloud.fake


@dataclass
class World:
    """A home, a project, an environment, and AWS."""

    wire: Wire
    home: Path
    environment: dict[str, str]

    @property
    def fake(self) -> FakeAws:
        return self.wire.cloud()

    def run(self, command: str) -> Done:
        return run_cli(command.split(), self.environment, self.home / "iris", self.home)


def make_world(wire: Wire, home: Path) -> World:
    """A project that was deployed twice, and a third image in its repository."""
    wire.clouds = {"eu-west-1": deepcopy(deployed())}
    wire.refuse, wire.page = (lambda *_: None), ""
    write_project(
        home / "iris", {"events/one.json": "[1.5]"}, settings='name = "iris"\nmodel = "model.pkl"\nroute = "/"\n'
    )
    (home / "config").write_text(CONFIG)
    environment = {
        "HOME": str(home), "PATH": "/usr/bin:/bin", "AWS_CONFIG_FILE": str(home / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(home / "credentials"), "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": wire.url, "AWS_DEFAULT_REGION": "eu-west-1", "DOCKER_CONFIG": str(home / "docker"), **KEYS,
    }  # fmt: skip
    return World(wire, home, environment)


Prepare = Callable[[World], None]


def setting(**environment: str | None) -> Prepare:
    """Change the environment; None removes a variable."""

    def prepare(world: World) -> None:
        for name, value in environment.items():
            if value is None:
                world.environment.pop(name, None)
            else:
                world.environment[name] = value.format(url=world.wire.url, port=world.wire.url.rpartition(":")[2])

    return prepare


def profile(name: str) -> Prepare:
    return setting(AWS_PROFILE=name, AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None)


def config(text: str) -> Prepare:
    return lambda world: (world.home / "config").write_text(text) and None


def refused(operation: str, code: str, message: str, status: int = 400) -> Prepare:
    """Give this answer to every call of an operation, or of all."""

    def refuse(service: str, name: str, parameters: dict[str, Any]) -> Failure | None:
        return Failure(service, name, code, message, status) if operation in (name, "*") else None

    return lambda world: setattr(world.wire, "refuse", refuse)


def stack(status: str, *, ours: bool = True, stuck: str = "", events: tuple[dict[str, Any], ...] = ()) -> Prepare:
    """The stack is in a state; one that is not ours has another template too."""

    def prepare(world: World) -> None:
        found = world.fake.stacks["iris"]
        found.status, world.fake.stuck = status, stuck
        found.events += events
        if not ours:
            world.fake.stacks["iris"] = FakeStack(status=status, template="Resources: {}\n")

    return prepare


def on_fake(change: Callable[[FakeAws], Any]) -> Prepare:
    return lambda world: change(world.fake) and None


def both(*steps: Prepare) -> Prepare:
    def prepare(world: World) -> None:
        for step in steps:
            step(world)

    return prepare


def only_function(package_type: str) -> Prepare:
    def prepare(world: World) -> None:
        world.fake.stacks.clear()
        world.fake.functions["iris"] = FakeFunction({}, package_type)

    return prepare


def sso_token(expires: str) -> Prepare:
    def prepare(world: World) -> None:
        cache_file = (
            world.home / ".aws/sso/cache" / f"{hashlib.sha1(b'https://example.awsapps.com/start').hexdigest()}.json"
        )
        cache_file.parent.mkdir(parents=True)
        token = {"startUrl": "https://example.awsapps.com/start", "region": "eu-west-1", "accessToken": "secretkey"}
        cache_file.write_text(json.dumps({**token, "expiresAt": expires}))

    return both(profile("sso"), prepare)


def event_file(name: str, text: str) -> Prepare:
    return lambda world: (world.home / "iris/events" / name).write_text(text) and None


def shared_events(events: Mapping[str, Any]) -> Prepare:
    document = {
        "openapi": "3.0.0",
        "components": {"examples": {name: {"value": each} for name, each in events.items()}},
    }
    return on_fake(lambda fake: fake.schemas.update({"_iris-schema": [json.dumps(document)]}))
