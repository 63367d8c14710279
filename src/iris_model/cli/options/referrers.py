"""`--referrers`: how `build` and `push` attach documents to an image."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


def referrers_option(command: Command) -> Command:
    """Add the option `--referrers` to a command."""
    return click.option(
        "--referrers",
        type=click.Choice(["auto", "api", "none"]),
        default="auto",
        show_default=True,
        help="How a push attaches SBOM and provenance to the image. auto: as referrers; if the registry does not list "
        "referrers, a tag sha256-HEX lists them. api: as referrers only. none: do not attach them.",
    )(command)
