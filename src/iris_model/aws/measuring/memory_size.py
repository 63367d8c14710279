"""Change the memory size of `$LATEST` temporarily, and always restore it.

The alias `live` serves a published version, whose memory cannot change; nothing is published here. Before the first
change, a tag of the function stores the size to restore. If a run was killed, the next `tune --remote` or `deploy`
finds the tag and restores the size. Otherwise `deploy` would create a version with the wrong size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from iris_model.aws.client.calls import Aws, OnStep
from iris_model.aws.state.observe import TUNING_TAG, Function, find_function, find_stack
from iris_model.aws.state.status import not_deployed
from iris_model.contract.deployment import Deployment
from iris_model.errors import DeploymentError

SetMemory = Callable[[int], None]
"""Sets the memory of `$LATEST` in MB, and returns when the change is complete."""

_POLL_SECONDS = 1.0
_MINUTES = 5.0


@contextmanager
def borrow_memory(aws: Aws, deployment: Deployment, sizes: tuple[int, ...], on_step: OnStep) -> Iterator[SetMemory]:
    """Allow changes to one of `sizes` within the `with`; at its end the memory size is restored."""
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
    """Restore the size that a killed run changed, and remove its tag. Does nothing if there is no tag."""
    function = _wait(aws, deployment, on_step)
    if not function.tuning:
        return
    before = function.memory_before_tuning
    if before is not None and before != function.memory:
        on_step(f"Restoring {deployment.function} to {before} MB")
        _update(aws, deployment, before)
        function = _wait(aws, deployment, on_step)
        if function.memory != before:
            raise _changed_by_others(deployment, function.memory)
    aws.call("lambda", "UntagResource", f"function {deployment.function}", Resource=function.arn, TagKeys=[TUNING_TAG])


def _check(aws: Aws, deployment: Deployment, on_step: OnStep) -> Function:
    """Refuse if another process is changing the function, or if it does not exist."""
    stack = find_stack(aws, deployment)
    function = find_function(aws, deployment.function)
    if function is None or stack is None or not stack.exists:
        raise not_deployed(aws, deployment, stack)
    if not stack.is_settled:
        raise DeploymentError(
            f"the stack {deployment.stack} is {stack.status}: a deployment is running, and would publish the memory "
            f"sizes that are tried here",
            remedy="Wait until it has finished (`iris-model status`), then run the same command again.",
        )
    if function.tuning:
        function = _wait(aws, deployment, on_step)  # until the last change of a killed run is complete
    if function.is_changing:
        raise DeploymentError(
            f"an update of the function {deployment.function} is in progress",
            remedy="Wait until it has finished (`iris-model status`), then run the same command again.",
        )
    if function.state == "Failed" or function.has_lost_its_image:
        raise DeploymentError(
            f"the function {deployment.function} is {function.state}: {function.state_reason or function.last_update_reason}",
            remedy="Run `iris-model status` for the reason, and `iris-model deploy` to fix it.",
        )
    if function.reserved_concurrency == 0:
        raise DeploymentError(
            f"the function {deployment.function} has a reserved concurrency of 0, so it cannot be invoked",
            remedy="Set reserved-concurrency in iris-model.toml, or change it in the console.",
        )
    return function


def _change(aws: Aws, deployment: Deployment, expected: int, size: int, on_step: OnStep) -> None:
    function = find_function(aws, deployment.function)
    if function is None or not function.tuning or function.memory != expected:
        raise _changed_by_others(deployment, function.memory if function else 0)
    on_step(f"{size} MB: changing the function")
    aws.call(
        "lambda", "UpdateFunctionConfiguration", f"function {deployment.function}",
        # If the response was lost, the retry finds a changed revision: it was changed by this call or by another
        # process.
        absent=("PreconditionFailedException",),
        FunctionName=deployment.function, MemorySize=size, RevisionId=function.revision,
    )  # fmt: skip
    function = _wait(aws, deployment, on_step)
    if function.memory == size and not function.tuning:
        # A deployment removed the tag just before, and found nothing to restore.
        _update(aws, deployment, expected)
        function = _wait(aws, deployment, on_step)
    if function.memory != size:
        raise _changed_by_others(deployment, function.memory)
    if function.last_update == "Failed":
        raise DeploymentError(
            f"the function {deployment.function} does not accept {size} MB: {function.last_update_reason}",
            remedy="Use smaller sizes with --sizes: the account may have a lower limit.",
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
                f"the function {deployment.function} was deleted by another user or process",
                remedy="Deploy it: iris-model deploy",
            )
        if not function.is_changing:
            return function
        if aws.clock() - begin > _MINUTES * 60:
            raise DeploymentError(
                f"the function {deployment.function} has been updating for more than {_MINUTES:.0f} minutes",
                remedy="Lambda continues on its own. Run the same command again later.",
            )
        aws.sleep(_POLL_SECONDS)


def _changed_by_others(deployment: Deployment, memory: int) -> DeploymentError:
    return DeploymentError(
        f"the function {deployment.function} was changed by another user or process: it has {memory} MB",
        remedy="Check it with `iris-model status`, then run the same command again.",
    )


def _restore_whatever_happens(
    aws: Aws, deployment: Deployment, on_step: OnStep, old: int, first: BaseException | None
) -> None:
    """Restore the size, even if Ctrl-C interrupts. If that fails too, the error has the command to do it by hand."""
    interrupted = False
    while True:
        try:
            restore_memory(aws, deployment, on_step)
            break
        except KeyboardInterrupt:
            if interrupted:
                raise _by_hand(deployment, old, aws.region, "interrupted twice", first) from None
            interrupted = True
            on_step(f"Restoring {deployment.function} to {old} MB first")
        except DeploymentError as error:
            raise _by_hand(deployment, old, aws.region, error.problem, first) from error
    if interrupted:
        raise KeyboardInterrupt


def _by_hand(deployment: Deployment, old: int, region: str, why: str, first: BaseException | None) -> DeploymentError:
    problem = f"the function {deployment.function} could not be restored to {old} MB ({why})"
    if isinstance(first, DeploymentError):
        problem += f"\nIt had to be restored because the command failed: {first.problem}"
    return DeploymentError(
        f"{problem}\nRequests are not affected: they use a published version with its own memory.",
        remedy="Run `iris-model tune --remote` or `iris-model deploy`, which restore it first, or run: aws lambda "
        f"update-function-configuration --function-name {deployment.function} --memory-size {old} "
        f"--region {region}",
    )
