"""Roll back to an earlier version: first move the alias, then update the stack."""

from __future__ import annotations

from dataclasses import dataclass

from iris_model.aws.client.calls import Aws, OnStep
from iris_model.aws.cloudformation.stack import apply_template
from iris_model.aws.deploying.traffic import mark_accepted, set_alias
from iris_model.aws.ecr.expiry import keep_image
from iris_model.aws.state.observe import (
    Function,
    Live,
    digest_in,
    find_function,
    find_live,
    find_stack,
    list_versions,
)
from iris_model.aws.state.ownership import check_stack
from iris_model.aws.state.status import not_deployed
from iris_model.aws.verification.invoke import invoke
from iris_model.contract.deployment import Deployment
from iris_model.errors import DeploymentError


@dataclass(frozen=True)
class RolledBack:
    """The versions before and after a rollback."""

    before: str
    now: str
    image: str
    canary: str = ""
    """The version that had a share of the requests, or ""."""


def roll_back(
    aws: Aws, deployment: Deployment, version: str | None, payload: bytes | None, on_step: OnStep
) -> RolledBack:
    """Make an earlier version live: the previous live version, or `version`.

    If `payload` is given, the version is invoked first; otherwise only its state is checked. If a rollback was
    interrupted after the alias had moved, it is completed.
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
            f"version {target} of {deployment.function} already answers requests",
            remedy=f"Available versions: {', '.join(versions)}.",
        )
    on_step(f"Trying version {target}")
    if problem := _find_problem(aws, deployment, target, payload):
        raise DeploymentError(
            f"version {target} of {deployment.function} does not work: {problem}",
            remedy=f"Version {live.version} keeps answering. {_name_others(versions, target, live.version)}",
        )
    chosen = find_function(aws, deployment.function, target)
    if chosen is not None and not chosen.archive and (digest := digest_in(deployment.repository, chosen)):
        # An interrupted pruning may have marked it.
        keep_image(aws, deployment.repository, digest)
    on_step(f"Switching to version {target}")
    set_alias(aws, deployment.function, target)
    if stack.is_settled:
        apply_template(aws, deployment, stack.template, target, creates=False, on_step=on_step)
    if function is not None:
        mark_accepted(aws, function.arn, target, before)
    return RolledBack(before, target, (chosen.image or chosen.archive) if chosen else "", next(iter(live.weights), ""))


def _name_others(versions: list[str], *known: str) -> str:
    others = [version for version in versions if version not in known]
    return f"Other versions: {', '.join(others)}." if others else "No other version is available."


def _find_problem(aws: Aws, deployment: Deployment, version: str, payload: bytes | None) -> str:
    if payload is not None:
        answer = invoke(aws, deployment.function, version, payload)
        return " ".join(answer.payload.split())[:300] if answer.function_error else ""
    found = find_function(aws, deployment.function, version)
    if found is None or found.state == "Failed":
        return found.state_reason if found else "Lambda no longer has it"
    return ""


def _choose(
    deployment: Deployment, versions: list[str], live: Live, function: Function | None, named: str | None
) -> str:
    if named is not None:
        if named not in versions:
            raise DeploymentError(
                f"{deployment.function} has no version {named}",
                remedy=f"Available versions: {', '.join(versions) or 'none'}.",
            )
        return named
    if live.weights:
        return live.version  # an unfinished canary: the live version gets all requests again
    accepted = function.accepted if function else ""
    if accepted and int(accepted) > int(live.version):
        return live.version  # an interrupted rollback: a deployment would have moved to a later version
    older = [version for version in versions if int(version) < int(live.version)]
    if not older:
        raise DeploymentError(
            f"{deployment.function} has no version before the current one, {live.version}",
            remedy=f"Choose one of the available versions: {', '.join(versions)}.",
        )
    before = _answered_before(function, live)
    # Later versions were replaced by a rollback. They can be chosen only by number.
    return before if before in older else older[-1]


def _find_before(function: Function | None, live: Live, target: str) -> str:
    """Return the version to roll back from: the last accepted one if the alias has already moved."""
    has_moved = target == live.version and not live.weights
    return function.accepted or live.version if has_moved and function is not None else live.version


def _answered_before(function: Function | None, live: Live) -> str:
    """Return the version that answered before the live one, from the function's tags."""
    if function is None:
        return ""
    # A deployment was interrupted after the alias had moved: the accepted version is the one before.
    return function.previous if function.accepted == live.version else function.accepted
