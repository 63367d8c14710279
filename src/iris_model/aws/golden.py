"""Golden rows: inputs with the original model's own answers in, what an answer gets wrong out.

Labels must be equal; numbers within what the law of exactness allows for float32 libraries. An answer of another shape than a
model's own is told as such: a handler that adds steps of its own may be right and cannot be compared.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from iris_model.errors import DeploymentError

RELATIVE_TOLERANCE = 1e-6
ABSOLUTE_TOLERANCE = 1e-9


@dataclass(frozen=True)
class GoldenRow:
    """One row and what the trained model answered to it."""

    row: list[Any]
    outputs: dict[str, Any]

    @property
    def payload(self) -> bytes:
        """The row as it is sent."""
        return json.dumps(self.row, separators=(",", ":"), ensure_ascii=False).encode()


@dataclass(frozen=True)
class Difference:
    """One row that was answered differently; `where` is how it was asked."""

    where: str
    number: int
    row: list[Any]
    problems: tuple[str, ...]

    def __str__(self) -> str:
        return f"row {self.number} {json.dumps(self.row, ensure_ascii=False)} {self.where}: " + "; ".join(self.problems)


def read_golden(function_directory: Path) -> list[GoldenRow]:
    """Read the golden rows of a function directory."""
    path = function_directory / "golden.json"
    try:
        rows = [GoldenRow(each["row"], each["outputs"]) for each in json.loads(path.read_bytes())]
    except FileNotFoundError:
        raise DeploymentError(
            f"{path} is missing: without golden rows nothing can be verified",
            remedy="Package the project (iris-model package), or deploy with --no-verify.",
        ) from None
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise DeploymentError(f"{path} cannot be read: {error}", remedy="Package the project again.") from None
    if not rows:
        raise DeploymentError(f"{path} has no rows to verify with", remedy="Give the project sample rows: data = FILE.")
    return rows


def compare(golden: GoldenRow, text: str) -> tuple[str, ...]:
    """Say what is wrong with an answer to the golden row; nothing is all right."""
    try:
        answer = json.loads(text)
    except ValueError:
        return (f"expected JSON, got {_short(text)}",)
    if not isinstance(answer, dict) or "prediction" not in answer:
        return (f'expected {{"prediction": ...}}, got {_short(text)}',)
    problems = []
    if "predict" in golden.outputs:
        problems += _compare("prediction", golden.outputs["predict"], answer["prediction"])
    probabilities = answer.get("probabilities")
    if "predict_proba" in golden.outputs and probabilities is not None:
        expected = golden.outputs["predict_proba"]
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
        return math.isclose(expected, got, rel_tol=RELATIVE_TOLERANCE, abs_tol=ABSOLUTE_TOLERANCE)
    # 1 is not True, and a label "1" is not the label 1.
    return type(expected) is type(got) and bool(expected == got)


def _values(probabilities: Any, expected: Any) -> Any:
    """Take the values in the order of the classes: the answer names each. A chain has one number for each target."""
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
