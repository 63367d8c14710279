"""`dead-letter`, `on-failure`, `on-success`: the destinations of asynchronous invocations."""

from __future__ import annotations

from typing import Any

from iris_model.aws.cloudformation.logical_ids import FUNCTION, LIVE
from iris_model.aws.cloudformation.parts.part import Part
from iris_model.aws.cloudformation.yaml_text import ref
from iris_model.aws.deployment import ALIAS
from iris_model.contract.deployment import Deployment

_ACTIONS = {
    "sqs": "sqs:SendMessage", "sns": "sns:Publish", "lambda": "lambda:InvokeFunction", "events": "events:PutEvents",
}  # fmt: skip


def add_destinations(deployment: Deployment) -> Part:
    """Add the destinations, and allow the function's role to send there."""
    named = {"OnFailure": deployment.on_failure, "OnSuccess": deployment.on_success}
    destinations = {name: {"Destination": arn} for name, arn in named.items() if arn}
    function: dict[str, Any] = {}
    if deployment.dead_letter:
        function["DeadLetterConfig"] = {"TargetArn": deployment.dead_letter}
    resources: dict[str, Any] = {}
    if destinations:
        resources["AsynchronousInvocations"] = {
            "Type": "AWS::Lambda::EventInvokeConfig",
            "DependsOn": LIVE,
            "Properties": {"FunctionName": ref(FUNCTION), "Qualifier": ALIAS, "DestinationConfig": destinations},
        }
    arns = dict.fromkeys(arn for arn in (deployment.dead_letter, *named.values()) if arn)
    statements = [statement for arn in arns for statement in _statements(arn)]
    return Part(resources=resources, function=function, statements=statements)


def _statements(arn: str) -> list[dict[str, Any]]:
    service = arn.split(":")[2]
    if service != "s3":
        return [{"Effect": "Allow", "Action": _ACTIONS[service], "Resource": arn}]
    return [
        {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": arn},
        {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"{arn}/*"},
    ]
