"""Find the `iris-model ...` lines of a block, and check one."""

from __future__ import annotations

import importlib
import re
import shlex
from collections.abc import Iterator

import click

from iris_model.cli import COMMANDS
from iris_model.cli.group import HELP_OPTIONS

# What ends a command in a line of shell.
ENDS = {"|", "||", "&&", ";", ">", ">>", "<", "2>", "2>&1", "&"}
PLACEHOLDER = re.compile(r"\$|[{<]|\.\.\.|^[A-Z]+$")


def find_commands(text: str) -> Iterator[list[str]]:
    """The words after `iris-model`, for each line that begins with it (or with a variable of the environment)."""
    for line in text.replace("\\\n", " ").splitlines():
        match = re.match(r"\s*(?:\$ )?(?:\w+=\S+ )*(?:\.venv/bin/)?iris-model (.*)", line)
        if match is None:
            continue
        lexer = shlex.shlex(match[1], posix=True, punctuation_chars=False)
        lexer.whitespace_split = True
        lexer.commenters = "#"
        words = list(lexer)
        end = next((index for index, word in enumerate(words) if word in ENDS), len(words))
        yield words[:end]


def find_problem(words: list[str]) -> str:
    """The error of click for these words, or nothing. Does not run the command or check paths."""
    if words and words[0] in ("--help", "-h", "--version"):
        return ""
    if not words or words[0] not in COMMANDS:
        return f"there is no command {words[:1]}"
    module, attribute, _ = COMMANDS[words[0]]
    command = getattr(importlib.import_module(module), attribute)
    # click keeps the help option of a command's first use for all later uses.
    context = click.Context(command, info_name=words[0], help_option_names=HELP_OPTIONS)
    rest = words[1:]
    if isinstance(command, click.Group) and (not rest or rest[0] not in command.commands):
        return f"{words[0]} has no command {rest[:1]}"
    if rest and rest[0] in (inner := getattr(command, "commands", {})):
        command = inner[rest[0]]
        context, rest = click.Context(command, info_name=rest[0], parent=context), rest[1:]
    try:
        values, left, _ = command.make_parser(context).parse_args(rest)
        for parameter in command.params:
            value = values.get(parameter.name)
            if parameter.name not in values or not _can_be_judged(parameter, value):
                continue
            parameter.type_cast_value(context, value)
    except click.UsageError as error:
        return error.format_message()
    missing = [each.name for each in command.params if each.required and not values.get(each.name or "")]
    if left or missing:
        return f"left over: {left}, missing: {missing}"
    return ""


def _can_be_judged(parameter: click.Parameter, value: object) -> bool:
    """Paths need not exist, and placeholders are not checked as values."""
    parts = value if isinstance(value, (list, tuple)) else [value]
    if any(isinstance(part, str) and PLACEHOLDER.search(part) for part in parts):
        return False
    return isinstance(parameter.type, (click.Choice, click.types.IntParamType, click.types.FloatParamType))
