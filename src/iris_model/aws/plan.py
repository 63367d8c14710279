"""What has to be done: what is wanted and what is there in, steps as data out. No call is made here.

The order keeps the old version serving until the new one has given the right answers: the stack is updated while the alias
stays, the new version is verified, then the alias moves. Every step can be taken twice, so a run that was interrupted anywhere
is continued by planning anew.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from iris_model.aws.deployment import Deployment
from iris_model.aws.observe import MENDABLE, Observed, find_version_id
from iris_model.aws.ownership import check_ownership
from iris_model.aws.pruning import find_superseded
from iris_model.aws.repository import LIFECYCLE_POLICY, same_policy
from iris_model.aws.template import VERSION_OUTPUT
from iris_model.errors import DeploymentError


@dataclass(frozen=True)
class Canary:
    """A share of the requests for the new version first, for some minutes."""

    percent: int
    minutes: float


@dataclass(frozen=True)
class MendStack:
    """Bring a stack that an earlier run left half done into a state that can be updated."""

    stack: str
    status: str

    def __str__(self) -> str:
        ways = {
            "ROLLBACK_COMPLETE": "delete the stack {}, whose first creation failed: nothing of it works",
            "ROLLBACK_FAILED": "delete the stack {}, whose first creation failed: nothing of it works",
            "DELETE_FAILED": "delete the stack {}, of which an earlier deletion left something",
            "UPDATE_ROLLBACK_FAILED": "continue the roll-back of the stack {} that got stuck",
        }
        return ways.get(self.status, "wait for the stack {}, which somebody is changing (" + self.status + ")").format(
            self.stack
        )


@dataclass(frozen=True)
class CreateRepository:
    """Make the repository: scan on push, immutable tags, encrypted."""

    name: str

    def __str__(self) -> str:
        return f"create the repository {self.name} (scan on push, immutable tags, encrypted)"


@dataclass(frozen=True)
class SetRepository:
    """Set what is not as it should be in a repository of ours."""

    name: str
    scan: bool
    immutable: bool

    def __str__(self) -> str:
        wrong = [name for name, on in (("scan on push", self.scan), ("immutable tags", self.immutable)) if on]
        return f"set {' and '.join(wrong)} in the repository {self.name}"


@dataclass(frozen=True)
class SetLifecycle:
    """Set the lifecycle policy, which expires nothing that a version could use."""

    name: str

    def __str__(self) -> str:
        return f"set the lifecycle policy of the repository {self.name}: nothing that a version uses expires"


@dataclass(frozen=True)
class PushImage:
    """Push what the repository does not have yet."""

    repository: str
    digest: str

    def __str__(self) -> str:
        return f"push the image {self.digest[:19]} to {self.repository}"


@dataclass(frozen=True)
class KeepImage:
    """Take the mark from an image that may expire: a version is going to use it again."""

    repository: str
    digest: str

    def __str__(self) -> str:
        return f"keep the image {self.digest[:19]} in {self.repository}, which was about to expire"


@dataclass(frozen=True)
class RefreshImage:
    """Make Lambda read the image again, after the one that it had was deleted."""

    function: str
    digest: str

    def __str__(self) -> str:
        return f"make Lambda read the image {self.digest[:19]} for {self.function}, whose image was deleted from ECR"


@dataclass(frozen=True)
class ApplyTemplate:
    """Create or update the stack; with `live_version`, the alias stays there."""

    stack: str
    creates: bool
    live_version: str
    difference: str

    def __str__(self) -> str:
        verb = "create" if self.creates else "update"
        stays = f"; version {self.live_version} goes on answering" if self.live_version else ""
        return f"{verb} the stack {self.stack}{stays}"


@dataclass(frozen=True)
class VerifyVersion:
    """Compare the answers of the new version, cold and warm, with those of the trained model."""

    function: str

    def __str__(self) -> str:
        return f"verify the new version of {self.function} with the golden rows, cold and warm"


@dataclass(frozen=True)
class MoveAlias:
    """Let the new version answer."""

    function: str
    canary: Canary | None

    def __str__(self) -> str:
        if self.canary is None:
            return "move the alias live to the new version"
        share = f"{self.canary.percent} % of the requests for {self.canary.minutes:g} minutes"
        return f"move the alias live to the new version: {share}, then all"


@dataclass(frozen=True)
class VerifyEndpoint:
    """Compare the answers of the endpoint with those of the trained model, and accept the version."""

    function: str
    asks: bool = True
    """Whether there is an endpoint, and rows and a right to ask it with."""

    def __str__(self) -> str:
        if not self.asks:
            return f"accept the version of {self.function}; no endpoint is verified"
        return "verify the endpoint with the golden rows; on a difference everything goes back"


@dataclass(frozen=True)
class PruneVersions:
    """Delete versions that nobody needs any more, and let their images expire."""

    function: str
    versions: tuple[str, ...]
    keep: int

    def __str__(self) -> str:
        names = f"version{'s' if len(self.versions) > 1 else ''} {', '.join(self.versions)} of {self.function}"
        return (
            f"delete {names}: the newest {self.keep} stay, and what an alias uses; images that no version uses expire"
        )


@dataclass(frozen=True)
class RestoreMemory:
    """Set back the memory that an interrupted `tune --remote` left: a new version would be made with it."""

    function: str
    memory: int

    def __str__(self) -> str:
        return f"set {self.function} back to {self.memory} MB, which an interrupted iris-model tune --remote left otherwise"


Step = (
    MendStack
    | RestoreMemory
    | CreateRepository
    | SetRepository
    | SetLifecycle
    | KeepImage
    | PushImage
    | RefreshImage
    | ApplyTemplate
    | VerifyVersion
    | MoveAlias
    | VerifyEndpoint
    | PruneVersions
)

# Somebody has switched roll-back off, or an import failed: what is there may work, so we do not decide.
_HALF_DONE = ("CREATE_FAILED", "UPDATE_FAILED", "IMPORT_ROLLBACK_FAILED")


def make_plan(
    deployment: Deployment, digest: str, template: str, observed: Observed, canary: Canary | None = None
) -> tuple[Step, ...]:
    """Plan from what is there to what is wanted; an empty plan is nothing to change."""
    check_ownership(deployment, observed)
    stack, live = observed.stack, observed.live
    if stack is not None and (not stack.is_settled or stack.status in MENDABLE):
        # What comes after depends on how that ends.
        return (MendStack(deployment.stack, stack.status),)
    if stack is not None and stack.status in _HALF_DONE:
        raise DeploymentError(
            f"the stack {deployment.stack} is {stack.status}: whoever switched roll-back off has to decide. "
            f"{stack.reason or 'CloudFormation gives no reason'}",
            remedy="Roll it back, then run the same command again: aws cloudformation rollback-stack "
            f"--stack-name {deployment.stack} --region {observed.region}",
        )
    exists = stack is not None and stack.exists
    old_template = stack.template if stack is not None and exists else ""
    steps: list[Step] = _plan_repository(deployment, observed)
    if observed.function is not None and (before := observed.function.memory_before_tuning) is not None:
        steps.insert(0, RestoreMemory(deployment.function, before))
    if not observed.has_image:
        steps.append(PushImage(deployment.repository, digest))
    elif observed.image_is_marked:
        steps.append(KeepImage(deployment.repository, digest))
    refreshes = exists and observed.image_is_lost
    if refreshes:
        steps.append(RefreshImage(deployment.function, digest))
    serving = find_serving(observed) if exists else ""
    changes_stack = old_template != template
    if changes_stack:
        steps.append(ApplyTemplate(deployment.stack, not exists, serving, show_difference(old_template, template)))
    newest = stack.outputs.get(VERSION_OUTPUT, "") if stack is not None else ""
    is_moved = not changes_stack and live is not None and live.version == newest and not live.weights
    is_accepted = observed.function is not None and observed.function.accepted == newest != ""
    version_is_new = find_version_id(template) not in old_template
    superseded = find_superseded(
        observed, deployment.keep_versions, newest=newest, serving=serving, makes_version=version_is_new
    )
    pruning = [PruneVersions(deployment.function, superseded, deployment.keep_versions)] if superseded else []
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


def find_serving(observed: Observed) -> str:
    """Find the version that answers while a new one is tried, and to which everything goes back."""
    live, accepted = observed.live, observed.function.accepted if observed.function else ""
    if live is None:
        return ""
    newest = observed.stack.outputs.get(VERSION_OUTPUT, "") if observed.stack else ""
    # A run was interrupted after the alias had moved: the newest version is live and was never accepted.
    return accepted if accepted and live.version == newest != accepted else live.version


def show_difference(old: str, new: str) -> str:
    """Show the difference of two templates as a unified diff."""
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), "deployed", "new", lineterm="", n=2)
    return "\n".join(lines)


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
