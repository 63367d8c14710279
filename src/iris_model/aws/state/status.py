"""Read the `Status` of a deployment, with read-only calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from iris_model.aws.client.calls import Aws
from iris_model.aws.cloudformation.code import find_code
from iris_model.aws.cloudformation.logical_ids import VERSION_OUTPUT
from iris_model.aws.cloudformation.stuck import STUCK
from iris_model.aws.cloudformation.template import render_template
from iris_model.aws.deployment import ALIAS
from iris_model.aws.ecr.expiry import find_tags
from iris_model.aws.ecr.images import mark_of
from iris_model.aws.state.observe import (
    IMAGE_DELETED,
    Function,
    Live,
    Stack,
    digest_in,
    find_address,
    find_function,
    find_live,
    find_stack,
)
from iris_model.aws.state.ownership import check_stack
from iris_model.contract.deployment import Deployment
from iris_model.errors import DeploymentError

# The states of a function on Lambda, each with a hint.
_STATES = {
    IMAGE_DELETED: "its image was deleted from ECR; iris-model deploy pushes it again",
    "ImageAccessDenied": "Lambda may not read its image: check the policy of the repository",
    "InvalidImage": "Lambda refuses its image: see iris-model image inspect",
    "Idle": "it was inactive for weeks; the first call activates it within two minutes",
}


@dataclass(frozen=True)
class Status:
    """The current state of the deployment."""

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
    """Read the status. Raises DeploymentError with a hint if nothing is deployed."""
    stack = find_stack(aws, deployment)
    function = find_function(aws, deployment.function)
    live = find_live(aws, deployment.function)
    if stack is None or not stack.exists or function is None or live is None:
        raise not_deployed(aws, deployment, stack)
    check_stack(deployment, stack)
    return _status(aws, deployment, stack, function, live)


def not_deployed(aws: Aws, deployment: Deployment, stack: Stack | None) -> DeploymentError:
    """Return the error that nothing, or only a part, is deployed."""
    state = f"the stack {deployment.stack} is {stack.status}" if stack else f"no stack {deployment.stack}"
    return DeploymentError(
        f"{deployment.function} is not deployed in {aws.region}: {state}",
        remedy="Run `iris-model deploy`, or choose another --stage, --region or --profile.",
    )


def _say_of_stack(stack: Stack) -> str:
    if not stack.is_settled:
        return "another update is running"
    if stack.status in STUCK:
        return f"{STUCK[stack.status].means}; iris-model deploy --yes repairs it"
    return (
        "an update failed without a rollback; run iris-model deploy for the next step"
        if "FAILED" in stack.status
        else ""
    )


def _find_danger(aws: Aws, repository: str, running: Function) -> str:
    """Return a problem that Lambda has not noticed, because it loads the image again only when needed."""
    digest = "" if running.archive else digest_in(repository, running)
    tags = find_tags(aws, repository, digest) if digest else ()
    if tags is None:
        return f"its image is no longer in the repository {repository}; iris-model deploy pushes it again"
    if digest and mark_of(digest) in tags:
        return (
            f"its image is tagged {mark_of(digest)} and will expire; iris-model deploy, or a rollback to it, keeps it"
        )
    return ""


def _find_left_over(function: Function) -> str:
    before = function.memory_before_tuning
    if before in (None, function.memory):
        return ""
    return (
        f"a running or interrupted iris-model tune --remote has set $LATEST to {function.memory} MB; tune --remote "
        f"or deploy restores {before}"
    )


def _status(aws: Aws, deployment: Deployment, stack: Stack, function: Function, live: Live) -> Status:
    running = find_function(aws, deployment.function, ALIAS) or function
    digest = running.digest
    alarms = aws.call("cloudwatch", "DescribeAlarms", f"alarm {deployment.alarm}", AlarmNames=[deployment.alarm])
    states = [each["StateValue"] for each in alarms.get("MetricAlarms", [])]
    newest = stack.outputs.get(VERSION_OUTPUT, "")
    # The stack has the template of the newest version. After a rollback, this is not the live version.
    newest_code = find_function(aws, deployment.function, newest) or function
    wanted = render_template(deployment, find_code(deployment, newest_code.digest, newest_code.runtime))
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
        endpoint=find_address(stack),
        alarm=states[0] if states else "",
        settings_match=stack.template == wanted,
    )
