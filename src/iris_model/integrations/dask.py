"""Dask: answers for a DataFrame in partitions.

    iris_model.dask.predict(frame, "iris.safetensors")

The model travels by its path and digest, and is opened once in each process: the path must be there on every worker. A model
that is in no file travels whole.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas

from iris_model.scoring import Model
from iris_model.scoring.core import BatchCore
from iris_model.scoring.outputs import column_names as answer_names

from .shared import Answers, as_model


def predict(frame: Any, model: Model | str | Path, method: str = "predict") -> Any:
    """Return a Dask Series, or a Dask DataFrame where there is a column for each class, with the divisions of `frame`.

    Columns are found by name. A row that the model refuses ends the computation with the reason.
    """
    opened = as_model(model)
    Answers.of(opened, method)
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
