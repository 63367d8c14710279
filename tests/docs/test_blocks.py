"""The examples on the pages are valid: commands for the command line, settings for their reader, code for Python."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from iris_model.contract.file_names import SETTINGS_FILE
from iris_model.errors import ProjectError
from iris_model.project.configuration.settings import read_settings
from tests.docs.command_lines import find_commands, find_problem
from tests.support.book import REPOSITORY, Block, pages, read_blocks, read_inline_code

BLOCKS = [block for page in pages() for block in read_blocks(page)]
NAMES = [str(page.relative_to(REPOSITORY)) for page in pages()]


def blocks_of(language: str) -> list[Block]:
    return [block for block in BLOCKS if block.language == language]


@pytest.mark.parametrize("name", NAMES)
def test_commands_and_their_options_exist(name: str) -> None:
    problems = []
    for block in read_blocks(REPOSITORY / name):
        for words in find_commands(block.text):
            if problem := find_problem(words):
                problems.append(f"{block}: iris-model {' '.join(words)}: {problem}")
    assert problems == []


@pytest.mark.parametrize("name", NAMES)
def test_commands_and_options_in_sentences_exist(name: str) -> None:
    """A command in a sentence may be incomplete, but its name and options exist."""
    problems = []
    for code in read_inline_code(REPOSITORY / name):
        for words in find_commands(code):
            problem = find_problem([word for word in words if word not in ("...", "|")])
            if problem and "missing: [" not in problem and "left over" not in problem:
                problems.append(f"{code}: {problem}")
    assert problems == []


@pytest.mark.parametrize(
    "line",
    [
        "iris-model depoly .",
        "iris-model serve . --portt 1",
        "iris-model tune . --invocations 1",
        "iris-model openapi a b",
    ],
)
def test_wrong_commands_would_be_found(line: str) -> None:
    (words,) = find_commands(line)
    assert find_problem(words)


@pytest.mark.parametrize("block", blocks_of("python"), ids=str)
def test_python_compiles(block: Block) -> None:
    compile(block.text, str(block), "exec")


@pytest.mark.parametrize("block", blocks_of("json"), ids=str)
def test_json_is_json(block: Block) -> None:
    json.loads(block.text)


@pytest.mark.parametrize("block", blocks_of("toml"), ids=str)
def test_settings_are_accepted(block: Block, tmp_path: Path) -> None:
    needed = "".join(
        f'{key} = "{value}"\n' for key, value in (("name", "a"), ("model", "a.pkl")) if f"{key} =" not in block.text
    )
    (tmp_path / SETTINGS_FILE).write_text(needed + block.text, encoding="utf-8")
    read_settings(tmp_path)


def test_wrong_settings_would_be_found(tmp_path: Path) -> None:
    (tmp_path / SETTINGS_FILE).write_text('name = "a"\nmodel = "a.pkl"\nmemmory = 1\n', encoding="utf-8")
    with pytest.raises(ProjectError, match="memmory"):
        read_settings(tmp_path)
