"""What a deployer must be allowed to do: every call of this room, and what CloudFormation does in his name.

A test reads the calls out of the code and compares; the page docs/reference/permissions.md is made from this table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

DIRECT: dict[tuple[str, str], str] = {
    ("sts", "GetCallerIdentity"): "any",
    ("ecr", "GetAuthorizationToken"): "any",
    ("ecr", "BatchDeleteImage"): "repository",
    ("ecr", "BatchGetImage"): "repository",
    ("ecr", "CreateRepository"): "repository",
    ("ecr", "DeleteRepository"): "repository",
    ("ecr", "DescribeImages"): "repository",
    ("ecr", "DescribeRepositories"): "repository",
    ("ecr", "GetLifecyclePolicy"): "repository",
    ("ecr", "ListImages"): "repository",
    ("ecr", "ListTagsForResource"): "repository",
    ("ecr", "PutImage"): "repository",
    ("ecr", "PutImageScanningConfiguration"): "repository",
    ("ecr", "PutImageTagMutability"): "repository",
    ("ecr", "PutLifecyclePolicy"): "repository",
    ("cloudformation", "ContinueUpdateRollback"): "stack",
    ("cloudformation", "CreateChangeSet"): "stack",
    ("cloudformation", "DeleteChangeSet"): "stack",
    ("cloudformation", "DeleteStack"): "stack",
    ("cloudformation", "DescribeChangeSet"): "stack",
    ("cloudformation", "DescribeStackEvents"): "stack",
    ("cloudformation", "DescribeStackResource"): "stack",
    ("cloudformation", "DescribeStacks"): "stack",
    ("cloudformation", "ExecuteChangeSet"): "stack",
    ("cloudformation", "GetTemplate"): "stack",
    ("cloudformation", "ListStackResources"): "stack",
    ("lambda", "DeleteFunction"): "function",
    ("lambda", "GetAlias"): "function",
    ("lambda", "GetFunction"): "function",
    ("lambda", "Invoke"): "function",
    ("lambda", "ListAliases"): "function",
    ("lambda", "ListVersionsByFunction"): "function",
    ("lambda", "TagResource"): "function",
    ("lambda", "UpdateAlias"): "function",
    ("lambda", "UpdateFunctionCode"): "function",
    ("cloudwatch", "DescribeAlarms"): "any",
    ("logs", "DescribeLogGroups"): "any",
    ("logs", "DeleteLogGroup"): "log group",
    ("logs", "FilterLogEvents"): "log group",
    ("schemas", "CreateRegistry"): "test events",
    ("schemas", "CreateSchema"): "test events",
    ("schemas", "DeleteSchemaVersion"): "test events",
    ("schemas", "DescribeSchema"): "test events",
    ("schemas", "ListSchemaVersions"): "test events",
    ("schemas", "UpdateSchema"): "test events",
    ("iam", "GetRole"): "any",
    ("iam", "SimulatePrincipalPolicy"): "any",
}
"""(service, operation) of every call -> what it is about."""

MEASURING: dict[tuple[str, str], str] = {
    ("cloudformation", "DescribeStackResource"): "stack",
    ("cloudformation", "DescribeStacks"): "stack",
    ("cloudformation", "GetTemplate"): "stack",
    ("lambda", "GetAlias"): "function",
    ("lambda", "GetFunction"): "function",
    ("lambda", "Invoke"): "function",
    ("lambda", "TagResource"): "function",
    ("lambda", "UntagResource"): "function",
    ("lambda", "UpdateFunctionConfiguration"): "function",
    ("logs", "DescribeLogGroups"): "any",
    ("logs", "FilterLogEvents"): "log group",
    ("pricing", "GetProducts"): "any",
}
"""The calls of `cost --remote`, `tune --remote` and `cost refresh`, for who measures and does not deploy."""

# The operation and the permission are called alike, but for these.
_ACTIONS = {("lambda", "Invoke"): "lambda:InvokeFunction"}

REGISTRY_ACTIONS = (
    "ecr:BatchCheckLayerAvailability", "ecr:CompleteLayerUpload", "ecr:GetDownloadUrlForLayer", "ecr:InitiateLayerUpload",
    "ecr:PutImage", "ecr:UploadLayerPart",
)  # fmt: skip
"""What pushing over the registry's own protocol needs."""

