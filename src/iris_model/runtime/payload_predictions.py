"""The protocols that answer `{"predictions": [label, ...]}`.

`instances` (TensorFlow Serving, Vertex AI, KServe v1); MLflow's `dataframe_split`, `dataframe_records`, `inputs` of rows.
"""

from iris_model.engine.errors import InvalidInput
from iris_model.engine.rows import describe

from .payloads import order_features

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .answers import Answers
    from .events import Request

LISTS = ("instances", "dataframe_records", "inputs")


def decode(payload: "Any", request: "Request", columns: "list[Any]") -> "tuple[list[Any], None]":
    """Return (rows, nothing), in the order of the model's columns whatever the order of the frame's."""
    key = next((key for key in LISTS if key in payload), "")
    if not key:
        return _from_split(payload["dataframe_split"], columns), None
    rows = payload[key]
    if key == "inputs" and isinstance(rows, dict):
        from .payload_open_inference import from_columns

        return from_columns(rows, columns), None
    if not isinstance(rows, list):
        raise InvalidInput(f"{key!r} is {describe(rows)}; expected a list of rows", expected="a list of rows")
    return [
        order_features(row, columns, index) if isinstance(row, dict) or key == "dataframe_records" else row
        for index, row in enumerate(rows)
    ], None


def encode(answers: "Answers", state: None) -> "Any":
    """Return the predictions alone."""
    return {"predictions": answers.plain()}


def _from_split(frame: "Any", columns: "list[Any]") -> "list[Any]":
    data = frame.get("data") if isinstance(frame, dict) else None
    if not isinstance(data, list):
        raise InvalidInput(
            "'dataframe_split' has no list 'data'; expected {\"columns\": [...], \"data\": [[...], ...]}"
        )
    names = frame.get("columns")
    # A frame that was made without names counts its columns.
    if names is None or names == list(range(len(columns))):
        return data
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise InvalidInput("'columns' of 'dataframe_split' is not a list of names; expected the features by name")
    if len(set(names)) != len(names):
        raise InvalidInput("'columns' of 'dataframe_split' names a feature twice; expected each once")
    rows = []
    for index, values in enumerate(data):
        if not isinstance(values, list) or len(values) != len(names):
            raise InvalidInput(
                f"row {index} is {describe(values)}; expected a list of {len(names)} values, as 'columns'",
                row=index,
            )
        rows.append(order_features(dict(zip(names, values)), columns, index))
    return rows
