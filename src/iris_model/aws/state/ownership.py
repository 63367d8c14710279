"""Refuse to change what others created, with an error that names the owner."""

from __future__ import annotations

from iris_model.aws.deployment import OWNER_TAG
from iris_model.aws.state.observe import Function, Observed, Stack
from iris_model.contract.deployment import Deployment
from iris_model.errors import DeploymentError


def check_ownership(deployment: Deployment, observed: Observed) -> None:
    """Refuse a repository, stack or function with the same name that others created."""
    repository, stack, function = observed.repository, observed.stack, observed.function
    if repository is not None and not repository.is_ours:
        raise DeploymentError(
            f"the repository {repository.name} already exists and was not created by iris-model: it has no tag {OWNER_TAG}",
            remedy='Set repository = "..." in iris-model.toml to another name, or hand it over: aws ecr tag-resource '
            f"--resource-arn {repository.arn} --tags Key={OWNER_TAG},Value={deployment.repository}",
        )
    if stack is not None:
        check_stack(deployment, stack)
    bucket = observed.bucket
    if bucket is not None and not bucket.is_ours:
        raise DeploymentError(
            f"the bucket {bucket.name} already exists and was not created by iris-model: it has no tag {OWNER_TAG}",
            remedy='Set repository = "..." in iris-model.toml to another name: the bucket is named after it.',
        )
    if stack is not None and stack.function_is_its_own and function is not None:
        _check_package_type(deployment, function)
    if function is None or (stack is not None and (stack.function_is_its_own or not stack.is_settled)):
        return
    kind = "a function of package type Zip" if function.package_type != "Image" else "a function"
    never = "; a Zip function cannot be changed to an image" if function.package_type != "Image" else ""
    raise DeploymentError(
        f"{kind} named {deployment.function} already exists, and does not belong to the stack {deployment.stack}{never}",
        remedy="Choose another name in iris-model.toml, or delete the existing one if it is not needed: aws lambda "
        f"delete-function --function-name {deployment.function} --region {observed.region}",
    )


def _check_package_type(deployment: Deployment, function: Function) -> None:
    """Refuse another package type than that of the function: Lambda cannot change it, nor can CloudFormation."""
    if function.package_type.lower() != deployment.package_type:
        raise DeploymentError(
            f"{deployment.function} has the package type {function.package_type}, and Lambda cannot change it: "
            f'package-type = "{deployment.package_type}"',
            remedy=f'Set package-type = "{function.package_type.lower()}" again, or another name; or run `iris-model '
            "destroy`, then deploy.",
        )


def check_stack(deployment: Deployment, stack: Stack) -> None:
    """Refuse a stack with other resources: an update would delete all of them."""
    if stack.exists and not stack.is_ours and not stack.has_our_template:
        raise DeploymentError(
            f"a stack {deployment.stack} already exists ({stack.status}) and was not created by iris-model: it does "
            f"not have the tag {OWNER_TAG}, and its template is different",
            remedy='Set stack = "..." in iris-model.toml to another name. The existing stack was not changed.',
        )
