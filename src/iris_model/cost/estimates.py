"""Estimate every alternative for a month: cost components (quantity, unit, price) and their sum.

Costs that all alternatives have are left out: data transfer to the internet, and the function's own log lines. The
estimates of servers favor them: they have no load balancer, no spare server and no logs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from iris_model.cost.function_costs import (
    ARCHITECTURES,
    ENDPOINTS,
    ORIGINAL,
    PROVISIONED,
    estimate_lambda,
    estimate_provisioned,
    lambda_name,
)
from iris_model.cost.server_costs import SAGEMAKER_SERVERLESS, estimate_sagemaker_serverless, estimate_server
from iris_model.cost.servers import SERVERS
from iris_model.cost.workload import Estimate, Workload


def estimate_all(workload: Workload) -> list[Estimate]:
    """Return the estimates of all alternatives, Lambda's first."""
    return [estimate(workload) for estimate in alternatives(workload).values()]


def alternatives(workload: Workload) -> dict[str, Callable[[Workload], Estimate]]:
    """Return all alternatives by name, with the function that estimates each."""
    places = [(architecture, endpoint) for architecture in ARCHITECTURES for endpoint in ENDPOINTS]
    found: dict[str, Callable[[Workload], Estimate]] = {}
    for estimate, suffix in ((estimate_lambda, ""), (estimate_provisioned, PROVISIONED)):
        for architecture, endpoint in places:
            name = lambda_name(architecture, endpoint) + suffix
            found[name] = partial(estimate, architecture=architecture, endpoint=endpoint)
    if workload.original is not None:
        found |= {name + ORIGINAL: partial(_estimate_original, estimate) for name, estimate in found.items()}
    if workload.library is not None:
        found[SAGEMAKER_SERVERLESS] = estimate_sagemaker_serverless
    return found | {server.name: partial(estimate_server, server=server) for server in SERVERS}


def _estimate_original(estimate: Callable[[Workload], Estimate], workload: Workload) -> Estimate:
    """Return the estimate of the same alternative with the `original` executor."""
    found = estimate(workload.of_original())
    return replace(found, name=found.name + ORIGINAL, kind="original")
