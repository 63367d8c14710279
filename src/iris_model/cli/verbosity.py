"""`--quiet` and `--verbose`: how much commands print on stderr. Every command and `iris-model` itself accept them."""

from __future__ import annotations

import click

from iris_model.cli.terminal import echo

QUIET, NORMAL, VERBOSE = "quiet", "normal", "verbose"
_KEY = "iris_model.verbosity"


def find_verbosity() -> str:
    """Return QUIET, NORMAL or VERBOSE, as selected by the user; NORMAL outside of a command."""
    context = click.get_current_context(silent=True)
    return NORMAL if context is None else str(context.meta.get(_KEY, NORMAL))


def verbosity_options() -> list[click.Option]:
    """Return the options `--quiet` and `--verbose`. They set the result of `find_verbosity`; the last one counts."""
    return [
        _option("-q", QUIET, "Print errors and results only."),
        _option("-v", VERBOSE, "Print each step with its time, and the traceback of an internal error."),
    ]


def echo_note(text: str) -> None:
    """Print `note: ` and the text to stderr, unless --quiet is used."""
    if find_verbosity() != QUIET:
        echo(f"note: {text}", err=True)


def _option(letter: str, level: str, text: str) -> click.Option:
    def remember(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
        if value:
            ctx.meta[_KEY] = level

    return click.Option([letter, f"--{level}"], is_flag=True, expose_value=False, callback=remember, help=text)
