"""`dataframe_split` and `dataframe_records`, as MLflow's scoring server speaks. Answers `{"predictions": [label, ...]}`."""

from iris_model.engine.errors import InvalidInput
from iris_model.engine.rows import describe

from .payload_instances import encode
from .payloads import order_features

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .events import Request

__all__ = ["decode", "encode"]


def decode(payload: "Any", request: "Request", columns: "list[Any]") -> "tuple[list[Any], None]":
    """Return (rows, nothing), in the order of the model's columns whatever the order of the frame's."""
    if "dataframe_records" in payload:
        records = payload["dataframe_records"]
        if not isinstance(records, list):
            raise InvalidInput(f"'dataframe_records' is {describe(records)}; expected a list of objects")
        return [order_features(record, columns, index) for index, record in enumerate(records)], None
    frame = payload["dataframe_split"]
    data = frame.get("data") if isinstance(frame, dict) else None
    if not isinstance(data, list):
        raise InvalidInput(
            "'dataframe_split' has no list 'data'; expected {\"columns\": [...], \"data\": [[...], ...]}"
        )
    names = frame.get("columns")
    if names is None:
        return data, None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise InvalidInput("'columns' of 'dataframe_split' is not a list of names; expected the features by name")
    if len(set(names)) != len(names):
        raise InvalidInput("'columns' of 'dataframe_split' names a feature twice; expected each once")
    rows = []
    for index, values in enumerate(data):
        if not isinstance(values, list) or len(values) != len(names):
            raise InvalidInput(
                f"row {index} is {describe(values)}; expected a list of {len(names)} values, one for each of 'columns'",
                row=index,
            )
        rows.append(order_features(dict(zip(names, values)), columns, index))
    return rows, None
