"""A deployment and an image in, the CloudFormation template out: plain, without transforms, with comments.

The same template serves everybody who deploys it: by itself it moves the alias to the version that it makes. `deploy` keeps the
alias where it is with the parameter `LiveVersion` until that version has proven itself.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from iris_model.aws.deployment import ALIAS, Deployment
from iris_model.aws.endpoint_template import endpoint_output, endpoint_resources
from iris_model.aws.yaml_text import Tag, get_att, ref, render, sub

LIVE_VERSION = "LiveVersion"
FUNCTION, LIVE, LOG_GROUP, ROLE, ALARM = "Function", "LiveAlias", "LogGroup", "Role", "ErrorAlarm"

# What CloudFormation calls the outputs that `deploy` and `status` read.
ENDPOINT_OUTPUT, VERSION_OUTPUT = "Endpoint", "Version"

_COMMENTS = {
    LIVE_VERSION: "The version that answers. Empty: the one that this template makes. `iris-model deploy` names the old one "
    "until the new one has given the right answers.",
    LOG_GROUP: "The function's log. It stays when the stack goes; a group of that name that is there already is taken over.",
    ROLE: "What the function may do: write its own log, and nothing else.",
    FUNCTION: "The function: an image by its digest, so that what runs is what was built.",
    LIVE: "Everybody calls the alias: it moves, they do not notice.",
    ALARM: "Rings when the live version fails. It tells nobody yet: add AlarmActions with the ARN of an SNS topic.",
}

_HEAD = (
    "{function}: written by `iris-model template`. One plain template; it may be kept, read, changed, and deployed with any "
    "tool: aws cloudformation deploy --stack-name {stack} --template-file FILE --capabilities CAPABILITY_IAM"
)


def image_uri(repository: str, digest: str) -> Tag:
    """Name an image in the account and region that the template is deployed to."""
    return sub(f"${{AWS::AccountId}}.dkr.ecr.${{AWS::Region}}.${{AWS::URLSuffix}}/{repository}@{digest}")


def render_template(deployment: Deployment, image: str | Tag) -> str:
    """Render the template of a deployment; `image` is the image's URI, by digest."""
    function = _function(deployment, image)
    version = name_version(function)
    resources: dict[str, Any] = {LOG_GROUP: _log_group(deployment)}
    if deployment.role is None:
        resources[ROLE] = _role(deployment)
    resources |= {FUNCTION: function, version: _version(), LIVE: _alias(deployment, version)}
    resources |= endpoint_resources(deployment)
    if deployment.error_alarm:
        resources[ALARM] = _alarm(deployment)
    outputs = {
        **endpoint_output(deployment, ENDPOINT_OUTPUT),
        VERSION_OUTPUT: {
            "Description": "The version that this template made.",
            "Value": get_att(f"{version}.Version"),
        },
    }
    sections = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"{deployment.function}: a trained model that answers.",
        "Parameters": {LIVE_VERSION: {"Type": "String", "Default": "", "AllowedPattern": r"\d*"}},
        "Conditions": {
            "LiveVersionIsGiven": Tag("Not", [Tag("Equals", [ref(LIVE_VERSION), ""])]),
        },
        "Resources": resources,
        "Outputs": outputs,
    }
    comments = {
        **_COMMENTS,
        version: "A version never changes. Its name here is a digest of the function's code and settings: another function, "
        "another version. Old versions stay, to go back to.",
    }
    return render(sections, comments, head=_HEAD.format(function=deployment.function, stack=deployment.stack))


def name_version(function: Mapping[str, Any]) -> str:
    """Name the version after what Lambda freezes in one: code and settings, not concurrency and tags."""
    frozen = {
        name: value
        for name, value in function["Properties"].items()
        if name not in ("Tags", "ReservedConcurrentExecutions", "FunctionName")
    }
    text = json.dumps(frozen, sort_keys=True, default=lambda tag: [tag.name, tag.value])
    return f"Version{hashlib.sha256(text.encode()).hexdigest()[:10]}"


def _log_group(deployment: Deployment) -> dict[str, Any]:
    return {
        "Type": "AWS::Logs::LogGroup",
        "DeletionPolicy": "RetainExceptOnCreate",
        "UpdateReplacePolicy": "Retain",
        "Properties": {
            "LogGroupName": deployment.log_group,
            "RetentionInDays": deployment.log_retention_days,
            **tag_list(deployment),
        },
    }


