"""Takes a deployment away: lists what goes first; images and log go only when that is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from iris_model.aws.calls import Aws, OnStep
from iris_model.aws.deployment import Deployment
from iris_model.aws.observe import find_function, find_repository, find_stack
from iris_model.aws.ownership import check_stack
from iris_model.aws.stack import delete_stack, mend_stack
from iris_model.errors import DeploymentError


@dataclass(frozen=True)
class Remains:
    """What there is to take away."""

    stack: str
    resources: tuple[str, ...]
    repository: str
    images: int
    log_group: str

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing."""
        return not (self.stack or self.repository or self.log_group)


def find_remains(aws: Aws, deployment: Deployment) -> Remains:
    """Look for everything that belongs to the deployment. A repository that is not ours does not, nor the log of a function
    that is not; a stack that is not ours is an error."""
    stack = find_stack(aws, deployment)
    if stack is not None:
        check_stack(deployment, stack)
    is_foreign = stack is None and find_function(aws, deployment.function) is not None
    repository = find_repository(aws, deployment.repository)
    ours = repository is not None and repository.is_ours
    images = _count_images(aws, deployment.repository) if ours else 0
    groups = aws.call(
        "logs", "DescribeLogGroups", f"log group {deployment.log_group}", logGroupNamePrefix=deployment.log_group
    ).get("logGroups", [])
    names = {each["logGroupName"] for each in groups}
    return Remains(
        stack=deployment.stack if stack is not None else "",
        resources=_list_resources(aws, deployment.stack) if stack is not None else (),
        repository=deployment.repository if ours else "",
        images=images,
        log_group=deployment.log_group if deployment.log_group in names and not is_foreign else "",
    )


def check_images_may_go(aws: Aws, deployment: Deployment, others: Sequence[str]) -> None:
    """Refuse to delete a repository from which other stages run."""
    for name in others:
        function = find_function(aws, name)
        if function is not None and f"/{deployment.repository}@" in function.image:
            raise DeploymentError(
                f"the function {name} runs from the repository {deployment.repository} too: without its image it dies",
                remedy="Destroy that stage first, or leave the images.",
            )


def destroy(aws: Aws, deployment: Deployment, remains: Remains, *, images: bool, logs: bool, on_step: OnStep) -> None:
    """Delete the stack, and what is asked for beside it."""
    if remains.stack:
        stack = find_stack(aws, deployment)
        if stack is not None and not stack.is_settled:
            on_step(f"Waiting for the stack {remains.stack}")
            mend_stack(aws, remains.stack, stack.status, on_step)
        on_step(f"Deleting the stack {remains.stack}")
        delete_stack(aws, remains.stack, on_step)
    if images and remains.repository:
        on_step(f"Deleting the repository {remains.repository}")
        aws.call(
            "ecr", "DeleteRepository", f"repository {remains.repository}", absent=("RepositoryNotFoundException",),
            repositoryName=remains.repository, force=True,
        )  # fmt: skip
    if logs and remains.log_group:
        on_step(f"Deleting the log group {remains.log_group}")
        aws.call(
            "logs", "DeleteLogGroup", f"log group {remains.log_group}", absent=("ResourceNotFoundException",),
            logGroupName=remains.log_group,
        )  # fmt: skip


def _list_resources(aws: Aws, stack: str) -> tuple[str, ...]:
    found = aws.pages(
        "cloudformation", "ListStackResources", f"stack {stack}", "StackResourceSummaries", StackName=stack
    )
    return tuple(
        f"{each['ResourceType']} {each.get('PhysicalResourceId', each['LogicalResourceId'])}" for each in found
    )


def _count_images(aws: Aws, repository: str) -> int:
    found = aws.pages("ecr", "ListImages", f"repository {repository}", "imageIds", repositoryName=repository)
    return len({each["imageDigest"] for each in found})
