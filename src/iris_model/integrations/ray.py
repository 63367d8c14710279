"""Ray Data: answers as columns of a dataset.

    iris_model.ray.predict(dataset, "iris.safetensors").write_parquet("answers")

The model is stored once in Ray's object store, and opened once in each worker process.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow
import ray

from iris_model.scoring import Model
from iris_model.scoring.opening import find_opened
from iris_model.scoring.outputs import column_names as answer_names
from iris_model.scoring.outputs import flatten

from .shared import AnswerColumn, as_model, open_once


def predict(dataset: Any, model: Model | str | Path, methods: Sequence[str] = ("predict",), **options: Any) -> Any:
    """Add answers to a dataset.

    Columns are matched by name. If the model refuses a row, the job fails with the reason.

    Args:
        dataset: a dataset of Ray Data.
        model: a model of `compile` or `load`, or the path of a file.
        methods: the methods to call.
        options: arguments of `Dataset.map_batches`.

    Returns:
        The dataset with added columns: `prediction`, and `probability_...` for each class.

    Examples:
        >>> iris_model.ray.predict(dataset, "iris.safetensors").write_parquet("answers")
    """
    opened = as_model(model)
    for method in methods:
        AnswerColumn.of(opened, method)
    data = ray.put(opened.read())
    function = partial(_add_answers, digest=opened.digest, data=[data], methods=tuple(methods))
    return dataset.map_batches(function, batch_format="pyarrow", zero_copy_batch=True, **options)


def _add_answers(batch: pyarrow.Table, digest: str, data: list[Any], methods: tuple[str, ...]) -> pyarrow.Table:
    # The reference is in a list, because Ray replaces a reference that is an argument itself by its object.
    model = find_opened(digest) or open_once(digest, ray.get(data[0]))
    columns = {name: batch[name].combine_chunks() for name in batch.column_names}
    for method in methods:
        answer = getattr(model, method)({name: _as_numpy(column) for name, column in columns.items()})
        for name, values in zip(answer_names(method, answer, model.signature), flatten(answer)):
            cells = values.tolist() if values.dtype.kind in "UO" else values
            batch = batch.append_column(name, pyarrow.array(cells))
    return batch


def _as_numpy(column: Any) -> Any:
    """Return numbers as a NumPy array, and other columns as a list of Python objects."""
    is_number = pyarrow.types.is_integer(column.type) or pyarrow.types.is_floating(column.type)
    return column.to_numpy(zero_copy_only=False) if is_number else column.to_pylist()
