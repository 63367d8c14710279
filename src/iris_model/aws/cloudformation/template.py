"""Render the CloudFormation template of a deployment: plain, without transforms, with comments.

Any tool can deploy it. By default, the alias moves to the new version. `deploy` sets the parameter `LiveVersion`, so
that the alias stays until the new version is verified.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from iris_model.aws.cloudformation.code import Archive, Code, code_properties, variables_of
from iris_model.aws.cloudformation.logical_ids import (
    FUNCTION,
    LIVE,
    LIVE_VERSION,
    LOG_GROUP,
    ROLE,
    VERSION_OUTPUT,
)
from iris_model.aws.cloudformation.parts import PARTS
from iris_model.aws.cloudformation.parts.part import Part, tag_list
from iris_model.aws.cloudformation.yaml_text import Tag, get_att, ref, render
from iris_model.aws.deployment import ALIAS
from iris_model.aws.secrets import read_reference
from iris_model.contract.deployment import Deployment

_COMMENTS = {
    LIVE_VERSION: "The version that answers. Empty means the version that this template creates. `iris-model deploy` "
    "passes the old version until the new one is verified.",
    LOG_GROUP: "The log of the function. It is kept when the stack is deleted. An existing log group with this name is reused.",
    ROLE: "Permissions of the function: write its own log, and nothing else.",
    FUNCTION: "The function. The image is referenced by digest, so the built image is the one that runs.",
    LIVE: "All callers use this alias. A deployment moves it to the new version.",
}

_COMMENT_OF_ARCHIVE = "The function. The name of the archive is its digest, so the built archive is the one that runs."

_HEAD = (
    "{function}: written by `iris-model template`. A plain template that you can change and deploy with any tool. An "
    "empty LiveVersion moves the traffic to the new version. Without the parameter, the old version is kept.\n"
    "  aws cloudformation deploy --stack-name {stack} --template-file FILE{bucket} --capabilities CAPABILITY_IAM "
    "--parameter-overrides LiveVersion="
)

LARGEST_TEMPLATE_BYTES = 51_200
"""Limit in a call: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html"""

LARGEST_TEMPLATE_BYTES_OF_S3 = 1_000_000
"""Limit of a template that CloudFormation reads from S3 (same page)."""


def render_template(deployment: Deployment, code: Code) -> str:
    """Return the template of a deployment. `code` is the image's URI, by digest, or the archive."""
    parts = make_parts(deployment)
    sections = make_sections(deployment, code, parts)
    version = name_version(sections["Resources"][FUNCTION])
    comments = {
        **_COMMENTS,
        **({FUNCTION: _COMMENT_OF_ARCHIVE} if isinstance(code, Archive) else {}),
        **comments_of(parts),
        version: "A version never changes. Its logical ID contains a digest of code and settings, so every change "
        "creates a new version. Old versions are kept for rollbacks.",
    }
    return render_with_command(deployment, sections, comments, _HEAD)


def make_parts(deployment: Deployment) -> list[Part]:
    """Return what each feature adds to the template."""
    return [add(deployment) for add in PARTS]


def comments_of(parts: Iterable[Part]) -> dict[str, str]:
    """Return the comments of all parts, by the entry above which they stand."""
    return {name: comment for part in parts for name, comment in part.comments.items()}


def make_sections(deployment: Deployment, code: Code, parts: list[Part]) -> dict[str, Any]:
    """Return the sections of the template as data."""
    function = _function(deployment, code, parts)
    version = name_version(function)
    resources: dict[str, Any] = {LOG_GROUP: _log_group(deployment)}
    if deployment.role is None:
        resources[ROLE] = _role(deployment, parts)
    resources |= {FUNCTION: function, version: _version(), LIVE: _alias(version, parts)}
    outputs: dict[str, Any] = {}
    for part in parts:
        resources |= part.resources
        outputs |= part.outputs
    outputs[VERSION_OUTPUT] = {
        "Description": "The version that this template created.",
        "Value": get_att(f"{version}.Version"),
    }
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"{deployment.function}: an endpoint for a trained model.",
        "Parameters": {LIVE_VERSION: {"Type": "String", "Default": "", "AllowedPattern": r"\d*"}},
        "Conditions": {
            "LiveVersionIsGiven": Tag("Not", [Tag("Equals", [ref(LIVE_VERSION), ""])]),
        },
        "Resources": resources,
        "Outputs": outputs,
    }


def render_with_command(
    deployment: Deployment, sections: Mapping[str, Any], comments: Mapping[str, str], head: str
) -> str:
    """Render a template with a command to deploy it in `head`: from a bucket, if it is too large for a call."""
    names = {"function": deployment.function, "stack": deployment.stack}
    text = render(sections, comments, head=head.format(**names, bucket=""))
    if len(text.encode()) <= LARGEST_TEMPLATE_BYTES:
        return text
    return render(sections, comments, head=head.format(**names, bucket=" --s3-bucket BUCKET"))


def name_version(function: Mapping[str, Any]) -> str:
    """Return the logical id of the version: a digest of what Lambda freezes, not of concurrency and tags."""
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


def _role(deployment: Deployment, parts: list[Part]) -> dict[str, Any]:
    statements: list[Mapping[str, Any]] = [
        {
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": get_att(f"{LOG_GROUP}.Arn"),
        },
        *(statement for part in parts for statement in part.statements),
    ]
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


def _function(deployment: Deployment, code: Code, parts: list[Part]) -> dict[str, Any]:
    variables = {
        **variables_of(code),
        **deployment.environment,
        **{name: read_reference(value).dynamic for name, value in deployment.secrets.items()},
    }
    properties: dict[str, Any] = {
        "FunctionName": deployment.function,
        **code_properties(deployment, code),
        "Role": deployment.role or get_att(f"{ROLE}.Arn"),
        "Architectures": [str(deployment.architecture)],
        "MemorySize": deployment.memory,
        "Timeout": deployment.timeout,
        "LoggingConfig": {
            "LogGroup": ref(LOG_GROUP),
            "LogFormat": "JSON" if deployment.log_format == "json" else "Text",
            **({"SystemLogLevel": "WARN"} if deployment.log_lines == "errors" else {}),
        },
    }
    if deployment.ephemeral_storage != 512:
        properties["EphemeralStorage"] = {"Size": deployment.ephemeral_storage}
    if variables:
        properties["Environment"] = {"Variables": dict(sorted(variables.items()))}
    for part in parts:
        properties |= part.function
    return {"Type": "AWS::Lambda::Function", "Properties": {**properties, **tag_list(deployment)}}


def _version() -> dict[str, Any]:
    return {
        "Type": "AWS::Lambda::Version",
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Retain",
        "Properties": {"FunctionName": ref(FUNCTION)},
    }


def _alias(version: str, parts: list[Part]) -> dict[str, Any]:
    chosen = Tag("If", ["LiveVersionIsGiven", ref(LIVE_VERSION), get_att(f"{version}.Version")])
    properties: dict[str, Any] = {"FunctionName": ref(FUNCTION), "FunctionVersion": chosen, "Name": ALIAS}
    for part in parts:
        properties |= part.alias
    return {"Type": "AWS::Lambda::Alias", "Properties": properties}
