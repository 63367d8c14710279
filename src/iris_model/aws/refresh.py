"""An image that was deleted under a function and is there again: makes Lambda read it anew, and waits until it has.

A deployment and the image's URI in. The alias points at a published version, so nobody notices; CloudFormation would refuse any
update before that, since the function's own code cannot be read.
"""

from __future__ import annotations

from iris_model.aws.calls import Aws, OnStep
from iris_model.aws.deployment import Deployment
from iris_model.aws.observe import Function, find_function
from iris_model.errors import DeploymentError

_POLL_SECONDS = 2.0
_MINUTES = 10.0


def refresh_image(aws: Aws, deployment: Deployment, image: str, on_step: OnStep) -> None:
    """Name the image to the function again."""
    name = deployment.function
    aws.call(
        "lambda", "UpdateFunctionCode", f"function {name}", FunctionName=name, ImageUri=image,
        # Without it Lambda takes x86_64 for meant.
        Architectures=[deployment.architecture],
    )  # fmt: skip
    begin = aws.clock()
    while True:
        found = find_function(aws, name)
        if found is None:
            raise DeploymentError(
                f"the function {name} was deleted by somebody else", remedy="Run the same command again."
            )
        if not found.is_changing:
            _check(deployment, image, found)
            return
        if aws.clock() - begin > _MINUTES * 60:
            raise DeploymentError(
                f"the function {name} is still reading its image after {_MINUTES:.0f} minutes",
                remedy="Lambda goes on by itself; run the same command again to go on waiting.",
            )
        on_step(f"Lambda reads the image of {name}")
        aws.sleep(_POLL_SECONDS)


def _check(deployment: Deployment, image: str, found: Function) -> None:
    if found.last_update == "Failed" or found.state == "Failed":
        raise DeploymentError(
            f"the function {deployment.function} does not take the image {image}: "
            f"{found.last_update_reason or found.state_reason}",
            remedy="Look at iris-model status and at the repository's policy, then run the same command again.",
        )
