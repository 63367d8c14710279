"""Recognize the protocol of a body, read its rows, and write the answer in the same protocol.

A protocol's module is imported when a request needs it, so that a sandbox that gets only plain rows does not import all
of them.
"""

from iris_model.engine.errors import InvalidInput
from iris_model.engine.json_text import make_decoder
from iris_model.engine.rows import describe, holds_numbers
from iris_model.runtime.events import MAX_REQUEST_BYTES, NO_PAYLOAD, Request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    from iris_model.contract.signature import Column
    from iris_model.engine.packed import Table
    from iris_model.engine.rows import RowEncoder
    from iris_model.runtime.answers import Answers

    class PayloadFormat(Protocol):
        """The module of a protocol. `state`: what its answer needs to know of the request."""

        __name__: str

        def decode(self, payload: Any, request: Request, columns: "list[Column]") -> "tuple[list[object], object]":
            """Return the rows and the state."""

        def encode(self, answers: Answers, state: Any) -> object:
            """Return the answer, a JSON value or CSV text."""


# Protocol -> module with `decode(payload, request, columns) -> (rows, state)` and `encode(answers, state) -> value`.
PAYLOAD_FORMATS = {
    "rows": "rows",
    "predictions": "predictions",
    "open-inference": "open_inference",
    "csv": "csv",
}

# Keys of a JSON object that identify its protocol. A key that is the name of a feature is a feature.
KEYS = ("instances", "inputs", "dataframe_split", "dataframe_records")

CSV_TYPES = ("text/csv", "application/csv")
# Content types of JSON bodies. `curl` sends the last one by default.
JSON_TYPES = ("", "application/json", "text/json", "text/plain", "application/x-www-form-urlencoded")
ACCEPTED = "application/json or text/csv"


def decode_request(
    request: Request, columns: "list[Column]", encoder: "RowEncoder | None" = None
) -> "tuple[PayloadFormat, list[object] | Table, object]":
    """Return (module of the protocol, rows, its state). Raises InvalidInput, which names the place of the error.

    `encoder` is set if the C kernels may read the body. Then the rows may be a Table, which needs no further check.
    """
    media_type = request.content_type.partition(";")[0].strip().lower()
    if media_type in CSV_TYPES:
        payload: object = read_text(request)
        if encoder is not None:
            packed = _load("packed").read_packed_csv(payload, request, encoder)
            if packed is not None:
                return packed  # type: ignore[no-any-return]
        name = "csv"
    elif media_type in JSON_TYPES or media_type.endswith("+json"):
        payload = request.payload
        if payload is NO_PAYLOAD:
            text = read_text(request)
            if encoder is not None:
                packed = _load("packed").read_packed_json(text, request, encoder)
                if packed is not None:
                    return packed  # type: ignore[no-any-return]
            payload = parse_json(text, request.content_type)
        name = choose_format(payload, columns)
    else:
        raise InvalidInput(
            f"the content type is {media_type!r}; expected {ACCEPTED}",
            expected=ACCEPTED,
            problem="unsupported-media-type",
        )
    module = find_module(name)
    rows, state = module.decode(payload, request, columns)
    if not rows:
        raise InvalidInput("there are no rows; expected at least one", expected="at least one row")
    return module, rows, state


def choose_format(payload: object, columns: "list[Column]") -> str:
    """Return the protocol of a JSON value, by its shape."""
    if isinstance(payload, dict):
        for key in KEYS:
            if key in payload and key not in facts_of(columns).known:
                return "open-inference" if key == "inputs" and _holds_tensors(payload[key]) else "predictions"
    return "rows"


def _holds_tensors(inputs: object) -> bool:
    """Whether MLflow's `inputs` is a dict from feature to list of values, instead of rows."""
    known = {"shape", "datatype", "data"}
    return isinstance(inputs, list) and any(isinstance(item, dict) and len(known & item.keys()) > 1 for item in inputs)


