"""`doctor` finds what would stop a deployment before it starts, and continues after the first problem."""

from __future__ import annotations

import datetime
import importlib
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from iris_model.aws.access.permissions import make_policy
from iris_model.aws.client.failed_call import Failure
from iris_model.aws.doctor import BAD, GOOD, WARNING, Check, check_aws, check_clock, check_settings, name_all
from iris_model.contract.deployment import Deployment, Vpc
from iris_model.contract.endpoint import Endpoint
from tests.aws.conftest import DEPLOYMENT, Cloud

command = importlib.import_module("iris_model.cli.commands.aws.doctor")  # the package has the command by that name
NOW = datetime.datetime(2026, 11, 25, 12, tzinfo=datetime.UTC)
ROLE = "arn:aws:iam::123456789012:role/mine"


def look(cloud: Cloud, **more: object) -> dict[str, Check]:
    deployment: Deployment = replace(DEPLOYMENT, **more)  # type: ignore[arg-type]
    return {check.name: check for check in check_aws(cloud.aws, deployment, lambda: NOW)}


def test_missing_permissions_are_named_with_their_resource(cloud: Cloud):
    cloud.fake.forbidden = {"lambda:UpdateAlias", "iam:PassRole"}
    checks = look(cloud)
    assert checks["credentials"].verdict == "good"
    assert checks["permissions"].verdict == "bad"
    said = checks["permissions"].says
    function = "arn:aws:lambda:eu-west-1:123456789012:function:iris"
    assert f"lambda:UpdateAlias on {function} and {function}:*" in said
    assert "iam:PassRole on arn:aws:iam::123456789012:role/iris-Role-*" in said


def test_each_resource_of_each_statement_is_asked_about(cloud: Cloud):
    look(cloud, secrets={"TOKEN": "secretsmanager:iris:token"})
    deployment = replace(DEPLOYMENT, secrets={"TOKEN": "secretsmanager:iris:token"})
    names = name_all(deployment, account="123456789012", region="eu-west-1", partition="aws")
    wanted = [each for statement in make_policy(names, signs=False)["Statement"] for each in statement["Resource"]]
    assert len(cloud.fake.simulated_on) == len(wanted) > 15
    # No pattern is asked about: IAM takes what it gets as it is written.
    assert [each for each in cloud.fake.simulated_on if "*" in each and each != "*"] == []


def test_a_permission_that_is_missing_on_the_second_resource_alone(cloud: Cloud):
    tags = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/iris"
    cloud.fake.forbidden = {f"logs:TagResource {tags}"}
    assert look(cloud)["permissions"].says == f"missing: logs:TagResource on {tags}"
    version = "arn:aws:lambda:eu-west-1:123456789012:function:iris:x"
    cloud.fake.forbidden = {f"lambda:InvokeFunction {version}"}
    assert look(cloud)["permissions"].says == f"missing: lambda:InvokeFunction on {version[:-1]}*"


def test_signing_is_asked_for_only_where_the_endpoint_wants_signatures(cloud: Cloud):
    cloud.fake.forbidden = {"execute-api:Invoke", "lambda:InvokeFunctionUrl"}
    assert look(cloud)["permissions"].verdict == "good"
    said = look(cloud, endpoint=Endpoint(auth="iam"))["permissions"].says
    assert "execute-api:Invoke on " in said and "lambda:InvokeFunctionUrl on " in said


def test_the_session_of_a_role_is_simulated_as_its_role(cloud: Cloud):
    cloud.fake.caller = "arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_deployer_1/me@example.org"
    cloud.fake.role_path = "/aws-reserved/sso.amazonaws.com/eu-west-1/"
    assert look(cloud)["permissions"].verdict == "good"
    role = "role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_deployer_1"
    assert cloud.fake.simulated == f"arn:aws:iam::123456789012:{role}"


@pytest.mark.parametrize(("minutes", "verdict"), [(0, "good"), (3, "good"), (6, "bad"), (-6, "bad")])
def test_the_clock_may_be_some_minutes_wrong(minutes: int, verdict: str):
    assert check_clock(NOW, NOW + datetime.timedelta(minutes=minutes)).verdict == verdict


def test_the_role_that_is_given_is_looked_at(cloud: Cloud):
    assert look(cloud, role=ROLE)["role"].verdict == "good"
    cloud.fake.forbidden = {"iam:PassRole"}
    assert look(cloud, role=ROLE)["permissions"].says == f"missing: iam:PassRole on {ROLE}"
    cloud.fake.trusts = "ec2.amazonaws.com"
    found = look(cloud, role=ROLE)["role"]
    assert found.verdict == "bad" and "cannot be assumed by Lambda" in found.says and "sts:AssumeRole" in found.remedy
    cloud.fake.no_role = True
    assert f"{ROLE} does not exist" in look(cloud, role=ROLE)["role"].says
    assert "role" not in look(cloud)


