"""The CloudFormation stack: change set, execution, waiting with progress, and the one reason why it failed.

A template and the version that is to answer in; the settled stack out. A change set says what it would do before it does it,
so an update without a change is nothing.
"""

from __future__ import annotations

import hashlib
from typing import Any

from iris_model.aws.calls import Aws, OnStep
from iris_model.aws.deployment import OWNER_TAG, Deployment
from iris_model.aws.observe import NO_STACK, Stack, find_stack
from iris_model.aws.stack_reasons import clean_reason, find_remedy
from iris_model.aws.template import LIVE_VERSION
from iris_model.errors import DeploymentError

_POLL_SECONDS = 3.0
_STACK_MINUTES = 30.0
_CHANGE_SET_MINUTES = 5.0
_BEGIN_SECONDS = 30.0

_NO_CHANGE_SET = ("ChangeSetNotFound", "ChangeSetNotFoundException")
_NO_CHANGES = ("didn't contain changes", "No updates are to be performed")
_CANCELLED = ("Resource creation cancelled", "Resource update cancelled")
_SUCCEEDED = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE")


def apply_template(
    aws: Aws, deployment: Deployment, template: str, live_version: str, *, creates: bool, on_step: OnStep
) -> Stack:
    """Bring the stack to `template`; the alias stays at `live_version` if there is one."""
    name = deployment.stack
    key = hashlib.sha256(f"{live_version}\n{template}".encode()).hexdigest()[:16]
    change_set = f"iris-model-{key}"
    _delete_change_set(aws, name, change_set)  # one that an interrupted run left
    on_step(f"Stack {name}: making a change set")
    aws.call(
        "cloudformation",
        "CreateChangeSet",
        f"stack {name}",
        # After a time-out it may be there: then it is ours, by its name.
        absent=("AlreadyExistsException",),
        StackName=name,
        ChangeSetName=change_set,
        ChangeSetType="CREATE" if creates else "UPDATE",
        TemplateBody=template,
        Parameters=[{"ParameterKey": LIVE_VERSION, "ParameterValue": live_version}],
        Capabilities=["CAPABILITY_IAM"],
        Tags=[{"Key": OWNER_TAG, "Value": deployment.repository}],
        # A log group that stayed when an earlier stack went is taken over.
        ImportExistingResources=True,
    )
    if not _wait_for_change_set(aws, name, change_set):
        _delete_change_set(aws, name, change_set)
        return _settled(aws, deployment)
    since = _newest_event(aws, name)
    aws.call(
        "cloudformation",
        "ExecuteChangeSet",
        f"stack {name}",
        # After an answer that got lost it is being executed, or it was.
        absent=("InvalidChangeSetStatus", *_NO_CHANGE_SET),
        StackName=name,
        ChangeSetName=change_set,
        ClientRequestToken=change_set,
    )
    status = wait_for_stack(aws, name, since, on_step)
    if status not in _SUCCEEDED:
        raise _failed(aws, name, status, since)
    stack = _settled(aws, deployment)
    if stack.template != template:
        raise DeploymentError(
            f"the stack {name} was changed by somebody else at the same time", remedy="Run the same command again."
        )
    return stack


def mend_stack(aws: Aws, name: str, status: str, on_step: OnStep) -> None:
    """Bring a half-done stack into a state from which a plan can go on."""
    if status in ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED"):
        delete_stack(aws, name, on_step)
        return
    since = _newest_event(aws, name)
    if status == "UPDATE_ROLLBACK_FAILED":
        aws.call("cloudformation", "ContinueUpdateRollback", f"stack {name}", StackName=name)
    if wait_for_stack(aws, name, since, on_step) == "UPDATE_ROLLBACK_FAILED":
        raise _failed(aws, name, "UPDATE_ROLLBACK_FAILED", since)


def delete_stack(aws: Aws, name: str, on_step: OnStep) -> None:
    """Delete the stack and wait until it is gone."""
    since = _newest_event(aws, name)
    aws.call("cloudformation", "DeleteStack", f"stack {name}", StackName=name)
    status = wait_for_stack(aws, name, since, on_step)
    if status not in ("DELETE_COMPLETE", ""):
        raise _failed(aws, name, status, since)


