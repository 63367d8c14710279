"""The keys of deployment and the stages: what holds by default, what a stage changes, what is refused."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from botocore.session import Session

from iris_model.contract.endpoint import Endpoint
from iris_model.errors import ProjectError
from iris_model.project.configuration.deployment import name_repository, name_stack
from iris_model.project.configuration.deployment_keys import DEPLOYMENT_KEYS
from iris_model.project.configuration.feature_keys import FEATURE_KEYS
from iris_model.project.configuration.settings import ProjectSettings, parse_settings

STAGED = """
environment = { LEVEL = "info", REGION_NAME = "here" }
[tags]
team = "flowers"
[stages.test]
[stages.prod]
memory = 512
endpoint = "function-url"
environment = { LEVEL = "warning" }
[stages.prod.cors]
allow-origins = ["https://example.org"]
"""


def parse(text: str, stage: str | None = None) -> ProjectSettings:
    return parse_settings(tomllib.loads('name = "Iris_flowers"\nmodel = "m.pkl"\n' + text), Path("p"), stage)


def problems_of(text: str, stage: str | None = None) -> str:
    with pytest.raises(ProjectError) as caught:
        parse(text, stage)
    return caught.value.problem


def test_without_a_key_there_is_an_open_http_api_and_nothing_else_that_costs():
    settings = parse("")
    assert settings.endpoint == Endpoint(route="/Iris_flowers")
    deployment = settings.deployment
    assert (deployment.stack, deployment.repository, deployment.region) == ("Iris-flowers", "iris-flowers", None)
    assert (deployment.reserved_concurrency, deployment.provisioned_concurrency, deployment.tracing) == (
        None,
        None,
        False,
    )
    assert deployment.ephemeral_storage == 512


def test_a_stage_has_names_of_its_own_and_lays_its_tables_over_those_of_the_project():
    prod = parse(STAGED, "prod")
    assert (prod.name, prod.deployment.stack, prod.stage) == ("Iris_flowers-prod", "Iris-flowers-prod", "prod")
    assert (prod.route, prod.memory, prod.endpoint.kind) == ("/Iris_flowers", 512, "function-url")
    assert dict(prod.environment) == {"LEVEL": "warning", "REGION_NAME": "here"}
    assert dict(prod.deployment.tags) == {"team": "flowers"}
    assert prod.endpoint.cors is not None and prod.endpoint.cors.allow_origins == ("https://example.org",)
    assert parse(STAGED, "test").memory == 128
    assert parse(STAGED).memory == 128


def test_stages_share_the_repository_and_never_a_stack():
    settings = [parse('stack = "flowers"\n' + STAGED, stage) for stage in (None, "test", "prod")]
    assert {one.deployment.repository for one in settings} == {"iris-flowers"}
    assert len({one.deployment.stack for one in settings}) == 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('endpoint = "rest"', 'expected one of "http-api", "function-url", "none"'),
        ("log-retention-days = 8", "expected one of 1, 3, 5, 7, 14"),
        ("tracing = 1", "expected true or false"),
        ("[throttling]\nrate = -1", "expected a number from 0 to 10000 requests/s"),
        ("[throttling]\nrate = inf", "expected a number"),
        ("[throttling]\nrate = nan", "expected a number"),
        ('[cors]\nallow-methods = ["TRACE"]', "a list of strings, each one of"),
        ('[cors]\nallow-origins = ["example.org"]', 'such as "https://example.org"'),
        ('[tags]\n"aws:x" = "1"', 'do not start with "aws:"'),
        ('[tags]\nteam = "aws:x"', 'do not start with "aws:"'),
        ('[tags]\nteam = "a\\tb"', "letters, digits or one of"),
        ('[tags]\n"a\\nb" = ""', "letters, digits or one of"),
        ('[tags]\nteam = ""', "values: 1 to 256 of these characters"),
        ('[tags]\nTeam = "a"\nteam = "b"', "tags.Team and tags.team: IAM does not distinguish upper and lower case"),
        ('[tags]\niris-model = "a"', "tags.iris-model: iris-model sets this tag itself"),
        ('[tags]\n"iris-model:accepted" = "1"', "tags.iris-model:accepted: iris-model sets this tag itself"),
        ('[secrets]\nTOKEN = "hunter2"', 'such as "secretsmanager:iris:token"'),
        ('[secrets]\nAWS_REGION = "ssm:/x"', "secrets.AWS_REGION: Lambda sets this variable itself"),
        ('environment = { TT = "a" }\nsecrets = { TT = "ssm:/t" }', "environment has the same variable"),
        ('environment = { KEY = "AKIAIOSFODNN7EXAMPLE" }', "looks like a secret"),
        ('environment = { KEY = "a {{resolve:ssm:name}}" }', "CloudFormation would replace {{resolve:...}}"),
        ('capture = { rate = 1, without = ["{{resolve:ssm:x}}"] }', "capture.without: CloudFormation would replace"),
        ('cors = { allow-origins = ["https://{{resolve:ssm:x}}"] }', "an origin, such as"),
        (
            'auth = "jwt"\njwt = { issuer = "https://{{resolve:ssm:x}}", audience = ["a"] }',
            "jwt.issuer: CloudFormation would",
        ),
        (
            'auth = "jwt"\njwt = { issuer = "https://a", audience = ["{{resolve:ssm:x}}"] }',
            "jwt.audience: CloudFormation would",
        ),
        ('environment = { KEY = "a\\u0000b" }', "environment.KEY: a variable cannot contain the character NUL"),
        ('capture = { rate = 1, without = ["' + "c" * 4096 + '"] }', "Lambda accepts at most 4096 in total"),
        ('environment = { IRIS_MODEL_CAPTURE_RATE = "1" }\ncapture = { rate = 1 }', "[capture] sets this variable"),
        ('role = "iris"', "expected the ARN of a role"),
        ('role = "arn:aws:iam::123456789012:role/größe"', "expected the ARN of a role"),
        ('secrets = { LEVEL = "ssm:/größe" }', 'such as "secretsmanager:iris:token"'),
        ('region = "eu-west-\u0661"', "an AWS region"),
        ('more-routes = ["/a{b}"]', "a path, or a method and a path"),
        ('more-routes = ["/{a+}/b"]', "a path, or a method and a path"),
        ('more-routes = ["GET /{a}/x", "GET /{b}/x"]', "GET /{a}/x and GET /{b}/x are the same route"),
        (
            'auth = "iam"\nmore-routes = ["OPTIONS /x"]\ncors = { allow-origins = ["https://a.org"] }',
            'more-routes has "OPTIONS /x"',
        ),
        ('cors = { allow-origins = ["https://exämple.org"] }', "an origin, such as"),
        ('cors = { allow-origins = ["https://*.example.org"] }', "an origin, such as"),
        ('auth = "jwt"', "expected issuer and audience in [jwt]"),
        ('[jwt]\nissuer = "https://x"', 'expected auth = "jwt"'),
        (
            'auth = "jwt"\nendpoint = "function-url"\njwt = { issuer = "https://x", audience = ["a"] }',
            "only an HTTP API",
        ),
        ('endpoint = "function-url"\nthrottling = { rate = 1 }', "only an HTTP API throttles"),
        ('endpoint = "none"\ncors = { allow-origins = ["*"] }', "there is no endpoint to call"),
        ('endpoint = "function-url"\ncors = { allow-methods = ["OPTIONS"] }', "does not accept OPTIONS"),
        ('cors = { allow-origins = ["*"], allow-credentials = true }', "browsers refuse that"),
        ("reserved-concurrency = 1\nprovisioned-concurrency = 2", "is more than reserved-concurrency"),
        ('[vpc]\nsubnets = ["subnet-0123456789abcdef0"]', "[vpc]: expected security-groups too"),
        ('[vpc]\nsecurity-groups = ["sg-0123456789abcdef0"]', "[vpc]: expected subnets too"),
        ('[vpc]\nsubnets = ["mine"]', "the ID of a subnet"),
        ('kms-key = "alias/mine"', "the ARN of a key, not of an alias"),
        ('dead-letter = "arn:aws:sqs:eu-west-1:123456789012:dead.fifo"', "that is not FIFO"),
        ('on-success = "arn:aws:s3:::bucket"', "an SQS queue, an SNS topic, a function or an event bus"),
        ('access-log = true\nendpoint = "function-url"', "only an HTTP API has an access log"),
        ('[domain]\nname = "iris.example.org"', "[domain]: expected certificate too"),
        ('[domain]\nhosted-zone = "Z0123456789ABC"', "expected name and certificate too"),
        ('[domain]\nname = "https://iris.example.org"', "a host name in lower case"),
        (
            'endpoint = "none"\n[domain]\nname = "a.example.org"\n'
            'certificate = "arn:aws:acm:eu-west-1:123456789012:certificate/1"',
            "only an HTTP API can have a host name",
        ),
        ('keep-warm = "rate(1 minutes)"', 'a schedule, such as "rate(5 minutes)"'),
        ('keep-warm = "5 minutes"', 'a schedule, such as "rate(5 minutes)"'),
        ("snapstart = true\nprovisioned-concurrency = 1", "Lambda accepts only one of the two"),
        ("snapstart = true\nephemeral-storage = 513", "Lambda accepts only 512 MB"),
        (
            'snapstart = true\nbase-image = "public.ecr.aws/lambda/python:3.11-x86_64"',
            "Python 3.11: expected 3.12 or later",
        ),
        ("[stages.prod]\nsnapstart = true", "cannot differ between stages"),
        ("stages = 1", "expected tables, [stages.NAME]"),
        ("[stages.prod]\nmemroy = 1", "stages.prod.memroy is not a key: did you mean memory?"),
        ('[stages.prod]\nmodel = "x"', "cannot differ between stages"),
        ("[stages.prod]\ncors = 1", "expected a table, [stages.prod.cors]"),
        ("[stages.prod.cors]\nallow-origin = 1", "did you mean allow-origins?"),
        ("[stages.prod]\nmemory = 1", "[stages.prod] memory = 1: expected an integer"),
        ('[stages."a b"]', "expected a name of 1 to 32"),
    ],
)
def test_a_wrong_line_is_named(text: str, expected: str):
    assert expected in problems_of(text)


@pytest.mark.parametrize(
    "text",
    [
        '[tags]\n"Größe 花" = "¾ \u00a0"\nsize = "iris-model"',
        'role = "arn:aws:iam::123456789012:role/own"\n[tags]\nTeam = "a"\nteam = "b"',
        'handler = "größe.handler"\ntrust = ["größe.Klasse"]',
        'more-routes = ["POST /v2/models/{name}/infer", "/any/{rest+}", "GET /{a}", "POST /{b}", "/a:b"]',
        'auth = "iam"\nmore-routes = ["OPTIONS /x"]',
        '[cors]\nallow-origins = ["http://localhost:8080", "https://*", "capacitor://localhost", "http://[::1]:3000", "null://a_b"]',
        'capture = { rate = 1, without = ["größe", "{{resolve", "a b"] }',
    ],
)
def test_unusual_lines_that_aws_accepts_are_accepted(text: str):
    assert parse(text).name == "Iris_flowers"


def test_a_mistake_of_the_project_is_reported_once_and_not_for_each_stage():
    assert "has one problem" in problems_of("memory = 1\n" + STAGED.replace("memory = 512", ""))


@pytest.mark.parametrize(
    "table",
    [
        '[domain]\nname = "Iris.example.org"\ncertificate = "arn:aws:acm:eu-west-1:123456789012:certificate/x"',
        '[vpc]\nsubnets = ["subnet-1"]\nsecurity-groups = ["sg-0123456789abcdef0"]',
        '[domain]\nname = "Iris.example.org"\ncertificate = "x"',
    ],
)
def test_a_wrong_value_is_not_reported_as_missing(table: str):
    assert "expected name too" not in problems_of(table) and "expected subnets too" not in problems_of(table)


def test_a_cron_expression_that_eventbridge_would_refuse():
    said = problems_of('keep-warm = "cron(99 * * * ? *)"')
    assert "keep-warm = \"cron(99 * * * ? *)\": minutes '99' is outside 0-59" in said


def test_an_unknown_stage_names_the_nearest():
    assert "did you mean prod?" in problems_of(STAGED, "prd")
    assert "no stage prod, and no other" in problems_of("", "prod")


@pytest.mark.parametrize("name", ["a", "_", "9lives", "Iris__Flowers-", "x" * 64])
def test_names_that_are_made_are_names_that_aws_takes(name: str):
    """The patterns are botocore's, not ours."""
    session = Session()
    ecr = session.get_service_model("ecr").shape_for("RepositoryName").metadata
    formation = session.get_service_model("cloudformation").shape_for("StackName")
    assert re.fullmatch(ecr["pattern"], name_repository(name)) and len(name_repository(name)) >= ecr["min"]
    assert formation.type_name == "string"
    assert re.fullmatch(r"[a-zA-Z][-a-zA-Z0-9]*", name_stack(name))


