"""`--referrers`: where `build` and `push` list what lies beside an image."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


def referrers_option(what: str) -> Callable[[Command], Command]:
    """Add it; `what` begins the sentence: which documents are listed."""
    return click.option(
        "--referrers",
        type=click.Choice(["auto", "api", "none"]),
        default="auto",
        show_default=True,
        help=f"Where {what}: by the registry, else under the tag sha256-HEX, as the OCI specification has it; by the "
        "registry only; nowhere.",
    )
