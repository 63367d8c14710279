"""Names of a deployment's resources on AWS."""

from __future__ import annotations

import hashlib

ALIAS = "live"
"""The alias of the function that all callers use."""

OWNER_TAG = "iris-model"
"""The tag that marks a repository as ours, with its owner. For all other resources, the stack shows the owner."""

LONGEST_STACK = 46
"""The longest stack name that fits in a role's name: STACK-Role-XXXXXXXXXXXX, at most 64 characters."""

# https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html
_LONGEST_RULE = 64
_KEEPS_WARM = "-keep-warm"


def name_schedule(function: str) -> str:
    """Return the name of the `keep-warm` rule. A long name is shortened with a digest, so that rules stay distinct."""
    name = f"{function}{_KEEPS_WARM}"
    if len(name) <= _LONGEST_RULE:
        return name
    end = f"-{hashlib.sha256(function.encode()).hexdigest()[:8]}{_KEEPS_WARM}"
    return f"{function[: _LONGEST_RULE - len(end)]}{end}"
