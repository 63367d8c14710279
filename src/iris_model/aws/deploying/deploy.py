"""Deploy: observe, plan, execute the steps, and roll back if an answer is wrong.

Returns an `Outcome`. A failed verification raises `VerificationFailed`, which names every row. The alias moves only to
a version with correct answers. It moves back if the endpoint's answers are then different.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from iris_model.aws.client.calls import Aws, OnStep
from iris_model.aws.cloudformation.code import find_code
from iris_model.aws.cloudformation.logical_ids import ENDPOINT_OUTPUT, VERSION_OUTPUT
from iris_model.aws.cloudformation.stack import apply_template, delete_stack, mend_stack
from iris_model.aws.cloudformation.stuck import StackIsStuck
from iris_model.aws.cloudformation.template import render_template
from iris_model.aws.deploying.plan import find_serving, make_plan
from iris_model.aws.deploying.pruning import prune
from iris_model.aws.deploying.refresh import refresh_image
from iris_model.aws.deploying.retention import set_retention
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
from iris_model.aws.deploying.traffic import mark_accepted, run_canary, set_alias
from iris_model.aws.ecr.expiry import keep_image
from iris_model.aws.ecr.repository import create_repository, set_lifecycle, set_repository
from iris_model.aws.measuring.memory_size import restore_memory
from iris_model.aws.s3.bucket import create_bucket
from iris_model.aws.secrets import check_parameters
from iris_model.aws.state.observe import (
    Observed,
    Stack,
    find_address,
    find_function,
    find_repository,
    observe,
)
from iris_model.aws.verification.endpoint import HttpAnswer
from iris_model.aws.verification.verify import Verification, verify_endpoint, verify_version
from iris_model.contract import documentation
from iris_model.contract.deployment import Deployment
from iris_model.contract.golden import GoldenRow
from iris_model.cost import Measurement
from iris_model.errors import DeploymentError

Ask = Callable[[str, bytes], HttpAnswer]
"""Sends a body to the address of the endpoint."""

Push = Callable[[Aws, Deployment, str], None]
"""Pushes the image with a digest to the repository."""

_MOST_MENDINGS = 5
_SHOWN_ROWS = 8

# HTTP status with which the endpoint refused a request -> hint; 0: it did not refuse.
_REMEDIES = {
    0: "Run it with `iris-model serve`, and check the log with `iris-model logs`. For a handler with its own answer "
    "format, use --no-verify.",
    401: "Set IRIS_MODEL_TOKEN to a valid token for the issuer and audience of [jwt]. Without it, only the function "
    "is verified, not the endpoint.",
    403: "The deployer needs execute-api:Invoke, or lambda:InvokeFunctionUrl and lambda:InvokeFunction for a "
    f"function URL ({documentation.PERMISSIONS}). --no-verify skips the verification.",
}


class VerificationFailed(DeploymentError):
    """The deployed model's answers differ from those of the trained model. The earlier state is restored."""

    def __init__(self, found: Verification, what_now: str) -> None:
        self.differences = found.differences
        self.log = found.log
        shown = "\n".join(f"  - {difference}" for difference in self.differences[:_SHOWN_ROWS])
        more = len(self.differences) - _SHOWN_ROWS
        rest = f"\n  - and {more} more" if more > 0 else ""
        what = "the answers differ from those of the trained model"
        if found.refused:
            what = "the endpoint refuses the verification requests"
        remedy = _REMEDIES.get(found.refused, _REMEDIES[0])
        super().__init__(f"{what}:\n{shown}{rest}\n{what_now}", remedy=remedy)


@dataclass(frozen=True)
class Wanted:
    """The deployment to make, and how to verify it."""

    deployment: Deployment
    digest: str
    golden: Sequence[GoldenRow]
    push: Push
    ask: Ask | None
    canary: Canary | None = None
    others: Sequence[str] = ()
    """The functions of the other stages, which use the same repository."""

    gets_out: bool = False
    """Whether actions that repair a stuck stack are allowed: `--yes`."""

    runtime: str = ""
    """Lambda's runtime of a zip archive; "" for an image."""

    @property
    def asks_endpoint(self) -> bool:
        """Whether to verify the endpoint."""
        return bool(self.golden) and self.ask is not None and self.deployment.endpoint.kind != "none"

    @cached_property
    def template(self) -> str:
        """The template of the deployment."""
        return render_template(self.deployment, find_code(self.deployment, self.digest, self.runtime))


