"""Describe the state after an interrupted run in one sentence. Only read-only calls are made."""

from __future__ import annotations

from iris_model.aws.client.calls import Aws
from iris_model.aws.state.observe import find_live, find_stack
from iris_model.contract.deployment import Deployment
from iris_model.errors import DeploymentError


def say_standing(aws: Aws, deployment: Deployment) -> str:
    """Return which version is live, and whether AWS is still working."""
    try:
        stack, live = find_stack(aws, deployment), find_live(aws, deployment.function)
    except DeploymentError as error:
        return f"The version that answers now is not known: {error.problem}"
    busy = "" if stack is None or stack.is_settled else f" AWS continues with the stack {deployment.stack} on its own."
    if live is None:
        return f"No version answers yet.{busy}"
    shares = [f"version {version} {weight:.0%} of the requests" for version, weight in live.weights.items()]
    share = f", {' and '.join(shares)}" if shares else ""
    return f"Version {live.version} answers{share}.{busy}"
