"""The keys of deployment and the stages: what holds by default, what a stage changes, what is refused."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from botocore.session import Session

from iris_model.errors import ProjectError
from iris_model.project.deployment import HttpSettings, name_repository, name_stack
from iris_model.project.deployment_keys import DEPLOYMENT_KEYS
from iris_model.project.settings import ProjectSettings, parse_settings

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
    assert settings.http == HttpSettings()
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
    assert (prod.route, prod.memory, prod.http.endpoint) == ("/Iris_flowers", 512, "function-url")
    assert dict(prod.environment) == {"LEVEL": "warning", "REGION_NAME": "here"}
    assert dict(prod.deployment.tags) == {"team": "flowers"}
    assert prod.http.cors is not None and prod.http.cors.allow_origins == ("https://example.org",)
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
        ('[cors]\nallow-methods = ["TRACE"]', "a list of texts, each one of"),
        ('[cors]\nallow-origins = ["example.org"]', 'as in "https://example.org"'),
        ('[tags]\n"aws:x" = "1"', 'do not begin with "aws:"'),
        ('[secrets]\nTOKEN = "hunter2"', 'as in "ssm:/iris/token"'),
        ('[secrets]\nAWS_REGION = "ssm:/x"', "secrets.AWS_REGION: Lambda sets this variable itself"),
        ('environment = { TT = "a" }\nsecrets = { TT = "ssm:/t" }', "environment has the same variable"),
        ('environment = { KEY = "AKIAIOSFODNN7EXAMPLE" }', "looks like a secret"),
        ('role = "iris"', "expected the ARN of a role"),
        ('auth = "jwt"', "expected issuer and audience in [jwt]"),
        ('[jwt]\nissuer = "https://x"', 'expected auth = "jwt"'),
        (
            'auth = "jwt"\nendpoint = "function-url"\njwt = { issuer = "https://x", audience = ["a"] }',
            "only an HTTP API",
        ),
        ('endpoint = "function-url"\nthrottling = { rate = 1 }', "only an HTTP API throttles"),
        ('endpoint = "none"\ncors = { allow-origins = ["*"] }', "nothing that pages could call"),
        ('endpoint = "function-url"\ncors = { allow-methods = ["OPTIONS"] }', "does not take OPTIONS"),
        ('cors = { allow-origins = ["*"], allow-credentials = true }', "browsers refuse that"),
        ("reserved-concurrency = 1\nprovisioned-concurrency = 2", "is more than reserved-concurrency"),
        ("stages = 1", "expected tables, [stages.NAME]"),
        ("[stages.prod]\nmemroy = 1", "stages.prod.memroy is not a key: did you mean memory?"),
        ('[stages.prod]\nmodel = "x"', "the same for all stages"),
        ("[stages.prod]\ncors = 1", "expected a table, [stages.prod.cors]"),
        ("[stages.prod.cors]\nallow-origin = 1", "did you mean allow-origins?"),
        ("[stages.prod]\nmemory = 1", "[stages.prod] memory = 1: expected an integer"),
        ('[stages."a b"]', "expected a name of 1 to 32"),
    ],
)
def test_a_wrong_line_is_named(text: str, expected: str):
    assert expected in problems_of(text)


def test_a_mistake_of_the_project_is_told_once_and_not_for_each_stage():
    assert "has one problem" in problems_of("memory = 1\n" + STAGED.replace("memory = 512", ""))


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
    assert [key.path for key in DEPLOYMENT_KEYS if not key.staged] == []
