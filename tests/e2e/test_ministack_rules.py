"""The rules of AWS that MiniStack lacks: with our layer, MiniStack refuses what AWS refuses.

That our own code keeps them is shown by all other tests on MiniStack, and call by call by those on the fake (tests/aws).
"""

from __future__ import annotations

import http.client
import io
import json
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.aws_rules.names import name_role
from tests.support.docker_engine import docker
from tests.support.iris_project import write_iris_project
from tests.support.ministack_cloud import ACCOUNT, REGION, SHARED, Cloud, Pushed, wait_for

pytestmark = pytest.mark.e2e

ROLE = f"arn:aws:iam::{ACCOUNT}:role/rules"
TRUST = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
BUCKET_TEMPLATE = "Parameters: {LiveVersion: {Type: String, Default: ''}}\nResources: {T: {Type: AWS::SNS::Topic}}\n"


def refused(call: Any, code: str, words: str, **parameters: Any) -> None:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    error = caught.value.response["Error"]
    assert error["Code"] == code and words in error["Message"], error


def change_set(cloud: Cloud, body: str, kind: str = "CREATE", stack: str = "rules", **more: Any) -> dict[str, Any]:
    parameters = {
        "StackName": stack,
        "ChangeSetName": f"c{time.monotonic_ns()}",
        "ChangeSetType": kind,
        "TemplateBody": body,
    }
    return {**parameters, **more}


def zipped(module: str) -> dict[str, bytes]:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("app.py", module)
    return {"ZipFile": archive.getvalue()}


def function_with_two_versions(cloud: Cloud, name: str, roles: tuple[str, str]) -> Any:
    lambda_ = cloud.client("lambda")
    code = zipped("def handler(event, context):\n    return event\n")
    lambda_.create_function(FunctionName=name, Runtime="python3.13", Role=roles[0], Handler="app.handler", Code=code)
    lambda_.publish_version(FunctionName=name)
    lambda_.update_function_configuration(FunctionName=name, Role=roles[1], MemorySize=256)
    lambda_.publish_version(FunctionName=name)
    lambda_.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    return lambda_


def test_1_and_8_weights_of_an_alias(cloud: Cloud):
    iam = cloud.client("iam")
    for name in ("rules", "rules-other"):
        iam.create_role(
            RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [TRUST]})
        )
    lambda_ = function_with_two_versions(cloud, "rules-weights", (ROLE, ROLE))
    alias = {"FunctionName": "rules-weights", "Name": "live"}
    share = {"AdditionalVersionWeights": {"2": 0.1}}
    lambda_.update_alias(**alias, FunctionVersion="1", RoutingConfig=share)
    # So does CloudFormation: it names no routing.
    words = "Function version 2 is already included in routing configuration"
    refused(lambda_.update_alias, "InvalidParameterValueException", words, **alias, FunctionVersion="2")
    assert cloud.alias("rules-weights") == ("1", {"2": 0.1})
    lambda_.update_alias(**alias, FunctionVersion="2", RoutingConfig={"AdditionalVersionWeights": {}})
    assert cloud.alias("rules-weights") == ("2", {})
    other = function_with_two_versions(cloud, "rules-roles", (ROLE, f"{ROLE}-other"))
    alias["FunctionName"] = "rules-roles"
    code = "InvalidParameterValueException"
    refused(other.update_alias, code, "execution role", **alias, FunctionVersion="1", RoutingConfig=share)
    for name in ("rules-weights", "rules-roles"):
        lambda_.delete_function(FunctionName=name)
    for name in ("rules", "rules-other"):
        iam.delete_role(RoleName=name)


LOGS_AND_API = """
Resources:
  LogGroup: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: rules-tags}}
  Api: {Type: AWS::ApiGatewayV2::Api, Properties: {Name: rules-tags, ProtocolType: HTTP}}
"""
GROUP, API = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:rules-tags", f"arn:aws:apigateway:{REGION}::"
# What is allowed -> what is refused.
TAG_POLICIES = {
    (f"{GROUP}:*", f"{API}*"): f"logs:TagResource on resource: {GROUP} ",
    (GROUP, f"{GROUP}:*", f"{API}/apis*", f"{API}/tags/*"): f"apigateway:POST on resource: {API}{API}/tags/ ",
    (GROUP, f"{GROUP}:*", f"{API}/apis*", f"{API}/tags/*", f"{API}{API}/tags/*"): "",
}


