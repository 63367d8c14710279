"""The permissions of a deployer: every call of this package, and the calls of CloudFormation for the deployer.

A test compares them with the calls in the code. docs/reference/permissions.md is made from this table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from iris_model.aws.access.permissions_by_key import find_needs
from iris_model.aws.deployment import LONGEST_STACK, name_batch, name_bucket, name_schedule, rule_patterns
from iris_model.aws.secrets import Reference, find_arn

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
    ("logs", "PutRetentionPolicy"): "log group",
    ("schemas", "CreateRegistry"): "test events",
    ("schemas", "CreateSchema"): "test events",
    ("schemas", "DeleteSchemaVersion"): "test events",
    ("schemas", "DescribeSchema"): "test events",
    ("schemas", "ListSchemaVersions"): "test events",
    ("schemas", "UpdateSchema"): "test events",
    ("secretsmanager", "DescribeSecret"): "secret",
    ("ssm", "GetParameters"): "parameter",
    ("iam", "GetRole"): "any",
    ("iam", "SimulatePrincipalPolicy"): "any",
}
"""(service, operation) of every call -> the kind of resource that it uses."""

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
"""The calls of `cost --remote`, `tune --remote` and `cost refresh`, for users who measure and do not deploy."""

ARCHIVING: dict[tuple[str, str], str] = {
    ("s3", "CreateBucket"): "bucket of archives",
    ("s3", "DeleteBucket"): "bucket of archives",
    ("s3", "DeleteObject"): "archives",
    ("s3", "GetBucketTagging"): "bucket of archives",
    ("s3", "ListObjectsV2"): "bucket of archives",
    ("s3", "PutBucketTagging"): "bucket of archives",
    ("s3", "PutObject"): "archives",
}
"""The calls of `deploy` and `destroy` with `package-type = "zip"`."""

BATCHING: dict[tuple[str, str], str] = {
    ("cloudformation", "DescribeStackResource"): "stack",
    ("cloudformation", "DescribeStacks"): "stack",
    ("cloudformation", "GetTemplate"): "stack",
    ("lambda", "GetAlias"): "function",
    ("lambda", "Invoke"): "function",
    ("s3", "ListObjectsV2"): "buckets of a batch",
    ("s3", "PutObject"): "answers of a batch",
    ("stepfunctions", "DescribeExecution"): "runs of the state machine",
    ("stepfunctions", "DescribeMapRun"): "runs of the state machine",
    ("stepfunctions", "ListMapRuns"): "runs of the state machine",
    ("stepfunctions", "StartExecution"): "state machine",
}
"""The calls of `batch`."""

PLANNING: dict[tuple[str, str], str] = {
    ("sts", "GetCallerIdentity"): "any",
    ("ecr", "DescribeImages"): "repository",
    ("ecr", "DescribeRepositories"): "repository",
    ("ecr", "GetLifecyclePolicy"): "repository",
    ("ecr", "ListTagsForResource"): "repository",
    ("cloudformation", "DescribeStackResource"): "stack",
    ("cloudformation", "DescribeStacks"): "stack",
    ("cloudformation", "GetTemplate"): "stack",
    ("lambda", "GetAlias"): "function",
    ("lambda", "GetFunction"): "function",
    ("lambda", "ListAliases"): "function",
    ("lambda", "ListVersionsByFunction"): "function",
    ("logs", "DescribeLogGroups"): "any",
    ("ssm", "GetParameters"): "parameter",
}
"""The calls of `deploy --plan`, for pull requests."""

# Permissions whose name differs from that of the operation.
_ACTIONS = {
    ("lambda", "Invoke"): "lambda:InvokeFunction",
    ("s3", "ListObjectsV2"): "s3:ListBucket",
    **{each: f"states:{each[1]}" for each in BATCHING if each[0] == "stepfunctions"},
}

REGISTRY_ACTIONS = (
    "ecr:BatchCheckLayerAvailability", "ecr:CompleteLayerUpload", "ecr:GetDownloadUrlForLayer", "ecr:InitiateLayerUpload",
    "ecr:PutImage", "ecr:UploadLayerPart",
)  # fmt: skip
"""The actions that a push over the registry's own protocol needs."""

