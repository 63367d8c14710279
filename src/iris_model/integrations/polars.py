"""Polars: answers as an expression, for eager and lazy frames.

frame.with_columns(iris_model.polars.predict("iris.safetensors"))
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars

from iris_model.scoring import Model

from .shared import AnswerColumn, as_model, column_names

TYPES = {"text": polars.String, "integer": polars.Int64, "truth": polars.Boolean, "number": polars.Float64}


def predict(model: Model | str | Path, method: str = "predict") -> polars.Expr:
    """Make an expression of Polars over the model's columns, matched by name. The result has the name of `method`.

    `predict_proba` gives a list of numbers, in the order of the classes. If the model refuses a row, the query
    fails with the reason.

    Examples:
        >>> frame.with_columns(iris_model.polars.predict("iris.safetensors"))
    """
    opened = as_model(model)
    answers = AnswerColumn.of(opened, method)
    cell: Any = TYPES[answers.cell]

    def ask(rows: polars.Series) -> polars.Series:
        return polars.Series(answers.ask_arrow(opened, rows.struct.unnest()))

    names = column_names(opened)
    kind = polars.List(cell) if answers.is_list else cell
    return polars.struct(names).map_batches(ask, return_dtype=kind, is_elementwise=True).alias(method)
