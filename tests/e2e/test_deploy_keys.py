"""The keys that are off by default, all at once: deployed by a user who has the documented policy and no more. On MiniStack.

What MiniStack has no behaviour for is asked of its control plane: it writes no access log, delivers nothing to the destinations
of an alias, and has no network for functions. tests/aws/test_features.py and cfn-lint look at the templates of the same keys.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from iris_model.aws.access.permissions import Names, make_policy
from iris_model.aws.access.permissions_by_key import KEYS
from tests.support.iris_project import write_iris_project
from tests.support.ministack_cloud import ACCOUNT, REGION, SHARED, Cloud, Pushed, wait_for

pytestmark = pytest.mark.e2e

NAME, HOST = "keys", "iris.example.org"


@dataclass(frozen=True)
class Foreign:
    """What belongs to the user and not to the stack."""

    subnets: tuple[str, ...]
    group: str
    key: str
    dead: str
    dead_url: str
    failed: str
    answered: str
    certificate: str
    zone: str

    @property
    def settings(self) -> str:
        return "".join(
            f"{line}\n"
            for line in (
                f'repository = "{SHARED}"',
                'route = "/iris"',
                f'kms-key = "{self.key}"',
                f'dead-letter = "{self.dead}"',
                f'on-failure = "{self.failed}"',
                f'on-success = "{self.answered}"',
                "access-log = true",
                'keep-warm = "rate(1 minute)"',
                "dashboard = true",
                "snapstart = true",
                'log-lines = "errors"',
                "log-retention-days = 7",
                "tracing = true",
            )
        )

    @property
    def tables(self) -> str:
        return (
            f'[vpc]\nsubnets = {json.dumps(self.subnets)}\nsecurity-groups = ["{self.group}"]\n'
            f'[domain]\nname = "{HOST}"\ncertificate = "{self.certificate}"\nhosted-zone = "{self.zone}"\n'
            '[capture]\nrate = 1\nwithout = ["petal width (cm)"]\n[tags]\nteam = "1234567e5"\n"08" = "yes"\n'
        )


@pytest.fixture
def foreign(cloud: Cloud) -> Iterator[Foreign]:
    ec2, sqs, sns = cloud.client("ec2"), cloud.client("sqs"), cloud.client("sns")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = tuple(
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24")["Subnet"]["SubnetId"] for number in (1, 2)
    )
    group = ec2.create_security_group(GroupName="keys", Description="of a test", VpcId=vpc)["GroupId"]
    queue = sqs.create_queue(QueueName="keys-dead")["QueueUrl"]
    topic = sns.create_topic(Name="keys-answered")["TopicArn"]
    route53 = cloud.client("route53")
    zone = route53.create_hosted_zone(Name="example.org", CallerReference="keys")["HostedZone"]["Id"].rpartition("/")[2]
    yield Foreign(
        subnets=subnets,
        group=group,
        key=cloud.client("kms").create_key()["KeyMetadata"]["Arn"],
        dead=f"arn:aws:sqs:{REGION}:{ACCOUNT}:keys-dead",
        dead_url=queue,
        failed=f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default",
        answered=topic,
        certificate=cloud.client("acm").request_certificate(DomainName=HOST)["CertificateArn"],
        zone=zone,
    )
    sqs.delete_queue(QueueUrl=queue)
    ec2.delete_security_group(GroupId=group)
    for subnet in subnets:
        ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_vpc(VpcId=vpc)
    sns.delete_topic(TopicArn=topic)
    route53.delete_hosted_zone(Id=zone)


@pytest.fixture
def deployer(cloud: Cloud, foreign: Foreign) -> Cloud:
    """Who has the policy of the page with all keys, and may do nothing else."""
    names = Names(
        account=ACCOUNT, region=REGION, function=NAME, stack=NAME, repository=SHARED, keys=KEYS, kms_key=foreign.key,
        hosted_zone=foreign.zone,
    )  # fmt: skip
    return cloud.as_new_user("deployer-of-keys", make_policy(names))


def test_all_keys_at_once(cloud: Cloud, deployer: Cloud, foreign: Foreign, pushed: Pushed, tmp_path: Path):
    before = cloud.inventory()
    project = write_iris_project(tmp_path / "p", NAME, settings=foreign.settings, tables=foreign.tables)

    plan = deployer.deploy(project, pushed.iris, "--plan", expect=2)
    # EventBridge pings asynchronously, so that on-success gets the pings: the plan has to mention it.
    assert "on-success gets a record for each ping of keep-warm" in " ".join(plan.split())
    done = deployer.deploy_json(project, pushed.iris)
    assert (done["version"], done["verified_rows"]) == ("1", 32)

    configuration = cloud.client("lambda").get_function(FunctionName=NAME, Qualifier="live")["Configuration"]
    check_function(configuration, foreign)
    check_surroundings(cloud, foreign)

    # A request under the name of the user; the answer is captured without the column that is left out.
    assert done["endpoint"].startswith(f"http://{HOST}.") and done["endpoint"].endswith("/iris")  # of an emulator
    named = f"http://{HOST}:{cloud.port}/iris"
    assert cloud.post(named).prediction == "setosa"
    assert cloud.post(named, b"[5.1,3.5,99,0.2]").status == 200
    odd = "OutOfRange petal length (cm)"
    captured = wait_for(lambda: [each for each in read_captured(cloud) if odd in each], lambda: False, 15)
    assert isinstance(captured, list)
    assert (captured[0]["Predictions"], captured[0][odd], captured[0]["answer"]["predict"]) == (1, 1, "virginica")
    assert all("petal width (cm)" not in str(each) for each in read_captured(cloud))

    # EventBridge pings it, and neither is an error nor has a row.
    rows, reports = len(read_captured(cloud)), count_reports(cloud)
    assert wait_for(lambda: count_reports(cloud) >= reports + 2, lambda: False, 15)
    assert len(read_captured(cloud)) == rows and sum_errors(cloud) == 0

    # What failed for the last time lies in the dead-letter queue.
    cloud.client("lambda").invoke(FunctionName=NAME, Qualifier="live", InvocationType="Event", Payload=b'{"no": "row"}')
    queue = cloud.client("sqs")
    messages = wait_for(
        lambda: queue.receive_message(QueueUrl=foreign.dead_url, MessageAttributeNames=["All"]).get("Messages"),
        lambda: False, 25,
    )  # fmt: skip
    # On AWS the body is the event alone; MiniStack sends what a destination gets.
    assert isinstance(messages, list) and json.loads(messages[0]["Body"])["requestPayload"] == {"no": "row"}

    # Nothing to change; then without most of it, and everything of it is gone.
    assert "Nothing to change" in deployer.deploy(project, pushed.iris, "--plan")
    fewer = write_iris_project(tmp_path / "fewer", NAME, settings=f'repository = "{SHARED}"\nroute = "/iris"\n')
    assert deployer.deploy_json(fewer, pushed.iris)["version"] == "2"
    bare = cloud.client("lambda").get_function(FunctionName=NAME, Qualifier="live")["Configuration"]
    assert not {"DeadLetterConfig", "KMSKeyArn"} & set(bare) and bare["SnapStart"]["ApplyOn"] == "None"
    kinds = {each.partition(" ")[0] for each in cloud.inventory() - before}
    assert kinds == {"stack", "function", "api", "role", "alarm", "log"}
    deployer.run("destroy", fewer, "--logs", "--yes")
    assert cloud.inventory() == before


def check_function(configuration: dict[str, Any], foreign: Foreign) -> None:
    """The settings of it in Lambda."""
    assert configuration["KMSKeyArn"] == foreign.key
    assert configuration["DeadLetterConfig"] == {"TargetArn": foreign.dead}
    assert sorted(configuration["VpcConfig"]["SubnetIds"]) == sorted(foreign.subnets)
    assert configuration["VpcConfig"]["SecurityGroupIds"] == [foreign.group]
    assert configuration["SnapStart"] == {"ApplyOn": "PublishedVersions", "OptimizationStatus": "On"}
    assert configuration["LoggingConfig"]["SystemLogLevel"] == "WARN"
    assert configuration["TracingConfig"] == {"Mode": "Active"}
    assert configuration["Environment"]["Variables"]["IRIS_MODEL_CAPTURE_RATE"] == "1"


def check_surroundings(cloud: Cloud, foreign: Foreign) -> None:
    """The resources around the function."""
    lambda_, logs, events = cloud.client("lambda"), cloud.client("logs"), cloud.client("events")
    sent = lambda_.get_function_event_invoke_config(FunctionName=NAME, Qualifier="live")["DestinationConfig"]
    assert sent == {"OnFailure": {"Destination": foreign.failed}, "OnSuccess": {"Destination": foreign.answered}}

    api = next(each for each in cloud.client("apigatewayv2").get_apis()["Items"] if each["Name"] == NAME)
    (stage,) = cloud.client("apigatewayv2").get_stages(ApiId=api["ApiId"])["Items"]
    group = f"/aws/vendedlogs/apigateway/{NAME}"
    assert group in stage["AccessLogSettings"]["DestinationArn"]
    assert json.loads(stage["AccessLogSettings"]["Format"])["status"] == "$context.status"
    (found,) = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    assert found["retentionInDays"] == 7

    (rule,) = (each for each in events.list_rules()["Rules"] if each["Name"] == f"{NAME}-keep-warm")
    (target,) = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
    assert target["Arn"].endswith(f":function:{NAME}:live")
    policy = json.loads(lambda_.get_policy(FunctionName=NAME, Qualifier="live")["Policy"])
    assert {each["Principal"]["Service"] for each in policy["Statement"]} == {
        "apigateway.amazonaws.com", "events.amazonaws.com",
    }  # fmt: skip

    body = cloud.client("cloudwatch").get_dashboard(DashboardName=NAME)["DashboardBody"]
    widgets = json.loads(body)["widgets"]
    drawn = [each["properties"] for each in widgets if each["type"] != "text"]
    assert {each["region"] for each in drawn} == {REGION} and "AWS::" not in body
    assert len(widgets) == len(drawn) + 1  # `log-lines = "errors"`: why there are no starts

    records = cloud.client("route53").list_resource_record_sets(HostedZoneId=foreign.zone)["ResourceRecordSets"]
    (record,) = (each for each in records if each["Name"].rstrip(".") == HOST)
    name = cloud.client("apigatewayv2").get_domain_name(DomainName=HOST)["DomainNameConfigurations"][0]
    assert record["AliasTarget"]["DNSName"].rstrip(".") == name["ApiGatewayDomainName"]


def read_log(cloud: Cloud) -> list[str]:
    found = cloud.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{NAME}")
    return [each["message"] for each in found["events"]]


def count_reports(cloud: Cloud) -> int:
    return sum("REPORT RequestId" in line for line in read_log(cloud))


def sum_errors(cloud: Cloud) -> float:
    """What the alarm would count."""
    now = datetime.datetime.now(datetime.UTC)
    found = cloud.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda", MetricName="Errors", Dimensions=[{"Name": "FunctionName", "Value": NAME}],
        StartTime=now - datetime.timedelta(hours=1), EndTime=now + datetime.timedelta(minutes=1), Period=60, Statistics=["Sum"],
    )  # fmt: skip
    return float(sum(each["Sum"] for each in found["Datapoints"]))


def read_captured(cloud: Cloud) -> list[dict[str, Any]]:
    """The lines of captured rows."""
    lines = [line[line.index('{"_aws"') :] for line in read_log(cloud) if '{"_aws"' in line]
    return [json.loads(line) for line in lines]
