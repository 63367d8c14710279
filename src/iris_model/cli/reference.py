"""Render the help of all commands as docs/reference/cli.md."""

from __future__ import annotations

import click

from iris_model.cli import COMMANDS, EXIT_CODES, cli
from iris_model.cli.group import HELP_OPTIONS

REFERENCE_PAGE = "docs/reference/cli.md"

_HEAD = """\
# Command line

<!-- Generated from the commands' own help by `python scripts/write_reference.py`; a test compares the two. -->

Every command with its options. Answers go to stdout; messages, progress and logs go to stderr. Text output may change between
versions. Use `--json` in programs.

Errors are two lines: `error:` says what is wrong, `hint:` says how to fix it.
"""

_WIDTH = 100


def render_reference() -> str:
    """Render the reference page."""
    parts = [_HEAD, "\n| exit code | meaning |\n|---|---|\n"]
    parts += [f"| {code} | {meaning} |\n" for code, meaning in EXIT_CODES.items()]
    context = _context(cli, "iris-model")
    parts.append(_section("iris-model", cli.get_help(context)))
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        parts += _sections(command, f"iris-model {name}")
    return "".join(parts)


def _sections(command: click.Command, name: str) -> list[str]:
    """Return the help of a command and of its subcommands."""
    parts = [_section(name, command.get_help(_context(command, name)))]
    for inner, subcommand in getattr(command, "commands", {}).items():
        parts += _sections(subcommand, f"{name} {inner}")
    return parts


def _context(command: click.Command, name: str) -> click.Context:
    return click.Context(
        command,
        info_name=name,
        terminal_width=_WIDTH,
        max_content_width=_WIDTH,
        color=False,
        help_option_names=HELP_OPTIONS,
    )


def _section(title: str, text: str) -> str:
    lines = "\n".join(line.rstrip() for line in text.splitlines())
    return f"\n## {title}\n\n```text\n{lines}\n```\n"
