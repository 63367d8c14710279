"""Plain rows: one row, a list of rows, one named row, or a list of named rows. Answers with probabilities by class."""

from iris_model.engine.errors import InvalidInput
from iris_model.engine.rows import describe

from . import is_one_text, order_features

TYPE_CHECKING = False
if TYPE_CHECKING:
    from iris_model.contract.signature import Column
    from iris_model.runtime.answers import Answers
    from iris_model.runtime.events import Request

SHAPES = "one row [..], rows [[..], ..], a named row {..} or a list of named rows"
SHAPES_OF_TEXT = f"a string, a list of strings, {SHAPES}"


def decode(payload: object, request: "Request", columns: "list[Column]") -> "tuple[list[object], bool]":
    """Return (rows, whether the payload was one row). Raises InvalidInput."""
    if isinstance(payload, dict):
        return [order_features(payload, columns, 0)], True
    takes_texts = is_one_text(columns)
    if takes_texts and isinstance(payload, str):
        return [[payload]], True
    if not isinstance(payload, list):
        expected = SHAPES_OF_TEXT if takes_texts else SHAPES
        raise InvalidInput(f"the payload is {describe(payload)}; expected {expected}", expected=expected)
    if not payload:
        raise InvalidInput("the payload is an empty list; expected at least one row", expected="at least one row")
    first = payload[0]
    if isinstance(first, dict):
        return [order_features(record, columns, index) for index, record in enumerate(payload)], False
    if isinstance(first, list):
        return payload, False
    if takes_texts and len(payload) > 1:
        # A list of one string is a row.
        return [[text] if isinstance(text, str) else text for text in payload], False
    return [payload], True


def encode(answers: "Answers", one_row: bool) -> object:
    """Return `{"prediction": ..., "probabilities": {...}}`, or `{"predictions": [...]}` with one of these per row."""
    items = answers.detailed()
    return items[0] if one_row else {"predictions": items}
