"""The memory of `$LATEST`, changed for a while and set back in every case: a deployment in, a way to change it out.

What the alias `live` serves is a published version, whose memory nobody can change; nothing is published here. Before the first
change the size to go back to is written on the function as a tag. Whoever comes after a run that could not clean up (killed,
offline, out of permissions) finds it there: the next `tune --remote`, and `deploy`, which would make a version of the wrong size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from iris_model.aws.calls import Aws, OnStep
from iris_model.aws.deployment import Deployment
from iris_model.aws.observe import TUNING_TAG, Function, find_function, find_stack
from iris_model.aws.status import not_deployed
from iris_model.errors import DeploymentError

SetMemory = Callable[[int], None]
"""Gives `$LATEST` that many MB, and returns when it has them."""

_POLL_SECONDS = 1.0
_MINUTES = 5.0


@contextmanager
def borrow_memory(aws: Aws, deployment: Deployment, sizes: tuple[int, ...], on_step: OnStep) -> Iterator[SetMemory]:
    """Allow changes to one of `sizes` within the `with`; at its end the function has the memory that it had."""
    function = _check(aws, deployment, on_step)
    before = function.memory_before_tuning
    old = function.memory if before is None else before
    expected = function.memory

    def set_memory(size: int) -> None:
        nonlocal expected
        _change(aws, deployment, expected, size, on_step)
        expected = size

    try:
        aws.call(
            "lambda", "TagResource", f"function {deployment.function}", Resource=function.arn,
            Tags={TUNING_TAG: f"{old} {min(*sizes, function.memory)}-{max(*sizes, function.memory)}"},
        )  # fmt: skip
        yield set_memory
    except BaseException as error:
        _restore_whatever_happens(aws, deployment, on_step, old, error)
        raise
    _restore_whatever_happens(aws, deployment, on_step, old, None)


def restore_memory(aws: Aws, deployment: Deployment, on_step: OnStep) -> None:
    """Set back what a run has left, and take its tag away; does nothing where there is no tag."""
    function = _wait(aws, deployment, on_step)
    if not function.tuning:
        return
    before = function.memory_before_tuning
    if before is not None and before != function.memory:
        on_step(f"Setting {deployment.function} back to {before} MB")
        _update(aws, deployment, before)
        function = _wait(aws, deployment, on_step)
        if function.memory != before:
            raise _changed_by_others(deployment, function.memory)
    aws.call("lambda", "UntagResource", f"function {deployment.function}", Resource=function.arn, TagKeys=[TUNING_TAG])


def _check(aws: Aws, deployment: Deployment, on_step: OnStep) -> Function:
    """Refuse where somebody else is at work, or where there is nothing to work on."""
    stack = find_stack(aws, deployment)
    function = find_function(aws, deployment.function)
    if function is None or stack is None or not stack.exists:
        raise not_deployed(aws, deployment, stack)
    if not stack.is_settled:
        raise DeploymentError(
            f"the stack {deployment.stack} is {stack.status}: somebody is deploying, and would publish what is tried here",
            remedy="Wait until it is through (iris-model status), then run the same command again.",
        )
    if function.tuning:
        function = _wait(aws, deployment, on_step)  # for the last change of a run that was killed
    if function.is_changing:
        raise DeploymentError(
            f"an update of the function {deployment.function} is in progress",
            remedy="Wait until it is through (iris-model status), then run the same command again.",
        )
    if function.state == "Failed" or function.has_lost_its_image:
        raise DeploymentError(
            f"the function {deployment.function} is {function.state}: {function.state_reason or function.last_update_reason}",
            remedy="iris-model status says what is wrong, and iris-model deploy mends it.",
        )
    if function.reserved_concurrency == 0:
        raise DeploymentError(
            f"the function {deployment.function} has a reserved concurrency of 0: it takes no invocation",
            remedy="Give it some first: reserved-concurrency in iris-model.toml, or the console.",
        )
    return function


def _change(aws: Aws, deployment: Deployment, expected: int, size: int, on_step: OnStep) -> None:
    function = find_function(aws, deployment.function)
    if function is None or not function.tuning or function.memory != expected:
        raise _changed_by_others(deployment, function.memory if function else 0)
    on_step(f"{size} MB: changing the function")
    aws.call(
        "lambda", "UpdateFunctionConfiguration", f"function {deployment.function}",
        # After an answer that got lost, the same question finds the revision changed: by itself, or by somebody else.
        absent=("PreconditionFailedException",),
        FunctionName=deployment.function, MemorySize=size, RevisionId=function.revision,
    )  # fmt: skip
    function = _wait(aws, deployment, on_step)
    if function.memory == size and not function.tuning:
        # A deployment took the tag away just before, and found nothing to set back; nobody else would do it now.
        _update(aws, deployment, expected)
        function = _wait(aws, deployment, on_step)
    if function.memory != size:
        raise _changed_by_others(deployment, function.memory)
    if function.last_update == "Failed":
        raise DeploymentError(
            f"the function {deployment.function} does not take {size} MB: {function.last_update_reason}",
            remedy="Accounts have a largest size; name smaller ones with --sizes.",
        )


def _update(aws: Aws, deployment: Deployment, size: int) -> None:
    aws.call(
        "lambda", "UpdateFunctionConfiguration", f"function {deployment.function}", FunctionName=deployment.function,
        MemorySize=size,
    )  # fmt: skip


def _wait(aws: Aws, deployment: Deployment, on_step: OnStep) -> Function:
    """Wait until no update is in progress."""
    begin = aws.clock()
    while True:
        function = find_function(aws, deployment.function)
        if function is None:
            raise DeploymentError(
                f"the function {deployment.function} was deleted by somebody else",
                remedy="Deploy it: iris-model deploy",
            )
        if not function.is_changing:
            return function
        if aws.clock() - begin > _MINUTES * 60:
            raise DeploymentError(
                f"the function {deployment.function} is being updated for more than {_MINUTES:.0f} minutes",
                remedy="Lambda goes on by itself; run the same command again later.",
            )
        aws.sleep(_POLL_SECONDS)


def _changed_by_others(deployment: Deployment, memory: int) -> DeploymentError:
    return DeploymentError(
        f"the function {deployment.function} was changed by somebody else meanwhile: it has {memory} MB",
        remedy="Look at it (iris-model status), then run the same command again.",
    )


def _restore_whatever_happens(
    aws: Aws, deployment: Deployment, on_step: OnStep, old: int, first: BaseException | None
) -> None:
    """Restore, also when Ctrl-C comes meanwhile; where that fails too, say how it is done by hand."""
    interrupted = False
    while True:
        try:
            restore_memory(aws, deployment, on_step)
            break
        except KeyboardInterrupt:
            if interrupted:
                raise _by_hand(deployment, old, aws.region, "interrupted twice", first) from None
            interrupted = True
            on_step(f"Setting {deployment.function} back to {old} MB first")
        except DeploymentError as error:
            raise _by_hand(deployment, old, aws.region, error.problem, first) from error
    if interrupted:
        raise KeyboardInterrupt


def _by_hand(deployment: Deployment, old: int, region: str, why: str, first: BaseException | None) -> DeploymentError:
    problem = f"the function {deployment.function} could not be set back to {old} MB ({why})"
    if isinstance(first, DeploymentError):
        problem += f"\nthat was tried because {first.problem}"
    return DeploymentError(
        f"{problem}\nWhat answers requests is a published version, and has its memory as ever.",
        remedy="Run iris-model tune --remote or iris-model deploy, which set it back first; or do it by hand: "
        f"aws lambda update-function-configuration --function-name {deployment.function} --memory-size {old} "
        f"--region {region}",
    )