@pytest.mark.parametrize("allowed", TAG_POLICIES)
def test_2_and_17_tags_are_asked_for_on_their_own_arns(cloud: Cloud, allowed: tuple[str, ...]):
    name = f"rules-tags-{len(allowed)}"
    general = {
        "Effect": "Allow",
        "Action": ["cloudformation:*", "logs:DescribeLogGroups", "apigateway:TagResource"],
        "Resource": "*",
    }
    special = {"Effect": "Allow", "Action": ["logs:*", "apigateway:*"], "Resource": list(allowed)}
    user = cloud.as_new_user(name, {"Version": "2012-10-17", "Statement": [general, special]})
    formation = user.client("cloudformation")
    formation.create_stack(StackName=name, TemplateBody=LOGS_AND_API, Tags=[{"Key": "a", "Value": "b"}])

    def status() -> str:
        return str(formation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"])

    assert wait_for(lambda: status().endswith("_COMPLETE"), lambda: False, 30)
    events = formation.describe_stack_events(StackName=name)["StackEvents"]
    said = " ".join(str(each.get("ResourceStatusReason", "")) for each in events)
    cloud.client("cloudformation").delete_stack(StackName=name)
    assert status_of(events) == ("ROLLBACK_COMPLETE" if TAG_POLICIES[allowed] else "CREATE_COMPLETE"), said
    assert TAG_POLICIES[allowed] in said


def status_of(events: list[dict[str, Any]]) -> str:
    """The newest event is the first."""
    return str(next(each["ResourceStatus"] for each in events if each["ResourceType"] == "AWS::CloudFormation::Stack"))


def test_3_and_4_the_name_of_a_role_and_a_parameter_that_is_not_named(cloud: Cloud):
    formation, stack = cloud.client("cloudformation"), "r" * 60
    trust = {"Statement": [TRUST]}
    body = {
        "Parameters": {"LiveVersion": {"Type": "String", "Default": ""}},
        "Resources": {"Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": trust}}},
    }
    parameters = [{"ParameterKey": "LiveVersion", "ParameterValue": "1"}]
    more = {"StackName": stack, "Capabilities": ["CAPABILITY_IAM"]}
    formation.create_stack(TemplateBody=json.dumps(body), Parameters=parameters, **more)
    formation.get_waiter("stack_create_complete").wait(StackName=stack, WaiterConfig={"Delay": 1})
    (resource,) = formation.describe_stack_resources(StackName=stack)["StackResources"]
    name = resource["PhysicalResourceId"]
    assert len(name) == len(name_role(stack, "Role")) == 64 and not name.startswith(f"{stack}-Role-")
    body["Description"] = "changed"
    body["Outputs"] = {"O": {"Value": "changed"}}
    keeps = [{"ParameterKey": "LiveVersion", "UsePreviousValue": True}]
    formation.update_stack(TemplateBody=json.dumps(body), Parameters=keeps, **more)
    formation.get_waiter("stack_update_complete").wait(StackName=stack, WaiterConfig={"Delay": 1})
    assert formation.describe_stacks(StackName=stack)["Stacks"][0]["Parameters"][0]["ParameterValue"] == "1"
    formation.delete_stack(StackName=stack)


def function(properties: str) -> str:
    return f"Resources: {{F: {{Type: AWS::Lambda::Function, Properties: {{Role: {ROLE}, {properties}}}}}}}"


