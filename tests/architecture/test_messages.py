"""The way out of an error is a sentence, or a command to type: so that all rooms speak alike."""

from __future__ import annotations

import ast
from pathlib import Path

import iris_model

PACKAGE = Path(iris_model.__file__).parent
COMMANDS = ("aws ", "docker ", "https://", "iris-model ", "pip ")


def test_a_remedy_begins_as_a_sentence_or_is_a_command():
    found = []
    for path in PACKAGE.rglob("*.py"):
        tree = ast.parse(path.read_bytes())
        for node in ast.walk(tree):
            if isinstance(node, ast.keyword) and node.arg == "remedy" and (text := _first_words(node.value, tree)):
                found.append((f"{path.relative_to(PACKAGE)}:{node.value.lineno}", text))
    assert len(found) > 100
    assert [each for each in found if each[1][0].islower() and not each[1].startswith(COMMANDS)] == []


def _first_words(value: ast.expr, tree: ast.Module) -> str:
    """The text that a remedy begins with, where it begins with a text, or with a constant of its file."""
    while isinstance(value, ast.BinOp):
        value = value.left
    if isinstance(value, ast.JoinedStr):
        value = value.values[0]
    if isinstance(value, ast.Name):
        constants = [
            each for each in tree.body if isinstance(each, ast.Assign) and value.id in map(_name, each.targets)
        ]
        return _first_words(constants[0].value, tree) if constants else ""
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else ""


def _name(target: ast.expr) -> str:
    return target.id if isinstance(target, ast.Name) else ""
