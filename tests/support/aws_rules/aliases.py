"""Rules of Lambda's aliases and their weights."""

from collections.abc import Mapping
from typing import Any

from .rule import Refused, rule


@rule(1, "serverless#7250: AWS's own message, through CloudFormation")
def check_alias_update(
    version: str, weights: Mapping[str, float], routing: Mapping[str, Any] | None
) -> dict[str, float]:
    """Return the weights after an UpdateAlias to `version`; `routing` is its RoutingConfig, and None keeps the weights.

    CloudFormation's update names no RoutingConfig.
    """
    after = dict(weights) if routing is None else dict(routing.get("AdditionalVersionWeights") or {})
    if version in after:
        message = f"Function version {version} is already included in routing configuration"
        raise Refused("InvalidParameterValueException", message)
    return after


@rule(8, "https://docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html; serverless-aws-alias#64")
def check_weighted_versions(versions: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse weights between versions of different execution roles or dead-letter settings: number -> configuration."""
    for what, key in (("execution role", "Role"), ("dead-letter configuration", "DeadLetterConfig")):
        if len({repr(configuration.get(key)) for configuration in versions.values()}) > 1:
            named = " and ".join(versions)
            message = f"Function versions {named} must have the same {what} to be used in a routing configuration"
            raise Refused("InvalidParameterValueException", message)