# Permissions of HTTP APIs are verbs on paths, not operations.
_HTTP_API_VERBS = ("apigateway:DELETE", "apigateway:GET", "apigateway:PATCH", "apigateway:POST")

BY_RESOURCE_TYPE: dict[str, dict[str, tuple[str, ...]]] = {
    "AWS::Lambda::Function": {
        "function": (
            "lambda:CreateFunction", "lambda:DeleteFunction", "lambda:DeleteFunctionConcurrency", "lambda:GetFunction",
            "lambda:GetFunctionCodeSigningConfig", "lambda:GetFunctionConfiguration", "lambda:GetRuntimeManagementConfig",
            "lambda:ListTags", "lambda:PutFunctionConcurrency", "lambda:TagResource", "lambda:UntagResource",
            "lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration",
        ),
    },
    "AWS::Lambda::Version": {"function": ("lambda:ListVersionsByFunction", "lambda:PublishVersion")},
    "AWS::Lambda::Alias": {
        "function": (
            "lambda:CreateAlias", "lambda:DeleteAlias", "lambda:DeleteProvisionedConcurrencyConfig", "lambda:GetAlias",
            "lambda:GetProvisionedConcurrencyConfig", "lambda:PutProvisionedConcurrencyConfig", "lambda:UpdateAlias",
        ),
    },
    "AWS::Lambda::Permission": {"function": ("lambda:AddPermission", "lambda:GetPolicy", "lambda:RemovePermission")},
    "AWS::Lambda::Url": {
        "function": (
            "lambda:CreateFunctionUrlConfig", "lambda:DeleteFunctionUrlConfig", "lambda:GetFunctionUrlConfig",
            "lambda:UpdateFunctionUrlConfig",
        ),
    },
    "AWS::IAM::Role": {
        "role": (
            "iam:CreateRole", "iam:DeleteRole", "iam:DeleteRolePermissionsBoundary", "iam:DeleteRolePolicy", "iam:GetRole",
            "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies", "iam:PutRolePermissionsBoundary",
            "iam:PutRolePolicy", "iam:TagRole", "iam:UntagRole", "iam:UpdateAssumeRolePolicy",
        ),
    },
    "AWS::Logs::LogGroup": {
        "log group": (
            "logs:CreateLogGroup", "logs:DeleteLogGroup", "logs:DeleteRetentionPolicy", "logs:PutRetentionPolicy",
        ),
        "tags of the log group": ("logs:ListTagsForResource", "logs:TagResource", "logs:UntagResource"),
    },
    "AWS::ApiGatewayV2::Api": {"api": (*_HTTP_API_VERBS, "apigateway:PUT")},
    "AWS::ApiGatewayV2::Authorizer": {"api": _HTTP_API_VERBS},
    "AWS::ApiGatewayV2::Integration": {"api": _HTTP_API_VERBS},
    "AWS::ApiGatewayV2::Route": {"api": _HTTP_API_VERBS},
    "AWS::ApiGatewayV2::Stage": {"api": (*_HTTP_API_VERBS, "apigateway:TagResource")},
    "AWS::CloudWatch::Alarm": {
        "alarm": (
            "cloudwatch:DeleteAlarms", "cloudwatch:ListTagsForResource", "cloudwatch:PutMetricAlarm",
            "cloudwatch:TagResource", "cloudwatch:UntagResource",
        ),
    },
}  # fmt: skip
"""Resource type of the template -> kind of resource -> the deployer's permissions that CloudFormation uses."""

ENDPOINT_ACTIONS = {"endpoint": ("execute-api:Invoke",), "function": ("lambda:InvokeFunctionUrl",)}
"""To verify an endpoint with `auth = "iam"`, in addition to `lambda:InvokeFunction`: kind of resource -> actions."""

# Lambda gives itself permission to read the image, with the rights of the user who creates the function.
_IMAGE_ACTIONS = ("ecr:GetRepositoryPolicy", "ecr:SetRepositoryPolicy", "ecr:TagResource")


