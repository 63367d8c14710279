"""A deployment of a model that answers with the first number of the row."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import pytest

from iris_model.aws.client.calls import Aws
from iris_model.aws.cloudformation.code import image_uri
from iris_model.aws.cloudformation.template import render_template
from iris_model.aws.deploying.deploy import Outcome, Wanted, deploy
from iris_model.aws.deploying.steps import Canary
from iris_model.aws.ecr.images import tag_for
from iris_model.aws.s3.bucket import upload_archive
from iris_model.aws.verification.endpoint import HttpAnswer
from iris_model.contract.deployment import Deployment
from iris_model.contract.golden import GoldenRow
from tests.support.fake_aws import FakeAws
from tests.support.fake_ecr import ACCOUNT

DEPLOYMENT = Deployment(function="iris", stack="iris", repository="iris")
GOLDEN = [GoldenRow(row=[1.5, 2.0], outputs={"predict": 1.5}), GoldenRow(row=[2.5, 0.0], outputs={"predict": 2.5})]


def digest_of(number: int) -> str:
    return "sha256:" + f"{number:x}" * 64


@cache
def _template(number: int) -> str:
    return render_template(DEPLOYMENT, image_uri(DEPLOYMENT.repository, digest_of(number)))


@dataclass
class Cloud:
    """The fake, and what reaches it."""

    fake: FakeAws = field(default_factory=FakeAws)
    now: float = 0.0
    steps: list[str] = field(default_factory=list)
    deployment: Deployment = DEPLOYMENT
    endpoint_is_wrong: Callable[[], bool] = lambda: False

    @property
    def aws(self) -> Aws:
        return Aws(self.fake, sleep=self.sleep, clock=lambda: self.now)

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def archive(self, number: int) -> bytes:
        return f"archive {number}".encode()

    def digest(self, number: int) -> str:
        if self.deployment.is_zip:
            return f"sha256:{hashlib.sha256(self.archive(number)).hexdigest()}"
        return digest_of(number)

    def wanted(self, number: int = 1, **more: Any) -> Wanted:
        canary: Canary | None = more.pop("canary", None)
        golden = more.pop("golden", GOLDEN)
        others: list[str] = more.pop("others", [])
        gets_out: bool = more.pop("gets_out", False)
        runtime = more.pop("runtime", "python3.13" if self.deployment.is_zip else "")
        deployment = replace(self.deployment, **more)
        is_default = replace(deployment, keep_versions=DEPLOYMENT.keep_versions) == DEPLOYMENT
        wanted = Wanted(deployment, self.digest(number), golden, self.push, self.ask, canary, others, gets_out, runtime)
        if is_default:  # rendering is most of the time of the tests that walk all calls
            vars(wanted)["template"] = _template(number)
        return wanted

    def push(self, aws: Aws, deployment: Deployment, digest: str) -> None:
        if deployment.is_zip:
            (data,) = [each for each in map(self.archive, range(9)) if hashlib.sha256(each).hexdigest() == digest[7:]]
            upload_archive(aws, deployment, ACCOUNT, digest, data)
            return
        self.fake.images[deployment.repository].setdefault(digest, []).append(tag_for(digest))

    def ask(self, url: str, body: bytes) -> HttpAnswer:
        function = self.fake.functions["iris"]
        if self.endpoint_is_wrong():
            return HttpAnswer(500, '{"message":"Internal Server Error"}')
        return HttpAnswer(200, self.fake.answer(function, function.alias, body))

    def deploy(self, number: int = 1, **more: Any) -> Outcome:
        return deploy(self.aws, self.wanted(number, **more), self.steps.append)


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()
