"""The CloudFormation stack: change set, execution, waiting with progress, and the cause of a failure.

A change set shows the changes before they are made, so that an update without changes does nothing.
"""

from __future__ import annotations

import hashlib
from typing import Any

from iris_model.aws.client.calls import Aws, OnStep
from iris_model.aws.cloudformation.logical_ids import LIVE_VERSION
from iris_model.aws.cloudformation.stack_reasons import clean_reason, find_remedy, is_denied
from iris_model.aws.deployment import OWNER_TAG
from iris_model.aws.state.observe import NO_STACK, Stack, find_stack
from iris_model.contract.deployment import Deployment
from iris_model.errors import DeploymentError

_POLL_SECONDS = 3.0
_STACK_MINUTES = 30.0
_CHANGE_SET_MINUTES = 5.0
_BEGIN_SECONDS = 30.0

_NO_CHANGE_SET = ("ChangeSetNotFound", "ChangeSetNotFoundException")
_NO_CHANGES = ("didn't contain changes", "No updates are to be performed")
_OTHER_STATE = ("ValidationError:state", "ValidationError:status")
_CANCELLED = ("Resource creation cancelled", "Resource update cancelled")
_SUCCEEDED = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE")


def apply_template(
    aws: Aws, deployment: Deployment, template: str, live_version: str, *, creates: bool, on_step: OnStep
) -> Stack:
    """Update the stack to `template`. The alias stays at `live_version` if given. Return the finished stack."""
    name = deployment.stack
    key = hashlib.sha256(f"{live_version}\n{template}".encode()).hexdigest()[:16]
    change_set = f"iris-model-{key}"
    _delete_change_set(aws, name, change_set)  # left by an interrupted run
    on_step(f"Stack {name}: creating a change set")
    aws.call(
        "cloudformation",
        "CreateChangeSet",
        f"stack {name}",
        # After a timeout the change set may exist. Its name shows that we created it.
        absent=("AlreadyExistsException",),
        StackName=name,
        ChangeSetName=change_set,
        ChangeSetType="CREATE" if creates else "UPDATE",
        TemplateBody=template,
        Parameters=[{"ParameterKey": LIVE_VERSION, "ParameterValue": live_version}],
        Capabilities=["CAPABILITY_IAM"],
        Tags=[{"Key": OWNER_TAG, "Value": deployment.repository}],
        # Import a log group that an earlier stack retained.
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
        # If the response was lost, the change set is being executed or was already executed.
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
            f"the stack {name} was changed by another user or process at the same time",
            remedy="Run the same command again.",
        )
    return stack


def mend_stack(aws: Aws, name: str, status: str, on_step: OnStep, *, gets_out: bool = False) -> None:
    """Bring an unfinished stack into a state from which a plan can continue.

    `gets_out`: skip resources that cannot be rolled back, and retain resources that cannot be deleted.
    """
    if status in ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED"):
        delete_stack(aws, name, on_step, gets_out=gets_out and status == "DELETE_FAILED")
        return
    since = _newest_event(aws, name)
    if status == "UPDATE_ROLLBACK_FAILED":
        _continue_rollback(aws, name, [])
    if wait_for_stack(aws, name, since, on_step) != "UPDATE_ROLLBACK_FAILED":
        return
    failed = _find_failed(aws, name, since)
    if not gets_out or not failed:
        raise _failed(aws, name, "UPDATE_ROLLBACK_FAILED", since)
    on_step(f"Stack {name}: continuing the rollback without {', '.join(failed)}")
    since = _newest_event(aws, name)
    _continue_rollback(aws, name, list(failed))
    if wait_for_stack(aws, name, since, on_step) == "UPDATE_ROLLBACK_FAILED":
        raise _failed(aws, name, "UPDATE_ROLLBACK_FAILED", since)