def test_every_key_of_deployment_may_differ_between_stages():
    assert [key.path for key in (*DEPLOYMENT_KEYS, *FEATURE_KEYS) if not key.staged] == []


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("", ("text", "all")),
        ('log-format = "json"', ("json", "all")),
        ('log-lines = "errors"', ("json", "errors")),
        ('log-lines = "errors"\nlog-format = "json"', ("json", "errors")),
        ('log-lines = "all"\nlog-format = "text"', ("text", "all")),
    ],
)
def test_only_the_lines_of_errors_are_in_json(lines: str, expected: tuple[str, str]):
    deployment = parse(lines).deployment
    assert (deployment.log_format, deployment.log_lines) == expected


def test_lines_of_errors_alone_cannot_be_text():
    assert 'log-lines = "errors" requires log-format = "json"' in problems_of(
        'log-lines = "errors"\nlog-format = "text"'
    )


def test_a_domain_is_not_inherited_by_stages():
    domain = '[domain]\nname = "{}"\ncertificate = "arn:aws:acm:eu-west-1:123456789012:certificate/1"\n'
    text = domain.format("iris.example.org") + "[stages.test]\n[stages.prod]\n"
    text += domain.replace("[domain]", "[stages.prod.domain]").format("prod.example.org")
    found = [parse(text, stage).deployment.domain for stage in (None, "test", "prod")]
    assert [each.name if each else None for each in found] == ["iris.example.org", None, "prod.example.org"]


def test_the_schedules_that_eventbridge_takes():
    for text in ("rate(1 hour)", "rate(5 minutes)", "rate(10 minutes)", "cron(0/5 8-18 ? * MON-FRI *)"):
        assert parse(f'keep-warm = "{text}"').deployment.keep_warm == text


@pytest.mark.parametrize(
    "base",
    ["public.ecr.aws/lambda/python:3.12", "registry.example.org/lambda/python:3.14@sha256:1", "python:3.11-slim"],
)
def test_snapstart_on_a_base_that_it_takes(base: str):
    assert parse(f'snapstart = true\nbase-image = "{base}"').deployment.snapstart
