"""`[events]` in the template: the resources of each source, and the rights of the role, to read it and to answer, and no more."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from iris_model.aws.cloudformation.sam import render_sam_template
from iris_model.aws.cloudformation.yaml_text import Tag, get_att, read, ref
from iris_model.aws.deployment import name_rule, rule_patterns
from iris_model.contract.event_source import EventSource
from tests.aws.test_features import statements
from tests.aws.test_template import BARE, FEATURES, of_type, resources

SOURCES = {each.name: each for each in FEATURES["events"]}


def only(name: str, **changes: Any) -> Any:
    return replace(BARE, events=(replace(SOURCES[name], **changes),))


def mapping(name: str, **changes: Any) -> dict[str, Any]:
    (found,) = of_type(only(name, **changes), "AWS::Lambda::EventSourceMapping")
    assert found["FunctionName"] == ref("LiveAlias") and found["EventSourceArn"] == SOURCES[name].source
    return {name: value for name, value in found.items() if name not in ("FunctionName", "EventSourceArn")}


def rights(name: str, **changes: Any) -> list[tuple[str | list[str], str]]:
    return [(each["Action"], each["Resource"]) for each in statements(only(name, **changes))]


def test_a_queue():
    assert mapping("orders") == {
        "BatchSize": 100,
        "MaximumBatchingWindowInSeconds": 5,
        "FilterCriteria": {"Filters": [{"Pattern": '{"body": {"a": [1]}}'}]},
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "ScalingConfig": {"MaximumConcurrency": 20},
    }
    assert (
        mapping("orders", batch_size=None, window=None, filter=(), concurrency=None, function_response_types=()) == {}
    )
    source, answers, failures = SOURCES["orders"].source, SOURCES["orders"].answers, SOURCES["orders"].failures
    assert rights("orders") == [
        (["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"], source),
        ("sqs:SendMessage", answers),
        ("sqs:SendMessage", failures),
    ]


def test_a_stream():
    """Lambda itself reports to `failures` what it gives up."""
    assert mapping("clicks") == {
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "StartingPosition": "TRIM_HORIZON",
        "DestinationConfig": {"OnFailure": {"Destination": "arn:aws:s3:::iris-refused"}},
        "BisectBatchOnFunctionError": True,
        "MaximumRetryAttempts": 3,
    }
    assert "MaximumRetryAttempts" not in mapping("clicks", failures=None)
    assert mapping("clicks", retries=-1)["MaximumRetryAttempts"] == -1
    assert [resource for _, resource in rights("clicks")] == [
        SOURCES["clicks"].source, "*", "arn:aws:s3:::iris-answers/clicks/*", "arn:aws:s3:::iris-refused/*",
        "arn:aws:s3:::iris-refused", "arn:aws:s3:::iris-refused/aws/lambda/*",
    ]  # fmt: skip


def test_a_table():
    assert mapping("items")["StartingPosition"] == "LATEST"
    assert rights("items")[1:] == [
        (["dynamodb:ListStreams"], "*"), ("dynamodb:BatchWriteItem", SOURCES["items"].answers),
    ]  # fmt: skip


def test_a_cluster():
    """Partial answers of Kafka need the provisioned mode, which is billed by the hour."""
    assert mapping("broker") == {"Topics": ["rows"], "StartingPosition": "LATEST"}
    found = {resource: actions for actions, resource in rights("broker")}
    assert found["arn:aws:kafka:eu-west-1:123456789012:topic/rows/0123-4/rows"] == [
        "kafka-cluster:DescribeTopic", "kafka-cluster:ReadData",
    ]  # fmt: skip


def test_a_topic():
    found = resources(only("news"))
    assert found["EventNewsSubscription"] == {
        "Type": "AWS::SNS::Subscription",
        "DependsOn": "EventNewsPermission",
        "Properties": {
            "Protocol": "lambda", "TopicArn": SOURCES["news"].source, "Endpoint": ref("LiveAlias"),
            "FilterPolicy": {"kind": ["row"]},
        },
    }  # fmt: skip
    assert found["EventNewsPermission"]["Properties"] == {
        "FunctionName": ref("LiveAlias"), "Action": "lambda:InvokeFunction", "Principal": "sns.amazonaws.com",
        "SourceArn": SOURCES["news"].source,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "keys"),
    [
        ({}, {"object": {"key": [{"wildcard": "in/*.csv"}]}}),
        ({"prefix": None}, {"object": {"key": [{"suffix": ".csv"}]}}),
        ({"suffix": None}, {"object": {"key": [{"prefix": "in/"}]}}),
        ({"prefix": None, "suffix": None}, {}),
    ],
)
def test_a_bucket(changes: dict[str, Any], keys: dict[str, Any]):
    (rule,) = of_type(only("files", **changes), "AWS::Events::Rule")
    assert rule["EventPattern"] == {
        "source": ["aws.s3"], "detail-type": ["Object Created"], "detail": {"bucket": {"name": ["iris-rows"]}, **keys},
    }  # fmt: skip
    assert rights("files")[0] == (["s3:GetObject", "s3:GetObjectVersion"], "arn:aws:s3:::iris-rows/in/*")


def test_an_event_bus():
    (rule,) = of_type(only("bus"), "AWS::Events::Rule")
    assert (rule["EventBusName"], rule["EventPattern"]) == ("rows", {"detail-type": ["row"]})
    found = resources(only("bus"))
    assert found["EventBusPermission"]["Properties"]["SourceArn"] == get_att("EventBusRule.Arn")
    assert rights("bus") == []


def test_redshift_needs_nothing_in_the_stack():
    assert set(resources(only("sql"))) - set(resources(BARE)) == {
        name for name, each in resources(only("sql")).items() if each["Type"] == "AWS::Lambda::Version"
    } - set(resources(BARE))


def test_the_runtime_gets_its_entries_by_an_environment_variable():
    """From the settings of the project, so it is in the environment of the deployment already."""
    entry = SOURCES["orders"].describe(local=False)
    assert json.loads(json.dumps(entry)) == {
        "source": SOURCES["orders"].source, "answers": SOURCES["orders"].answers, "failures": SOURCES["orders"].failures,
    }  # fmt: skip
    assert EventSource("a", "redshift").describe(local=True) == {"source": "redshift"}


def test_in_a_sam_template_the_sources_call_the_alias_of_sam():
    found = read(render_sam_template(only("orders"), "image"))["Resources"]
    assert found["EventOrdersMapping"]["Properties"]["FunctionName"] == Tag("Ref", "Function.Alias")


@pytest.mark.parametrize("function", ["f", "f" * 30, "f" * 64])
def test_the_policy_covers_the_names_of_all_rules(function: str):
    from fnmatch import fnmatchcase

    for event in ("a", "b" * 32):
        name = name_rule(function, event)
        assert len(name) <= 64 and fnmatchcase(name, rule_patterns(function)[0]), name
