"""The template: lint-clean for every combination of settings, least privilege, and always the same digest."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import cfnlint.api
import pytest
from cfnlint.config import ManualArgs

from iris_model.aws.cloudformation import yaml_text
from iris_model.aws.cloudformation.code import find_code, image_uri
from iris_model.aws.cloudformation.template import render_template
from iris_model.aws.cloudformation.yaml_text import Tag, get_att, plain, read, ref
from iris_model.contract.batch import Batch
from iris_model.contract.deployment import Deployment, Domain, Vpc
from iris_model.contract.endpoint import Cors, Endpoint, Jwt, Throttling
from iris_model.contract.event_source import EventSource
from tests.support.spread import spread

DIGEST = "sha256:" + "1" * 64
BARE = Deployment(function="iris-prediction", stack="iris-prediction", repository="iris-prediction")
ON = "arn:aws:{}:eu-west-1:123456789012:{}"
FEATURES: dict[str, Any] = {
    "vpc": Vpc(("subnet-0123456789abcdef0", "subnet-0123456789abcdef1"), ("sg-0123456789abcdef0",)),
    "kms_key": ON.format("kms", "key/1234abcd-12ab-34cd-56ef-1234567890ab"),
    "dead_letter": ON.format("sqs", "iris-dead"),
    "on_failure": "arn:aws:s3:::iris-failures",
    "on_success": ON.format("events", "event-bus/default"),
    "keep_warm": "rate(5 minutes)",
    "dashboard": True,
    "events": (
        EventSource(
            "orders",
            ON.format("sqs", "rows"),
            ON.format("sqs", "answers"),
            ON.format("sqs", "refused"),
            batch_size=100,
            window=5,
            concurrency=20,
            filter=('{"body": {"a": [1]}}',),
        ),
        EventSource(
            "clicks",
            ON.format("kinesis", "stream/rows"),
            "arn:aws:s3:::iris-answers/clicks/",
            "arn:aws:s3:::iris-refused",
            starting_position="trim-horizon",
        ),
        EventSource(
            "items",
            ON.format("dynamodb", "table/rows/stream/2026-01-01T00:00:00.000"),
            ON.format("dynamodb", "table/out"),
        ),
        EventSource(
            "broker", ON.format("kafka", "cluster/rows/0123-4"), ON.format("kinesis", "stream/out"), topic="rows"
        ),
        EventSource("news", ON.format("sns", "rows"), ON.format("sqs", "answers"), filter=('{"kind": ["row"]}',)),
        EventSource("files", "arn:aws:s3:::iris-rows", "arn:aws:s3:::iris-answers", prefix="in/", suffix=".csv"),
        EventSource("bus", ON.format("events", "event-bus/rows"), filter=('{"detail-type": ["row"]}',)),
        EventSource("sql", "redshift"),
    ),
    "batch": Batch("s3://iris-in/a/", "s3://iris-out/", 50),
}
DOMAIN = Domain("iris.example.org", ON.format("acm", "certificate/1234abcd"), "Z0123456789ABCDEFGHIJ")
SNAPSTART = replace(BARE, snapstart=True)
FULL = replace(
    BARE,
    memory=1024,
    timeout=29,
    architecture="arm64",
    ephemeral_storage=1024,
    environment={"LEVEL": "info"},
    secrets={"TOKEN": "secretsmanager:iris:token", "PLAIN": "ssm:/iris/plain"},
    reserved_concurrency=10,
    provisioned_concurrency=2,
    log_retention_days=365,
    log_format="json",
    log_lines="errors",
    tracing=True,
    permissions_boundary="arn:aws:iam::123456789012:policy/boundary",
    tags={"team": "flowers", "cost:center": "12"},
    **FEATURES,
)
# Values that a user may write: each stays the same string.
ODD_TEXTS = (
    """it's "quoted": yes # no""", "- a", "? b", "*", "&x", "!Ref Role", "%", "@", "`", "{a: b}", "[1]", "|", ">", "null", "~",
    "0o17", "1_000", "12:30:45", "1e5", "=", "<<", "", " ", "two\nlines\n", "a\r\nb", "tab\tend ", "Größe 花 \U0001f33a",
    "\u2028\x85\x1b", "$AWS", "{{a}}", "\\d+\\", "y" * 300,
)  # fmt: skip
ODD = replace(
    BARE,
    environment={f"ODD_{number}": text for number, text in enumerate(ODD_TEXTS)}
    | {name: name for name in ("NO", "Yes", "null", "NaN", "K" * 200)},
    tags={"08": "1e3", "no": "off", "a b:c/d=+-@._": "yes", "ß花" * 64: "=", "=": ":", ":": "12:30", " ": "  "},
)
CORS = Cors(
    allow_origins=("https://example.org",), expose_headers=("x-request-id",), allow_credentials=True, max_age=600
)
JWT = Jwt(issuer="https://login.example.org", audience=("iris",))
ENDPOINTS = {
    f"{kind}-{auth}-{'cors' if cors else 'plain'}": Endpoint(
        kind=kind,
        auth=auth,
        route=route,
        stage=stage,
        cors=cors,
        throttling=Throttling(rate=10.5, burst=20) if kind == "http-api" and cors else Throttling(),
        jwt=JWT if auth == "jwt" else None,
    )
    for (kind, auth, route, stage), cors in itertools.product(
        [
            ("http-api", "open", "/iris-prediction", "default"),
            ("http-api", "iam", "/v1/predict", "$default"),
            ("http-api", "jwt", "/", "prod"),
            ("function-url", "open", "/", "default"),
            ("function-url", "iam", "/", "default"),
            ("none", "open", "/", "default"),
        ],
        [None, CORS],
    )
    if not (kind == "none" and cors)
}
ENDPOINTS["http-api-jwt-routes"] = replace(
    ENDPOINTS["http-api-jwt-cors"], more_routes=("POST /invocations", "GET /ping", "/ping", "/any/{rest+}", "ANY /")
)


