"""Read the numbers of a body into a packed table, with a C kernel. Imported only if the C kernels are available.

The functions return what `decode_request` returns, with a Table for the rows, or None for an unusual body. Then the
protocols' modules, which are the reference, read the body and report errors.

The kernel replaces each array of numbers in the document by the word NaN. The rest is parsed as any other body, so the
same code reads everything around the rows (ids, column names, requested outputs).
"""

from iris_model.engine.errors import InvalidInput
from iris_model.engine.json_text import make_decoder
from iris_model.engine.native import require_kernels
from iris_model.engine.packed import Table

from . import KEYS, choose_format, find_module, takes_any, unique_keys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    from iris_model.engine.rows import RowEncoder
    from iris_model.runtime.events import Request

    from . import PayloadFormat

    # A JSON object in which each array of numbers is a Found.
    Document: TypeAlias = dict[str, object]

# The same as in csrc/text/text.h: lists of lists, lists of objects with all columns as keys, a list of numbers.
ROWS, RECORDS, FLAT = range(3)


class Found:
    """One array of numbers in a document."""

    __slots__ = ("data", "has_missing", "kind", "width")

    def __init__(self, kind: int, data: bytes, width: int, has_missing: bool) -> None:
        self.kind = kind
        self.data = data
        self.width = width
        self.has_missing = has_missing

    def cells(self) -> "memoryview[float]":
        """Return all numbers of the array."""
        return memoryview(self.data).cast("d")


class _Words:
    """Replaces each NaN of the parsed document by the array at its place."""

    def __init__(self) -> None:
        self.waiting: list[tuple[int, bytes, int, bool]] = []

    def take(self, word: str) -> Found:
        return Found(*self.waiting.pop(0))


_words = _Words()
_decode = make_decoder(object_pairs_hook=unique_keys, parse_constant=_words.take)


def read_packed_json(
    text: str, request: "Request", encoder: "RowEncoder"
) -> "tuple[PayloadFormat, Table, object] | None":
    """Return (module of the protocol, Table, its state), or None for an unusual body."""
    columns = encoder.columns
    names = None if takes_any(columns) else encoder.names
    found = require_kernels().read_json(text, names, encoder.missing, encoder.least_limit)
    if found is None or not found[1]:
        return None
    rest, _words.waiting = found
    try:
        payload = _decode(rest)
        name = choose_format(payload, columns)
        table, state = READERS[name](payload, request, encoder)
    except (InvalidInput, ValueError, RecursionError):
        return None
    return None if table is None else (find_module(name), table, state)


def read_packed_csv(
    text: str, request: "Request", encoder: "RowEncoder"
) -> "tuple[PayloadFormat, Table, object] | None":
    """Return (module of CSV, Table, whether to answer with CSV), or None for an unusual body."""
    from .csv import find_header, wants_csv

    start, order, width = 0, None, encoder.width
    first, end, _ = text.partition("\n")
    if not end or not first.strip() or '"' in first or "\r" in first[:-1]:
        return None
    header = find_header(first.rstrip("\r").split(","), encoder.columns)
    if header is not None:
        order = _find_order(header, encoder)
        if order is None:
            return None
        start, width = len(first.encode("utf-8", "surrogatepass")) + 1, len(header)
    missing = encoder.missing if order is None else _in_order(encoder.missing, order, width)
    made = require_kernels().read_csv(text, start, missing, encoder.least_limit)
    if made is None:
        return None
    table = Found(*made)
    if order is not None:
        table = _select(table.cells(), width, order)
    return find_module("csv"), Table(table.data, encoder.width), wants_csv(request.accept)


def _read_rows(payload: object, request: "Request", encoder: "RowEncoder") -> "tuple[Table | None, bool]":
    if type(payload) is not Found:
        return None, False
    if payload.kind == FLAT:
        one_row = len(payload.data) == 8 * encoder.width and encoder.width > 1
        return (_whole(payload, encoder) if one_row else None), True
    return _whole(payload, encoder), False


def _read_predictions(payload: "Document", request: "Request", encoder: "RowEncoder") -> "tuple[Table | None, None]":
    known = [key for key in KEYS if key in payload]
    if known == ["dataframe_split"]:
        return _from_split(payload["dataframe_split"], encoder), None
    if len(known) != 1:
        return None, None
    rows = payload[known[0]]
    if known == ["inputs"] and type(rows) is dict:
        return _from_columns(rows, encoder), None
    if type(rows) is not Found or rows.kind == FLAT or (known == ["dataframe_records"] and rows.kind != RECORDS):
        return None, None
    return _whole(rows, encoder), None


