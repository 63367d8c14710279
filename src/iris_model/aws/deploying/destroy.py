"""Remove a deployment. Images and log are kept, unless the caller requests to delete them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from iris_model.aws.client.calls import Aws, OnStep
from iris_model.aws.cloudformation.stack import delete_stack, mend_stack
from iris_model.aws.cloudformation.stuck import STUCK
from iris_model.aws.s3.bucket import delete_bucket, find_bucket, list_archives
from iris_model.aws.state.observe import find_account, find_function, find_repository, find_stack
from iris_model.aws.state.ownership import check_stack
from iris_model.contract.deployment import Deployment
from iris_model.errors import DeploymentError


@dataclass(frozen=True)
class Remains:
    """The existing resources of a deployment."""

    stack: str
    resources: tuple[str, ...]
    repository: str
    images: int
    log_group: str
    stack_status: str = ""
    bucket: str = ""
    archives: int = 0
    account: str = ""

    @property
    def stack_remark(self) -> str:
        """Return a remark about the state of the stack, or ""."""
        if self.stack_status in STUCK:
            return f"{self.stack_status}: {STUCK[self.stack_status].means}"
        if self.stack_status == "REVIEW_IN_PROGRESS":
            return f"{self.stack_status}: a change set was created but never executed; it has no resources"
        return ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing exists."""
        return not (self.stack or self.repository or self.bucket or self.log_group)


def find_remains(aws: Aws, deployment: Deployment) -> Remains:
    """Find everything that belongs to the deployment, without a repository or log group of another owner.

    Raises DeploymentError for a stack of another owner.
    """
    stack = find_stack(aws, deployment)
    if stack is not None:
        check_stack(deployment, stack)
    is_foreign = stack is None and find_function(aws, deployment.function) is not None
    account = find_account(aws) if deployment.is_zip else ""
    bucket = find_bucket(aws, deployment, account) if deployment.is_zip else None
    bucket = bucket if bucket is not None and bucket.is_ours else None
    repository = None if deployment.is_zip else find_repository(aws, deployment.repository)
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
        stack_status=stack.status if stack is not None else "",
        bucket=bucket.name if bucket is not None else "",
        archives=len(list_archives(aws, deployment, account)) if bucket is not None else 0,
        account=account,
    )


def check_images_may_go(aws: Aws, deployment: Deployment, others: Sequence[str]) -> None:
    """Refuse to delete a repository that other stages use."""
    for name in others:
        function = find_function(aws, name)
        if function is not None and f"/{deployment.repository}@" in function.image:
            raise DeploymentError(
                f"the function {name} also uses images of the repository {deployment.repository}, and would fail without them",
                remedy="Destroy that stage first, or keep the images (omit --images).",
            )


def destroy(
    aws: Aws, deployment: Deployment, remains: Remains, *, images: bool, logs: bool, on_step: OnStep
) -> list[str]:
    """Delete the stack, and images and logs if requested. Return the resources that could not be deleted."""
    retained: list[str] = []
    if remains.stack:
        stack = find_stack(aws, deployment)
        if stack is not None and not stack.is_settled:
            on_step(f"Waiting for the stack {remains.stack}")
            mend_stack(aws, remains.stack, stack.status, on_step)
        on_step(f"Deleting the stack {remains.stack}")
        # Resources that could not be deleted at the second attempt are retained.
        retained = delete_stack(
            aws, remains.stack, on_step, gets_out=stack is not None and stack.status == "DELETE_FAILED"
        )
    if images and remains.repository:
        on_step(f"Deleting the repository {remains.repository}")
        aws.call(
            "ecr", "DeleteRepository", f"repository {remains.repository}", absent=("RepositoryNotFoundException",),
            repositoryName=remains.repository, force=True,
        )  # fmt: skip
    if images and remains.bucket:
        on_step(f"Deleting the bucket {remains.bucket}")
        delete_bucket(aws, deployment, remains.account)
    if logs and remains.log_group:
        on_step(f"Deleting the log group {remains.log_group}")
        aws.call(
            "logs", "DeleteLogGroup", f"log group {remains.log_group}", absent=("ResourceNotFoundException",),
            logGroupName=remains.log_group,
        )  # fmt: skip
    return retained


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
