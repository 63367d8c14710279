"""The protocols that answer with `{"predictions": [label, ...]}`.

`instances` (TensorFlow Serving, Vertex AI, KServe v1); MLflow's `dataframe_split`, `dataframe_records`, `inputs` of
rows.
"""

from iris_model.engine.errors import InvalidInput
from iris_model.engine.rows import describe

from . import is_one_text, order_features

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from iris_model.contract.signature import Column
    from iris_model.runtime.answers import Answers
    from iris_model.runtime.events import Request

LISTS = ("instances", "dataframe_records", "inputs")


def decode(payload: "Any", request: "Request", columns: "list[Column]") -> "tuple[list[object], None]":
    """Return (rows, None). Cells are in the order of the model's columns. Raises InvalidInput."""
    key = next((key for key in LISTS if key in payload), "")
    if not key:
        return _from_split(payload["dataframe_split"], columns), None
    rows = payload[key]
    if key == "inputs" and isinstance(rows, dict):
        from .open_inference import from_columns

        return from_columns(rows, columns, takes_more=True), None
    if not isinstance(rows, list):
        raise InvalidInput(f"{key!r} is {describe(rows)}; expected a list of rows", expected="a list of rows")
    if is_one_text(columns) and key != "dataframe_records":
        rows = [[row] if isinstance(row, str) else row for row in rows]
    # MLflow ignores columns of a DataFrame that the model does not have.
    takes_more = key != "instances"
    return [
        order_features(row, columns, index, takes_more) if isinstance(row, dict) or key == "dataframe_records" else row
        for index, row in enumerate(rows)
    ], None


def encode(answers: "Answers", state: None) -> object:
    """Return only the predictions."""
    return {"predictions": answers.plain()}


def _from_split(frame: object, columns: "list[Column]") -> "list[object]":
    if not isinstance(frame, dict) or not isinstance(data := frame.get("data"), list):
        raise InvalidInput(
            "'dataframe_split' has no list 'data'; expected {\"columns\": [...], \"data\": [[...], ...]}"
        )
    names = frame.get("columns")
    # A DataFrame without column names numbers its columns.
    if names is None or names == list(range(len(columns))):
        return data
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise InvalidInput("'columns' of 'dataframe_split' is not a list of names; expected the features by name")
    if len(set(names)) != len(names):
        raise InvalidInput("'columns' of 'dataframe_split' names a feature twice; expected each once")
    rows: list[object] = []
    for index, values in enumerate(data):
        if not isinstance(values, list) or len(values) != len(names):
            raise InvalidInput(
                f"row {index} is {describe(values)}; expected a list of {len(names)} values, as 'columns'",
                row=index,
            )
        rows.append(order_features(dict(zip(names, values)), columns, index, takes_more=True))
    return rows