def parse_json(text: str, content_type: str) -> object:
    """Return the JSON value of a body. Strict: NaN, repeated keys and text after the end are refused (InvalidInput)."""
    try:
        return _strict_decode(text)
    except RecursionError:
        raise InvalidInput(
            "the body is nested too deeply; expected a row or a list of rows", problem="malformed"
        ) from None
    except InvalidInput:
        raise
    except ValueError as error:
        hint = ""
        if "=" in text[:200] and "form" in content_type:
            hint = "; it looks like a form: send JSON with content-type: application/json"
        raise InvalidInput(
            f"the body is not valid JSON: {error}{hint}", expected="JSON (RFC 8259)", problem="malformed"
        ) from None


def read_text(request: Request) -> str:
    """Return the body as text: decompressed, within the limit, decoded from UTF-8. Raises InvalidInput."""
    body = request.body
    if body is None or not body:
        raise InvalidInput("the body is empty; expected a row or a list of rows", problem="malformed")
    _check_size(body)
    if request.content_encoding not in ("", "identity"):
        body = _unpack(body, request.content_encoding)
    charset = request.content_type.lower().partition("charset=")[2].partition(";")[0].strip(" \"'")
    if charset not in ("", "utf-8", "utf8", "us-ascii"):
        raise InvalidInput(
            f"the charset is {charset!r}; expected utf-8", expected="utf-8", problem="unsupported-media-type"
        )
    # A byte order mark, which Windows editors write, is not part of the text.
    if isinstance(body, str):
        return body.removeprefix("\ufeff")
    try:
        return body.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise InvalidInput(
            f"the body is not UTF-8: byte {error.start} is 0x{body[error.start]:02x}",
            expected="UTF-8",
            problem="malformed",
        ) from None


def _check_size(body: "bytes | str") -> None:
    size = len(body) if isinstance(body, bytes) or body.isascii() else len(body.encode("utf-8", "surrogatepass"))
    if size > MAX_REQUEST_BYTES:
        raise InvalidInput(
            f"the body has more than {MAX_REQUEST_BYTES} bytes: send the rows in several requests",
            expected=f"at most {MAX_REQUEST_BYTES} bytes",
            problem="too-large",
        )


def _unpack(body: "bytes | str", encoding: str) -> bytes:
    if encoding not in ("gzip", "x-gzip"):
        raise InvalidInput(
            f"the content encoding is {encoding!r}; expected gzip or none",
            expected="gzip",
            problem="unsupported-media-type",
        )
    from zlib import decompressobj, error

    if isinstance(body, str):
        raise InvalidInput(
            "the gzip body was read as text on its way; send it as application/csv, or JSON with no content type",
            problem="malformed",
        )
    unpacker = decompressobj(wbits=31)  # 16 + 15: a gzip header and the largest window
    try:
        # Expand at most one byte more than the limit. That byte shows that the body is too large.
        unpacked = unpacker.decompress(body, MAX_REQUEST_BYTES + 1)
    except error:
        raise InvalidInput("the body is marked as gzip but is not", expected="gzip", problem="malformed") from None
    _check_size(unpacked)
    if not unpacker.eof:
        raise InvalidInput("the gzip body ends too early", expected="a whole gzip stream", problem="malformed")
    return unpacked


def unique_keys(pairs: "list[tuple[str, object]]") -> "dict[str, object]":
    """Return the object of these pairs. Raises InvalidInput for a repeated key."""
    value = dict(pairs)
    if len(value) != len(pairs):
        seen = set()
        for key, _ in pairs:
            if key in seen:
                raise InvalidInput(f"the key {key!r} occurs twice in one object; expected it once", problem="malformed")
            seen.add(key)
    return value


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not a JSON value; for a missing number send null")


_strict_decode = make_decoder(object_pairs_hook=unique_keys, parse_constant=_refuse_constant)


def find_module(name: str) -> "PayloadFormat":
    """Return the module of a protocol."""
    module: PayloadFormat = _load(PAYLOAD_FORMATS[name])
    return module


def _load(name: str) -> "Any":
    return __import__(f"{__package__}.{name}", fromlist=(name,))


