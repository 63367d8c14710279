"""Plan a deployment: compare the wanted and the current state, and return steps as data. Makes no calls.

The order of the steps keeps the old version live until the new one has answered correctly: the stack is updated while
the alias stays, the new version is verified, then the alias moves. Every step can be repeated, so an interrupted run is
continued by planning again.
"""

from __future__ import annotations

import difflib

from iris_model.aws.cloudformation.logical_ids import VERSION_OUTPUT
from iris_model.aws.cloudformation.stuck import STUCK
from iris_model.aws.deploying.pruning import find_superseded
from iris_model.aws.deploying.refusals import check_canary, check_region, check_template
from iris_model.aws.deploying.steps import (
    ApplyTemplate,
    Canary,
    CreateBucket,
    CreateRepository,
    EndCanary,
    KeepImage,
    MendStack,
    MoveAlias,
    PruneVersions,
    PushImage,
    RefreshImage,
    RestoreMemory,
    SetLifecycle,
    SetRepository,
    SetRetention,
    Step,
    UploadArchive,
    VerifyEndpoint,
    VerifyVersion,
)
from iris_model.aws.deployment import name_bucket
from iris_model.aws.ecr.repository import LIFECYCLE_POLICY, same_policy
from iris_model.aws.state.observe import Observed, find_version_id
from iris_model.aws.state.ownership import check_ownership
from iris_model.contract.deployment import Deployment
from iris_model.errors import DeploymentError

# Rollback was disabled, or an import failed. The resources may work, so the user must decide.
_HALF_DONE = ("CREATE_FAILED", "UPDATE_FAILED", "IMPORT_ROLLBACK_FAILED")


def make_plan(
    deployment: Deployment, digest: str, template: str, observed: Observed, canary: Canary | None = None
) -> tuple[Step, ...]:
    """Return the steps from the current to the wanted state; empty if nothing changes."""
    check_ownership(deployment, observed)
    stack, live = observed.stack, observed.live
    if stack is not None and (not stack.is_settled or stack.status in STUCK):
        # The next steps depend on its result.
        return (MendStack(deployment.stack, stack.status),)
    if stack is not None and stack.status in _HALF_DONE:
        raise DeploymentError(
            f"the stack {deployment.stack} is {stack.status}: rollback was disabled for it, so you have to decide. "
            f"{stack.reason or 'CloudFormation gives no reason'}",
            remedy="Roll it back, then run the same command again: aws cloudformation rollback-stack "
            f"--stack-name {deployment.stack} --region {observed.region}",
        )
    exists = stack is not None and stack.exists
    check_template(deployment, template, creates=not exists)
    check_region(deployment, observed.region)
    if canary is not None and exists:
        check_canary(deployment, observed)
    old_template = stack.template if stack is not None and exists else ""
    plan_place = _plan_bucket if deployment.is_zip else _plan_repository
    steps: list[Step] = plan_place(deployment, observed)
    if observed.function is not None and (before := observed.function.memory_before_tuning) is not None:
        steps.insert(0, RestoreMemory(deployment.function, before))
    if not observed.has_image and deployment.is_zip:
        steps.append(UploadArchive(_name_bucket(deployment, observed), digest))
    elif not observed.has_image:
        steps.append(PushImage(deployment.repository, digest))
    elif observed.image_is_marked:
        steps.append(KeepImage(deployment.repository, digest))
    refreshes = exists and observed.image_is_lost
    if refreshes:
        steps.append(RefreshImage(deployment.function, digest))
    serving = find_serving(observed) if exists else ""
    changes_stack = old_template != template
    if exists and live is not None and live.weights:
        steps.append(EndCanary(deployment.function, live.version, dict(live.weights)))
    if changes_stack:
        difference = show_difference(old_template, template)
        was_reviewed = stack is not None and stack.status == "REVIEW_IN_PROGRESS"
        steps.append(ApplyTemplate(deployment.stack, not exists, serving, difference, was_reviewed))
    if _keeps_other_retention(deployment, observed, old_template, template):
        steps.append(SetRetention(deployment.log_group, deployment.log_retention_days))
    newest = stack.outputs.get(VERSION_OUTPUT, "") if stack is not None else ""
    is_moved = not changes_stack and live is not None and live.version == newest and not live.weights
    is_accepted = observed.function is not None and observed.function.accepted == newest != ""
    version_is_new = find_version_id(template) not in old_template
    superseded = find_superseded(
        observed, deployment.keep_versions, newest=newest, serving=serving, makes_version=version_is_new
    )
    prune = PruneVersions(deployment.function, superseded, deployment.keep_versions, deployment.is_zip)
    pruning = [prune] if superseded else []
    if is_moved and is_accepted and not refreshes:
        if stack is not None and stack.live_version not in ("", newest):
            steps.append(MoveAlias(deployment.function, None))
        return (*steps, *pruning)
    if version_is_new or refreshes or not is_accepted or live is None or live.version != newest or live.weights:
        steps.append(VerifyVersion(deployment.function))
        if serving and not is_moved:
            steps.append(MoveAlias(deployment.function, canary))
    steps.append(VerifyEndpoint(deployment.function))
    return (*steps, *pruning)


def _keeps_other_retention(deployment: Deployment, observed: Observed, old_template: str, template: str) -> bool:
    """Whether the log group has another retention than the deployment, and an unchanged stack would not correct it."""
    if observed.log_retention in (None, deployment.log_retention_days):
        return False
    line = f"RetentionInDays: {deployment.log_retention_days}\n"
    return line in template and (not old_template or line in old_template)


def find_serving(observed: Observed) -> str:
    """Return the version that stays live while a new one is tried, which is also the target of a rollback."""
    live, accepted = observed.live, observed.function.accepted if observed.function else ""
    if live is None:
        return ""
    newest = observed.stack.outputs.get(VERSION_OUTPUT, "") if observed.stack else ""
    # A run was interrupted after the alias had moved: the newest version is live but was not accepted.
    return accepted if accepted and live.version == newest != accepted else live.version


def show_difference(old: str, new: str) -> str:
    """Return the difference of two templates as a unified diff."""
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), "deployed", "new", lineterm="", n=2)
    return "\n".join(lines)


def _plan_bucket(deployment: Deployment, observed: Observed) -> list[Step]:
    if observed.bucket is not None and observed.bucket.is_tagged:
        return []
    return [CreateBucket(_name_bucket(deployment, observed))]


def _name_bucket(deployment: Deployment, observed: Observed) -> str:
    return name_bucket(deployment.repository, observed.account, observed.region)


def _plan_repository(deployment: Deployment, observed: Observed) -> list[Step]:
    repository = observed.repository
    if repository is None:
        return [CreateRepository(deployment.repository), SetLifecycle(deployment.repository)]
    steps: list[Step] = []
    if not (repository.scans and repository.is_immutable):
        steps.append(SetRepository(repository.name, not repository.scans, not repository.is_immutable))
    if not same_policy(repository.lifecycle, LIFECYCLE_POLICY):
        steps.append(SetLifecycle(repository.name))
    return steps