def wait_for_stack(aws: Aws, name: str, since: str, on_step: OnStep) -> str:
    """Wait until nobody changes the stack; shows events after the event `since`. A stack that is gone is ""."""
    begin = aws.clock()
    seen = since
    while True:
        found = aws.call("cloudformation", "DescribeStacks", f"stack {name}", absent=NO_STACK, StackName=name)
        status = str(found["Stacks"][0]["StackStatus"]) if found.get("Stacks") else ""
        if status in ("", "DELETE_COMPLETE"):
            return status
        seen = _show_events(aws, name, seen, on_step)
        # A change that was just ordered may not show in the status yet; it has begun when there is an event of it.
        has_begun = seen != since or aws.clock() - begin > _BEGIN_SECONDS
        if has_begun and not status.endswith("_IN_PROGRESS"):
            return status
        if aws.clock() - begin > _STACK_MINUTES * 60:
            raise DeploymentError(
                f"the stack {name} is still {status} after {_STACK_MINUTES:.0f} minutes",
                remedy="CloudFormation goes on by itself; run the same command again to go on waiting.",
            )
        aws.sleep(_POLL_SECONDS)


def _wait_for_change_set(aws: Aws, name: str, change_set: str) -> bool:
    """Wait for the change set; False says that there is nothing to change."""
    deadline = aws.clock() + _CHANGE_SET_MINUTES * 60
    while aws.clock() < deadline:
        found = aws.call(
            "cloudformation", "DescribeChangeSet", f"stack {name}", StackName=name, ChangeSetName=change_set
        )
        status, reason = found["Status"], str(found.get("StatusReason", ""))
        if status == "CREATE_COMPLETE":
            return True
        if status == "FAILED":
            if any(words in reason for words in _NO_CHANGES):
                return False
            raise DeploymentError(
                f"stack {name}: CloudFormation refuses the change: {clean_reason(reason)}",
                remedy=f"Nothing was changed. {find_remedy(reason, status, name, '')}",
            )
        aws.sleep(_POLL_SECONDS)
    raise DeploymentError(
        f"stack {name}: the change set is not ready after {_CHANGE_SET_MINUTES:.0f} minutes",
        remedy="Nothing was changed. Run the same command again.",
    )


def _delete_change_set(aws: Aws, name: str, change_set: str) -> None:
    aws.call(
        "cloudformation",
        "DeleteChangeSet",
        f"stack {name}",
        absent=(*NO_STACK, *_NO_CHANGE_SET),
        StackName=name,
        ChangeSetName=change_set,
    )


def _settled(aws: Aws, deployment: Deployment) -> Stack:
    stack = find_stack(aws, deployment)
    if stack is None:
        raise DeploymentError(
            f"the stack {deployment.stack} was deleted by somebody else", remedy="Run the same command again."
        )
    return stack


def _events(aws: Aws, name: str, since: str) -> list[dict[str, Any]]:
    """Return the events after the event `since`, oldest first; the newest page is enough for one change of ours."""
    found = aws.call("cloudformation", "DescribeStackEvents", f"stack {name}", absent=NO_STACK, StackName=name)
    newer: list[dict[str, Any]] = []
    for event in found.get("StackEvents", []):
        if event["EventId"] == since:
            break
        newer.append(event)
    return newer[::-1]


def _newest_event(aws: Aws, name: str) -> str:
    events = _events(aws, name, "")
    return str(events[-1]["EventId"]) if events else ""


def _show_events(aws: Aws, name: str, since: str, on_step: OnStep) -> str:
    for event in _events(aws, name, since):
        since = str(event["EventId"])
        on_step(f"Stack {name}: {event['LogicalResourceId']} {event['ResourceStatus'].lower().replace('_', ' ')}")
    return since


def _failed(aws: Aws, name: str, status: str, since: str) -> DeploymentError:
    """Find the event that began it: what failed after it was cancelled because of it."""
    for event in _events(aws, name, since):
        reason = str(event.get("ResourceStatusReason", ""))
        if event["ResourceStatus"].endswith("_FAILED") and not any(words in reason for words in _CANCELLED):
            resource = str(event["LogicalResourceId"])
            return DeploymentError(
                f"stack {name} is {status}: {resource} ({event['ResourceType']}) failed: {clean_reason(reason)}",
                remedy=find_remedy(reason, status, name, resource),
            )
    return DeploymentError(
        f"stack {name} is {status}",
        remedy=f"Look at its events: aws cloudformation describe-stack-events --stack-name {name}",
    )
