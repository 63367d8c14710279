"""What is deployed: a deployment in, a `Status` out. Only questions are asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from iris_model.aws.calls import Aws
from iris_model.aws.deployment import ALIAS, Deployment
from iris_model.aws.expiry import find_tags
from iris_model.aws.images import mark_of
from iris_model.aws.observe import (
    IMAGE_DELETED,
    MENDABLE,
    Function,
    Live,
    Stack,
    digest_in,
    find_function,
    find_live,
    find_stack,
)
from iris_model.aws.ownership import check_stack
from iris_model.aws.template import ENDPOINT_OUTPUT, VERSION_OUTPUT, image_uri, render_template
from iris_model.aws.traffic import alarm_name
from iris_model.errors import DeploymentError

# What Lambda says of a function's state, and what to do about it.
_STATES = {
    IMAGE_DELETED: "its image was deleted from ECR; iris-model deploy pushes it again",
    "ImageAccessDenied": "Lambda may not read its image; look at the policy of the repository",
    "InvalidImage": "Lambda does not take its image; look at iris-model image inspect",
    "Idle": "it was not called for weeks; the first call wakes it within two minutes",
}


@dataclass(frozen=True)
class Status:
    """The deployment as it is."""

    function: str
    state: str
    remark: str
    version: str
    newest: str
    accepted: str
    weights: Mapping[str, float]
    digest: str
    last_modified: str
    stack: str
    stack_remark: str
    endpoint: str
    alarm: str
    settings_match: bool


def read_status(aws: Aws, deployment: Deployment) -> Status:
    """Ask for everything; a deployment that is not there is an error with the way to make it."""
    stack = find_stack(aws, deployment)
    function = find_function(aws, deployment.function)
    live = find_live(aws, deployment.function)
    if stack is None or not stack.exists or function is None or live is None:
        raise not_deployed(aws, deployment, stack)
    check_stack(deployment, stack)
    return _status(aws, deployment, stack, function, live)


def not_deployed(aws: Aws, deployment: Deployment, stack: Stack | None) -> DeploymentError:
    """Say that there is nothing, or only a part."""
    state = f"the stack {deployment.stack} is {stack.status}" if stack else f"there is no stack {deployment.stack}"
    return DeploymentError(
        f"{deployment.function} is not deployed in {aws.region}: {state}",
        remedy="Deploy it: iris-model deploy; or name another --stage, --region or --profile.",
    )


def _say_of_stack(stack: Stack) -> str:
    if not stack.is_settled:
        return "somebody is changing it"
    if stack.status in MENDABLE:
        return "iris-model deploy mends it"
    return (
        "an update failed, and nothing was rolled back: iris-model deploy says how" if "FAILED" in stack.status else ""
    )


def _find_danger(aws: Aws, repository: str, running: Function) -> str:
    """Say what Lambda does not know yet: it asks for the image again only when it needs it."""
    digest = digest_in(repository, running)
    tags = find_tags(aws, repository, digest) if digest else ()
    if tags is None:
        return f"its image is not in the repository {repository} any more; iris-model deploy pushes it again"
    if digest and mark_of(digest) in tags:
        return f"its image is tagged {mark_of(digest)} and will expire; iris-model deploy, or rollback to it, keeps it"
    return ""


def _find_left_over(function: Function) -> str:
    before = function.memory_before_tuning
    if before in (None, function.memory):
        return ""
    return (
        f"an iris-model tune --remote that runs, or was killed, has set $LATEST to {function.memory} MB; tune --remote or "
        f"deploy sets it back to {before}"
    )


def _status(aws: Aws, deployment: Deployment, stack: Stack, function: Function, live: Live) -> Status:
    running = find_function(aws, deployment.function, ALIAS) or function
    digest = running.image.rpartition("@")[2]
    alarms = aws.call(
        "cloudwatch", "DescribeAlarms", f"alarm {alarm_name(deployment)}", AlarmNames=[alarm_name(deployment)]
    )
    states = [each["StateValue"] for each in alarms.get("MetricAlarms", [])]
    newest = stack.outputs.get(VERSION_OUTPUT, "")
    # The stack's template is that of the newest version, which is not the live one after a roll-back.
    newest_image = (find_function(aws, deployment.function, newest) or function).image.rpartition("@")[2]
    wanted = render_template(deployment, image_uri(deployment.repository, newest_image))
    return Status(
        function=deployment.function,
        state=running.state
        if running.last_update == "Successful"
        else f"{running.state}, update {running.last_update}",
        remark=_STATES.get(running.state_code, running.state_reason)
        or running.last_update_reason
        or _find_danger(aws, deployment.repository, running)
        or _find_left_over(function),
        version=live.version,
        newest=newest,
        accepted=function.accepted,
        weights=live.weights,
        digest=digest,
        last_modified=function.last_modified,
        stack=stack.status,
        stack_remark=_say_of_stack(stack),
        endpoint=stack.outputs.get(ENDPOINT_OUTPUT, ""),
        alarm=states[0] if states else "",
        settings_match=stack.template == wanted,
    )