@dataclass(frozen=True)
class Names:
    """The names of a deployment's resources; `*` matches any."""

    account: str = "<account>"
    region: str = "<region>"
    function: str = "<function>"
    stack: str = "<stack>"
    repository: str = "<repository>"
    partition: str = "aws"
    role: str = ""
    """The configured role, if the stack does not create one."""
    secrets: tuple[Reference, ...] = ()
    keys: tuple[str, ...] = ()
    """The keys of `iris-model.toml` that are off by default and that the project sets."""
    buckets: tuple[str, str] = ("<input>", "<output>")
    """The buckets of `[batch]`."""
    kms_key: str = ""
    hosted_zone: str = ""
    """The KMS key and the hosted zone. If empty, the policy names no resource of that kind."""

    def resources(self, kind: str) -> list[str]:
        """Return the ARNs of a kind of resource."""
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
            # Tags are evaluated on the log group itself.
            "tags of the log group": [f"arn:{self.partition}:logs:{here}:log-group:/aws/lambda/{self.function}"],
            "role": [] if self.role else [f"arn:{self.partition}:iam::{self.account}:role/{self._begin_of_role}*"],
            "secret": self._arns_of_secrets("secretsmanager"),
            "parameter": self._arns_of_secrets("ssm"),
            # API Gateway evaluates tags on `arn:aws:apigateway:REGION::arn:aws:apigateway:REGION::/tags/` (observed).
            "api": [
                f"arn:{self.partition}:apigateway:{self.region}::{part}" for part in ("/apis", "/apis/*", "*/tags/*")
            ],
            "endpoint": [f"arn:{self.partition}:execute-api:{here}:*"],
            "network": ["*"],
            "delivery of logs": ["*"],
            "key": [self.kms_key] if self.kms_key else [],
            "access log": [f"arn:{self.partition}:logs:{here}:log-group:/aws/vendedlogs/apigateway/{self.function}:*"],
            "tags of the access log": [
                f"arn:{self.partition}:logs:{here}:log-group:/aws/vendedlogs/apigateway/{self.function}"
            ],
            "domain": [
                f"arn:{self.partition}:apigateway:{self.region}::{part}"
                for part in ("/domainnames", "/domainnames/*", "*/tags/*")
            ],
            "role of API Gateway": [
                f"arn:{self.partition}:iam::{self.account}:role/aws-service-role/ops.apigateway.amazonaws.com/"
                "AWSServiceRoleForAPIGateway"
            ],
            "hosted zone": [f"arn:{self.partition}:route53:::hostedzone/{self.hosted_zone}"]
            if self.hosted_zone
            else [],
            "change of a hosted zone": [f"arn:{self.partition}:route53:::change/*"] if self.hosted_zone else [],
            "schedule": [f"arn:{self.partition}:events:{here}:rule/{name_schedule(self.function)}"],
            # A mapping has a random name, and its creation has none.
            "event source mapping": ["*"],
            "topic": [f"arn:{self.partition}:sns:{here}:*"],
            "rule of events": [
                f"arn:{self.partition}:events:{here}:rule/{name}" for name in rule_patterns(self.function)
            ],
            "role of the batch": [f"arn:{self.partition}:iam::{self.account}:role/{self.stack[:46]}-Batc*"],
            "state machine": [f"arn:{self.partition}:states:{here}:stateMachine:{name_batch(self.function)}"],
            "runs of the state machine": [
                f"arn:{self.partition}:states:{here}:{kind}:{name_batch(self.function)}{end}"
                for kind, end in (("execution", ":*"), ("mapRun", "/*"))
            ],
            "bucket of archives": [f"arn:{self.partition}:s3:::{self._bucket}"],
            "archives": [f"arn:{self.partition}:s3:::{self._bucket}/*"],
            "buckets of a batch": [f"arn:{self.partition}:s3:::{bucket}" for bucket in self.buckets],
            "answers of a batch": [f"arn:{self.partition}:s3:::{self.buckets[1]}/*"],
            "dashboard": [f"arn:{self.partition}:cloudwatch::{self.account}:dashboard/{self.function}"],
            "alarm": [f"arn:{self.partition}:cloudwatch:{here}:alarm:{self.function}-errors"],
            "test events": [
                f"arn:{self.partition}:schemas:{here}:registry/lambda-testevent-schemas",
                f"arn:{self.partition}:schemas:{here}:schema/lambda-testevent-schemas/*",
            ],
        }
        return found[kind]

    @property
    def _bucket(self) -> str:
        if self.repository.startswith("<"):
            return f"{self.repository}-{self.account}-{self.region}"
        return name_bucket(self.repository, self.account, self.region)

    @property
    def _begin_of_role(self) -> str:
        """Return the prefix of the role's name, the part that CloudFormation does not cut off."""
        return f"{self.stack}-Role-" if len(self.stack) <= LONGEST_STACK else self.stack[:LONGEST_STACK]

    def _arns_of_secrets(self, service: str) -> list[str]:
        place = {"partition": self.partition, "region": self.region, "account": self.account}
        return sorted({find_arn(each, **place) for each in self.secrets if each.service == service})