def with_endpoint(base: Deployment, endpoint: Endpoint) -> Deployment:
    """With all settings that only an HTTP API has, where the endpoint is one."""
    if base is FULL and endpoint.kind == "http-api":
        return replace(base, endpoint=endpoint, domain=DOMAIN, access_log=True)
    return replace(base, endpoint=endpoint)


def render(deployment: Deployment) -> str:
    return render_template(deployment, find_code(deployment, DIGEST, "python3.13" if deployment.is_zip else ""))


def resources(deployment: Deployment) -> dict[str, Any]:
    found = read(render(deployment))["Resources"]
    assert isinstance(found, dict)
    return found


def of_type(deployment: Deployment, kind: str) -> list[dict[str, Any]]:
    return [one["Properties"] for one in resources(deployment).values() if one["Type"] == kind]


ZIP = replace(BARE, package_type="zip")


# cfn-lint takes its time: a quarter of these for `make test`, kinds of endpoints and settings mixed; all for CI.
@pytest.mark.parametrize(
    ("base", "endpoint"),
    spread(
        [
            pytest.param(
                base, endpoint, id=f"{kind}-{name}", marks=[pytest.mark.slow] if (number + 2 * full) % 4 else []
            )
            for full, (kind, base) in enumerate({"bare": BARE, "full": FULL}.items())
            for number, (name, endpoint) in enumerate(ENDPOINTS.items())
        ],
        2,
        unpack=True,
    ),
)
def test_every_template_is_lint_clean(base: Deployment, endpoint: Endpoint):
    check_lint(render(with_endpoint(base, endpoint)))


@pytest.mark.parametrize("runtime", ["provided.al2023", "python3.13", "python3.14"])
def test_the_template_of_an_archive_is_lint_clean(runtime: str):
    check_lint(render_template(ZIP, find_code(ZIP, DIGEST, runtime)))


def check_lint(text: str) -> None:
    found = cfnlint.api.lint(text, config=ManualArgs(regions=["eu-west-1"], include_checks=["I"]))
    assert [f"{match.rule.id} {match.message} (line {match.linenumber})" for match in found] == []


@pytest.mark.slow
def test_odd_texts_stay_what_they_are():
    text = render(ODD)
    found = cfnlint.api.lint(text, config=ManualArgs(regions=["eu-west-1"], include_checks=["I"]))
    assert [match.message for match in found] == [] and text.isascii()
    for section in (read(text), json.loads(json.dumps(plain(read(text))))):
        properties = section["Resources"]["Function"]["Properties"]
        assert properties["Environment"]["Variables"] == ODD.environment
        assert {tag["Key"]: tag["Value"] for tag in properties["Tags"]} == ODD.tags
        assert section["Resources"]["HttpApi"]["Properties"]["Tags"] == ODD.tags


