"""Where things stand after a run that was interrupted: a deployment in, one sentence about who answers out; asks only."""

from __future__ import annotations

from iris_model.aws.calls import Aws
from iris_model.aws.deployment import Deployment
from iris_model.aws.observe import find_live, find_stack
from iris_model.errors import DeploymentError


def say_standing(aws: Aws, deployment: Deployment) -> str:
    """Say who answers now, and whether AWS is still at work."""
    try:
        stack, live = find_stack(aws, deployment), find_live(aws, deployment.function)
    except DeploymentError as error:
        return f"Who answers now could not be asked: {error.problem}"
    busy = "" if stack is None or stack.is_settled else f" AWS goes on with the stack {deployment.stack} by itself."
    if live is None:
        return f"Nothing answers yet.{busy}"
    shares = [f"version {version} {weight:.0%} of the requests" for version, weight in live.weights.items()]
    share = f", {' and '.join(shares)}" if shares else ""
    return f"Version {live.version} answers{share}.{busy}"
