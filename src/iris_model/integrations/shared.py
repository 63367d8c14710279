"""Shared by all integrations: open a model, the type of its answers, and reopen it in other processes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from iris_model.errors import IrisModelError
from iris_model.scoring import Model, load
from iris_model.scoring.core import BatchCore
from iris_model.scoring.opening import open_pickled
from iris_model.scoring.outputs import flatten

TYPES = {"U": "text", "O": "text", "i": "integer", "b": "truth", "f": "number"}


def as_model(model: Model | str | Path) -> Model:
    """Return the model, or load it from a path."""
    return model if isinstance(model, Model) else load(model)


@dataclass(frozen=True)
class AnswerColumn:
    """The answers of one method as one column. `cell` is text, integer, truth or number; `is_list`: a list of these per
    row.
    """

    method: str
    cell: str
    is_list: bool

    @classmethod
    def of(cls, model: Model, method: str) -> AnswerColumn:
        """Describe the answers of a method. Raises IrisModelError if the model does not have it."""
        if method not in model.methods:
            raise IrisModelError(f"the model has no {method}", remedy=f"Choose one of {', '.join(model.methods)}.")
        empty = BatchCore(model.evaluator).empty(method)
        first = empty[0] if isinstance(empty, list) else empty
        return cls(method, TYPES[first.dtype.kind], isinstance(empty, list) or empty.ndim == 2)

    def ask(self, model: Model, rows: Any) -> np.ndarray[Any, Any]:
        """Return the answers: shape (rows,), or (rows, columns) if each cell is a list."""
        answer = getattr(model, self.method)(rows)
        if isinstance(answer, list):
            return np.column_stack(flatten(answer))
        found: np.ndarray[Any, Any] = answer
        if self.cell == "text" and found.dtype == object:
            found = np.array([str(label) for label in found.ravel()]).reshape(found.shape)
        return found

    def ask_arrow(self, model: Model, table: Any) -> Any:
        """Return the answers to a table with an Arrow interface: a list if cells are strings or lists, else an array."""
        found = self.ask(model, _ArrowOnly(table))
        return found.tolist() if self.is_list or self.cell == "text" else found


class _ArrowOnly:
    """Wraps a table so that only its Arrow interface is visible; the answers are then NumPy arrays."""

    def __init__(self, table: Any) -> None:
        self._table = table

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self._table.__arrow_c_stream__(requested_schema)


def column_names(model: Model) -> list[str]:
    """Return the names of the model's columns, in its order."""
    return [column["name"] for column in model.signature["columns"]]


def as_columns(names: list[str], columns: Any) -> Mapping[str, Any]:
    """Return columns by name. A single DataFrame (from a struct column) keeps its own names."""
    if len(columns) == 1 and hasattr(columns[0], "columns"):
        frame: Mapping[str, Any] = {name: columns[0][name] for name in columns[0].columns}
        return frame
    return dict(zip(names, columns, strict=True))


def open_once(digest: str, data: bytes) -> Model:
    """Return the model of these bytes, opened once per process."""
    return open_pickled(None, digest, data)
