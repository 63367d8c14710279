"""Describe an ONNX model for the `onnxruntime` executor: signature, source, golden rows.

The file defines inputs and outputs, but not what its numbers mean. The model's answers for a few rows show that.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import iris_model
from iris_model.compiler.data import Data, Row, arrange, read_data
from iris_model.compiler.parity.asking import Limit, ask
from iris_model.compiler.parity.golden import GOLDEN_ROWS
from iris_model.compiler.parity.searching import SEARCH_CALLS, SEARCH_SECONDS
from iris_model.compiler.probes.domains import SearchStopped, find_domains
from iris_model.compiler.probes.ranges import DEFAULT
from iris_model.compiler.probes.rows import SEED
from iris_model.contract.golden import GoldenRow
from iris_model.contract.signature import Column, Output, Signature, Source
from iris_model.errors import UnsupportedModel
from iris_model.readers.opening.onnx import LIBRARY, OpenedOnnx, open_onnx

from .describe import Description

# Enough rows to see every class of most models.
TRIED_ROWS = 256
# The number of rows that are also evaluated alone, to check that a row's answer does not depend on others.
ASKED_ALONE = 8

_ALONG_ROWS = (
    "Export the model in evaluation mode (model.eval()), with softmax and argmax along the last axis (axis=-1): "
    "the first axis contains the rows."
)


def describe_onnx(path: str | Path, data: str | Path | None = None) -> Description:
    """Open an ONNX file and describe it. `data`: a CSV file with rows. Raises ModelFileError and UnsupportedModel."""
    given = read_data(data) if data is not None else None
    return describe_opened(Path(path), open_onnx(Path(path), find_width(given)), given)


def describe_opened(path: Path, model: OpenedOnnx, given: Data | None) -> Description:
    """Describe an opened ONNX model. `given`: the user's rows. Raises UnsupportedModel."""
    columns = model.columns
    if given is not None and given.names and not model.named and len(given.names) == len(columns):
        columns = [{**column, "name": name} for column, name in zip(columns, given.names, strict=True)]
    rows = _rows(model)
    if given is None:
        rows = _searched(model, rows)
    if given is not None:
        # Strings cannot be generated, so such a model is evaluated with the given rows only.
        made_up = [] if any(column["kind"] == "text" for column in columns) else rows
        rows = arrange(given, {"columns": columns, "named": model.named}) + made_up
    try:
        answers = model.run(rows)
    except Exception as error:
        # onnxruntime raises a different class for each error.
        raise UnsupportedModel(
            [f"{path.name} raises for rows with its own column types: {error}"],
            remedy="Pass rows if the model needs a certain range or certain strings: --data rows.csv (in a project: "
            "data in iris-model.toml).",
        ) from None
    _check_answers(model, path.name, rows, answers)
    classifier = "predict_proba" in model.tensors or np.asarray(answers["predict"]).dtype.kind not in "f"
    classes, plain, tensors = _read_answers(model, answers)
    outputs: dict[str, Output] = {
        method: {
            "kind": "label" if method == "predict" and classifier else "number",
            "columns": len(values[0]) if isinstance(values[0], list) else 1,
            "tensor": tensors[method],
        }
        for method, values in plain.items()
    }
    signature: Signature = {
        "columns": columns,
        "named": model.named,
        "task": "classifier" if classifier else "regressor",
        "classes": classes,
        "outputs": outputs,
        "inputs": list(model.feeds),
        "one_row": model.one_row,
    }
    source: Source = {
        "library": LIBRARY,
        "version": model.version,
        "class": f"ONNX model by {model.producer}",
        "sha256": model.sha256,
        "tool": f"iris-model {iris_model.__version__}",
    }
    golden: list[GoldenRow] = [
        {"row": list(row), "outputs": {method: values[index] for method, values in plain.items()}}
        for index, row in enumerate(rows[:GOLDEN_ROWS])
    ]
    return Description(signature, source, golden)


def find_width(given: Data | None) -> int | None:
    """Return the number of columns of the user's rows, or None without rows."""
    if given is None:
        return None
    return len(given.names) if given.names else len(given.rows[0]) if given.rows else None


