"""Help, exit codes and the reference page; `--help` stays fast."""

from __future__ import annotations

import importlib
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from iris_model.cli import COMMANDS, EXIT_CODES, cli, reference

ROOT = Path(__file__).parents[2]


def command_of(name: str):
    module, attribute, _ = COMMANDS[name]
    return getattr(importlib.import_module(module), attribute)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example_that_parses(name: str):
    command = command_of(name)
    assert command.name == name
    examples = re.findall(rf"iris-model {name} (.*)", command.help)
    assert examples
    result = CliRunner().invoke(cli, [name, "--help"])
    assert result.exit_code == 0
    for example in examples:
        assert f"iris-model {name} {example}" in result.output, "an example must not be wrapped"


@pytest.mark.parametrize("name", COMMANDS)
def test_examples_use_values_that_options_take(name: str):
    command = command_of(name)
    for example in re.findall(rf"iris-model {name} (.*)", command.help):
        words = shlex.split(example.partition("  #")[0], comments=True)
        words = words[: words.index("|")] if "|" in words else words
        try:
            command.make_context(name, words)
        except click.UsageError as error:
            assert not isinstance(error, click.NoSuchOption), example
            assert "is not one of" not in error.message, example


@pytest.mark.parametrize("name, option", [("build", "--arch"), ("tune", "--architecture"), ("cost", "--architecture")])
@pytest.mark.parametrize("architecture", ["x86_64", "arm64"])
def test_architectures_are_written_as_lambda_writes_them(name: str, option: str, architecture: str):
    parameter = next(each for each in command_of(name).params if option in each.opts)
    assert parameter.type.convert(architecture, parameter, None) == architecture


@pytest.mark.parametrize("name", COMMANDS)
def test_the_table_says_what_the_command_says(name: str):
    """The list of commands is printed from the table, so that no command is imported for it."""
    assert command_of(name).help.splitlines()[0] == COMMANDS[name][2]


# They print a document in its own format, for people and programs alike.
DOCUMENT_ANYWAY = ("openapi", "dockerfile", "completion")


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in DOCUMENT_ANYWAY])
def test_every_command_speaks_json(name: str):
    command = command_of(name)
    for each in getattr(command, "commands", {"": command}).values():
        assert "--json" in [option for parameter in each.params for option in parameter.opts]


def test_help_lists_commands_and_exit_codes():
    output = CliRunner().invoke(cli, ["--help"]).output
    for name in COMMANDS:
        assert re.search(rf"^  {name} ", output, re.MULTILINE)
    for code in EXIT_CODES:
        assert re.search(rf"^  {code} ", output, re.MULTILINE)


def test_an_unknown_command_is_a_usage_error():
    result = CliRunner().invoke(cli, ["depoly"])
    assert result.exit_code == 2
    assert "depoly" in result.output


def test_help_imports_nothing_heavy():
    code = (
        "import sys; sys.argv = ['iris-model', '--help']\n"
        "from iris_model.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'numpy', 'aiohttp', 'asyncio', 'rich', 'iris_model.project', 'iris_model.local'}\n"
        "heavy |= {'iris_model.cli.commands.init'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], stdout=subprocess.DEVNULL, check=True)


def test_the_reference_page_is_up_to_date():
    # In a process of its own: click keeps the help option of a command's first use, and other tests use commands alone.
    code = "from iris_model.cli import reference; print(reference.render_reference(), end='')"
    rendered = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8", check=True
    )
    page = ROOT / reference.REFERENCE_PAGE
    assert page.read_text(encoding="utf-8") == rendered.stdout, "run: python scripts/write_reference.py"


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (["build", "--push"], "iris-model build"),
        (["build", "--no-such-option"], "iris-model build"),
        (["image", "inspect"], "iris-model image inspect"),
        (["no-such-command"], "iris-model"),
    ],
)
def test_the_hint_of_wrong_usage_names_the_help_of_that_command(arguments: list[str], command: str):
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 2
    assert f"hint: Run `{command} --help` for the arguments and options." in result.stderr
