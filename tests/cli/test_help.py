"""Help, exit codes and the reference page; and that asking for help stays quick."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from pathlib import Path

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
def test_the_table_says_what_the_command_says(name: str):
    """The list of commands is printed from the table, so that no command is imported for it."""
    assert command_of(name).help.splitlines()[0] == COMMANDS[name][2]


# What they print is a document of a format of its own, for people as for programs.
DOCUMENT_ANYWAY = ("openapi", "dockerfile")


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
        "heavy = {'numpy', 'aiohttp', 'asyncio', 'rich', 'iris_model.project', 'iris_model.local', 'iris_model.cli.init'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], stdout=subprocess.DEVNULL, check=True)


def test_the_reference_page_is_up_to_date():
    page = ROOT / reference.REFERENCE_PAGE
    assert page.read_text(encoding="utf-8") == reference.render_reference(), "run: python scripts/write_reference.py"
