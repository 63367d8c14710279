"""The permissions that a deployer needs for optional keys of `iris-model.toml`.

CloudFormation calls AWS with the deployer's permissions. After a key is removed, one more deployment needs its
permissions, because CloudFormation deletes its resources.
"""

from __future__ import annotations

from collections.abc import Mapping

_HTTP_API_VERBS = ("apigateway:DELETE", "apigateway:GET", "apigateway:PATCH", "apigateway:POST")
_RULE_OF_EVENTBRIDGE = (
    "events:DeleteRule", "events:DescribeRule", "events:ListTagsForResource", "events:ListTargetsByRule",
    "events:PutRule", "events:PutTargets", "events:RemoveTargets", "events:TagResource", "events:UntagResource",
)  # fmt: skip

TYPES_OF_KEY: dict[str, dict[str, dict[str, tuple[str, ...]]]] = {
    "on-failure": {
        "AWS::Lambda::EventInvokeConfig": {
            "function": (
                "lambda:DeleteFunctionEventInvokeConfig", "lambda:GetFunctionEventInvokeConfig",
                "lambda:PutFunctionEventInvokeConfig", "lambda:UpdateFunctionEventInvokeConfig",
            ),
        },
    },
    "domain": {
        "AWS::ApiGatewayV2::DomainName": {
            "domain": (*_HTTP_API_VERBS, "apigateway:AddCertificateToDomain", "apigateway:RemoveCertificateFromDomain"),
            "role of API Gateway": ("iam:CreateServiceLinkedRole",),
        },
        "AWS::ApiGatewayV2::ApiMapping": {"domain": _HTTP_API_VERBS},
        "AWS::Route53::RecordSet": {
            "hosted zone": (
                "route53:ChangeResourceRecordSets", "route53:GetHostedZone", "route53:ListResourceRecordSets",
            ),
            "change of a hosted zone": ("route53:GetChange",),
        },
    },
    "keep-warm": {
        "AWS::Events::Rule": {
            "schedule": _RULE_OF_EVENTBRIDGE,
        },
    },
    "events": {
        "AWS::Lambda::EventSourceMapping": {
            "event source mapping": (
                "lambda:CreateEventSourceMapping", "lambda:DeleteEventSourceMapping", "lambda:GetEventSourceMapping",
                "lambda:ListTags", "lambda:TagResource", "lambda:UntagResource", "lambda:UpdateEventSourceMapping",
            ),
        },
        "AWS::SNS::Subscription": {
            "topic": (
                "sns:GetSubscriptionAttributes", "sns:ListSubscriptionsByTopic", "sns:SetSubscriptionAttributes",
                "sns:Subscribe", "sns:Unsubscribe",
            ),
        },
        "AWS::Events::Rule": {
            "rule of events": _RULE_OF_EVENTBRIDGE,
        },
    },
    "batch": {
        "AWS::StepFunctions::StateMachine": {
            "state machine": (
                "states:CreateStateMachine", "states:DeleteStateMachine", "states:DescribeStateMachine",
                "states:ListTagsForResource", "states:TagResource", "states:UntagResource", "states:UpdateStateMachine",
            ),
        },
    },
    "dashboard": {
        "AWS::CloudWatch::Dashboard": {
            "dashboard": ("cloudwatch:DeleteDashboards", "cloudwatch:GetDashboard", "cloudwatch:PutDashboard"),
        },
    },
}  # fmt: skip
"""Key -> type of a resource that it adds -> kind of resource -> the actions of CloudFormation."""

ACTIONS_OF_KEY: dict[str, dict[str, tuple[str, ...]]] = {
    "vpc": {"network": ("ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs")},
    "kms-key": {
        "key": ("kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"),
    },
    "batch": {
        "role of the batch": (
            "iam:CreateRole", "iam:DeleteRole", "iam:DeleteRolePermissionsBoundary", "iam:DeleteRolePolicy", "iam:GetRole",
            "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies", "iam:PutRolePermissionsBoundary",
            "iam:PutRolePolicy", "iam:TagRole", "iam:UntagRole", "iam:UpdateAssumeRolePolicy",
        ),
    },
    "package-type": {
        "bucket of archives": (
            "s3:CreateBucket", "s3:DeleteBucket", "s3:GetBucketTagging", "s3:ListBucket", "s3:PutBucketTagging",
        ),
        # Lambda reads the archive with the rights of the user who creates or updates the function.
        "archives": ("s3:DeleteObject", "s3:GetObject", "s3:PutObject"),
    },
    "access-log": {
        "access log": ("logs:CreateLogGroup", "logs:DeleteLogGroup", "logs:PutRetentionPolicy"),
        "tags of the access log": ("logs:ListTagsForResource", "logs:TagResource", "logs:UntagResource"),
        "delivery of logs": (
            "logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DescribeResourcePolicies", "logs:GetLogDelivery",
            "logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:UpdateLogDelivery",
        ),
    },
}  # fmt: skip
"""Key -> kind of resource -> the actions that it needs on resources that exist without it."""

# The same resource serves both keys. A dead-letter queue needs no permission of the deployer.
_SAME = {"on-success": "on-failure"}
KEYS = tuple(sorted({*TYPES_OF_KEY, *ACTIONS_OF_KEY}))


def find_needs(key: str) -> list[Mapping[str, tuple[str, ...]]]:
    """Return the permissions for one key: kind -> actions, once for each type of resource."""
    key = _SAME.get(key, key)
    return [*TYPES_OF_KEY.get(key, {}).values(), ACTIONS_OF_KEY.get(key, {})]
