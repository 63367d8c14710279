"""The option of commands that open a model file: names that it may load."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click


def trust_option(of: str = "the model file") -> Callable[[Any], Any]:
    """Return the decorator. `of`: what may load the names, in the words of the help."""
    return click.option(
        "--trust",
        multiple=True,
        metavar="NAME",
        help=f"Allow {of} to load this class, function or package. Repeatable.",
    )
