"""`[events.NAME]`: the resources that bring events to the live version, and the rights of the role to read and answer them.

Queues, streams and clusters are polled by Lambda (event source mapping). Topics call the function through a
subscription, event buses and buckets through a rule.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from iris_model.aws.cloudformation.logical_ids import LIVE
from iris_model.aws.cloudformation.parts.part import Part, tag_list
from iris_model.aws.cloudformation.yaml_text import get_att, ref
from iris_model.aws.deployment import name_rule
from iris_model.contract.deployment import Deployment
from iris_model.contract.event_source import POLLED, REPORTING, STREAMS, EventSource, service_of

_RETRIES_WITH_FAILURES = 3

# Lambda checks at the creation of a mapping that the role has the rights to read.
_READ_ACTIONS = {
    "sqs": ("sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"),
    "kinesis": (
        "kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:GetRecords", "kinesis:GetShardIterator",
        "kinesis:ListShards",
    ),
    "dynamodb": ("dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"),
    "kafka": ("kafka:DescribeCluster", "kafka:DescribeClusterV2", "kafka:GetBootstrapBrokers"),
}  # fmt: skip
# These have no resource.
_LIST_ACTIONS = {
    "kinesis": ("kinesis:ListStreams",),
    "dynamodb": ("dynamodb:ListStreams",),
    # Lambda puts its poller into the network of the cluster.
    "kafka": (
        "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs",
    ),
}  # fmt: skip
_WRITE_ACTIONS = {
    "sqs": "sqs:SendMessage",
    "kinesis": "kinesis:PutRecords",
    "dynamodb": "dynamodb:BatchWriteItem",
    "s3": "s3:PutObject",
}


def add_events(deployment: Deployment) -> Part:
    """Add the resources of all sources."""
    resources: dict[str, Any] = {}
    comments: dict[str, str] = {}
    statements: list[dict[str, Any]] = []
    for each in deployment.events:
        added = _ADD.get(each.kind, _add_mapping)(deployment, each) if each.kind != "redshift" else {}
        resources |= added
        if added:
            comments[next(iter(added))] = f"[events.{each.name}]: {_describe(each)}"
        statements += _statements(each)
    return Part(resources, comments, statements=statements)


def _describe(each: EventSource) -> str:
    answers = each.answers or "on-success"
    return f"rows of {each.source}, with answers to {answers}."


def _add_mapping(deployment: Deployment, each: EventSource) -> dict[str, Any]:
    properties: dict[str, Any] = {"EventSourceArn": each.source, "FunctionName": ref(LIVE)}
    given = {"BatchSize": each.batch_size, "MaximumBatchingWindowInSeconds": each.window}
    properties |= {name: value for name, value in given.items() if value is not None}
    if each.filter:
        properties["FilterCriteria"] = {"Filters": [{"Pattern": text.strip()} for text in each.filter]}
    if each.kind in REPORTING and each.function_response_types:
        properties["FunctionResponseTypes"] = list(each.function_response_types)
    if each.concurrency is not None:
        properties["ScalingConfig"] = {"MaximumConcurrency": each.concurrency}
    if each.kind == "kafka":
        properties["Topics"] = [each.topic]
    if each.kind in (*STREAMS, "kafka"):
        properties["StartingPosition"] = each.starting_position.upper().replace("-", "_")
        if each.failures and not each.failures.endswith(".fifo"):
            properties["DestinationConfig"] = {"OnFailure": {"Destination": each.failures.partition("/")[0]}}
    if each.kind in STREAMS:
        properties["BisectBatchOnFunctionError"] = True
        retries = each.retries if each.retries is not None else _RETRIES_WITH_FAILURES if each.failures else None
        if retries is not None:
            properties["MaximumRetryAttempts"] = retries
    return {
        f"{_title(each)}Mapping": {
            "Type": "AWS::Lambda::EventSourceMapping",
            "Properties": {**properties, **tag_list(deployment)},
        }
    }


def _add_subscription(deployment: Deployment, each: EventSource) -> dict[str, Any]:
    properties: dict[str, Any] = {"Protocol": "lambda", "TopicArn": each.source, "Endpoint": ref(LIVE)}
    if each.filter:
        properties["FilterPolicy"] = json.loads(each.filter[0])
    title = _title(each)
    return {
        f"{title}Subscription": {
            "Type": "AWS::SNS::Subscription",
            "DependsOn": f"{title}Permission",
            "Properties": properties,
        },
        f"{title}Permission": _permission("sns.amazonaws.com", each.source),
    }


def _add_rule(deployment: Deployment, each: EventSource) -> dict[str, Any]:
    bus = {"EventBusName": each.source.partition(":event-bus/")[2]} if each.kind == "events" else {}
    pattern = json.loads(each.filter[0]) if each.kind == "events" else _object_pattern(each)
    title = _title(each)
    rule = {
        "Type": "AWS::Events::Rule",
        "Properties": {
            "Name": name_rule(deployment.function, each.name),
            **bus,
            "EventPattern": pattern,
            "State": "ENABLED",
            "Targets": [{"Id": "live", "Arn": ref(LIVE)}],
        },
    }
    return {
        f"{title}Rule": rule,
        f"{title}Permission": _permission("events.amazonaws.com", get_att(f"{title}Rule.Arn")),
    }


_ADD: dict[str, Callable[[Deployment, EventSource], dict[str, Any]]] = {
    **dict.fromkeys(POLLED, _add_mapping),
    "sns": _add_subscription,
    "s3": _add_rule,
    "events": _add_rule,
}


def _object_pattern(each: EventSource) -> dict[str, Any]:
    detail: dict[str, Any] = {"bucket": {"name": [each.source.partition(":::")[2]]}}
    # EventBridge matches prefix and suffix together only as a wildcard.
    if each.prefix and each.suffix:
        detail["object"] = {"key": [{"wildcard": f"{each.prefix}*{each.suffix}"}]}
    elif each.prefix or each.suffix:
        detail["object"] = {"key": [{"prefix": each.prefix} if each.prefix else {"suffix": each.suffix}]}
    return {"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": detail}


def _permission(principal: str, source: Any) -> dict[str, Any]:
    return {
        "Type": "AWS::Lambda::Permission",
        "Properties": {
            "FunctionName": ref(LIVE),
            "Action": "lambda:InvokeFunction",
            "Principal": principal,
            "SourceArn": source,
        },
    }


def _title(each: EventSource) -> str:
    """Return the beginning of the logical ids of a source."""
    return f"Event{each.name[0].upper()}{each.name[1:]}"


def _statements(each: EventSource) -> list[dict[str, Any]]:
    """Return the rights of the role: to read the source, and to write to the destinations."""
    found = []
    if each.kind in _READ_ACTIONS:
        found.append({"Effect": "Allow", "Action": list(_READ_ACTIONS[each.kind]), "Resource": each.source})
    if each.kind in _LIST_ACTIONS:
        found.append({"Effect": "Allow", "Action": list(_LIST_ACTIONS[each.kind]), "Resource": "*"})
    if each.kind == "kafka":
        found += _statements_of_iam_authentication(each)
    if each.kind == "s3":
        actions = ["s3:GetObject", "s3:GetObjectVersion"]
        found.append({"Effect": "Allow", "Action": actions, "Resource": f"{each.source}/{each.prefix or ''}*"})
    for arn in dict.fromkeys(arn for arn in (each.answers, each.failures) if arn):
        found += _write_statements(arn)
    if each.failures and each.kind in (*STREAMS, "kafka") and service_of(each.failures) == "s3":
        # Lambda writes there itself: https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
        bucket = each.failures.partition("/")[0]
        found.append({"Effect": "Allow", "Action": "s3:ListBucket", "Resource": bucket})
        found.append({"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"{bucket}/aws/lambda/*"})
    return found


def _statements_of_iam_authentication(each: EventSource) -> list[dict[str, Any]]:
    """Return the rights that a cluster with IAM authentication checks; other clusters ignore them."""
    topic = each.source.replace(":cluster/", ":topic/") + f"/{each.topic}"
    group = each.source.replace(":cluster/", ":group/") + "/*"
    cluster = ["kafka-cluster:Connect", "kafka-cluster:DescribeClusterDynamicConfiguration"]
    return [
        {"Effect": "Allow", "Action": cluster, "Resource": each.source},
        {"Effect": "Allow", "Action": ["kafka-cluster:DescribeTopic", "kafka-cluster:ReadData"], "Resource": topic},
        {"Effect": "Allow", "Action": ["kafka-cluster:AlterGroup", "kafka-cluster:DescribeGroup"], "Resource": group},
    ]


def _write_statements(arn: str) -> list[dict[str, Any]]:
    service = service_of(arn)
    resource = arn if service != "s3" else f"{arn}*" if "/" in arn else f"{arn}/*"
    return [{"Effect": "Allow", "Action": _WRITE_ACTIONS[service], "Resource": resource}]
