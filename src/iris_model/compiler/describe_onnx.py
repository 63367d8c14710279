"""What the `onnxruntime` executor needs to know of an ONNX model: signature, source, golden rows.

The file says what goes in and out, but not what its numbers mean: the model is asked a few rows for that.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

import iris_model
from iris_model.errors import UnsupportedModel
from iris_model.readers.onnx import LIBRARY, OnnxModel, open_onnx

from .data import Row, arrange, read_data
from .describe import Description
from .golden import GOLDEN_ROWS
from .ranges import DEFAULT
from .rows import SEED

# Enough rows to see every class of most models.
TRIED_ROWS = 256


def describe_onnx(path: str | Path, data: str | Path | None = None) -> Description:
    """Open an ONNX file and describe it. Raises ModelFileError and UnsupportedModel."""
    model = open_onnx(Path(path))
    given = read_data(data) if data is not None else None
    columns = model.columns
    if given is not None and given.names and not model.named and len(given.names) == len(columns):
        columns = [{**column, "name": name} for column, name in zip(columns, given.names, strict=True)]
    rows = _rows(model)
    if given is not None:
        # Texts cannot be made up, so that such a model is asked the given rows alone.
        made_up = [] if any(column["kind"] == "text" for column in columns) else rows
        rows = arrange(given, {"columns": columns, "named": model.named}) + made_up
    try:
        answers = model.run(rows)
    except Exception as error:
        # onnxruntime has a class of its own for each mistake.
        raise UnsupportedModel(
            [f"{Path(path).name} raises on its own kind of rows: {error}"],
            remedy="If it needs rows of a certain range or certain texts, give some with data in iris-model.toml.",
        ) from None
    classifier = "predict_proba" in model.tensors or np.asarray(answers["predict"]).dtype.kind not in "f"
    classes, plain, tensors = _read_answers(model, answers)
    outputs = {
        method: {
            "kind": "label" if method == "predict" and classifier else "number",
            "columns": len(values[0]) if isinstance(values[0], list) else 1,
            "tensor": tensors[method],
        }
        for method, values in plain.items()
    }
    signature = {
        "columns": columns,
        "named": model.named,
        "task": "classifier" if classifier else "regressor",
        "classes": classes,
        "outputs": outputs,
    }
    source = {
        "library": LIBRARY,
        "version": model.version,
        "class": f"ONNX model by {model.producer}",
        "sha256": model.sha256,
        "tool": f"iris-model {iris_model.__version__}",
    }
    golden = [
        {"row": list(row), "outputs": {method: values[index] for method, values in plain.items()}}
        for index, row in enumerate(rows[:GOLDEN_ROWS])
    ]
    return Description(signature, source, golden)


def _rows(model: OnnxModel) -> list[Row]:
    random = np.random.RandomState(SEED)
    rows: list[Row] = np.round(random.uniform(*DEFAULT, size=(TRIED_ROWS, len(model.columns)))).tolist()
    texts = [column["kind"] == "text" for column in model.columns]
    return [["" if text else cell for cell, text in zip(row, texts, strict=True)] for row in rows]


def _read_answers(
    model: OnnxModel, answers: dict[str, Any]
) -> tuple[list[Any] | None, dict[str, list[Any]], dict[str, str]]:
    """The classes if they can be known, plain answers, and the tensor behind each.

    A dictionary per row has the classes as its keys. Without one, the label that goes with the largest probability tells
    them, if every column was the largest at least once. Numbers that are no probabilities are decisions.
    """
    predicted = np.asarray(answers["predict"])
    plain = {"predict": predicted.ravel().tolist() if predicted.size == len(predicted) else predicted.tolist()}
    tensors = {"predict": model.tensors["predict"]}
    scores = answers.get("predict_proba")
    if scores is None:
        return None, plain, tensors
    if isinstance(scores, list):
        classes = list(scores[0])
        plain["predict_proba"] = [[row[label] for label in classes] for row in scores]
        tensors["predict_proba"] = model.tensors["predict_proba"]
        return classes, plain, tensors
    table = np.asarray(scores, np.float64)
    is_probability = table.ndim == 2 and table.min() >= 0 and bool(np.allclose(table.sum(axis=1), 1, atol=1e-5))
    known = dict(zip(table.argmax(axis=1).tolist(), plain["predict"], strict=True)) if is_probability else {}
    if is_probability and len(known) == table.shape[1]:
        plain["predict_proba"] = np.asarray(scores).tolist()
        tensors["predict_proba"] = model.tensors["predict_proba"]
        return [known[index] for index in range(len(known))], plain, tensors
    return None, plain, tensors
