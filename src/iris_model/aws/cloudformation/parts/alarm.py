"""`error-alarm`: a CloudWatch alarm on errors of the live version."""

from __future__ import annotations

from iris_model.aws.cloudformation.logical_ids import ALARM, FUNCTION
from iris_model.aws.cloudformation.parts.part import Part, tag_list
from iris_model.aws.cloudformation.yaml_text import ref, sub
from iris_model.aws.deployment import ALIAS
from iris_model.contract.deployment import Deployment

_COMMENT = "ALARM when the live version fails. To be notified, add AlarmActions with the ARN of an SNS topic."


def add_alarm(deployment: Deployment) -> Part:
    """Add the alarm, unless it is disabled."""
    if not deployment.error_alarm:
        return Part()
    alarm = {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmName": deployment.alarm,
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
    return Part(resources={ALARM: alarm}, comments={ALARM: _COMMENT})


def _describe_alarm(deployment: Deployment) -> str:
    if deployment.error_alarm_threshold == 1:
        return f"{deployment.function} failed within the last minute."
    return f"{deployment.function} failed at least {deployment.error_alarm_threshold} times within the last minute."
