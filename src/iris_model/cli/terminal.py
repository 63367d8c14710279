"""Print text on a terminal.

Much of a command's output comes from files and servers: names in a model, labels of an image, lines of a log. Such text
must not move the cursor, change the title, or hide a line. So every command prints with these functions.
"""

from __future__ import annotations

import json
import re
import sys

import click

from iris_model.errors import visible

# Line breaks, the tabs of REPORT lines, and the no-break spaces of Lambda's messages are printed unchanged.
_BETWEEN = re.compile(r"[^\n\t\xa0]+")
# Colors and bold text, which programs use in their logs. They end with the next reset, and move nothing.
_COLOR = re.compile(r"(\x1b\[[0-9;]*m)")


def for_terminal(text: str) -> str:
    """Return a text of any number of lines with its control characters escaped."""
    return text if text.isprintable() else _BETWEEN.sub(lambda found: visible(found[0]), text.replace("\r\n", "\n"))


def echo(text: object = "", *, err: bool = False) -> None:
    """Print lines."""
    click.echo(for_terminal(str(text)), err=err)


def echo_log(text: str, *, err: bool = False) -> None:
    """Print lines of a log. The colors that a program gave them are kept."""
    parts = _COLOR.split(text)
    click.echo("".join(part if place % 2 else for_terminal(part) for place, part in enumerate(parts)), err=err)


def echo_data(text: str) -> None:
    """Print an answer: unchanged for a file or another program, as lines on a terminal."""
    click.echo(for_terminal(text) if sys.stdout.isatty() else text)


def to_json(value: object, *, indent: int | None = None) -> str:
    """Return strict JSON that a terminal can show: control characters are escaped also outside of ASCII."""
    text = json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False)
    return (
        text
        if text.isprintable()
        else "".join(each if each.isprintable() or each == "\n" else _escape(each) for each in text)
    )


def _escape(character: str) -> str:
    return json.dumps(character)[1:-1]