def _from_split(frame: object, encoder: "RowEncoder") -> "Table | None":
    if type(frame) is not dict or type(frame.get("data")) is not Found:
        return None
    data, names = frame["data"], frame.get("columns")
    if data.kind != ROWS:
        return None
    if type(names) is Found:
        # A DataFrame without column names numbers its columns.
        names = None if names.cells().tolist() == list(range(encoder.width)) else [None]
    if names is None:
        return _whole(data, encoder)
    if type(names) is not list or not {str}.issuperset(map(type, names)) or len(names) != data.width:
        return None
    if names == encoder.names:
        return _whole(data, encoder)
    order = _find_order(names, encoder)
    if order is None or data.has_missing:
        return None
    return Table(_select(data.cells(), data.width, order).data, encoder.width)


def _from_columns(values: "Document", encoder: "RowEncoder") -> "Table | None":
    """Return the table of `{feature: list of its numbers}`, or None."""
    order = _find_order(list(values), encoder)
    columns = {name: found for name, found in values.items() if type(found) is Found and found.kind == FLAT}
    if order is None or len(columns) != len(values):
        return None
    if len({len(column.data) for column in columns.values()}) != 1:
        return None  # unknown columns must have the same length too
    return _side_by_side([columns[name] for name in encoder.names], encoder)


def _read_tensors(payload: "Document", request: "Request", encoder: "RowEncoder") -> "tuple[Table | None, object]":
    from .open_inference import read_state

    tensors = payload["inputs"]
    if type(tensors) is not list or not all(type(tensor) is dict for tensor in tensors):
        return None, None
    state = read_state(payload)
    if len(tensors) == 1 and encoder.width != 1:
        return _from_tensor(tensors[0], encoder), state
    columns = {}
    for tensor in tensors:
        shape = _shape_of(tensor)
        if shape is None or shape[1:] not in ([], [1]):
            return None, None
        columns[str(tensor.get("name", "?"))] = tensor["data"]
    if len(columns) != len(tensors) or sorted(columns) != sorted(encoder.names):
        return None, None
    return _side_by_side([columns[name] for name in encoder.names], encoder), state


def _shape_of(tensor: "Document") -> "list[int] | None":
    """Return the shape of a tensor if the kernel found its data and they have that size, else None."""
    from .open_inference import DATATYPES

    shape, data = tensor.get("shape"), tensor.get("data")
    if type(data) is not Found or type(shape) is not list or not 0 < len(shape) < 3 or set(map(type, shape)) != {int}:
        return None
    count = shape[0] * (shape[1] if shape[1:] else 1)
    nested = data.kind == ROWS and len(shape) == 2
    if tensor.get("datatype") not in DATATYPES or min(shape) < 1 or count * 8 != len(data.data):
        return None
    return shape if nested or data.kind == FLAT else None


def _from_tensor(tensor: "Document", encoder: "RowEncoder") -> "Table | None":
    shape, found = _shape_of(tensor), tensor.get("data")
    if shape is None or shape[-1] != encoder.width or len(shape) != 2 or type(found) is not Found or found.has_missing:
        return None
    return Table(found.data, encoder.width)


READERS = {"rows": _read_rows, "predictions": _read_predictions, "open-inference": _read_tensors}


def _whole(found: Found, encoder: "RowEncoder") -> "Table | None":
    """Return the table if its columns are those of the model. A flat array is accepted only if no cell is null."""
    if found.kind != FLAT:
        return Table(found.data, encoder.width) if found.width == encoder.width else None
    return None if found.has_missing else Table(found.data, encoder.width)


def _find_order(names: "list[str]", encoder: "RowEncoder") -> "list[int] | None":
    """Return the position of each column of the model in `names`.

    None if a column is absent, occurs twice, or is optional.
    """
    places = {name: place for place, name in enumerate(names)}
    if len(places) != len(names) or takes_any(encoder.columns):
        return None
    try:
        return [places[name] for name in encoder.names]
    except KeyError:
        return None


def _in_order(missing: bytes, order: "list[int]", width: int) -> bytes:
    """Return for each column of the text whether its cells may be missing: 0 for columns that the model lacks."""
    flags = bytearray(width)
    for flag, place in zip(missing, order):
        flags[place] = flag
    return bytes(flags)


def _select(cells: "memoryview[float]", width: int, order: "list[int]") -> Found:
    """Return the columns `order`."""
    count = len(order)
    data = bytearray(len(cells) // width * count * 8)
    into = memoryview(data).cast("d")
    for place, column in enumerate(order):
        into[place::count] = cells[column::width]
    return Found(ROWS, bytes(data), count, False)


def _side_by_side(columns: "list[Found]", encoder: "RowEncoder") -> "Table | None":
    if len({len(column.data) for column in columns}) != 1 or any(column.has_missing for column in columns):
        return None
    count = len(columns)
    data = bytearray(len(columns[0].data) * count)
    into = memoryview(data).cast("d")
    for place, column in enumerate(columns):
        into[place::count] = column.cells()
    return Table(bytes(data), count)