def test_with_a_role_in_the_settings_no_role_is_created():
    own = replace(BARE, role="arn:aws:iam::123456789012:role/mine")
    assert of_type(own, "AWS::IAM::Role") == []
    assert of_type(own, "AWS::Lambda::Function")[0]["Role"] == own.role
    assert cfnlint.api.lint(render(own), config=ManualArgs(regions=["eu-west-1"])) == []


def test_the_function_may_write_its_own_log_and_nothing_else():
    (role,) = of_type(BARE, "AWS::IAM::Role")
    (policy,) = role["Policies"]
    assert policy["PolicyDocument"]["Statement"] == [
        {
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": get_att("LogGroup.Arn"),
        }
    ]
    assert "ManagedPolicyArns" not in role


def test_no_transform_and_no_resource_that_costs_while_idle_unless_asked():
    text = render(BARE)
    assert "Transform" not in text
    assert "ProvisionedConcurrency" not in text


def test_only_the_lines_of_errors_are_logged():
    """SystemLogLevel is for the JSON format only: Lambda refuses it with the text format."""
    logging = [resources(each)["Function"]["Properties"]["LoggingConfig"] for each in (BARE, FULL)]
    assert "SystemLogLevel" not in logging[0] and logging[0]["LogFormat"] == "Text"
    assert (logging[1]["LogFormat"], logging[1]["SystemLogLevel"]) == ("JSON", "WARN")


def test_how_many_errors_ring_the_alarm():
    (alarm,) = of_type(BARE, "AWS::CloudWatch::Alarm")
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (1, "GreaterThanOrEqualToThreshold")
    (later,) = of_type(replace(BARE, error_alarm_threshold=5), "AWS::CloudWatch::Alarm")
    assert later["Threshold"] == 5
    assert "at least 5 times" in later["AlarmDescription"]
    assert of_type(replace(BARE, error_alarm=False), "AWS::CloudWatch::Alarm") == []


def test_the_image_is_named_by_digest():
    (function,) = of_type(BARE, "AWS::Lambda::Function")
    assert function["Code"]["ImageUri"].value.endswith(f"/iris-prediction@{DIGEST}")


def version_id(deployment: Deployment, image: str | Tag = "x@sha256:1") -> str:
    names = read(render_template(deployment, image))["Resources"]
    (found,) = [name for name in names if name.startswith("Version")]
    return str(found)


def test_the_name_of_a_version_depends_only_on_settings_that_a_version_keeps():
    same = [replace(BARE, tags={"a": "b"}), replace(BARE, reserved_concurrency=1), replace(BARE, log_retention_days=1)]
    other = [replace(BARE, memory=256), replace(BARE, environment={"A": "1"}), replace(BARE, tracing=True)]
    assert {version_id(one) for one in same} == {version_id(BARE)}
    assert len({version_id(BARE), *(version_id(one) for one in other)}) == 4
    assert version_id(BARE, "x@sha256:2") != version_id(BARE)