# HTTP APIs know no operations: a permission is a verb on a path.
_HTTP_API_VERBS = ("apigateway:DELETE", "apigateway:GET", "apigateway:PATCH", "apigateway:POST")

BY_RESOURCE_TYPE: dict[str, tuple[str, tuple[str, ...]]] = {
    "AWS::Lambda::Function": (
        "function",
        (
            "lambda:CreateFunction", "lambda:DeleteFunction", "lambda:DeleteFunctionConcurrency", "lambda:GetFunction",
            "lambda:GetFunctionCodeSigningConfig", "lambda:GetFunctionConfiguration", "lambda:GetRuntimeManagementConfig",
            "lambda:ListTags", "lambda:PutFunctionConcurrency", "lambda:TagResource", "lambda:UntagResource",
            "lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration",
        ),
    ),
    "AWS::Lambda::Version": ("function", ("lambda:ListVersionsByFunction", "lambda:PublishVersion")),
    "AWS::Lambda::Alias": (
        "function",
        (
            "lambda:CreateAlias", "lambda:DeleteAlias", "lambda:DeleteProvisionedConcurrencyConfig", "lambda:GetAlias",
            "lambda:GetProvisionedConcurrencyConfig", "lambda:PutProvisionedConcurrencyConfig", "lambda:UpdateAlias",
        ),
    ),
    "AWS::Lambda::Permission": ("function", ("lambda:AddPermission", "lambda:GetPolicy", "lambda:RemovePermission")),
    "AWS::Lambda::Url": (
        "function",
        (
            "lambda:CreateFunctionUrlConfig", "lambda:DeleteFunctionUrlConfig", "lambda:GetFunctionUrlConfig",
            "lambda:UpdateFunctionUrlConfig",
        ),
    ),
    "AWS::IAM::Role": (
        "role",
        (
            "iam:CreateRole", "iam:DeleteRole", "iam:DeleteRolePermissionsBoundary", "iam:DeleteRolePolicy", "iam:GetRole",
            "iam:GetRolePolicy", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy", "iam:TagRole", "iam:UntagRole",
            "iam:UpdateAssumeRolePolicy",
        ),
    ),
    "AWS::Logs::LogGroup": (
        "log group",
        (
            "logs:CreateLogGroup", "logs:DeleteLogGroup", "logs:DeleteRetentionPolicy", "logs:ListTagsForResource",
            "logs:PutRetentionPolicy", "logs:TagResource", "logs:UntagResource",
        ),
    ),
    "AWS::ApiGatewayV2::Api": ("api", (*_HTTP_API_VERBS, "apigateway:PUT")),
    "AWS::ApiGatewayV2::Authorizer": ("api", _HTTP_API_VERBS),
    "AWS::ApiGatewayV2::Integration": ("api", _HTTP_API_VERBS),
    "AWS::ApiGatewayV2::Route": ("api", _HTTP_API_VERBS),
    "AWS::ApiGatewayV2::Stage": ("api", (*_HTTP_API_VERBS, "apigateway:TagResource")),
    "AWS::CloudWatch::Alarm": (
        "alarm",
        (
            "cloudwatch:DeleteAlarms", "cloudwatch:ListTagsForResource", "cloudwatch:PutMetricAlarm",
            "cloudwatch:TagResource", "cloudwatch:UntagResource",
        ),
    ),
}  # fmt: skip
"""Resource type of the template -> what CloudFormation does with it in the deployer's name."""

