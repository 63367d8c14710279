"""The Open Inference Protocol v2 (KServe, Triton, MLServer): tensors in, tensors out.

Source: https://github.com/kserve/open-inference-protocol (REST). A request has one tensor for all columns, or one for
each column.
"""

from math import isfinite, prod

from iris_model.engine.errors import InvalidInput
from iris_model.engine.rows import describe

from . import order_features

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, TypedDict

    from iris_model.contract.signature import Column
    from iris_model.runtime.answers import Answers
    from iris_model.runtime.events import Request

    class State(TypedDict):
        """What the answer repeats or selects: the id of the request, and the outputs that it asks for."""

        id: object
        outputs: list[str] | None


DATATYPES = "BOOL UINT8 UINT16 UINT32 UINT64 INT8 INT16 INT32 INT64 FP16 FP32 FP64 BYTES".split()


def decode(payload: "Any", request: "Request", columns: "list[Column]") -> "tuple[list[object], State]":
    """Return (rows, the state that the answer repeats). Raises InvalidInput."""
    tensors = payload["inputs"]
    if set(map(type, tensors)) != {dict}:
        raise InvalidInput("'inputs' is not a list of tensors; expected [{name, shape, datatype, data}, ...]")
    state = read_state(payload)
    width = len(columns)
    if len(tensors) == 1 and width != 1:
        return _matrix(tensors[0], width), state
    return _columns(tensors, columns), state


def read_state(payload: "dict[str, Any]") -> "State":
    """Return the state that the answer repeats, and the requested outputs."""
    asked = payload.get("outputs")
    try:
        names = None if asked is None else [str(output["name"]) for output in asked]
    except (KeyError, TypeError):
        raise InvalidInput("'outputs' is not a list of objects with a name; leave it out to get all outputs") from None
    if names is not None and len(set(names)) < len(names):
        raise InvalidInput("'outputs' names an output twice; expected each at most once")
    return {"id": _read_id(payload.get("id")), "outputs": names}


def _read_id(value: object) -> object:
    """Return the id that the answer repeats: a string that UTF-8 can encode, or a number."""
    if value is None or type(value) is int or (type(value) is float and isfinite(value)):
        return value
    # UTF-8 cannot encode lone surrogates.
    if type(value) is str and (value.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in value)):
        return value
    raise InvalidInput(f"the 'id' is {describe(value)}; expected a string", expected="a string", problem="malformed")


def encode(answers: "Answers", state: "State") -> object:
    """Return `{"model_name", "outputs": [tensor, ...]}` with predict, and predict_proba if the model has it."""
    values: dict[str, object] = {"predict": answers.plain()}
    if answers.has_flat_probabilities():
        values["predict_proba"] = answers.probabilities
    elif answers.probabilities:
        for index, part in enumerate(zip(*answers.probabilities)):
            values[f"predict_proba_{index}"] = part
    asked = values if state["outputs"] is None else state["outputs"]
    outputs = []
    for name in asked:
        if name not in values:
            raise InvalidInput(f"there is no output {name!r}; expected one or more of {', '.join(values)}")
        outputs.append(_tensor(name, values[name]))
    answer: dict[str, object] = {"model_name": answers.model_name, "outputs": outputs}
    if state["id"] is not None:
        answer["id"] = state["id"]
    return answer


def _read(tensor: "dict[str, object]") -> "tuple[str, list[int], list[object]]":
    name = str(tensor.get("name", "?"))
    shape, data, datatype = tensor.get("shape"), tensor.get("data"), tensor.get("datatype")
    if not isinstance(shape, list) or not 0 < len(shape) < 3 or set(map(type, shape)) != {int} or min(shape) < 0:
        raise InvalidInput(f"input {name!r}: the shape is {describe(shape)}; expected one or two lengths")
    if datatype not in DATATYPES:
        raise InvalidInput(f"input {name!r}: the datatype is {datatype!r}; expected one of {', '.join(DATATYPES)}")
    if not isinstance(data, list):
        raise InvalidInput(f"input {name!r}: the data is {describe(data)}; expected a list")
    # Flat and nested data are both allowed.
    if shape[1:] and set(map(type, data)) == {list}:
        data = _join(data)
    count = prod(shape)
    if len(data) != count:
        raise InvalidInput(f"input {name!r}: the shape {shape} needs {count} values, the data has {len(data)}")
    return name, shape, data


def _matrix(tensor: "dict[str, object]", width: int) -> "list[object]":
    name, shape, flat = _read(tensor)
    if shape[-1] != width:
        raise InvalidInput(
            f"input {name!r}: the shape is {shape}; expected [rows, {width}]", expected=f"[rows, {width}]"
        )
    return [flat[start : start + width] for start in range(0, len(flat), width)]


def _columns(tensors: "list[dict[str, object]]", columns: "list[Column]") -> "list[object]":
    values = {}
    for tensor in tensors:
        name, shape, flat = _read(tensor)
        if shape[1:] not in ([], [1]):
            raise InvalidInput(f"input {name!r}: the shape is {shape}; expected [rows] or [rows, 1]")
        values[name] = flat
    if len(columns) == len(values) == 1:
        values = {columns[0]["name"]: flat}
    return from_columns(values, columns)


def from_columns(
    values: "dict[str, list[object]]", columns: "list[Column]", takes_more: bool = False
) -> "list[object]":
    """Return the rows of `{feature: list of its values}`. Raises InvalidInput."""
    lengths = {len(column) if isinstance(column, list) else -1 for column in values.values()}
    if len(lengths) != 1 or -1 in lengths:
        raise InvalidInput("the inputs differ in length; expected a list for each feature, all of one length")
    rows = zip(*values.values())
    return [order_features(dict(zip(values, row)), columns, index, takes_more, True) for index, row in enumerate(rows)]


def _join(rows: "Iterable[Iterable[object]]") -> "list[object]":
    return [value for row in rows for value in row]


def _tensor(name: str, values: "Any") -> "dict[str, object]":
    shape = [len(values)]
    flat = list(values)
    if isinstance(values[0], list):
        shape.append(len(values[0]))
        flat = _join(flat)
    return {"name": name, "shape": shape, "datatype": datatype_of(flat), "data": flat}


def datatype_of(flat: "list[object]") -> str:
    """Return the protocol's datatype for all these values."""
    kinds = set(map(type, flat)) - {type(None)}
    if kinds == {bool}:
        return "BOOL"
    if kinds == {int}:
        return "INT64"
    return "FP64" if kinds <= {int, float} else "BYTES"