def action_of(service: str, operation: str) -> str:
    """Return the permission for a call."""
    return _ACTIONS.get((service, operation), f"{service}:{operation}")


def make_measuring_policy(names: Names) -> dict[str, Any]:
    """Return the policy for measuring a deployed function."""
    return {"Version": "2012-10-17", "Statement": _statements(_allow(MEASURING), names)}


def make_batch_policy(names: Names) -> dict[str, Any]:
    """Return the policy of a user who scores buckets."""
    return {"Version": "2012-10-17", "Statement": _statements(_allow(BATCHING), names)}


def make_planning_policy(names: Names) -> dict[str, Any]:
    """Return the policy for planning without changes."""
    allowed = _allow(PLANNING)
    if "package-type" in names.keys:
        allowed["bucket of archives"] = {"s3:GetBucketTagging", "s3:ListBucket"}
    return {"Version": "2012-10-17", "Statement": _statements(allowed, names)}


def make_policy(names: Names, *, signs: bool = True) -> dict[str, Any]:
    """Return the policy of a deployer. `signs`: include the permissions for endpoints with `auth = "iam"`."""
    allowed = _allow(DIRECT)
    allowed["repository"] |= {*REGISTRY_ACTIONS, *_IMAGE_ACTIONS}
    allowed["secret"].add("secretsmanager:GetSecretValue")  # CloudFormation reads the value
    tables: list[Mapping[str, tuple[str, ...]]] = [*BY_RESOURCE_TYPE.values(), *([ENDPOINT_ACTIONS] if signs else [])]
    tables += [needs for key in names.keys for needs in find_needs(key)]
    for kind, actions in (entry for table in tables for entry in table.items()):
        allowed.setdefault(kind, set()).update(actions)
    statements = _statements(allowed, names)
    if "batch" in names.keys:
        statements.append(_pass_role_of_batch(names))
    statements.append(
        {
            "Sid": "PassRole",
            "Effect": "Allow",
            "Action": ["iam:PassRole"],
            "Resource": [names.role] if names.role else names.resources("role"),
            "Condition": {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}},
        }
    )
    return {"Version": "2012-10-17", "Statement": statements}


def make_key_policy(key: str, names: Names) -> dict[str, Any]:
    """Return the additional policy that a deployer needs for one key."""
    allowed: dict[str, set[str]] = {}
    for kind, actions in (entry for needs in find_needs(key) for entry in needs.items()):
        allowed.setdefault(kind, set()).update(actions)
    statements = _statements(allowed, names)
    if key == "batch":
        statements.append(_pass_role_of_batch(names))
    return {"Version": "2012-10-17", "Statement": statements}


def _pass_role_of_batch(names: Names) -> dict[str, Any]:
    return {
        "Sid": "PassRoleOfTheBatch",
        "Effect": "Allow",
        "Action": ["iam:PassRole"],
        "Resource": names.resources("role of the batch"),
        "Condition": {"StringEquals": {"iam:PassedToService": "states.amazonaws.com"}},
    }


def _allow(calls: dict[tuple[str, str], str]) -> dict[str, set[str]]:
    allowed: dict[str, set[str]] = {}
    for (service, operation), kind in calls.items():
        allowed.setdefault(kind, set()).add(action_of(service, operation))
    return allowed


def _statements(allowed: dict[str, set[str]], names: Names) -> list[dict[str, Any]]:
    return [
        {"Sid": kind.title().replace(" ", ""), "Effect": "Allow", "Action": sorted(actions), "Resource": resources}
        for kind, actions in sorted(allowed.items())
        if (resources := names.resources(kind))
    ]
