"""Suggest the name that the user probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Sequence


def say_unknown(path: str, name: str, known: Sequence[str]) -> str:
    """Return a message for an unknown key, with a suggestion."""
    # The most common mistake is `base_image` instead of `base-image`, so underscores are compared as hyphens.
    nearest = name_nearest(name.lower().replace("_", "-"), known)
    hint = f"did you mean {nearest}?" if nearest else "the known keys are " + ", ".join(known)
    return f"{path} is not a key: {hint}"


def name_nearest(name: str, known: Sequence[str]) -> str | None:
    """Return the most similar known name, if one is similar."""
    return next(iter(difflib.get_close_matches(name, known, n=1)), None)
