"""Make Lambda load an image that was deleted and pushed again, and wait until it is loaded.

The alias points to a published version, so callers notice nothing. Without this step, CloudFormation refuses every
update, because the function's code cannot be read.
"""

from __future__ import annotations

from iris_model.aws.client.calls import Aws, OnStep
from iris_model.aws.state.observe import Function, find_function
from iris_model.contract.deployment import Deployment
from iris_model.errors import DeploymentError

_POLL_SECONDS = 2.0
_MINUTES = 10.0


def refresh_image(aws: Aws, deployment: Deployment, image: str, on_step: OnStep) -> None:
    """Set the function's image again."""
    name = deployment.function
    aws.call(
        "lambda", "UpdateFunctionCode", f"function {name}", FunctionName=name, ImageUri=image,
        # The default is x86_64.
        Architectures=[deployment.architecture],
    )  # fmt: skip
    begin = aws.clock()
    while True:
        found = find_function(aws, name)
        if found is None:
            raise DeploymentError(
                f"the function {name} was deleted by another user or process", remedy="Run the same command again."
            )
        if not found.is_changing:
            _check(deployment, image, found)
            return
        if aws.clock() - begin > _MINUTES * 60:
            raise DeploymentError(
                f"the function {name} is still loading its image after {_MINUTES:.0f} minutes",
                remedy="Lambda continues on its own. Run the same command again to keep waiting.",
            )
        on_step(f"Lambda loads the image of {name}")
        aws.sleep(_POLL_SECONDS)


def _check(deployment: Deployment, image: str, found: Function) -> None:
    if found.last_update == "Failed" or found.state == "Failed":
        raise DeploymentError(
            f"the function {deployment.function} refuses the image {image}: "
            f"{found.last_update_reason or found.state_reason}",
            remedy="Check `iris-model status` and the policy of the repository, then run the same command again.",
        )
