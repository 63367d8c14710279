"""`template`: the settings of a project reach the template, and every image that Lambda would refuse is refused."""

from __future__ import annotations

import json
from pathlib import Path

import cfnlint.api
import cfnlint.decode
import pytest
from cfnlint.config import ManualArgs
from click.testing import CliRunner, Result

from iris_model.cli import cli
from iris_model.oci import Image, Platform, write_layout
from tests.support.projects import SETTINGS, write_project

DIGEST = "sha256:" + "0" * 64
EVERYTHING = """
memory = 256
timeout = 29
more-routes = ["POST /v1/models/iris:predict", "/any/{path+}"]
architecture = "arm64"
ephemeral-storage = 1024
reserved-concurrency = 5
provisioned-concurrency = 1
log-retention-days = 90
log-format = "json"
tracing = true
error-alarm = false
auth = "jwt"
permissions-boundary = "arn:aws:iam::123456789012:policy/b"
environment = { LEVEL = "info" }
secrets = { TOKEN = "ssm:/iris/token" }
tags = { team = "flowers" }
cors = { allow-origins = ["https://example.org"] }
throttling = { rate = 5, burst = 10 }
jwt = { issuer = "https://login.example.org", audience = ["iris"] }
kms-key = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
dead-letter = "arn:aws:sqs:eu-west-1:123456789012:iris-dead"
on-failure = "arn:aws:s3:::iris-failures"
on-success = "arn:aws:events:eu-west-1:123456789012:event-bus/default"
access-log = true
keep-warm = "rate(5 minutes)"
dashboard = true
vpc = { subnets = ["subnet-0123456789abcdef0"], security-groups = ["sg-0123456789abcdef0"] }
capture = { rate = 0.01, without = ["email", "name"] }
[domain]
name = "iris.example.org"
certificate = "arn:aws:acm:eu-west-1:123456789012:certificate/1234abcd"
hosted-zone = "Z0123456789ABC"
[stages.prod]
access-log = false
endpoint = "function-url"
auth = "open"
throttling = {}
jwt = {}
"""


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(cli, ["template", *(str(argument) for argument in arguments)])
    assert "Traceback" not in result.stderr
    return result


def test_every_setting_is_in_the_template_and_it_is_lint_clean(tmp_path: Path):
    result = run(write_project(tmp_path, settings=SETTINGS + EVERYTHING), "--image", DIGEST)
    assert cfnlint.api.lint(result.stdout, config=ManualArgs(regions=["eu-west-1"])) == []
    for part in (
        "MemorySize: 256", "Timeout: 29", "- arm64", "Size: 1024", "ReservedConcurrentExecutions: 5",
        "ProvisionedConcurrentExecutions: 1", "RetentionInDays: 90", "LogFormat: JSON", "Mode: Active", "JWT",
        "RouteKey: POST /v1/models/iris:predict", "RouteKey: ANY /any/{path+}",
        "policy/b", "LEVEL: info", "{{resolve:ssm:/iris/token}}", "flowers", "https://example.org",
        "ThrottlingRateLimit: 5", "ThrottlingBurstLimit: 10", "https://login.example.org",
        "key/1234abcd-12ab-34cd-56ef-1234567890ab", "iris-dead", "iris-failures", "event-bus/default", "AccessLogSettings",
        "ScheduleExpression: rate(5 minutes)", "AWS::CloudWatch::Dashboard", "subnet-0123456789abcdef0",
        "sg-0123456789abcdef0", "https://iris.example.org/", "certificate/1234abcd", "HostedZoneId: Z0123456789ABC",
        "IRIS_MODEL_CAPTURE_RATE: '0.01'", "email",
    ):  # fmt: skip
        assert part in result.stdout, part
    assert "AWS::CloudWatch::Alarm" not in result.stdout


def test_for_sam_the_function_is_one_of_sam(tmp_path: Path):
    text = run(write_project(tmp_path, settings=SETTINGS), "--image", DIGEST, "--format", "sam").stdout
    assert "Transform: AWS::Serverless-2016-10-31" in text and "Type: AWS::Serverless::Function" in text
    assert "AWS::Lambda::Alias" not in text and "LiveVersion" not in text


def test_as_json_it_is_the_same_template_and_lint_clean_too(tmp_path: Path):
    project = write_project(tmp_path, settings=SETTINGS + EVERYTHING)
    as_json = json.loads(run(project, "--image", DIGEST, "--json").stdout)
    as_yaml = cfnlint.decode.decode_str(run(project, "--image", DIGEST).stdout)[0]
    assert as_json == as_yaml
    assert cfnlint.api.lint(json.dumps(as_json), config=ManualArgs(regions=["eu-west-1"])) == []


def test_a_stage_is_another_function(tmp_path: Path):
    settings = SETTINGS + "[stages.prod]\nendpoint = 'function-url'\nmemory = 512\n"
    result = run(write_project(tmp_path, settings=settings), "--stage", "prod", "--image", DIGEST)
    assert "FunctionName: small-prod" in result.stdout and "MemorySize: 512" in result.stdout
    assert f"/small@{DIGEST}" in result.stdout


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("123456789012.dkr.ecr.eu-west-1.amazonaws.com/iris:latest", "a tag can change"),
        ("public.ecr.aws/lambda/python:3.13", "only from private ECR repositories"),
        ("sha256:12", "expected sha256: and 64 hexadecimal digits"),
    ],
)
def test_an_image_that_lambda_would_not_take_is_refused(tmp_path: Path, image: str, expected: str):
    result = run(write_project(tmp_path), "--image", image)
    assert result.exit_code == 1
    assert expected in result.stderr


def test_without_a_name_it_is_the_image_that_was_built_last(tmp_path: Path):
    project = write_project(tmp_path)
    refused = run(project)
    assert refused.exit_code == 1 and "iris-model build" in refused.stderr
    built = Image.empty(Platform())
    write_layout(built, project / ".iris-model" / "image")
    assert f"/small@{built.digest}" in run(project).stdout
