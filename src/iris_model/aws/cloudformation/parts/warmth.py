"""`keep-warm`: EventBridge pings the live version on a schedule."""

from __future__ import annotations

from typing import Any

from iris_model.aws.cloudformation.logical_ids import LIVE
from iris_model.aws.cloudformation.parts.part import Part
from iris_model.aws.cloudformation.yaml_text import get_att, ref
from iris_model.aws.deployment import name_schedule
from iris_model.aws.notes import find_notes
from iris_model.contract.deployment import Deployment

_RULE = "KeepWarm"
_COMMENT = "Pings the live version, which answers a scheduled event immediately, without the model."


def add_warmth(deployment: Deployment) -> Part:
    """Add the schedule, and allow it to call the live version. The rule gets the stack's tags."""
    if deployment.keep_warm is None:
        return Part()
    said = [f"{note.text}. {note.hint}" for note in find_notes(deployment) if note.key == "keep-warm"]
    resources: dict[str, Any] = {
        _RULE: {
            "Type": "AWS::Events::Rule",
            "Properties": {
                "Name": name_schedule(deployment.function),
                "ScheduleExpression": deployment.keep_warm,
                "State": "ENABLED",
                "Targets": [{"Id": "live", "Arn": ref(LIVE), "RetryPolicy": {"MaximumRetryAttempts": 0}}],
            },
        },
        "KeepWarmPermission": {
            "Type": "AWS::Lambda::Permission",
            "Properties": {
                "FunctionName": ref(LIVE),
                "Action": "lambda:InvokeFunction",
                "Principal": "events.amazonaws.com",
                "SourceArn": get_att(f"{_RULE}.Arn"),
            },
        },
    }
    return Part(resources, {_RULE: " ".join([_COMMENT, *said])})
