"""`snapstart`: sandboxes start from a snapshot taken after the model was loaded."""

from __future__ import annotations

from iris_model.aws.cloudformation.parts.part import Part
from iris_model.contract.deployment import Deployment


def add_snapstart(deployment: Deployment) -> Part:
    """Enable SnapStart for each published version."""
    return Part(function={"SnapStart": {"ApplyOn": "PublishedVersions"}} if deployment.snapstart else {})