def order_features(
    record: object, columns: "list[Column]", row: int, takes_more: bool = False, from_table: bool = False
) -> "list[object]":
    """Return the values of a named row in the order of the columns.

    `takes_more`: the protocol ignores features that the model does not have. `from_table`: the row comes from a table,
    which has null where a dictionary omits a feature. Raises InvalidInput for unknown or missing features.
    """
    if not isinstance(record, dict):
        raise InvalidInput(
            f"row {row} is {describe(record)}; expected an object with the features by name",
            row=row,
            expected="an object with the features by name",
        )
    facts = facts_of(columns)
    if facts.form:
        from .dictionaries import encode_features

        return [encode_features(record, facts.names[0], facts.form, takes_more or from_table)]
    try:
        if len(record) == len(columns) and not facts.is_dictionary:
            return [record[name] for name in facts.names]
    except KeyError:
        pass
    names = facts.names
    missing = [name for name in facts.required if name not in record]
    unknown = [name for name in record if name not in facts.known]
    if facts.is_dictionary:
        from .dictionaries import check_dictionary

        unknown = check_dictionary(record, facts, unknown, row, takes_more or from_table)
        takes_more = False
    # If the row lacks a feature, an unknown feature may be a misspelling of it.
    if not missing and (takes_more or not unknown):
        return [record.get(name) for name in names]
    parts = []
    if unknown:
        parts.append(f"unknown feature{_plural(unknown)} {list_names(unknown)}")
    if missing:
        parts.append(f"missing feature{_plural(missing)} {list_names(missing)}")
    raise InvalidInput(
        f"row {row}: {', '.join(parts)}; expected exactly {list_names(names)}",
        row=row,
        feature=(unknown or missing)[0],
        expected=f"exactly the features {list_names(names)}",
    )


class ColumnFacts:
    """Facts about a list of columns that named rows need, computed once."""

    __slots__ = ("columns", "form", "hashed", "is_dictionary", "known", "names", "required", "texts")

    def __init__(self, columns: "list[Column]") -> None:
        self.columns = columns
        kinds: list[Column] = getattr(columns, "kinds", columns)
        # The columns of a wide model have a list of names. A dict of each is created only if these facts differ.
        self.names: list[str] = columns.names if kinds is not columns else [column["name"] for column in columns]  # type: ignore[attr-defined]
        self.known = set(self.names)
        self.required = self.names
        if any(kind.get("optional") for kind in kinds):
            self.required = [column["name"] for column in columns if not column.get("optional")]
        self.is_dictionary = bool(columns) and takes_any(columns)
        self.hashed = any(kind.get("hashed") for kind in kinds)
        self.form = kinds[0].get("json", "") if columns else ""
        self.texts = set()
        if any(kind.get("dtype") == "str" for kind in kinds):
            self.texts = {column["name"] for column in columns if column.get("dtype") == "str"}


_facts = ColumnFacts([])


def facts_of(columns: "list[Column]") -> ColumnFacts:
    """Return the facts about these columns; they are kept until other columns are asked for."""
    global _facts
    if _facts.columns is not columns:
        _facts = ColumnFacts(columns)
    return _facts


def takes_any(columns: "list[Column]") -> bool:
    """Whether rows are dictionaries, which may have unknown features."""
    kinds: list[Column] = getattr(columns, "kinds", columns)  # of a wide model
    return all(kind.get("optional") for kind in kinds) and not all(kind.get("dropped") for kind in kinds)


def is_one_text(columns: "list[Column]") -> bool:
    """Whether the model has one column, of strings. A row may then be the string itself."""
    return len(columns) == 1 and not holds_numbers(columns[0])


def _plural(names: "list[str]") -> str:
    return "" if len(names) == 1 else "s"


def list_names(names: "list[str]") -> str:
    """Return the names for a message, at most eight of them."""
    shown = ", ".join(repr(name) for name in names[:8])
    return shown + (f" and {len(names) - 8} more" if len(names) > 8 else "")