@dataclass(frozen=True)
class Outcome:
    """The executed steps, and the current state."""

    steps: tuple[Step, ...]
    endpoint: str
    version: str
    verifications: tuple[Verification, ...] = ()

    @property
    def measurement(self) -> Measurement | None:
        """The durations of the cold start and of warm invocations, from Lambda's REPORT lines; None if unknown."""
        return next((each.measurement for each in self.verifications if each.measurement), None)


def plan_deployment(aws: Aws, wanted: Wanted) -> tuple[Observed, tuple[Step, ...]]:
    """Observe and plan, without changes. Without golden rows, the plan has no verification step."""
    check_parameters(aws, wanted.deployment)
    observed = observe(aws, wanted.deployment, wanted.digest)
    steps = make_plan(wanted.deployment, wanted.digest, wanted.template, observed, wanted.canary)
    return observed, tuple(
        replace(step, asks=wanted.asks_endpoint) if isinstance(step, VerifyEndpoint) else step
        for step in steps
        if wanted.golden or not isinstance(step, VerifyVersion)
    )


def deploy(aws: Aws, wanted: Wanted, on_step: OnStep) -> Outcome:
    """Execute every step of the plan. Raises VerificationFailed and DeploymentError."""
    done: list[Step] = []
    for _ in range(_MOST_MENDINGS):
        on_step("Reading the current state")
        observed, steps = plan_deployment(aws, wanted)
        if not (steps and isinstance(steps[0], MendStack)):
            return _Run(aws, wanted, observed, on_step).take(steps, done)
        if steps[0].wants_consent and not wanted.gets_out:
            raise StackIsStuck(steps[0].stack, steps[0].status, "iris-model deploy")
        on_step(_capitalized(steps[0]))
        mend_stack(aws, steps[0].stack, steps[0].status, on_step, gets_out=wanted.gets_out)
        done.append(steps[0])
    raise DeploymentError(
        f"the stack {wanted.deployment.stack} keeps changing: another user or process is updating it",
        remedy="Wait until the other updates end, then run the same command again.",
    )


def _capitalized(step: Step) -> str:
    text = str(step)
    return text[0].upper() + text[1:]


