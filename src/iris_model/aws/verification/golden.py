"""Compare an answer with a golden row.

Labels must be equal; numbers within the tolerance for float32 libraries. An answer in another format than the model's
is reported as such: the answer of a custom handler may be correct, but cannot be compared.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from iris_model.contract.golden import GOLDEN_FILE, GoldenRow, is_same_number, read_golden_rows
from iris_model.errors import DeploymentError


@dataclass(frozen=True)
class Difference:
    """A row with a different answer; `where` is how it was sent."""

    where: str
    number: int
    row: list[Any]
    problems: tuple[str, ...]

    def __str__(self) -> str:
        return f"row {self.number} {json.dumps(self.row, ensure_ascii=False)} {self.where}: " + "; ".join(self.problems)


def payload_of(golden: GoldenRow) -> bytes:
    """Return the request body for a row."""
    return json.dumps(golden["row"], separators=(",", ":"), ensure_ascii=False).encode()


def read_golden(function_directory: Path) -> list[GoldenRow]:
    """Read the golden rows of a function directory."""
    path = function_directory / GOLDEN_FILE
    try:
        rows = read_golden_rows(function_directory)
    except FileNotFoundError:
        raise DeploymentError(
            f"{path} is missing: verification needs golden rows",
            remedy="Run `iris-model package`, or deploy with --no-verify.",
        ) from None
    except (OSError, ValueError) as error:
        raise DeploymentError(f"{path} cannot be read: {error}", remedy="Run `iris-model package` again.") from None
    if not rows:
        raise DeploymentError(
            f"{path} has no rows to verify", remedy="Add sample rows to the project: data = FILE in iris-model.toml."
        )
    return rows


def compare(golden: GoldenRow, text: str) -> tuple[str, ...]:
    """Return what is wrong with an answer to the golden row; empty if it is correct."""
    try:
        answer = json.loads(text)
    except ValueError:
        return (f"expected JSON, got {_short(text)}",)
    if not isinstance(answer, dict) or "prediction" not in answer:
        return (f'expected {{"prediction": ...}}, got {_short(text)}',)
    problems = []
    if "predict" in golden["outputs"]:
        problems += _compare("prediction", golden["outputs"]["predict"], answer["prediction"])
    probabilities = answer.get("probabilities")
    if "predict_proba" in golden["outputs"] and probabilities is not None:
        expected = golden["outputs"]["predict_proba"]
        problems += _compare("probabilities", expected, _values(probabilities, expected))
    return tuple(problems)


def _compare(name: str, expected: Any, got: Any) -> list[str]:
    if isinstance(expected, list):
        if not isinstance(got, list) or len(got) != len(expected):
            return [f"{name}: expected {_short(json.dumps(expected))}, got {_short(json.dumps(got))}"]
        return [
            problem
            for index, pair in enumerate(zip(expected, got, strict=True))
            for problem in _compare(f"{name}[{index}]", *pair)
        ]
    return [] if _same(expected, got) else [f"{name}: expected {json.dumps(expected)}, got {_short(json.dumps(got))}"]


def _same(expected: Any, got: Any) -> bool:
    if isinstance(expected, float) and isinstance(got, (int, float)) and not isinstance(got, bool):
        return is_same_number(expected, got)
    # 1 is not True, and the label "1" is not the label 1.
    return type(expected) is type(got) and bool(expected == got)


def _values(probabilities: Any, expected: Any) -> Any:
    """Return the values in the order of the classes, from an answer by class name.

    A chain has one number for each target.
    """
    if isinstance(probabilities, dict):
        values = list(probabilities.values())
        return values if isinstance(expected, list) or len(values) != 1 else values[0]
    if isinstance(probabilities, list):
        targets = expected if isinstance(expected, list) and len(expected) == len(probabilities) else probabilities
        return [_values(*pair) for pair in zip(probabilities, targets, strict=True)]
    return probabilities


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 200 else text[:197] + "..."
