"""`reserved-concurrency` and `provisioned-concurrency`."""

from __future__ import annotations

from typing import Any

from iris_model.aws.cloudformation.parts.part import Part
from iris_model.contract.deployment import Deployment


def add_concurrency(deployment: Deployment) -> Part:
    """Reserve concurrency for the function; provision sandboxes of the live version."""
    reserved, warm = deployment.reserved_concurrency, deployment.provisioned_concurrency
    function: dict[str, Any] = {} if reserved is None else {"ReservedConcurrentExecutions": reserved}
    alias = {} if warm is None else {"ProvisionedConcurrencyConfig": {"ProvisionedConcurrentExecutions": warm}}
    return Part(function=function, alias=alias)