def test_5_6_7_10_14_the_content_of_a_template(cloud: Cloud):
    formation, ssm = cloud.client("cloudformation"), cloud.client("ssm")
    ssm.put_parameter(Name="/rules/plain", Type="String", Value="a")
    ssm.put_parameter(Name="/rules/secret", Type="SecureString", Value="a")
    tags = ", ".join(f"{{Key: k{number}, Value: v}}" for number in range(51))
    stage = (
        "Resources: {S: {Type: AWS::ApiGatewayV2::Stage, Properties: {DefaultRouteSettings: {ThrottlingRateLimit: 1}}}}"
    )
    for body, words in (
        (function("Environment: {Variables: {A: 08}}"), "08 is not a text for all"),
        (function("Environment: {Variables: {A: '{{resolve:ssm:/rules/secret}}'}}"), "secure parameter"),
        (function("Environment: {Variables: {A: '{{resolve:ssm:/rules/none}}'}}"), "Unable to fetch"),
        (function(f"Tags: [{tags}]"), "at most 50"),
        (f"# {'x' * 51_200}\n{BUCKET_TEMPLATE}", "51200"),
    ):
        refused(formation.create_change_set, "ValidationError", words, **change_set(cloud, body))
    refused(formation.create_change_set, "BadRequestException", "alone", **change_set(cloud, stage))
    snapshots = function("SnapStart: {ApplyOn: PublishedVersions}, EphemeralStorage: {Size: 1024}")
    refused(formation.create_change_set, "InvalidParameterValueException", "SnapStart", **change_set(cloud, snapshots))
    for name in ("/rules/plain", "/rules/secret"):
        ssm.delete_parameter(Name=name)


def test_9_what_a_stack_takes_by_its_state(cloud: Cloud):
    formation = cloud.client("cloudformation")
    formation.create_change_set(**change_set(cloud, BUCKET_TEMPLATE, stack="rules-states"))
    # The stack has only a change set: it cannot be updated, but it can be created.
    refused(
        formation.create_change_set, "ValidationError", "REVIEW_IN_PROGRESS state and can not be updated",
        **change_set(cloud, BUCKET_TEMPLATE, "UPDATE", "rules-states"),
    )  # fmt: skip
    formation.create_change_set(**change_set(cloud, BUCKET_TEMPLATE, stack="rules-states"))
    delete = {"StackName": "rules-states", "RetainResources": ["T"]}
    refused(formation.delete_stack, "ValidationError", "DELETE_FAILED", **delete)
    refused(formation.continue_update_rollback, "ValidationError", "can not continue", StackName="rules-states")
    formation.delete_stack(StackName="rules-states")


def test_15_a_batch_with_a_malformed_answer_comes_again(cloud: Cloud):
    iam, lambda_, sqs = cloud.client("iam"), cloud.client("lambda"), cloud.client("sqs")
    name = "rules-batch"
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [TRUST]}))
    code = zipped(
        "def handler(event, context):\n"
        "    kinds = {each['body']: each['messageId'] for each in event['Records']}\n"
        "    if 'malformed' in kinds: return {'batchItemFailures': [{'itemIdentifier': ''}]}\n"
        "    return {'batchItemFailures': [{'itemIdentifier': kinds[each]} for each in kinds if each == 'bad']}\n"
    )
    lambda_.create_function(
        FunctionName=name, Runtime="python3.13", Role=f"arn:aws:iam::{ACCOUNT}:role/{name}", Handler="app.handler",
        Code=code,
    )  # fmt: skip
    for kind, again in (("malformed", {"malformed"}), ("mixed", {"bad"})):
        url = sqs.create_queue(QueueName=f"{name}-{kind}", Attributes={"VisibilityTimeout": "1"})["QueueUrl"]
        bodies = ["malformed"] if kind == "malformed" else ["good", "bad"]
        sqs.send_message_batch(
            QueueUrl=url, Entries=[{"Id": str(index), "MessageBody": each} for index, each in enumerate(bodies)]
        )
        mapping = lambda_.create_event_source_mapping(
            FunctionName=name, EventSourceArn=f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}-{kind}",
            FunctionResponseTypes=["ReportBatchItemFailures"],
        )["UUID"]  # fmt: skip

        def is_handled(mapping: str = mapping) -> bool:
            found = lambda_.get_event_source_mapping(UUID=mapping)["LastProcessingResult"]
            return str(found).startswith(("FAILED", "OK"))

        assert wait_for(is_handled, lambda: False, 60)
        lambda_.delete_event_source_mapping(UUID=mapping)
        assert receive_all(sqs, url) == again
        sqs.delete_queue(QueueUrl=url)
    lambda_.delete_function(FunctionName=name)
    iam.delete_role(RoleName=name)


