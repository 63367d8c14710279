"""Names of a deployment's resources on AWS."""

from __future__ import annotations

import hashlib
import re

ALIAS = "live"
"""The alias of the function that all callers use."""

OWNER_TAG = "iris-model"
"""The tag that marks a repository as ours, with its owner. For all other resources, the stack shows the owner."""

LONGEST_STACK = 46
"""The longest stack name that fits in a role's name: STACK-Role-XXXXXXXXXXXX, at most 64 characters."""

LONGEST_EVENT = 32
"""The longest name of `[events.NAME]`."""

# https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html
_LONGEST_RULE = 64
# 63 characters, less an account and the longest name of a region.
_LONGEST_OF_BUCKET = 33
_KEEPS_WARM = "-keep-warm"


def name_schedule(function: str) -> str:
    """Return the name of the `keep-warm` rule. A long name is shortened with a digest, so that rules stay distinct."""
    return _shorten(function, _KEEPS_WARM)


def name_rule(function: str, event: str) -> str:
    """Return the name of the rule of `[events.EVENT]`, shortened like that of a schedule."""
    return _shorten(function, f"-on-{event}")


def name_batch(function: str) -> str:
    """Return the name of the state machine of `[batch]`."""
    return f"{function}-batch"


def name_bucket(repository: str, account: str = "${AWS::AccountId}", region: str = "${AWS::Region}") -> str:
    """Return the name of the bucket for zip archives, from the name of the repository, which images would have.

    Names of buckets are unique in all accounts, and have no slashes.
    """
    name = re.sub(r"[^a-z0-9]+", "-", repository).strip("-")
    if name != repository or len(name) > _LONGEST_OF_BUCKET:
        name = f"{name[: _LONGEST_OF_BUCKET - 9].rstrip('-')}-{hashlib.sha256(repository.encode()).hexdigest()[:8]}"
    return f"{name}-{account}-{region}"


def rule_patterns(function: str) -> list[str]:
    """Return patterns of the names of all such rules, on the default event bus and on others."""
    begin = function
    if len(f"{function}-on-") + LONGEST_EVENT > _LONGEST_RULE:
        begin = f"{function[: _LONGEST_RULE - len('-00000000-on-') - LONGEST_EVENT]}*"
    return [f"{begin}-on-*", f"*/{begin}-on-*"]


def _shorten(function: str, ending: str) -> str:
    name = f"{function}{ending}"
    if len(name) <= _LONGEST_RULE:
        return name
    end = f"-{hashlib.sha256(function.encode()).hexdigest()[:8]}{ending}"
    return f"{function[: _LONGEST_RULE - len(end)]}{end}"