ENDPOINT_ACTIONS = {"endpoint": ("execute-api:Invoke",), "function": ("lambda:InvokeFunctionUrl",)}
"""What verifying an endpoint with `auth = "iam"` needs beside `lambda:InvokeFunction`: kind -> actions."""

# Lambda gives itself the right to read the image, with the rights of who makes the function.
_IMAGE_ACTIONS = ("ecr:GetRepositoryPolicy", "ecr:SetRepositoryPolicy", "ecr:TagResource")


@dataclass(frozen=True)
class Names:
    """Whose resources; `*` stands for any."""

    account: str = "<account>"
    region: str = "<region>"
    function: str = "<function>"
    stack: str = "<stack>"
    repository: str = "<repository>"
    partition: str = "aws"

    def resources(self, kind: str) -> list[str]:
        """Return the ARNs of a kind."""
        here = f"{self.region}:{self.account}"
        found = {
            "any": ["*"],
            "repository": [f"arn:{self.partition}:ecr:{here}:repository/{self.repository}"],
            "stack": [f"arn:{self.partition}:cloudformation:{here}:stack/{self.stack}/*"],
            "function": [
                f"arn:{self.partition}:lambda:{here}:function:{self.function}",
                f"arn:{self.partition}:lambda:{here}:function:{self.function}:*",
            ],
            "log group": [f"arn:{self.partition}:logs:{here}:log-group:/aws/lambda/{self.function}:*"],
            "role": [f"arn:{self.partition}:iam::{self.account}:role/{self.stack}-Role-*"],
            "api": [f"arn:{self.partition}:apigateway:{self.region}::/{part}" for part in ("apis", "apis/*", "tags/*")],
            "endpoint": [f"arn:{self.partition}:execute-api:{here}:*"],
            "alarm": [f"arn:{self.partition}:cloudwatch:{here}:alarm:{self.function}-errors"],
            "test events": [
                f"arn:{self.partition}:schemas:{here}:registry/lambda-testevent-schemas",
                f"arn:{self.partition}:schemas:{here}:schema/lambda-testevent-schemas/*",
            ],
        }
        return found[kind]


def action_of(service: str, operation: str) -> str:
    """Name the permission of a call."""
    return _ACTIONS.get((service, operation), f"{service}:{operation}")


def make_measuring_policy(names: Names) -> dict[str, Any]:
    """Make the policy of somebody who measures what others deploy."""
    return {"Version": "2012-10-17", "Statement": _statements(_allow(MEASURING), names)}


def make_policy(names: Names, *, signs: bool = True) -> dict[str, Any]:
    """Make the policy of a deployer; one who never has an endpoint with `auth = "iam"` signs nothing."""
    allowed = _allow(DIRECT)
    allowed["repository"] |= {*REGISTRY_ACTIONS, *_IMAGE_ACTIONS}
    for kind, actions in (*BY_RESOURCE_TYPE.values(), *(ENDPOINT_ACTIONS.items() if signs else ())):
        allowed.setdefault(kind, set()).update(actions)
    statements = _statements(allowed, names)
    statements.append(
        {
            "Sid": "PassRole",
            "Effect": "Allow",
            "Action": ["iam:PassRole"],
            "Resource": names.resources("role"),
            "Condition": {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}},
        }
    )
    return {"Version": "2012-10-17", "Statement": statements}


def _allow(calls: dict[tuple[str, str], str]) -> dict[str, set[str]]:
    allowed: dict[str, set[str]] = {}
    for (service, operation), kind in calls.items():
        allowed.setdefault(kind, set()).add(action_of(service, operation))
    return allowed


def _statements(allowed: dict[str, set[str]], names: Names) -> list[dict[str, Any]]:
    return [
        {
            "Sid": kind.title().replace(" ", ""),
            "Effect": "Allow",
            "Action": sorted(actions),
            "Resource": names.resources(kind),
        }
        for kind, actions in sorted(allowed.items())
    ]
