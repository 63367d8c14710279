"""Names of a deployment's resources on AWS."""

from __future__ import annotations

import hashlib

ALIAS = "live"
"""The alias of the function that everybody calls."""

OWNER_TAG = "iris-model"
"""The tag that says that a repository is ours, and whose; the stack says it for everything else."""

LONGEST_STACK = 46
"""A role that CloudFormation makes is called STACK-Role- and twelve characters, 64 at most: of longer ones the end is cut."""

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
