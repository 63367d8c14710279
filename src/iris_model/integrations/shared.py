"""What all engines need: a model from whatever names it, the type of its answers, and its way to other processes."""

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
    """A model, or the one at a path."""
    return model if isinstance(model, Model) else load(model)


@dataclass(frozen=True)
class Answers:
    """The answers of one method as one column of an engine: `cell` is text, integer, truth or number, or a list of these."""

    method: str
    cell: str
    is_list: bool

    @classmethod
    def of(cls, model: Model, method: str) -> Answers:
        """Raise IrisModelError where the model has no such method."""
        if method not in model.methods:
            raise IrisModelError(f"the model has no {method}", remedy=f"Choose one of {', '.join(model.methods)}.")
        empty = BatchCore(model.evaluator).empty(method)
        first = empty[0] if isinstance(empty, list) else empty
        return cls(method, TYPES[first.dtype.kind], isinstance(empty, list) or empty.ndim == 2)

    def ask(self, model: Model, rows: Any) -> np.ndarray[Any, Any]:
        """One cell for each row, or one line for each row where cells are lists."""
        answer = getattr(model, self.method)(rows)
        if isinstance(answer, list):
            return np.column_stack(flatten(answer))
        found: np.ndarray[Any, Any] = answer
        if self.cell == "text" and found.dtype == object:
            found = np.array([str(label) for label in found.ravel()]).reshape(found.shape)
        return found


def column_names(model: Model) -> list[str]:
    """The columns that the model takes, in its order."""
    return [column["name"] for column in model.signature["columns"]]


def as_columns(names: list[str], columns: Any) -> Mapping[str, Any]:
    """Columns by name; one DataFrame, which an engine makes of a struct, as it is."""
    if len(columns) == 1 and hasattr(columns[0], "columns"):
        frame: Mapping[str, Any] = {name: columns[0][name] for name in columns[0].columns}
        return frame
    return dict(zip(names, columns, strict=True))


def open_once(digest: str, data: bytes) -> Model:
    """The model of these bytes, opened once per process."""
    return open_pickled(None, digest, data)
