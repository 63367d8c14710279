"""What a test does when a required tool is missing: skip with the reason, but never in CI."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from typing import NoReturn, TypeVar

import pytest

Part = TypeVar("Part")


class Missing(Exception):
    """A part that a test needs is not on this machine. `str()` of it is the reason that the report shows."""


def require(part: Callable[[], Part]) -> Part:
    """Return what `part` brings; where it is missing, skip, or fail when `CI` is true."""
    try:
        return part()
    except Missing as missing:
        skip_unless_ci(str(missing))


def skip_unless_ci(reason: str) -> NoReturn:
    """Skip the test, except in CI, where a skipped promise would look like a kept one."""
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(f"in CI nothing is skipped: {reason}", pytrace=False)
    pytest.skip(reason)


def find_awslambdaric() -> str:
    """The name of AWS's runtime client for Python, where it is installed: it has no wheels for some systems."""
    if importlib.util.find_spec("awslambdaric") is None:
        raise Missing("awslambdaric is not installed: pip install -e '.[test]'")
    return "awslambdaric"
