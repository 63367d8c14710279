"""Apache Spark: a model as a pandas UDF.

    predict = iris_model.spark.udf("iris.safetensors")
    frame.withColumn("species", predict())

The model is broadcast once to each executor. Each Python process opens it once, and finds it again by its digest.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Iterator, Tuple  # noqa: UP035 - the names that Spark looks for

import pandas
from pyspark.sql import SparkSession
from pyspark.sql.functions import pandas_udf
from pyspark.sql.types import ArrayType, BooleanType, DataType, DoubleType, LongType, StringType

from iris_model.scoring import Model

from .shared import AnswerColumn, as_columns, as_model, column_names, open_once

TYPES = {"text": StringType, "integer": LongType, "truth": BooleanType, "number": DoubleType}


def udf(model: Model | str | Path, method: str = "predict", *, spark: SparkSession | None = None) -> Callable[..., Any]:
    """Make a function of Spark that takes columns and returns a column of answers.

    Without arguments, it uses the columns that the model names. With one struct column, it finds the fields by name.
    Several columns must be in the model's order. If the model refuses a row, the job fails with the reason.

    Args:
        model: a model of `compile` or `load`, or the path of a file.
        method: the method to call. `predict_proba` gives an array of numbers for each row, in the order of the classes.
        spark: the session; the default is the active one.

    Examples:
        >>> predict = iris_model.spark.udf("iris.safetensors")
        >>> frame.withColumn("species", predict())
    """
    opened = as_model(model)
    answers = AnswerColumn.of(opened, method)
    names = column_names(opened)
    digest = opened.digest
    bytes_of = _share(opened.read(), spark or SparkSession.active())

    def answer(batches: Any) -> Any:
        there = open_once(digest, bytes_of())
        for columns in batches:
            parts = columns if isinstance(columns, tuple) else (columns,)
            found = answers.ask(there, as_columns(names, parts))
            yield pandas.Series(list(found) if answers.is_list else found)

    several = len(names) > 1
    given = Iterator[Tuple[pandas.Series, ...]] if several else Iterator[pandas.Series]  # noqa: UP006
    of_structs = Iterator[pandas.DataFrame]
    made: dict[str, Any] = {}

    def call(*columns: Any) -> Any:
        kind = "struct" if several and len(columns) == 1 else "columns"
        if kind not in made:
            answer.__annotations__ = {
                "batches": of_structs if kind == "struct" else given,
                "return": Iterator[pandas.Series],
            }
            made[kind] = pandas_udf(answer, returnType=_type_of(answers))
        return made[kind](*(columns or [_quoted(name) for name in names]))

    return call


def _share(data: bytes, spark: SparkSession) -> Callable[[], bytes]:
    """Return a function that gives the bytes in a worker process. Spark Connect has no broadcasts, so the UDF contains
    them.
    """
    try:
        broadcast = spark.sparkContext.broadcast(data)
    except Exception:
        return lambda: data
    return lambda: broadcast.value


def _quoted(name: str) -> Any:
    from pyspark.sql.functions import col

    return col("`" + name.replace("`", "``") + "`")


def _type_of(answers: AnswerColumn) -> DataType:
    cell: DataType = TYPES[answers.cell]()
    return ArrayType(cell) if answers.is_list else cell
