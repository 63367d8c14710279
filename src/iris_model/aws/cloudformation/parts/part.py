"""The additions of a feature to the template, and the tags of all resources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from iris_model.contract.deployment import Deployment


@dataclass(frozen=True)
class Part:
    """Additions to the template. Two parts must not add the same name.

    Put a property that Lambda freezes in a version into `function`, so that a change creates a new version.
    """

    resources: Mapping[str, Any] = field(default_factory=dict)
    comments: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)
    function: Mapping[str, Any] = field(default_factory=dict)
    """Properties of the function."""
    alias: Mapping[str, Any] = field(default_factory=dict)
    """Properties of the alias."""
    statements: Sequence[Mapping[str, Any]] = ()
    """Policy statements of the role that the stack creates."""


def tag_list(deployment: Deployment) -> dict[str, Any]:
    """Return the tags in the form of most resources, or nothing."""
    if not deployment.tags:
        return {}
    return {"Tags": [{"Key": name, "Value": value} for name, value in sorted(deployment.tags.items())]}
