"""The name that somebody probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Sequence


def say_unknown(path: str, name: str, known: Sequence[str]) -> str:
    """Say that there is no such key, and which one is near."""
    # `base_image` for `base-image` is the likeliest slip, so it is compared as if it were spelled with hyphens.
    nearest = name_nearest(name.lower().replace("_", "-"), known)
    hint = f"did you mean {nearest}?" if nearest else "the known keys are " + ", ".join(known)
    return f"{path} is not a key: {hint}"


def name_nearest(name: str, known: Sequence[str]) -> str | None:
    """Return the known name that is nearest, if one is near."""
    return next(iter(difflib.get_close_matches(name, known, n=1)), None)
