"""Rules of CloudFormation's stacks: states, parameters, sizes."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .rule import Refused, rule

MOST_BYTES = 51_200
MOST_PARAMETERS = 200
_TAKE_UPDATES = (
    "CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE", "IMPORT_ROLLBACK_COMPLETE",
)  # fmt: skip


@rule(4, "https://docs.aws.amazon.com/cli/latest/reference/cloudformation/deploy/")
def take_parameters(given: Iterable[Mapping[str, Any]], previous: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters of an update: one with UsePreviousValue keeps what it had."""
    return {
        each["ParameterKey"]: previous[each["ParameterKey"]] if each.get("UsePreviousValue") else each["ParameterValue"]
        for each in given
    }


@rule(9, "serverless#5630; https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html")
def check_change_set(name: str, status: str, kind: str) -> None:
    """Refuse a change set for a stack in a state that takes none; `status` is "" without a stack."""
    if kind == "CREATE" and status not in ("", "REVIEW_IN_PROGRESS", "DELETE_COMPLETE"):
        raise Refused("AlreadyExistsException", f"Stack [{name}] already exists and cannot be created again")
    if kind == "UPDATE" and status in ("", "DELETE_COMPLETE"):
        raise Refused("ValidationError", f"Stack [{name}] does not exist")
    if kind == "UPDATE" and status not in _TAKE_UPDATES:
        raise Refused("ValidationError", f"Stack:{name} is in {status} state and can not be updated.")


@rule(9, "https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ContinueUpdateRollback.html")
def check_continue(name: str, status: str, skipped: Sequence[str], failed: Iterable[str]) -> None:
    """Refuse to continue a roll-back that did not fail, or to skip what did not fail."""
    if status != "UPDATE_ROLLBACK_FAILED":
        raise Refused("ValidationError", f"Stack:{name} is in {status} state and can not continue rollback.")
    if unknown := sorted(set(skipped) - set(failed)):
        raise Refused("ValidationError", f"Resource(s) [{', '.join(unknown)}] cannot be skipped: they did not fail")


@rule(9, "https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DeleteStack.html")
def check_delete(name: str, status: str, retained: Sequence[str]) -> None:
    """Refuse to delete a stack that is at work, or to retain resources of one whose deletion did not fail."""
    if status.endswith("_IN_PROGRESS") and status not in (
        "REVIEW_IN_PROGRESS",
        "DELETE_IN_PROGRESS",
        "CREATE_IN_PROGRESS",
    ):
        raise Refused("ValidationError", f"Stack [{name}] cannot be deleted while in status {status}")
    if retained and status != "DELETE_FAILED":
        message = "Invalid operation on stack. RetainResources is for a stack in the DELETE_FAILED state"
        raise Refused("ValidationError", f"{message}: {name} is {status}")


@rule(10, "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html")
def check_sizes(body: str, parameters: Sequence[object]) -> None:
    """Refuse a template that is too large to be sent in a call, or has too many parameters."""
    if len(body.encode()) > MOST_BYTES:
        message = f"Value at 'templateBody' failed to satisfy constraint: length less than or equal to {MOST_BYTES}"
        raise Refused("ValidationError", f"1 validation error detected: {message}")
    if len(parameters) > MOST_PARAMETERS:
        raise Refused("ValidationError", f"Template may not exceed {MOST_PARAMETERS} parameters")


@rule(18, "aws-cdk, cloudformation-diff: mangleLikeCloudFormation")
def mangle_template(body: str) -> str:
    """Return what GetTemplate returns of a template: a question mark for each character that is not ASCII."""
    return "".join(character if character.isascii() else "?" for character in body)
