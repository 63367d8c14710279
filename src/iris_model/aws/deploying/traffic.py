"""Move the alias, with shares if requested, and back."""

from __future__ import annotations

from iris_model.aws.client.calls import Aws, OnStep
from iris_model.aws.deployment import ALIAS
from iris_model.aws.state.observe import ACCEPTED_TAG, PREVIOUS_TAG
from iris_model.contract.deployment import Deployment

_POLL_SECONDS = 15.0
_NO_JUDGE = "so it cannot judge a canary. Wait until it is in OK state, or deploy without --canary."


def set_alias(aws: Aws, function: str, version: str, weights: dict[str, float] | None = None) -> None:
    """Point the alias at a version, with weights for others."""
    aws.call(
        "lambda", "UpdateAlias", f"alias {function}:{ALIAS}", FunctionName=function, Name=ALIAS, FunctionVersion=version,
        RoutingConfig={"AdditionalVersionWeights": weights or {}},
    )  # fmt: skip


def run_canary(
    aws: Aws, deployment: Deployment, old: str, new: str, percent: int, minutes: float, on_step: OnStep
) -> str:
    """Give the new version a share of the requests for some minutes. Return why the canary failed, or "".

    If the run is interrupted, the share is removed.
    """
    if deployment.error_alarm and alarm_rings(aws, deployment):
        return f"the alarm {deployment.alarm} is already in ALARM state before version {new} answered any request, {_NO_JUDGE}"
    deadline = aws.clock() + minutes * 60
    try:
        set_alias(aws, deployment.function, old, {new: percent / 100})
        while (left := deadline - aws.clock()) > 0:
            on_step(f"Canary: version {new} answers {percent} % for {_show_span(left)} more")
            aws.sleep(min(_POLL_SECONDS, left))
            if deployment.error_alarm and alarm_rings(aws, deployment):
                return (
                    f"the alarm {deployment.alarm} went into ALARM state while version {new} answered {percent} % "
                    "of the requests"
                )
    except KeyboardInterrupt:
        # After the interruption, nobody watches the alarm.
        set_alias(aws, deployment.function, old)
        raise
    return ""


def _show_span(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes" if seconds >= 90 else f"{seconds:.0f} s"


def alarm_rings(aws: Aws, deployment: Deployment) -> bool:
    """Whether the error alarm is in ALARM state."""
    name = deployment.alarm
    found = aws.call("cloudwatch", "DescribeAlarms", f"alarm {name}", AlarmNames=[name]).get("MetricAlarms", [])
    return any(alarm["StateValue"] == "ALARM" for alarm in found)


def mark_accepted(aws: Aws, function_arn: str, version: str, before: str) -> None:
    """Tag the function with the version that was verified and the one that answered before it."""
    tags = {ACCEPTED_TAG: version, **({PREVIOUS_TAG: before} if before not in ("", version) else {})}
    aws.call("lambda", "TagResource", f"function {function_arn}", Resource=function_arn, Tags=tags)
