"""Plain rows: one row, a list of rows, one named row, a list of named rows. Answers with probabilities by class."""

from iris_model.engine.errors import InvalidInput
from iris_model.engine.rows import describe

from .payloads import order_features

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .answers import Answers
    from .events import Request

SHAPES = "one row [..], rows [[..], ..], a named row {..} or a list of named rows"


def decode(payload: "Any", request: "Request", columns: "list[Any]") -> "tuple[list[Any], bool]":
    """Return (rows, whether it was one row)."""
    if isinstance(payload, dict):
        return [order_features(payload, columns, 0)], True
    if not isinstance(payload, list):
        raise InvalidInput(f"the payload is {describe(payload)}; expected {SHAPES}", expected=SHAPES)
    if not payload:
        raise InvalidInput("the payload is an empty list; expected at least one row", expected="at least one row")
    first = payload[0]
    if isinstance(first, dict):
        return [order_features(record, columns, index) for index, record in enumerate(payload)], False
    if isinstance(first, list):
        return payload, False
    return [payload], True


def encode(answers: "Answers", one_row: bool) -> "Any":
    """Return `{"prediction": ..., "probabilities": {...}}`, or `{"predictions": [that, ...]}` for rows."""
    items = answers.detailed()
    return items[0] if one_row else {"predictions": items}