def _continue_rollback(aws: Aws, name: str, skipped: list[str]) -> None:
    aws.call(
        "cloudformation", "ContinueUpdateRollback", f"stack {name}",
        # If the response was lost, the rollback continues or has ended, which the status shows.
        absent=_OTHER_STATE, StackName=name, **({"ResourcesToSkip": skipped} if skipped else {}),
    )  # fmt: skip


def delete_stack(aws: Aws, name: str, on_step: OnStep, *, gets_out: bool = False) -> list[str]:
    """Delete the stack and wait for the end. Return the retained resources, each with its type and name.

    `gets_out`: retain resources that cannot be deleted.
    """
    failed: dict[str, str] = {}
    since = _newest_event(aws, name)
    aws.call("cloudformation", "DeleteStack", f"stack {name}", StackName=name)
    status = wait_for_stack(aws, name, since, on_step)
    if status == "DELETE_FAILED" and gets_out and (failed := _find_failed(aws, name, since)):
        on_step(f"Stack {name}: deleting it without {', '.join(failed.values())}; delete that yourself")
        since = _newest_event(aws, name)
        aws.call(
            "cloudformation",
            "DeleteStack",
            f"stack {name}",
            absent=_OTHER_STATE,
            StackName=name,
            RetainResources=list(failed),
        )
        status = wait_for_stack(aws, name, since, on_step)
    if status not in ("DELETE_COMPLETE", ""):
        raise _failed(aws, name, status, since)
    return list(failed.values())


def wait_for_stack(aws: Aws, name: str, since: str, on_step: OnStep) -> str:
    """Wait until no change of the stack is in progress. Return its status, "" if it is deleted.

    Shows events after the event `since`.
    """
    begin = aws.clock()
    seen = since
    while True:
        found = aws.call("cloudformation", "DescribeStacks", f"stack {name}", absent=NO_STACK, StackName=name)
        status = str(found["Stacks"][0]["StackStatus"]) if found.get("Stacks") else ""
        if status in ("", "DELETE_COMPLETE"):
            return status
        seen = _show_events(aws, name, seen, on_step)
        # The status may not show a change that was just started. The change has begun when it has an event.
        has_begun = seen != since or aws.clock() - begin > _BEGIN_SECONDS
        if has_begun and not status.endswith("_IN_PROGRESS"):
            return status
        if aws.clock() - begin > _STACK_MINUTES * 60:
            raise DeploymentError(
                f"the stack {name} is still {status} after {_STACK_MINUTES:.0f} minutes",
                remedy="CloudFormation continues on its own. Run the same command again to keep waiting.",
            )
        aws.sleep(_POLL_SECONDS)


def _wait_for_change_set(aws: Aws, name: str, change_set: str) -> bool:
    """Wait for the change set. Return False if there is nothing to change."""
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
            f"the stack {deployment.stack} was deleted by another user or process", remedy="Run the same command again."
        )
    return stack


def _events(aws: Aws, name: str, since: str) -> list[dict[str, Any]]:
    """Return the events after the event `since`, oldest first. One page is enough for one change."""
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


def _find_failed(aws: Aws, name: str, since: str) -> dict[str, str]:
    """Return the resources that failed after an event, except for missing permissions.

    Logical id -> type and physical name, as the console shows them: `AWS::IAM::Role iris-Role-1A2B3C4D5E6F`.
    """
    return {
        str(event["LogicalResourceId"]): f"{event['ResourceType']} "
        f"{event.get('PhysicalResourceId') or event['LogicalResourceId']}"
        for event in sorted(_events(aws, name, since), key=lambda event: str(event["LogicalResourceId"]))
        if event["ResourceStatus"] in ("UPDATE_FAILED", "DELETE_FAILED")
        and event["ResourceType"] != "AWS::CloudFormation::Stack"
        and not is_denied(str(event.get("ResourceStatusReason", "")))
    }


def _failed(aws: Aws, name: str, status: str, since: str) -> DeploymentError:
    """Return the error for the first failure. Later failures are only consequences of it."""
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
        remedy=f"Check its events: aws cloudformation describe-stack-events --stack-name {name}",
    )