@dataclass
class _Run:
    """One execution of a plan."""

    aws: Aws
    wanted: Wanted
    observed: Observed
    on_step: OnStep
    stack: Stack | None = None
    moved: bool = False
    created: bool = False
    changed_template: bool = False
    verifications: list[Verification] = field(default_factory=list)

    @property
    def serving(self) -> str:
        """The version that answered when the run began: the live one, or the accepted one after an interrupted run."""
        return find_serving(self.observed)

    @property
    def version(self) -> str:
        """The newest version that the stack created."""
        return self.stack.outputs.get(VERSION_OUTPUT, "") if self.stack else ""

    def take(self, steps: tuple[Step, ...], done: list[Step]) -> Outcome:
        self.stack = self.observed.stack
        for step in steps:
            self.on_step(_capitalized(step))
            self._take(step)
            done.append(step)
        endpoint = find_address(self.stack) if self.stack else ""
        return Outcome(tuple(done), endpoint, self.version, tuple(self.verifications))

    def _take(self, step: Step) -> None:
        aws, deployment = self.aws, self.wanted.deployment
        match step:
            case CreateRepository():
                create_repository(aws, deployment)
            case SetRepository():
                set_repository(aws, step.name, scan=step.scan, immutable=step.immutable)
            case SetLifecycle():
                set_lifecycle(aws, step.name)
            case KeepImage():
                if not keep_image(aws, step.repository, step.digest):
                    self.wanted.push(aws, deployment, step.digest)  # the image has just expired
            case CreateBucket():
                create_bucket(aws, deployment, self.observed.account)
            case PushImage() | UploadArchive():
                self.wanted.push(aws, deployment, step.digest)
            case RefreshImage():
                self._refresh(step.digest)
            case EndCanary():
                set_alias(aws, step.function, step.version)
            case SetRetention():
                set_retention(aws, step.log_group, step.days)
            case ApplyTemplate():
                self.created, self.changed_template = step.creates, True
                self.stack = self._apply(self.wanted.template, step.live_version, creates=step.creates)
            case VerifyVersion():
                self._verify_version()
            case MoveAlias():
                self._move(step.canary)
            case VerifyEndpoint():
                self._verify_endpoint()
            case PruneVersions():
                account = self.observed.account
                prune(aws, deployment, step.versions, self.wanted.others, account, self.on_step)
            case RestoreMemory():
                restore_memory(aws, deployment, self.on_step)
            case MendStack():
                raise AssertionError("stuck stacks are repaired before the other steps")

    def _apply(self, template: str, live_version: str, *, creates: bool = False) -> Stack:
        return apply_template(
            self.aws, self.wanted.deployment, template, live_version, creates=creates, on_step=self.on_step
        )

    def _refresh(self, digest: str) -> None:
        repository = find_repository(self.aws, self.wanted.deployment.repository)
        if repository is None:
            raise DeploymentError(
                f"the repository {self.wanted.deployment.repository} was deleted by another user or process",
                remedy="Run the same command again.",
            )
        refresh_image(self.aws, self.wanted.deployment, f"{repository.uri}@{digest}", self.on_step)

    def _verify_version(self) -> None:
        found = verify_version(self.aws, self.wanted.deployment.function, self.version, self.wanted.golden)
        self.verifications.append(found)
        if found.differences:
            raise VerificationFailed(found, self._go_back())

    def _move(self, canary: Canary | None) -> None:
        deployment, version = self.wanted.deployment, self.version
        if canary is not None and version != self.serving:
            self.moved = True
            arguments = (deployment, self.serving, version, canary.percent, canary.minutes, self.on_step)
            if reason := run_canary(self.aws, *arguments):
                raise DeploymentError(f"{reason}\n{self._go_back()}", remedy="Check the log: iris-model logs")
            # Lambda refuses to move the alias to a version with a share, so its share is removed first.
            set_alias(self.aws, deployment.function, self.serving)
        self.moved = True
        # The alias is moved by an update of the stack, so that the stack stays up to date. It changes nothing else.
        self.stack = self._apply(self.wanted.template, version)
        set_alias(self.aws, deployment.function, version)

    def _verify_endpoint(self) -> None:
        deployment, ask = self.wanted.deployment, self.wanted.ask
        url = self.stack.outputs.get(ENDPOINT_OUTPUT, "") if self.stack else ""
        if self.wanted.asks_endpoint and ask is not None and url:
            found = verify_endpoint(self.aws, lambda body: ask(url, body), self.wanted.golden)
            self.verifications.append(found)
            if found.differences:
                raise VerificationFailed(found, self._go_back())
        if not deployment.is_zip:
            # Another stage that was deployed at the same time may have marked the image before this version existed.
            keep_image(self.aws, deployment.repository, self.wanted.digest)
        function = find_function(self.aws, deployment.function)
        if function is not None:
            mark_accepted(self.aws, function.arn, self.version, self.serving)

    def _go_back(self) -> str:
        """Restore the state before this run. Return a description."""
        deployment, old = self.wanted.deployment, self.serving
        previous = self.observed.stack
        live = self.observed.live.version if self.observed.live else ""
        accepted = self.observed.function.accepted if self.observed.function else ""
        is_first = previous is not None and previous.is_ours and not accepted and self.version == old
        if self.created or is_first or not old:
            self.on_step("Rolling back: deleting the stack")
            delete_stack(self.aws, deployment.stack, self.on_step)
            return "The stack was deleted again, because no version was live before."
        if self.moved or live != old:
            self.on_step(f"Rolling back to version {old}")
            set_alias(self.aws, deployment.function, old)
            self._apply(self.wanted.template, old)
            return f"Version {old} answers again, as before."
        if self.changed_template and self.version == old and previous is not None and previous.template:
            self.on_step("Rolling back to the previous template")
            self._apply(previous.template, old)
            return "The stack has its previous template again."
        return f"Version {old} kept answering; the alias was not moved."
