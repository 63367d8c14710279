"""Back to an earlier version: the alias moves at once; the stack is told afterwards, so that it knows what is true."""

from __future__ import annotations

from dataclasses import dataclass

from iris_model.aws.calls import Aws, OnStep
from iris_model.aws.deployment import Deployment
from iris_model.aws.expiry import keep_image
from iris_model.aws.invoke import invoke
from iris_model.aws.observe import Function, Live, digest_in, find_function, find_live, find_stack, list_versions
from iris_model.aws.ownership import check_stack
from iris_model.aws.stack import apply_template
from iris_model.aws.status import not_deployed
from iris_model.aws.traffic import mark_accepted, set_alias
from iris_model.errors import DeploymentError


@dataclass(frozen=True)
class RolledBack:
    """From where to where."""

    before: str
    now: str
    image: str
    canary: str = ""
    """The version that had a share of the requests, if one had."""


def roll_back(
    aws: Aws, deployment: Deployment, version: str | None, payload: bytes | None, on_step: OnStep
) -> RolledBack:
    """Let an earlier version answer: the one that answered before the live one, or the one that is named.

    With a `payload` the version is tried first; without, only that Lambda still has it ready. A roll-back that was interrupted
    after the alias had moved is finished.
    """
    stack, live = find_stack(aws, deployment), find_live(aws, deployment.function)
    if stack is None or not stack.exists or live is None:
        raise not_deployed(aws, deployment, stack)
    check_stack(deployment, stack)
    versions = list_versions(aws, deployment.function)
    function = find_function(aws, deployment.function)
    target = _choose(deployment, versions, live, function, version)
    before = _find_before(function, live, target)
    if target == before and not live.weights:
        raise DeploymentError(
            f"version {target} of {deployment.function} answers already", remedy=f"There are {', '.join(versions)}."
        )
    on_step(f"Trying version {target}")
    if problem := _find_problem(aws, deployment, target, payload):
        raise DeploymentError(
            f"version {target} of {deployment.function} does not work: {problem}",
            remedy=f"Version {live.version} goes on answering. {_name_others(versions, target, live.version)}",
        )
    chosen = find_function(aws, deployment.function, target)
    if chosen is not None and (digest := digest_in(deployment.repository, chosen)):
        # A pruning that was interrupted may have marked it.
        keep_image(aws, deployment.repository, digest)
    on_step(f"Version {target} answers from now on")
    set_alias(aws, deployment.function, target)
    if stack.is_settled:
        apply_template(aws, deployment, stack.template, target, creates=False, on_step=on_step)
    if function is not None:
        mark_accepted(aws, function.arn, target, before)
    return RolledBack(before, target, chosen.image if chosen else "", next(iter(live.weights), ""))


def _name_others(versions: list[str], *known: str) -> str:
    others = [version for version in versions if version not in known]
    return f"Name another: {', '.join(others)}." if others else "There is no other."


def _find_problem(aws: Aws, deployment: Deployment, version: str, payload: bytes | None) -> str:
    if payload is not None:
        answer = invoke(aws, deployment.function, version, payload)
        return " ".join(answer.payload.split())[:300] if answer.function_error else ""
    found = find_function(aws, deployment.function, version)
    if found is None or found.state == "Failed":
        return found.state_reason if found else "Lambda does not have it any more"
    return ""


def _choose(
    deployment: Deployment, versions: list[str], live: Live, function: Function | None, named: str | None
) -> str:
    if named is not None:
        if named not in versions:
            raise DeploymentError(
                f"{deployment.function} has no version {named}", remedy=f"There are {', '.join(versions) or 'none'}."
            )
        return named
    if live.weights:
        return live.version  # a canary that nobody ended: its share goes back to who answers the others
    accepted = function.accepted if function else ""
    if accepted and int(accepted) > int(live.version):
        return live.version  # a roll-back was interrupted: a deployment would have moved to a later one
    older = [version for version in versions if int(version) < int(live.version)]
    if not older:
        raise DeploymentError(
            f"{deployment.function} has no version before {live.version}, the one that answers",
            remedy=f"There are {', '.join(versions)}; name one of them.",
        )
    before = _answered_before(function, live)
    # A later one is what was rolled back from: it is gone to by its number only.
    return before if before in older else older[-1]


def _find_before(function: Function | None, live: Live, target: str) -> str:
    """Return the version that is gone back from: if the alias has moved already, the one that was accepted last."""
    has_moved = target == live.version and not live.weights
    return function.accepted or live.version if has_moved and function is not None else live.version


def _answered_before(function: Function | None, live: Live) -> str:
    """Return the version that answered before the live one, as the function's tags say."""
    if function is None:
        return ""
    # A deployment was interrupted after the alias had moved: the one that was accepted last is the one before.
    return function.previous if function.accepted == live.version else function.accepted
