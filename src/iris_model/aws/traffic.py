"""Who answers: moves the alias, by shares if asked, and back at once."""

from __future__ import annotations

from iris_model.aws.calls import Aws, OnStep
from iris_model.aws.deployment import ALIAS, Deployment
from iris_model.aws.observe import ACCEPTED_TAG, PREVIOUS_TAG

_POLL_SECONDS = 15.0
_NO_JUDGE = "it cannot judge a canary. Wait until it is silent, or deploy without --canary."


def set_alias(aws: Aws, function: str, version: str, weights: dict[str, float] | None = None) -> None:
    """Point the alias at a version, and at others by their weights."""
    aws.call(
        "lambda", "UpdateAlias", f"alias {function}:{ALIAS}", FunctionName=function, Name=ALIAS, FunctionVersion=version,
        RoutingConfig={"AdditionalVersionWeights": weights or {}},
    )  # fmt: skip


def run_canary(
    aws: Aws, deployment: Deployment, old: str, new: str, percent: int, minutes: float, on_step: OnStep
) -> str:
    """Give the new version a share for some minutes; returns why it has to end, or nothing.

    Interrupted, it takes the share back.
    """
    if deployment.error_alarm and alarm_rings(aws, deployment):
        return (
            f"the alarm {alarm_name(deployment)} rings already, before version {new} has answered anything: {_NO_JUDGE}"
        )
    deadline = aws.clock() + minutes * 60
    try:
        set_alias(aws, deployment.function, old, {new: percent / 100})
        while (left := deadline - aws.clock()) > 0:
            on_step(f"Canary: version {new} answers {percent} % for {_show_span(left)} more")
            aws.sleep(min(_POLL_SECONDS, left))
            if deployment.error_alarm and alarm_rings(aws, deployment):
                return (
                    f"the alarm {alarm_name(deployment)} rang while version {new} answered {percent} % of the requests"
                )
    except KeyboardInterrupt:
        # Nobody would look at the alarm any more.
        set_alias(aws, deployment.function, old)
        raise
    return ""


def _show_span(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes" if seconds >= 90 else f"{seconds:.0f} s"


def alarm_name(deployment: Deployment) -> str:
    """Name the alarm on errors."""
    return f"{deployment.function}-errors"


def alarm_rings(aws: Aws, deployment: Deployment) -> bool:
    """Whether the alarm on errors rings now."""
    name = alarm_name(deployment)
    found = aws.call("cloudwatch", "DescribeAlarms", f"alarm {name}", AlarmNames=[name]).get("MetricAlarms", [])
    return any(alarm["StateValue"] == "ALARM" for alarm in found)


def mark_accepted(aws: Aws, function_arn: str, version: str, before: str) -> None:
    """Remember on the function which version was found right, and which one answered before it."""
    tags = {ACCEPTED_TAG: version, **({PREVIOUS_TAG: before} if before not in ("", version) else {})}
    aws.call("lambda", "TagResource", f"function {function_arn}", Resource=function_arn, Tags=tags)
