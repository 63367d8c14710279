"""Dask: answers for a DataFrame, partition by partition.

    iris_model.dask.predict(frame, "iris.safetensors")

Workers receive the path and digest of the model file, so the path must exist on every worker. Each process opens the
file once. A model without a file is sent as bytes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas

from iris_model.scoring import Model
from iris_model.scoring.core import BatchCore
from iris_model.scoring.outputs import column_names as answer_names

from .shared import AnswerColumn, as_model


def predict(frame: Any, model: Model | str | Path, method: str = "predict") -> Any:
    """Answer each row of a Dask DataFrame, partition by partition.

    Columns are matched by name. If the model refuses a row, the computation fails with the reason.

    Returns:
        A Dask Series, or a Dask DataFrame if there is one column per class, with the divisions of `frame`.

    Examples:
        >>> iris_model.dask.predict(frame, "iris.safetensors").compute()
    """
    opened = as_model(model)
    AnswerColumn.of(opened, method)
    empty = BatchCore(opened.evaluator).empty(method)
    names = answer_names(method, empty, opened.signature)
    if isinstance(empty, list):
        empty = empty[0]
    index = frame._meta.index
    if empty.ndim == 1:
        meta: Any = pandas.Series(empty, index=index, name=names[0])
    else:
        meta = pandas.DataFrame({name: pandas.Series([], dtype=empty.dtype) for name in names}, index=index)
    return frame.map_partitions(_ask, opened, method, names, meta=meta)


def _ask(part: Any, model: Model, method: str, names: list[str]) -> Any:
    answer = getattr(model, method)(part)
    if isinstance(answer, list):
        answer = pandas.concat(answer, axis=1).set_axis(names, axis=1)
    return answer
