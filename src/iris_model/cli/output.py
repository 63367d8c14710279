"""What several commands print: JSON for programs, sizes for people, and progress on a terminal."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator

import click

OnStep = Callable[[str], None]

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


def echo_json(value: object) -> None:
    """Print strict JSON on stdout."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False))


def show_size(size_bytes: int) -> str:
    """Show a size in KiB, or in MiB from one MiB on."""
    if size_bytes < 1024 * 1024:
        return f"{size_bytes / 1024:.0f} KiB"
    return f"{size_bytes / 1024 / 1024:.1f} MiB"


@contextlib.contextmanager
def progress() -> Iterator[OnStep]:
    """Give a function that shows the step under way: a spinner on a terminal, nothing elsewhere.

    rich is imported at the first step, so that work with nothing to do does not pay for it.
    """
    if not sys.stderr.isatty():
        yield lambda step: None
        return
    with contextlib.ExitStack() as stack:
        shown: list[OnStep] = []

        def on_step(step: str) -> None:
            if not shown:
                from rich.console import Console
                from rich.markup import escape

                status = stack.enter_context(Console(stderr=True).status(escape(step)))
                shown.append(lambda text: status.update(escape(text)))
            shown[0](step)

        yield on_step
