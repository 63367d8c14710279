"""Describe an exception of a converter."""

from __future__ import annotations

from typing import Any

from .names import class_name

NOT_FITTED = "it is not fitted"


class NotABooster(Exception):
    """The bytes of a file are not in the format of its library. The message gives the reason."""


def describe_failure(estimator: Any, error: Exception) -> str:
    """Return the reason for a refusal: an attribute that only fitting sets, or the exception itself."""
    name = class_name(type(estimator))
    missing = getattr(error, "name", None) if isinstance(error, AttributeError) else None
    if missing and getattr(error, "obj", None) is estimator and missing.endswith("_"):
        return f"{name}: {NOT_FITTED} (it has no {missing}); call fit before saving it"
    if type(error).__name__ == "NotFittedError":
        return f"{name}: {NOT_FITTED}; call fit before saving it"
    said = str(error).strip().partition("\n")[0]
    return f"{name}: its attributes cannot be read: {type(error).__name__}{': ' if said else ''}{said}"
