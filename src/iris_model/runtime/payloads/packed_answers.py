"""Write answers to many rows as text, with a C kernel. Imported only if the C kernels are available.

The text has exactly the bytes that the protocol's `encode` writes. For unusual answers it is None, and the caller uses
`encode`.
"""

from iris_model.engine.native import require_kernels
from iris_model.engine.packed import Table
from iris_model.runtime.answers import finite, strict_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from iris_model.runtime.answers import Answers

    from .open_inference import State


def write_answers(module: str, answers: "Answers", state: object) -> "str | None":
    """Return the body, or None for unusual answers. `module`: the name of the protocol's module; `state`: its state."""
    writer = WRITERS.get(module.rpartition(".")[2])
    return None if writer is None or answers.is_nested() else writer(answers, state)


def _write_rows(answers: "Answers", one_row: object) -> "str | None":
    if one_row:
        return None
    start = '{"prediction": '
    predictions, table = answers.raw
    if table is None:
        pieces = [start, "}"]
    else:
        names = answers.probability_names()
        if len(set(names)) != len(names) or len(names) != _width(table):
            return None
        pieces = [start, *_keys(', "probabilities": {', names), "}}"]
    return _enclose('{"predictions": [', _join(predictions, table, pieces), "]}")


def _keys(start: str, names: "list[object]") -> "list[str]":
    pieces = []
    for name in names:
        pieces.append(f"{start}{strict_text(name)}: ")
        start = ", "
    return pieces


def _write_predictions(answers: "Answers", state: None) -> "str | None":
    return _enclose('{"predictions": [', _join(answers.raw[0], None, ["", ""]), "]}")


def _write_tensors(answers: "Answers", state: "State") -> "str | None":
    from .open_inference import datatype_of

    predictions, table = answers.raw
    if type(predictions) is not list:
        return None
    parts: dict[str, tuple[object, object, list[int], str]] = {
        "predict": (predictions, None, [len(predictions)], datatype_of(finite(predictions)))
    }
    if table is not None:
        parts["predict_proba"] = (None, table, [len(table), _width(table)], "FP64")
    outputs = []
    for name in parts if state["outputs"] is None else state["outputs"]:
        if name not in parts:
            return None
        column, cells, shape, datatype = parts[name]
        pieces = ["", ""] if cells is None else ["", *[", "] * (shape[1] - 1), ""]
        data = _join(column, cells, pieces)
        if data is None:
            return None
        outputs.append(f'{{"name": "{name}", "shape": {shape}, "datatype": "{datatype}", "data": [{data}]}}')
    end = "" if state["id"] is None else f', "id": {strict_text(state["id"])}'
    return f'{{"model_name": {strict_text(answers.model_name)}, "outputs": [{", ".join(outputs)}]{end}}}'


def _write_csv(answers: "Answers", csv_wanted: bool) -> "str | None":
    if not csv_wanted:
        return _write_rows(answers, False)
    from .csv import csv_line

    predictions, table = answers.raw
    names = ["prediction"]
    pieces = ["", ""]
    if table is not None:
        labels = answers.probability_names()
        if len(labels) != _width(table):
            return None
        names += [f"probability_{label}" for label in labels]
        pieces = ["", *[","] * len(labels), ""]

    def cell(value: object) -> str:
        # A line with only one empty cell is written differently from an empty cell among others.
        return csv_line([value]) if table is None else csv_line([value, 0])[:-2]

    body = _join(predictions, table, pieces, "\r\n", cell(None), cell)
    return _enclose(f"{csv_line(names)}\r\n", body, "\r\n")


WRITERS: "dict[str, Callable[[Answers, Any], str | None]]" = {
    "rows": _write_rows,
    "predictions": _write_predictions,
    "open_inference": _write_tensors,
    "csv": _write_csv,
}


def _width(table: "Table | list[Any]") -> int:
    return table.width if isinstance(table, Table) else len(table[0])


def _text_of(value: object) -> str:
    return strict_text(finite(value))


def _join(
    predictions: object,
    table: object,
    pieces: "list[str]",
    between: str = ", ",
    missing: str = "null",
    encode: "Callable[[object], str]" = _text_of,
) -> "str | None":
    text: str | None = require_kernels().write_rows(predictions, table, pieces, between, missing, encode)
    return text


def _enclose(start: str, text: "str | None", end: str) -> "str | None":
    return None if text is None else f"{start}{text}{end}"