def receive_all(sqs: Any, url: str) -> set[str]:
    """The bodies of the messages that a queue still has, a little later than they are hidden."""
    time.sleep(2)
    found: set[str] = set()
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        found |= {each["Body"] for each in messages}
    return found


def test_15_and_16_the_iris_function_loses_no_record_and_gives_redshift_no_wrong_value(
    cloud: Cloud, pushed: Pushed, tmp_path: Path
):
    name = "rules-iris"
    project = write_iris_project(tmp_path / "p", name, settings=f'repository = "{SHARED}"\n')
    cloud.deploy(project, pushed.iris)
    lambda_, sqs = cloud.client("lambda"), cloud.client("sqs")
    event = {"external_function": "f", "num_records": 1, "arguments": [[5.1, 3.5, 1.4, 0.2]]}
    answer = lambda_.invoke(FunctionName=name, Qualifier="live", Payload=json.dumps(event))
    said = json.loads(answer["Payload"].read())
    # The function itself refuses; what Redshift would not take never gets as far.
    assert answer["FunctionError"] and "Redshift" in said["errorMessage"] and said["errorType"] != "Redshift", said

    url = sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "1"})["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="[5.1,3.5,1.4,0.2]")
    mapping = lambda_.create_event_source_mapping(
        FunctionName=f"{name}:live",
        EventSourceArn=f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}",
        FunctionResponseTypes=["ReportBatchItemFailures"],
    )["UUID"]

    def is_handled() -> bool:
        found = lambda_.get_event_source_mapping(UUID=mapping)["LastProcessingResult"]
        return str(found).startswith(("FAILED", "OK"))

    assert wait_for(is_handled, lambda: False, 60)
    lambda_.delete_event_source_mapping(UUID=mapping)
    assert receive_all(sqs, url) == {"[5.1,3.5,1.4,0.2]"}
    sqs.delete_queue(QueueUrl=url)
    cloud.run("destroy", project, "--logs", "--yes")


def test_16_what_redshift_does_not_take_is_an_error(cloud: Cloud):
    iam, lambda_ = cloud.client("iam"), cloud.client("lambda")
    name = "rules-redshift"
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [TRUST]}))
    code = zipped(
        "def handler(event, context):\n"
        "    return {'success': True, 'num_records': event['num_records'], 'results': event['arguments'][0]}\n"
    )
    lambda_.create_function(
        FunctionName=name, Runtime="python3.13", Role=f"arn:aws:iam::{ACCOUNT}:role/{name}", Handler="app.handler",
        Code=code,
    )  # fmt: skip
    for results, said in (([1, 2], ""), ([1], "expected 2 results"), ([1, [2]], "a result is no scalar")):
        event = {"external_function": "f", "num_records": 2, "arguments": [results]}
        answer = lambda_.invoke(FunctionName=name, Payload=json.dumps(event))
        assert bool(answer.get("FunctionError")) is bool(said) and said in answer["Payload"].read().decode()
    lambda_.delete_function(FunctionName=name)
    iam.delete_role(RoleName=name)


# Answers with the path of its event; waits longer than an HTTP API does if the query asks for it.
_HANDLER = """
import time
def handler(event, context):
    if event["rawQueryString"] == "wait":
        time.sleep(31)
    return {"statusCode": 200, "body": event["rawPath"]}
"""