def _role(deployment: Deployment) -> dict[str, Any]:
    statements: list[dict[str, Any]] = [
        {
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": get_att(f"{LOG_GROUP}.Arn"),
        }
    ]
    if deployment.tracing:
        # X-Ray knows no resources.
        actions = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
        statements.append({"Effect": "Allow", "Action": actions, "Resource": "*"})
    boundary = {"PermissionsBoundary": deployment.permissions_boundary} if deployment.permissions_boundary else {}
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
                ],
            },
            "Policies": [
                {"PolicyName": "own-log", "PolicyDocument": {"Version": "2012-10-17", "Statement": statements}}
            ],
            **boundary,
            **tag_list(deployment),
        },
    }


def _function(deployment: Deployment, image: str | Tag) -> dict[str, Any]:
    variables = {**deployment.environment, **{name: _resolve(value) for name, value in deployment.secrets.items()}}
    properties: dict[str, Any] = {
        "FunctionName": deployment.function,
        "PackageType": "Image",
        "Code": {"ImageUri": image},
        "Role": deployment.role or get_att(f"{ROLE}.Arn"),
        "Architectures": [deployment.architecture],
        "MemorySize": deployment.memory,
        "Timeout": deployment.timeout,
        "LoggingConfig": {
            "LogGroup": ref(LOG_GROUP),
            "LogFormat": "JSON" if deployment.log_format == "json" else "Text",
        },
    }
    if deployment.ephemeral_storage != 512:
        properties["EphemeralStorage"] = {"Size": deployment.ephemeral_storage}
    if variables:
        properties["Environment"] = {"Variables": dict(sorted(variables.items()))}
    if deployment.tracing:
        properties["TracingConfig"] = {"Mode": "Active"}
    if deployment.reserved_concurrency is not None:
        properties["ReservedConcurrentExecutions"] = deployment.reserved_concurrency
    return {"Type": "AWS::Lambda::Function", "Properties": {**properties, **tag_list(deployment)}}


def _resolve(reference: str) -> str:
    """Write a secret as a dynamic reference, which CloudFormation looks up and never shows."""
    service, _, name = reference.partition(":")
    if service == "secretsmanager":
        secret, _, key = name.partition(":")
        name = f"{secret}:SecretString:{key}" if key else secret
    return f"{{{{resolve:{service}:{name}}}}}"


def _version() -> dict[str, Any]:
    return {
        "Type": "AWS::Lambda::Version",
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Retain",
        "Properties": {"FunctionName": ref(FUNCTION)},
    }


def _alias(deployment: Deployment, version: str) -> dict[str, Any]:
    chosen = Tag("If", ["LiveVersionIsGiven", ref(LIVE_VERSION), get_att(f"{version}.Version")])
    properties: dict[str, Any] = {"FunctionName": ref(FUNCTION), "FunctionVersion": chosen, "Name": ALIAS}
    if deployment.provisioned_concurrency is not None:
        warm = deployment.provisioned_concurrency
        properties["ProvisionedConcurrencyConfig"] = {"ProvisionedConcurrentExecutions": warm}
    return {"Type": "AWS::Lambda::Alias", "Properties": properties}


def _alarm(deployment: Deployment) -> dict[str, Any]:
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmName": f"{deployment.function}-errors",
            "AlarmDescription": _describe_alarm(deployment),
            "Namespace": "AWS/Lambda",
            "MetricName": "Errors",
            "Dimensions": [
                {"Name": "FunctionName", "Value": ref(FUNCTION)},
                {"Name": "Resource", "Value": sub(f"${{{FUNCTION}}}:{ALIAS}")},
            ],
            "Statistic": "Sum",
            "Period": 60,
            "EvaluationPeriods": 1,
            "Threshold": deployment.error_alarm_threshold,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "TreatMissingData": "notBreaching",
            **tag_list(deployment),
        },
    }


def _describe_alarm(deployment: Deployment) -> str:
    if deployment.error_alarm_threshold == 1:
        return f"{deployment.function} failed within the last minute."
    return f"{deployment.function} failed at least {deployment.error_alarm_threshold} times within the last minute."


def tag_list(deployment: Deployment) -> dict[str, Any]:
    """Return the tags as most resources take them, or nothing."""
    if not deployment.tags:
        return {}
    return {"Tags": [{"Key": name, "Value": value} for name, value in sorted(deployment.tags.items())]}
