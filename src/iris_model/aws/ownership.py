"""What somebody else made is not touched: a deployment and what is there in, an error that says whose it is out."""

from __future__ import annotations

from iris_model.aws.deployment import OWNER_TAG, Deployment
from iris_model.aws.observe import Observed, Stack
from iris_model.errors import DeploymentError


def check_ownership(deployment: Deployment, observed: Observed) -> None:
    """Refuse to touch what somebody else made: repository, stack or function of the same name."""
    repository, stack, function = observed.repository, observed.stack, observed.function
    if repository is not None and not repository.is_ours:
        raise DeploymentError(
            f"the repository {repository.name} is there already and was not made by iris-model: it has no tag {OWNER_TAG}",
            remedy='Name another with repository = "..." in iris-model.toml; or hand it over: aws ecr tag-resource '
            f"--resource-arn {repository.arn} --tags Key={OWNER_TAG},Value={deployment.repository}",
        )
    if stack is not None:
        check_stack(deployment, stack)
    if function is None or (stack is not None and (stack.function_is_its_own or not stack.is_settled)):
        return
    kind = "a function of package type Zip" if function.package_type != "Image" else "a function"
    never = "; a Zip function can never become one with an image" if function.package_type != "Image" else ""
    raise DeploymentError(
        f"there is {kind} named {deployment.function} already, and it is not of the stack {deployment.stack}{never}",
        remedy="Choose another name in iris-model.toml, or, if nobody needs that one, delete it: "
        f"aws lambda delete-function --function-name {deployment.function} --region {observed.region}",
    )


def check_stack(deployment: Deployment, stack: Stack) -> None:
    """Refuse a stack of other things: an update would delete all of them."""
    if stack.exists and not stack.is_ours and not stack.has_our_template:
        raise DeploymentError(
            f"there is a stack {deployment.stack} already ({stack.status}), and it was not made by iris-model: it has neither "
            f"the tag {OWNER_TAG} nor a template of ours",
            remedy='Name another with stack = "..." in iris-model.toml; that one is left alone.',
        )
