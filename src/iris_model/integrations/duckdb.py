"""DuckDB: a model as a vectorised function of SQL.

iris_model.duckdb.register(connection, "iris.safetensors", name="species")
connection.sql("SELECT species(sepal_length, sepal_width, petal_length, petal_width) FROM 'rows.parquet'")
"""

from __future__ import annotations

from inspect import Parameter, Signature
from pathlib import Path
from typing import Any

import pyarrow

from iris_model.engine.rows import holds_numbers
from iris_model.scoring import Model

from .shared import AnswerColumn, as_model, column_names

TYPES = {"text": "VARCHAR", "integer": "BIGINT", "truth": "BOOLEAN", "number": "DOUBLE"}


def register(connection: Any, model: Model | str | Path, name: str, method: str = "predict") -> str:
    """Register a model as the SQL function `name` on a connection.

    Arguments are in the model's order. NULL is a missing value. `predict_proba` gives a list of numbers, in the
    order of the classes. If the model refuses a row, the query fails with the reason.

    Returns:
        A call of the function in SQL: its name with the model's columns as arguments.

    Examples:
        >>> call = iris_model.duckdb.register(connection, "iris.safetensors", name="species")
        >>> connection.sql(f"SELECT {call} FROM 'rows.parquet'")
    """
    opened = as_model(model)
    answers = AnswerColumn.of(opened, method)
    names = column_names(opened)

    def answer(*columns: Any) -> Any:
        return pyarrow.array(answers.ask_arrow(opened, pyarrow.table(list(columns), names=names)))

    # DuckDB counts the parameters of the Python function.
    given = [Parameter(f"column_{place}", Parameter.POSITIONAL_OR_KEYWORD) for place in range(len(names))]
    answer.__signature__ = Signature(given)  # type: ignore[attr-defined]
    result = TYPES[answers.cell] + ("[]" if answers.is_list else "")
    parameters = ["DOUBLE" if holds_numbers(column) else "VARCHAR" for column in opened.signature["columns"]]
    connection.create_function(name, answer, parameters, result, type="arrow", null_handling="special")
    arguments = ", ".join('"' + each.replace('"', '""') + '"' for each in names)
    return f"{name}({arguments})"
