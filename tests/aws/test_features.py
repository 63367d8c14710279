"""The keys that are off by default: what each adds to the template, to the role, and what a plan refuses."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import cfnlint.api
import pytest
from cfnlint.config import ManualArgs

from iris_model.aws.access.permissions import Names, make_policy
from iris_model.aws.cloudformation.yaml_text import Tag, get_att, ref
from iris_model.aws.deploying.steps import Canary
from iris_model.aws.notes import find_notes
from iris_model.aws.state.observe import Stack, find_address
from iris_model.contract.deployment import FEATURES as NAMES
from iris_model.contract.deployment import Deployment
from iris_model.contract.endpoint import Endpoint, Jwt
from iris_model.errors import DeploymentError
from iris_model.runtime.triggers import is_ping
from tests.aws.conftest import Cloud
from tests.aws.test_template import BARE, DOMAIN, FEATURES, FULL, SNAPSTART, of_type, render, resources, with_endpoint
from tests.support.aws_rules import Refused
from tests.support.aws_rules.templates import check_snapstart
from tests.support.fake_ecr import ACCOUNT

QUEUE = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:iris-dead"


def statements(deployment: Deployment) -> list[dict[str, Any]]:
    """What the role may do in addition to writing its log."""
    (role,) = of_type(deployment, "AWS::IAM::Role")
    found = role["Policies"][0]["PolicyDocument"]["Statement"][1:]
    assert isinstance(found, list)
    return found


def function(deployment: Deployment) -> dict[str, Any]:
    (found,) = of_type(deployment, "AWS::Lambda::Function")
    return found


def version(deployment: Deployment) -> str:
    (name,) = (name for name, each in resources(deployment).items() if each["Type"] == "AWS::Lambda::Version")
    return name


def test_without_the_key_the_template_has_no_such_resource():
    assert BARE.keys == ()
    assert set(resources(BARE)) == {
        "LogGroup", "Role", "Function", version(BARE), "LiveAlias", "HttpApi", "Integration", "Route", "Stage",
        "ApiPermission", "ErrorAlarm",
    }  # fmt: skip
    assert set(NAMES) == {
        name for name in Deployment.__dataclass_fields__ if name in {*FEATURES, "domain", "access_log", "snapstart"}
    }


def test_in_a_vpc_the_code_of_the_function_gets_none_of_the_permissions():
    inside = replace(BARE, vpc=FEATURES["vpc"])
    assert function(inside)["VpcConfig"] == {
        "SecurityGroupIds": ["sg-0123456789abcdef0"],
        "SubnetIds": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
    }
    allowed, denied = statements(inside)
    assert (allowed["Effect"], denied["Effect"]) == ("Allow", "Deny") and allowed["Action"] == denied["Action"]
    own = "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:iris-prediction"
    assert denied["Condition"] == {"ArnEquals": {"lambda:SourceFunctionArn": Tag("Sub", own)}}
    assert version(inside) != version(BARE)


def test_a_key_of_kms():
    own = replace(BARE, kms_key=FEATURES["kms_key"])
    assert function(own)["KmsKeyArn"] == own.kms_key
    assert statements(own) == [{"Effect": "Allow", "Action": "kms:Decrypt", "Resource": own.kms_key}]


def test_destinations_are_of_the_alias_and_the_role_may_send_there():
    sending = replace(BARE, **{name: FEATURES[name] for name in ("dead_letter", "on_failure", "on_success")})
    assert function(sending)["DeadLetterConfig"] == {"TargetArn": sending.dead_letter}
    (found,) = of_type(sending, "AWS::Lambda::EventInvokeConfig")
    assert (found["FunctionName"], found["Qualifier"]) == (ref("Function"), "live")
    assert found["DestinationConfig"] == {
        "OnFailure": {"Destination": "arn:aws:s3:::iris-failures"},
        "OnSuccess": {"Destination": sending.on_success},
    }
    assert [(each["Action"], each["Resource"]) for each in statements(sending)] == [
        ("sqs:SendMessage", sending.dead_letter),
        ("s3:ListBucket", "arn:aws:s3:::iris-failures"),
        ("s3:PutObject", "arn:aws:s3:::iris-failures/*"),
        ("events:PutEvents", sending.on_success),
    ]
    assert of_type(replace(sending, on_failure=None, on_success=None), "AWS::Lambda::EventInvokeConfig") == []


def test_the_access_log_has_one_line_of_json_per_request():
    logged = replace(BARE, access_log=True)
    (stage,) = of_type(logged, "AWS::ApiGatewayV2::Stage")
    assert stage["AccessLogSettings"]["DestinationArn"] == get_att("AccessLog.Arn")
    fields = json.loads(stage["AccessLogSettings"]["Format"])
    assert fields["status"] == "$context.status" and fields["ip"] == "$context.identity.sourceIp"
    group = resources(logged)["AccessLog"]
    assert group["DeletionPolicy"] == "Delete"
    assert group["Properties"]["LogGroupName"] == "/aws/vendedlogs/apigateway/iris-prediction"


def test_a_domain_with_and_without_its_hosted_zone():
    named = replace(BARE, domain=DOMAIN)
    found = resources(named)
    assert found["Domain"]["Properties"]["DomainNameConfigurations"][0]["CertificateArn"] == DOMAIN.certificate
    assert found["DomainMapping"]["Properties"] == {
        "ApiId": ref("HttpApi"), "DomainName": ref("Domain"), "Stage": ref("Stage"),
    }  # fmt: skip
    assert found["DomainRecord"]["Properties"]["AliasTarget"] == {
        "DNSName": get_att("Domain.RegionalDomainName"), "HostedZoneId": get_att("Domain.RegionalHostedZoneId"),
    }  # fmt: skip
    assert "Value: https://iris.example.org/\n" in render(named)
    by_hand = replace(named, domain=replace(DOMAIN, hosted_zone=None))
    assert of_type(by_hand, "AWS::Route53::RecordSet") == []
    assert "DomainTarget:" in render(by_hand)
    assert lint(by_hand) == []


def test_pings_are_the_scheduled_events_that_the_runtime_answers():
    warm = replace(BARE, keep_warm="rate(5 minutes)")
    (rule,) = of_type(warm, "AWS::Events::Rule")
    assert rule["ScheduleExpression"] == "rate(5 minutes)"
    # Without an input a rule sends this.
    assert rule["Targets"] == [{"Id": "live", "Arn": ref("LiveAlias"), "RetryPolicy": {"MaximumRetryAttempts": 0}}]
    assert is_ping({"detail-type": "Scheduled Event", "source": "aws.events", "detail": {}})
    (permission,) = (
        each for each in of_type(warm, "AWS::Lambda::Permission") if each["Principal"] == "events.amazonaws.com"
    )
    assert (permission["FunctionName"], permission["SourceArn"]) == (ref("LiveAlias"), get_att("KeepWarm.Arn"))
    assert version(warm) == version(BARE)


@pytest.mark.slow
def test_with_names_at_their_limits_every_name_of_the_template_is_one_that_aws_takes():
    """A rule of EventBridge has 64 characters at most, as a function has: its name is cut, and stays one for each function."""
    longest = [
        replace(with_endpoint(FULL, Endpoint(route="/iris")), function="n" * 63 + end, stack="s" * 46) for end in "ab"
    ]
    assert lint(longest[0]) == []
    names = [of_type(each, "AWS::Events::Rule")[0]["Name"] for each in longest]
    assert {len(name) for name in names} == {64} and names[0] != names[1]
    policy = make_policy(Names(function=longest[0].function, keys=("keep-warm",)))
    assert any(resource.endswith(f":rule/{names[0]}") for each in policy["Statement"] for resource in each["Resource"])


def test_a_note_says_that_on_success_gets_a_record_per_ping():
    both = replace(BARE, keep_warm="rate(5 minutes)", on_success=QUEUE)
    (note,) = find_notes(both)
    assert note.key == "keep-warm" and "on-success gets a record for each ping" in note.text
    assert note.text in " ".join(render(both).replace("\n  #", "").split())


@pytest.mark.parametrize(
    "deployment", [BARE, FULL, replace(BARE, log_format="json", architecture="arm64")], ids=["text", "errors", "json"]
)
def test_the_dashboard_follows_the_alias(deployment: Deployment):
    (found,) = of_type(replace(deployment, dashboard=True), "AWS::CloudWatch::Dashboard")
    widgets = json.loads(found["DashboardBody"].value)["widgets"]
    graphs = [each["properties"]["metrics"] for each in widgets if each["type"] == "metric"]
    of_alias = [metric for graph in graphs for metric in graph if "Resource" in metric]
    assert {metric[metric.index("Resource") + 1] for metric in of_alias} == {"iris-prediction:live"}
    assert {metric[1] for metric in of_alias} == {"Invocations", "Errors", "Throttles", "Duration"}
    # Lines of starts and memory are there unless only those of errors are written.
    assert [each["type"] for each in widgets].count("log") == (0 if deployment.log_lines == "errors" else 2)
    said = [each["properties"]["markdown"] for each in widgets if each["type"] == "text"]
    assert len(said) == (1 if deployment.log_lines == "errors" else 0)
    assert all("Starts and memory** are not shown" in each and '`log-lines = "errors"`' in each for each in said)
    assert len({(each["x"], each["y"]) for each in widgets}) == len(widgets)


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_the_dashboard_counts_starts_from_snapshots(log_format: str):
    """Their REPORT lines have no init."""
    for snapstart, there, absent in ((False, "init", "estore"), (True, "estore", "init")):
        deployment = replace(BARE, snapstart=snapstart, dashboard=True, log_format=log_format)
        (found,) = of_type(deployment, "AWS::CloudWatch::Dashboard")
        widgets = [each["properties"] for each in json.loads(found["DashboardBody"].value)["widgets"]]
        (starts,) = [each for each in widgets if each.get("title", "").startswith("Starts")]
        for text in (starts["title"], starts["query"]):
            assert there in text and absent not in text


def lint(deployment: Deployment) -> list[str]:
    found = cfnlint.api.lint(render(deployment), config=ManualArgs(regions=["eu-west-1"], include_checks=["I"]))
    return [match.message for match in found]


def test_a_canary_across_another_dead_letter_is_refused_in_the_plan():
    cloud = Cloud()
    cloud.deploy(1)
    cloud.deployment = replace(cloud.deployment, dead_letter=QUEUE)
    with pytest.raises(DeploymentError, match="dead-letter of version 1 is not set") as caught:
        cloud.deploy(2, canary=Canary(10, 1))
    assert "Deploy without --canary" in caught.value.remedy
    cloud.deploy(2)
    cloud.deploy(3, canary=Canary(10, 1))
    cloud.deployment = replace(cloud.deployment, dead_letter=None)
    with pytest.raises(DeploymentError, match="that of the new one is not set"):
        cloud.deploy(4, canary=Canary(10, 1))


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("kms-key", {"kms_key": f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1234abcd"}),
        ("dead-letter", {"dead_letter": QUEUE.replace("eu-west-1", "us-east-1")}),
        ("on-success", {"on_success": QUEUE.replace("eu-west-1", "us-east-1")}),
        (
            "domain.certificate",
            {"domain": replace(DOMAIN, certificate=f"arn:aws:acm:us-east-1:{ACCOUNT}:certificate/1")},
        ),
    ],
)
def test_resources_in_another_region_are_refused_in_the_plan(key: str, change: dict[str, Any]):
    cloud = Cloud()
    cloud.deployment = replace(cloud.deployment, **change)
    with pytest.raises(DeploymentError, match=f"{key} is in region us-east-1, and the function is in eu-west-1"):
        cloud.deploy(1)


def test_a_deployer_needs_permissions_for_a_key_only_while_it_is_set():
    def actions(names: Names) -> set[str]:
        return {action for each in make_policy(names)["Statement"] for action in each["Action"]}

    assert FULL.keys == (
        "vpc", "kms-key", "dead-letter", "on-failure", "on-success", "keep-warm", "dashboard", "events", "batch",
    )  # fmt: skip
    more = actions(Names(keys=FULL.keys, kms_key="arn")) - actions(Names())
    assert {"ec2:DescribeSubnets", "kms:CreateGrant", "events:PutRule", "cloudwatch:PutDashboard"} <= more
    assert "route53:ChangeResourceRecordSets" not in more
    assert "route53:ChangeResourceRecordSets" in actions(Names(keys=("domain",), hosted_zone="Z1"))


def test_a_stage_of_an_open_domain_with_tokens_is_lint_clean():
    endpoint = Endpoint(auth="jwt", jwt=Jwt("https://login.example.org", ("iris",)), stage="$default")
    assert lint(replace(BARE, domain=DOMAIN, access_log=True, endpoint=endpoint)) == []


def test_the_address_to_call_is_the_one_under_the_name():
    outputs = {"Endpoint": "https://abc.execute-api.eu-west-1.amazonaws.com/default/iris"}
    assert find_address(Stack("UPDATE_COMPLETE", outputs=outputs)) == outputs["Endpoint"]
    named = {**outputs, "DomainEndpoint": "https://iris.example.org/iris"}
    assert find_address(Stack("UPDATE_COMPLETE", outputs=named)) == "https://iris.example.org/iris"


def test_snapstart_is_of_published_versions():
    assert function(SNAPSTART)["SnapStart"] == {"ApplyOn": "PublishedVersions"}
    assert version(SNAPSTART) != version(BARE)
    assert lint(SNAPSTART) == []
    check_snapstart(function(SNAPSTART), of_type(SNAPSTART, "AWS::Lambda::Alias"))
    # What iris-model.toml refuses is what Lambda would refuse.
    for wrong in (replace(SNAPSTART, ephemeral_storage=1024), replace(SNAPSTART, provisioned_concurrency=1)):
        with pytest.raises(Refused, match="SnapStart is not supported with"):
            check_snapstart(function(wrong), of_type(wrong, "AWS::Lambda::Alias"))