def test_versions_and_the_log_stay_when_they_leave_the_template():
    found = resources(BARE)
    version = next(value for name, value in found.items() if name.startswith("Version"))
    assert (version["DeletionPolicy"], version["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert found["LogGroup"]["DeletionPolicy"] == "RetainExceptOnCreate"


@pytest.mark.parametrize("name", [name for name in ENDPOINTS if not name.startswith("none")])
def test_every_permission_is_on_the_alias(name: str):
    permissions = of_type(replace(BARE, endpoint=ENDPOINTS[name]), "AWS::Lambda::Permission")
    assert all(permission["FunctionName"] == ref("LiveAlias") for permission in permissions)
    expected = {"http-api": 1, "function-url": 2 if "-open-" in name else 0}[name.rpartition("-")[0].rpartition("-")[0]]
    assert len(permissions) == expected


def test_a_public_function_url_has_both_permissions():
    permissions = of_type(replace(BARE, endpoint=ENDPOINTS["function-url-open-plain"]), "AWS::Lambda::Permission")
    assert {one["Action"] for one in permissions} == {"lambda:InvokeFunctionUrl", "lambda:InvokeFunction"}


def test_a_preflight_request_needs_no_credentials():
    for auth in ("iam", "jwt"):
        routes = of_type(replace(BARE, endpoint=ENDPOINTS[f"http-api-{auth}-cors"]), "AWS::ApiGatewayV2::Route")
        open_routes = [route["RouteKey"] for route in routes if route["AuthorizationType"] == "NONE"]
        assert len(routes) == 2 and open_routes[0].startswith("OPTIONS ")


def test_every_route_is_there_once_and_may_call():
    deployment = replace(BARE, endpoint=ENDPOINTS["http-api-jwt-routes"])
    routes = of_type(deployment, "AWS::ApiGatewayV2::Route")
    keys = {kind: [one["RouteKey"] for one in routes if one["AuthorizationType"] == kind] for kind in ("JWT", "NONE")}
    assert keys["JWT"] == ["ANY /", "POST /invocations", "GET /ping", "ANY /ping", "ANY /any/{rest+}"]
    assert keys["NONE"] == ["OPTIONS /", "OPTIONS /invocations", "OPTIONS /ping", "OPTIONS /any/{rest+}"]
    (permission,) = of_type(deployment, "AWS::Lambda::Permission")
    assert permission["SourceArn"].value.endswith("${HttpApi}/*/*")


def test_secrets_are_references_and_never_values():
    (function,) = of_type(FULL, "AWS::Lambda::Function")
    assert function["Environment"]["Variables"] == {
        "LEVEL": "info",
        "PLAIN": "{{resolve:ssm:/iris/plain}}",
        "TOKEN": "{{resolve:secretsmanager:iris:SecretString:token}}",
    }


def test_the_alias_follows_the_parameter_if_it_is_given():
    (alias,) = of_type(BARE, "AWS::Lambda::Alias")
    version = version_id(BARE, image_uri(BARE.repository, DIGEST))
    assert alias["FunctionVersion"] == Tag(
        "If", ["LiveVersionIsGiven", ref("LiveVersion"), get_att(f"{version}.Version")]
    )


def test_the_largest_template_fits_into_one_call():
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
    largest = max(len(render(with_endpoint(FULL, endpoint)).encode()) for endpoint in ENDPOINTS.values())
    assert largest < 51_200 * 0.6  # with eight sources of events, a dashboard, a domain and all other features


def test_the_command_at_the_head_is_one_line_and_moves_the_traffic():
    # https://docs.aws.amazon.com/cli/latest/reference/cloudformation/deploy/: what is not named keeps its previous value.
    long = replace(BARE, stack="a-stack-" * 10)
    command = (
        f"#   aws cloudformation deploy --stack-name {long.stack} --template-file FILE --capabilities CAPABILITY_IAM"
    )
    assert f"{command} --parameter-overrides LiveVersion=\n" in render(long)


def test_the_command_of_a_template_that_no_call_takes_goes_through_s3():
    assert "--s3-bucket" not in render(BARE)
    large = render(replace(BARE, environment={f"KEY{number}": "x" * 1000 for number in range(60)}))
    command = (
        " --template-file FILE --s3-bucket BUCKET --capabilities CAPABILITY_IAM --parameter-overrides LiveVersion=\n"
    )
    assert len(large) > 51_200 and command in large


def test_a_long_name_is_a_key_as_any_other():
    """PyYAML writes keys over 128 characters with a question mark, which not every reader of templates knows."""
    names = ["K" * 128, "K" * 900, "é" * 128]
    written = yaml_text.render({"Variables": dict.fromkeys(names, "value")}, {}, head="")
    assert [line for line in written.splitlines() if line.strip()[:1] == "?"] == []
    assert read(written) == {"Variables": dict.fromkeys(names, "value")}
    beyond = {
        "Tags": {"\U00020000" * 128: "value", "K" * 2000: "value"}
    }  # YAML itself has 1024 characters for simple keys
    assert read(yaml_text.render(beyond, {}, head="")) == beyond


def test_the_template_reads_well():
    """The picture in the how-to page: comments stand where the resource is."""
    page = Path(__file__).parent / "template.yaml"
    assert render(replace(BARE, endpoint=ENDPOINTS["http-api-open-plain"])) == page.read_text(encoding="utf-8")