def test_a_given_role_needs_the_rights_of_the_stack_role(cloud: Cloud):
    queue, key = "arn:aws:sqs:eu-west-1:123456789012:dead", "arn:aws:kms:eu-west-1:123456789012:key/abc"
    more = {"role": ROLE, "dead_letter": queue, "kms_key": key, "tracing": True}
    streams = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/iris:log-stream:x"
    for action, resource in (
        ("logs:PutLogEvents", streams), ("sqs:SendMessage", queue), ("kms:Decrypt", key), ("xray:PutTraceSegments", "*"),
    ):  # fmt: skip
        cloud.fake.forbidden = {f"{action} {resource}"}
        found = look(cloud, **more)["role"]
        assert (found.verdict, action in found.says, resource in found.says) == ("warning", True, True), found
    cloud.fake.forbidden = set()
    assert look(cloud, **more)["role"].verdict == "good"
    # Network interfaces are denied to the code of the function, which is no need.
    cloud.fake.forbidden = {"ec2:CreateNetworkInterface"}
    vpc = Vpc(("subnet-0123456789abcdef0",), ("sg-0123456789abcdef0",))
    assert "ec2:CreateNetworkInterface" in look(cloud, role=ROLE, vpc=vpc)["role"].says
    assert look(cloud, role=ROLE)["role"].verdict == "good"


def test_a_role_whose_permissions_cannot_be_simulated_is_a_note(cloud: Cloud):
    def refuse(number: int, service: str, operation: str) -> None:
        if operation == "SimulatePrincipalPolicy":
            raise Failure(service, operation, "AccessDeniedException", "not authorized to perform: it", 403)

    cloud.fake.before = refuse
    found = look(cloud, role=ROLE)["role"]
    assert found.verdict == "warning" and "can be assumed by Lambda" in found.says and "simulate" in found.says


def test_secrets_are_looked_at_and_never_read(cloud: Cloud):
    cloud.fake.secrets, cloud.fake.no_secrets = {"level": "String", "token": "SecureString"}, {"gone"}
    secrets = {
        "A": "ssm:level",
        "B": "ssm:token",
        "C": "ssm:none",
        "D": "secretsmanager:iris:key",
        "E": "secretsmanager:gone",
    }
    found = [
        each
        for each in check_aws(cloud.aws, replace(DEPLOYMENT, secrets=secrets), lambda: NOW)
        if each.name == "secrets"
    ]
    assert [each.verdict for each in found] == ["good", "bad", "bad", "good", "bad"]
    assert "B: the parameter token is a SecureString" in found[1].says and "Secrets Manager" in found[1].remedy
    assert "E: no secret gone" in found[4].says and "create-secret" in found[4].remedy
    assert "GetSecretValue" not in cloud.fake.names()


def test_doctor_continues_after_the_first_problem(cloud: Cloud):
    def refuse(number: int, service: str, operation: str) -> None:
        if operation in ("GetRole", "DescribeSecret", "SimulatePrincipalPolicy"):
            raise Failure(service, operation, "AccessDeniedException", "not authorized to perform: it", 403)

    cloud.fake.before = refuse
    checks = look(cloud, role=ROLE, secrets={"A": "secretsmanager:iris"})
    assert {name: check.verdict for name, check in checks.items()} == {
        "credentials": "good", "role": "warning", "secrets": "warning", "permissions": "warning",
    }  # fmt: skip


def test_settings_are_looked_at_without_aws():
    found = check_settings(replace(DEPLOYMENT, timeout=60, stack="s" * 47))
    assert [each.verdict for each in found] == ["warning", "warning"]
    assert "an HTTP API waits 30 s" in found[0].says and "function-url" in found[0].remedy
    assert "47 characters; a new stack may have 46" in found[1].says
    assert check_settings(DEPLOYMENT) == []


def test_the_verdicts_have_colours_in_a_terminal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    checks = [Check("one", GOOD, "as it should be"), Check("two", WARNING, "a note"), Check("three", BAD, "wrong")]
    monkeypatch.setattr(command, "_check_aws", lambda *_: checks)
    monkeypatch.setattr(command, "_check_docker", lambda: Check("Docker", GOOD, "1"))
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(command.doctor, [], color=True)
    assert done.exit_code == 1
    for colour, word, name in ((32, "ok    ", "one"), (33, "note  ", "two"), (31, "BAD   ", "three")):
        assert f"\x1b[{colour}m{word.strip()}\x1b[0m{' ' * (6 - len(word.strip()))}{name}" in done.output
    assert "\x1b" not in CliRunner().invoke(command.doctor, []).output
