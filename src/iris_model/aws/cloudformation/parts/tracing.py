"""`tracing`: the function sends traces to X-Ray."""

from __future__ import annotations

from iris_model.aws.cloudformation.parts.part import Part
from iris_model.contract.deployment import Deployment


def add_tracing(deployment: Deployment) -> Part:
    """Enable tracing, and allow it for all resources, because X-Ray has no resource types."""
    if not deployment.tracing:
        return Part()
    actions = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
    return Part(
        function={"TracingConfig": {"Mode": "Active"}},
        statements=({"Effect": "Allow", "Action": actions, "Resource": "*"},),
    )
