"""Output that several commands share: JSON, sizes, and progress on a terminal."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator

import click

from iris_model.cli.terminal import echo, for_terminal, to_json
from iris_model.cli.verbosity import QUIET, VERBOSE, find_verbosity

OnStep = Callable[[str], None]

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def echo_json(value: object, *, err: bool = False) -> None:
    """Print strict JSON on stdout, or on stderr if stdout contains other data."""
    click.echo(to_json(value, indent=2), err=err)


def show_size(size_bytes: int) -> str:
    """Format a size: in bytes, from 1 KiB in KiB, from 1 MiB in MiB."""
    if size_bytes < 1024:
        return f"{size_bytes} bytes"
    if size_bytes < 1024 * 1024:
        return f"{size_bytes / 1024:.0f} KiB"
    return f"{size_bytes / 1024 / 1024:.1f} MiB"


@contextlib.contextmanager
def progress() -> Iterator[OnStep]:
    """Yield a function that shows the current step: with a spinner on a terminal, not at all elsewhere.

    With --verbose, each step is a line with the seconds since the start. With --quiet, nothing is shown. rich is
    imported at the first step, so that a command with nothing to do does not import it.
    """
    verbosity = find_verbosity()
    if verbosity == VERBOSE:
        start = time.monotonic()
        yield lambda step: echo(f"[{time.monotonic() - start:6.2f} s] {step}", err=True)
        return
    if verbosity == QUIET or not sys.stderr.isatty():
        yield lambda step: None
        return
    with contextlib.ExitStack() as stack:
        shown: list[OnStep] = []

        def on_step(step: str) -> None:
            if not shown:
                from rich.console import Console
                from rich.markup import escape

                status = stack.enter_context(Console(stderr=True).status(escape(for_terminal(step))))
                shown.append(lambda text: status.update(escape(for_terminal(text))))
            shown[0](step)

        yield on_step
