"""Every message template of the source: one line that says what is wrong, and a hint that is a sentence or a command."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import iris_model

PACKAGE = Path(iris_model.__file__).parent
COMMANDS = ("aws ", "docker ", "https://", "iris-model ", "pip ", "`")
# First words of a hint that explains before it says what to do.
NO_ACTION = set("The It A An This That There What Then Each Its One No Not".split())
# A value that an f-string should have filled in.
UNFILLED = re.compile(r"\{[a-z_][\w.]*(?:\[[^\]]*\]|\([^)]*\))*(?:![rsa])?(?::[^{}]*)?\}")
QUESTION = re.compile(r"\?\s*$")


@cache
def _calls() -> tuple[tuple[str, ast.Call, ast.Module], ...]:
    """Each call in the source, with its place and its module."""
    return tuple(_find_calls())


def _find_calls() -> Iterator[tuple[str, ast.Call, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(path.read_bytes())
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                yield f"{path.relative_to(PACKAGE)}:{node.lineno}", node, tree


@cache
def _remedies() -> tuple[tuple[str, ast.expr, ast.Module], ...]:
    return tuple(
        (place, each.value, tree) for place, call, tree in _calls() for each in call.keywords if each.arg == "remedy"
    )


@cache
def _problems() -> tuple[tuple[str, ast.expr], ...]:
    """The first argument of each call that has a hint, or that makes an error."""
    return tuple(
        (place, call.args[0])
        for place, call, _ in _calls()
        if call.args
        and (any(each.arg == "remedy" for each in call.keywords) or ast.unparse(call.func).endswith("Error"))
    )


def test_a_hint_begins_as_a_sentence_or_is_a_command():
    found = [(place, text) for place, value, tree in _remedies() if (text := _first_words(value, tree))]
    assert len(found) > 100
    assert [each for each in found if each[1][0].islower() and not each[1].startswith(COMMANDS)] == []


def test_a_hint_begins_with_what_to_do():
    """The action comes first, and its reason after a colon."""
    found = [(place, text) for place, value, tree in _remedies() if (text := _first_words(value, tree))]
    assert [each for each in found if each[1].split()[0] in NO_ACTION] == []


def test_a_hint_says_what_to_do_and_asks_nothing():
    assert [(place, text) for place, value, _ in _remedies() if QUESTION.search(text := _text(value))] == []


def test_a_problem_is_no_sentence_with_a_period():
    """It follows `error: `, and other text may follow it."""
    ends = [(place, text) for place, value in _problems() if (text := _text(value)).endswith(".") and "\n" not in text]
    assert [each for each in ends if not each[1].endswith(("...", "etc."))] == []


def test_no_message_has_a_value_that_is_not_filled_in():
    """A piece of a message that lost its `f` shows the name of a variable."""
    plain = [
        (place, piece.value)
        for place, value in [*_problems(), *((place, value) for place, value, _ in _remedies())]
        for piece in _plain_pieces(value)
    ]
    assert [each for each in plain if UNFILLED.search(each[1])] == []


def _plain_pieces(value: ast.expr) -> list[ast.Constant]:
    """The parts of a message that fill in nothing."""
    if isinstance(value, ast.BinOp):
        return [*_plain_pieces(value.left), *_plain_pieces(value.right)]
    if isinstance(value, ast.JoinedStr):
        return [each for each in value.values if isinstance(each, ast.Constant)]
    return [value] if isinstance(value, ast.Constant) and isinstance(value.value, str) else []


def _text(value: ast.expr) -> str:
    """The message, with CODE for what is filled in; empty where it is made elsewhere."""
    if isinstance(value, ast.BinOp):
        left, right = _text(value.left), _text(value.right)
        return left + right if right else ""
    if isinstance(value, ast.JoinedStr):
        return "".join(each.value if isinstance(each, ast.Constant) else "CODE" for each in value.values)
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else ""


def _first_words(value: ast.expr, tree: ast.Module) -> str:
    """The text that a hint begins with, where it begins with a text, or with a constant of its file."""
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


def test_messages_are_whole_sentences_in_the_source():
    """A second line of a text outside of parentheses is a statement that does nothing."""
    lost = []
    for path in sorted(PACKAGE.rglob("*.py")):
        lines = path.read_text(encoding="utf-8").splitlines()
        for node in ast.walk(ast.parse("\n".join(lines))):
            if isinstance(node, ast.Expr) and isinstance(node.value, (ast.JoinedStr, ast.Constant)):
                line = lines[node.lineno - 1].strip()
                if line.startswith(('"', "'", 'f"')) and not line.startswith('"""'):
                    lost.append(f"{path.relative_to(PACKAGE)}:{node.lineno}: {line}")
    assert lost == []