def _check_answers(model: OpenedOnnx, name: str, rows: Sequence[Row], answers: Mapping[str, Any]) -> None:
    """Refuse a model without one answer for each row, or whose answer for a row depends on the other rows."""
    for method, found in answers.items():
        tensor = model.tensors[method]
        if not isinstance(found, list):
            shape = np.shape(found)
            if not shape or shape[0] != len(rows):
                raise UnsupportedModel(
                    [
                        f"{name}: its output {tensor!r} has the shape {shape} for {len(rows)} rows; expected one answer per row"
                    ],
                    remedy=_ALONG_ROWS,
                )
            if len(shape) > 2:
                raise UnsupportedModel(
                    [f"{name}: its output {tensor!r} has {len(shape)} dimensions; expected a value per row, or a list"],
                    remedy="Export it with an output of two dimensions: rows and values.",
                )
    if model.one_row:
        return
    for index, row in enumerate(rows[:ASKED_ALONE]):
        for method, found in model.run([row]).items():
            if not isinstance(found, list) and not _are_close(found[0], answers[method][index]):
                raise UnsupportedModel(
                    [
                        f"{name}: its output {model.tensors[method]!r} for one row changes when the row is sent with others "
                        f"({len(rows)} rows)"
                    ],
                    remedy=_ALONG_ROWS,
                )


def _are_close(one: Any, other: Any) -> bool:
    one, other = np.asarray(one), np.asarray(other)
    if one.dtype.kind != "f":
        return bool(np.array_equal(one, other))
    return bool(np.allclose(one, other, rtol=1e-3, atol=1e-4, equal_nan=True))


def _rows(model: OpenedOnnx) -> list[Row]:
    random = np.random.RandomState(SEED)
    rows: list[Row] = np.round(random.uniform(*DEFAULT, size=(TRIED_ROWS, len(model.columns)))).tolist()
    return [[_fit(cell, column) for cell, column in zip(row, model.columns, strict=True)] for row in rows]


def _searched(model: OpenedOnnx, rows: list[Row]) -> list[Row]:
    """Return rows that the model answers: `rows`, or others, such as numbers of categories that an embedding knows."""
    if any(column["kind"] == "text" for column in model.columns):
        return rows
    with contextlib.suppress(Exception):  # onnxruntime raises a different class for each error
        model.run(rows)
        return rows
    truths = [index for index, column in enumerate(model.columns) if column["dtype"] == "bool"]
    whole = [feed["dtype"] in ("int64", "int32") for feed in model.feeds for _ in range(feed["columns"] or 1)]
    limit = Limit(SEARCH_CALLS, SEARCH_SECONDS)
    random = np.random.RandomState(SEED)

    def fill(made: list[Row]) -> list[Row]:
        for row in made:
            for index in truths:
                row[index] = float(random.randint(2))
        return made

    def evaluate(made: Sequence[Row], methods: tuple[str, ...]) -> Mapping[str, Any]:
        if any(only and cell != round(cell) for row in made for cell, only in zip(row, whole, strict=True)):
            raise ValueError("a fraction in an integer input")
        return model.run(made)

    def answers(made: Sequence[Row]) -> list[bool]:
        if limit.is_reached:
            raise SearchStopped
        limit.count()
        return [bool(answer) for answer in ask(evaluate, made, ("predict",), Exception, limit)]

    domains = find_domains(answers, np.array([DEFAULT] * len(whole), float), truths, fill, [], random)
    if domains is None:
        return rows
    table = random.uniform(domains.ranges[:, 0], domains.ranges[:, 1], size=(TRIED_ROWS, len(whole)))
    made: list[Row] = domains.rows[:TRIED_ROWS] or fill(np.round(table).tolist())
    return [row for row, yes in zip(made, answers(made), strict=True) if yes] or rows


def _fit(cell: float, column: Column) -> Any:
    if column["kind"] == "text":
        return ""
    return float(cell > 0) if column["dtype"] == "bool" else cell


def _read_answers(
    model: OpenedOnnx, answers: dict[str, Any]
) -> tuple[list[Any] | None, dict[str, list[Any]], dict[str, str]]:
    """Return the classes if they can be determined, plain answers, and the tensor of each.

    A dictionary for each row has the classes as its keys. Otherwise the label of the largest probability identifies
    each column, if every column was the largest at least once. Numbers that are not probabilities are decisions.
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
