"""`{"instances": [...]}`, as TensorFlow Serving, Vertex AI and KServe v1 speak. Answers `{"predictions": [label, ...]}`."""

from iris_model.engine.errors import InvalidInput
from iris_model.engine.rows import describe

from .payloads import order_features

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .answers import Answers
    from .events import Request


def decode(payload: "Any", request: "Request", columns: "list[Any]") -> "tuple[list[Any], None]":
    """Return (rows, nothing); an instance is a list of values, or an object of features by name."""
    instances = payload["instances"]
    if not isinstance(instances, list):
        raise InvalidInput(f"'instances' is {describe(instances)}; expected a list of rows", expected="a list of rows")
    return [
        order_features(instance, columns, index) if isinstance(instance, dict) else instance
        for index, instance in enumerate(instances)
    ], None


def encode(answers: "Answers", state: None) -> "Any":
    """Return the predictions alone."""
    return {"predictions": answers.plain()}