@pytest.fixture
def answering(cloud: Cloud) -> Iterator[tuple[str, str]]:
    """The hosts of a function URL and of an HTTP API of one function."""
    iam, lambda_, api = cloud.client("iam"), cloud.client("lambda"), cloud.client("apigatewayv2")
    name = "rules-http"
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [TRUST]}))
    arn = lambda_.create_function(
        FunctionName=name, Runtime="python3.13", Role=f"arn:aws:iam::{ACCOUNT}:role/{name}", Handler="app.handler",
        Code=zipped(_HANDLER), Timeout=60,
    )["FunctionArn"]  # fmt: skip
    lambda_.get_waiter("function_active_v2").wait(FunctionName=name)
    url = lambda_.create_function_url_config(FunctionName=name, AuthType="NONE")["FunctionUrl"]
    who = {"FunctionName": name, "StatementId": "url", "Action": "lambda:InvokeFunctionUrl", "Principal": "*"}
    lambda_.add_permission(**who, FunctionUrlAuthType="NONE")
    lambda_.add_permission(
        FunctionName=name, StatementId="api", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com"
    )
    api_id = api.create_api(Name=name, ProtocolType="HTTP")["ApiId"]
    integration = api.create_integration(
        ApiId=api_id, IntegrationType="AWS_PROXY", IntegrationUri=arn, PayloadFormatVersion="2.0"
    )["IntegrationId"]
    api.create_route(ApiId=api_id, RouteKey="$default", Target=f"integrations/{integration}")
    api.create_stage(ApiId=api_id, StageName="$default", AutoDeploy=True)
    yield url.partition("://")[2].strip("/"), f"{api_id}.execute-api.localhost:{cloud.port}"
    api.delete_api(ApiId=api_id)
    lambda_.delete_function_url_config(FunctionName=name)
    lambda_.delete_function(FunctionName=name)
    iam.delete_role(RoleName=name)


def get(cloud: Cloud, host: str, target: str) -> tuple[int, str]:
    """The target of the request is sent as it is."""
    connection = http.client.HTTPConnection("127.0.0.1", cloud.port, timeout=60)
    try:
        connection.request("GET", target, headers={"Host": host})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def test_11_12_13_what_is_between_a_client_and_the_function(cloud: Cloud, answering: tuple[str, str]):
    url, api = answering
    with ThreadPoolExecutor() as pool:
        began = time.monotonic()
        slow = pool.submit(get, cloud, api, "/slow?wait")
        # 12: a function URL passes the path unchanged, an HTTP API decodes it.
        assert get(cloud, url, "/a%20b%2Fc?d=%20") == (200, "/a%20b%2Fc")
        assert get(cloud, api, "/a%20b%2Fc?d=%20") == (200, "/a b/c")
        # 11: 503 after 30 s.
        assert slow.result()[0] == 503 and 30 <= time.monotonic() - began < 31 + 15
    # 13: nothing registered an extension, so that sandboxes end without a SIGTERM.
    sandboxes, began_at = find_sandboxes("rules-http"), str(int(time.time()))
    cloud.client("lambda").update_function_configuration(FunctionName="rules-http", MemorySize=256)
    signals = [
        docker(
            "events", "--since", began_at, "--until", str(int(time.time()) + 2), "--filter", "event=kill",
            "--filter", f"container={sandbox}", "--format", "{{.Actor.Attributes.signal}}",
        ).stdout.split()
        for sandbox in sandboxes
    ]  # fmt: skip
    assert signals and all(each == ["9"] for each in signals), signals


def find_sandboxes(function: str) -> list[str]:
    """The containers in which a function runs."""
    found = docker("ps", "--quiet", "--filter", "label=ministack=lambda").stdout.split()
    variables = {each: docker("inspect", "--format", "{{.Config.Env}}", each).stdout for each in found}
    return [each for each, text in variables.items() if f"AWS_LAMBDA_FUNCTION_NAME={function} " in text]


def test_18_what_is_not_ascii_comes_back_as_question_marks(cloud: Cloud):
    formation = cloud.client("cloudformation")
    body = "Resources: {T: {Type: AWS::SNS::Topic, Properties: {DisplayName: %s}}}\n"
    formation.create_stack(StackName="rules-letters", TemplateBody=body % "Zürich")
    try:
        assert formation.get_template(StackName="rules-letters")["TemplateBody"] == body % "Z?rich"
    finally:
        formation.delete_stack(StackName="rules-letters")
