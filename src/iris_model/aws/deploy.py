"""Deploys: observes, plans, takes the steps, and goes back when an answer is wrong.

What is wanted in, an `Outcome` out; a failed verification is a `VerificationFailed` that names every row. The alias moves to a
version only after that version has given the right answers, and moves back if the endpoint then gives others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from iris_model.aws.calls import Aws, OnStep
from iris_model.aws.deployment import Deployment
from iris_model.aws.endpoint import HttpAnswer
from iris_model.aws.expiry import keep_image
from iris_model.aws.golden import GoldenRow
from iris_model.aws.memory_size import restore_memory
from iris_model.aws.observe import Observed, Stack, find_function, find_repository, observe
from iris_model.aws.plan import (
    ApplyTemplate,
    Canary,
    CreateRepository,
    KeepImage,
    MendStack,
    MoveAlias,
    PruneVersions,
    PushImage,
    RefreshImage,
    RestoreMemory,
    SetLifecycle,
    SetRepository,
    Step,
    VerifyEndpoint,
    VerifyVersion,
    find_serving,
    make_plan,
)
from iris_model.aws.pruning import prune
from iris_model.aws.refresh import refresh_image
from iris_model.aws.repository import create_repository, set_lifecycle, set_repository
from iris_model.aws.stack import apply_template, delete_stack, mend_stack
from iris_model.aws.template import ENDPOINT_OUTPUT, VERSION_OUTPUT, image_uri, render_template
from iris_model.aws.traffic import mark_accepted, run_canary, set_alias
from iris_model.aws.verify import Verification, verify_endpoint, verify_version
from iris_model.cost import Measurement
from iris_model.errors import DeploymentError

Ask = Callable[[str, bytes], HttpAnswer]
"""Sends a body to the address of the endpoint."""

Push = Callable[[Aws, Deployment, str], None]
"""Brings the image of a digest into the repository."""

_MOST_MENDINGS = 5
_SHOWN_ROWS = 8

# Status with which the endpoint refused -> what to do; 0 is that it did not.
_REMEDIES = {
    0: "Run it here (iris-model serve) and look at the log (iris-model logs); a handler that answers in a shape of its own "
    "is deployed with --no-verify.",
    401: "IRIS_MODEL_TOKEN has to hold a token of the issuer and for an audience of [jwt] that has not expired; without that "
    "variable the function alone is verified.",
    403: "Who deploys must be allowed execute-api:Invoke; of a function URL, lambda:InvokeFunctionUrl and lambda:InvokeFunction "
    "(docs/reference/permissions.md). --no-verify deploys without asking.",
}


class VerificationFailed(DeploymentError):
    """The deployed model does not give the answers of the trained one. Everything is back as it was."""

    def __init__(self, found: Verification, what_now: str) -> None:
        self.differences = found.differences
        self.log = found.log
        shown = "\n".join(f"  - {difference}" for difference in self.differences[:_SHOWN_ROWS])
        more = len(self.differences) - _SHOWN_ROWS
        rest = f"\n  - and {more} more" if more > 0 else ""
        what = "the answers are not those of the trained model"
        if found.refused:
            what = "the endpoint refuses who verifies it"
        remedy = _REMEDIES.get(found.refused, _REMEDIES[0])
        super().__init__(f"{what}:\n{shown}{rest}\n{what_now}", remedy=remedy)


@dataclass(frozen=True)
class Wanted:
    """What is to be deployed, and how to verify it."""

    deployment: Deployment
    digest: str
    golden: Sequence[GoldenRow]
    push: Push
    ask: Ask | None
    canary: Canary | None = None
    others: Sequence[str] = ()
    """The functions of the other stages, which run from the same repository."""

    @property
    def asks_endpoint(self) -> bool:
        """Whether the answers of an endpoint are compared."""
        return bool(self.golden) and self.ask is not None and self.deployment.endpoint.kind != "none"

    @cached_property
    def template(self) -> str:
        """The template of it."""
        return render_template(self.deployment, image_uri(self.deployment.repository, self.digest))


@dataclass(frozen=True)
class Outcome:
    """What was done, and what there is now."""

    steps: tuple[Step, ...]
    endpoint: str
    version: str
    verifications: tuple[Verification, ...] = ()

    @property
    def measurement(self) -> Measurement | None:
        """What the cold start and the warm invocations took, as Lambda says it."""
        return next((each.measurement for each in self.verifications if each.measurement), None)


def plan_deployment(aws: Aws, wanted: Wanted) -> tuple[Observed, tuple[Step, ...]]:
    """Observe and plan; changes nothing. Without golden rows nothing is verified, and the plan does not say so."""
    observed = observe(aws, wanted.deployment, wanted.digest)
    steps = make_plan(wanted.deployment, wanted.digest, wanted.template, observed, wanted.canary)
    return observed, tuple(
        replace(step, asks=wanted.asks_endpoint) if isinstance(step, VerifyEndpoint) else step
        for step in steps
        if wanted.golden or not isinstance(step, VerifyVersion)
    )


def deploy(aws: Aws, wanted: Wanted, on_step: OnStep) -> Outcome:
    """Take every step of the plan."""
    done: list[Step] = []
    for _ in range(_MOST_MENDINGS):
        on_step("Looking at what is there")
        observed, steps = plan_deployment(aws, wanted)
        if not (steps and isinstance(steps[0], MendStack)):
            return _Run(aws, wanted, observed, on_step).take(steps, done)
        on_step(str(steps[0]).capitalize())
        mend_stack(aws, steps[0].stack, steps[0].status, on_step)
        done.append(steps[0])
    raise DeploymentError(
        f"the stack {wanted.deployment.stack} does not settle: somebody else changes it again and again",
        remedy="Wait for the others, then run the same command again.",
    )


@dataclass
class _Run:
    """One walk along a plan."""

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
        """The version that answered when the run began."""
        return find_serving(self.observed)

    @property
    def version(self) -> str:
        """The version that the stack made last."""
        return self.stack.outputs.get(VERSION_OUTPUT, "") if self.stack else ""

    def take(self, steps: tuple[Step, ...], done: list[Step]) -> Outcome:
        self.stack = self.observed.stack
        for step in steps:
            self.on_step(str(step)[0].upper() + str(step)[1:])
            self._take(step)
            done.append(step)
        endpoint = self.stack.outputs.get(ENDPOINT_OUTPUT, "") if self.stack else ""
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
                    self.wanted.push(aws, deployment, step.digest)  # it expired just now
            case PushImage():
                self.wanted.push(aws, deployment, step.digest)
            case RefreshImage():
                self._refresh(step.digest)
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
                prune(aws, deployment, step.versions, self.wanted.others, self.on_step)
            case RestoreMemory():
                restore_memory(aws, deployment, self.on_step)
            case MendStack():
                raise AssertionError("mending comes before the walk")

    def _apply(self, template: str, live_version: str, *, creates: bool = False) -> Stack:
        return apply_template(
            self.aws, self.wanted.deployment, template, live_version, creates=creates, on_step=self.on_step
        )

    def _refresh(self, digest: str) -> None:
        repository = find_repository(self.aws, self.wanted.deployment.repository)
        if repository is None:
            raise DeploymentError(
                f"the repository {self.wanted.deployment.repository} was deleted by somebody else",
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
                raise DeploymentError(f"{reason}\n{self._go_back()}", remedy="Look at the log: iris-model logs")
        self.moved = True
        # The move itself is an update of the stack, so that the stack knows what is true. It moves the alias alone.
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
        # A stage that was deployed at the same time may have marked it before this version was there.
        keep_image(self.aws, deployment.repository, self.wanted.digest)
        function = find_function(self.aws, deployment.function)
        if function is not None:
            mark_accepted(self.aws, function.arn, self.version, self.serving)

    def _go_back(self) -> str:
        """Put everything back as it was before this run, and say so."""
        deployment, old = self.wanted.deployment, self.serving
        previous = self.observed.stack
        live = self.observed.live.version if self.observed.live else ""
        accepted = self.observed.function.accepted if self.observed.function else ""
        is_first = previous is not None and previous.is_ours and not accepted and self.version == old
        if self.created or is_first or not old:
            self.on_step("Going back: deleting the stack")
            delete_stack(self.aws, deployment.stack, self.on_step)
            return "The stack is deleted again: nothing was live before, and nothing wrong is live now."
        if self.moved or live != old:
            self.on_step(f"Going back: version {old} answers again")
            set_alias(self.aws, deployment.function, old)
            self._apply(self.wanted.template, old)
            return f"Version {old} answers again, as before."
        if self.changed_template and self.version == old and previous is not None and previous.template:
            self.on_step("Going back: the template of before")
            self._apply(previous.template, old)
            return "The stack is back at the template of before."
        return f"Version {old} has gone on answering; the alias was not moved."
