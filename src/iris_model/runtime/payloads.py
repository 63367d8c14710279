"""Which protocol a body speaks, the rows in it, and the answer in the same protocol.

In: a Request and the model's columns. Out: rows as lists, and the module of the protocol, whose `encode` writes the answer.
Modules are imported when a request needs them: a sandbox that is asked for one plain row should not read them all.
"""

from iris_model.engine.errors import InvalidInput
from iris_model.engine.json_text import make_decoder
from iris_model.engine.rows import describe

from .events import MAX_REQUEST_BYTES, NO_PAYLOAD, Request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Protocol -> module with `decode(payload, request, columns) -> (rows, state)` and `encode(answers, state) -> value`.
PAYLOAD_FORMATS = {
    "rows": "payload_rows",
    "predictions": "payload_predictions",
    "open-inference": "payload_open_inference",
    "csv": "payload_csv",
}

# The keys of a JSON object that tell its protocol. A feature of that name wins over the protocol.
KEYS = ("instances", "inputs", "dataframe_split", "dataframe_records")

CSV_TYPES = ("text/csv", "application/csv")
# `curl -d` calls everything a form, and browsers' simplest requests call everything plain text.
JSON_TYPES = ("", "application/json", "text/json", "text/plain", "application/x-www-form-urlencoded")
ACCEPTED = "application/json or text/csv"


def decode_request(request: Request, columns: "list[Any]") -> "tuple[Any, Any, Any]":
    """Return (module of the protocol, rows, its state); InvalidInput says what is wrong and where."""
    media_type = request.content_type.partition(";")[0].strip().lower()
    if media_type in CSV_TYPES:
        payload: Any = read_text(request)
        name = "csv"
    elif media_type in JSON_TYPES or media_type.endswith("+json"):
        payload = parse_json(request) if request.payload is NO_PAYLOAD else request.payload
        name = choose_format(payload, columns)
    else:
        raise InvalidInput(
            f"the content type is {media_type!r}; expected {ACCEPTED}",
            expected=ACCEPTED,
            problem="unsupported-media-type",
        )
    module = _module(PAYLOAD_FORMATS[name])
    rows, state = module.decode(payload, request, columns)
    if not rows:
        raise InvalidInput("there are no rows; expected at least one", expected="at least one row")
    return module, rows, state


def choose_format(payload: "Any", columns: "list[Any]") -> str:
    """Return the protocol of a JSON value by its shape."""
    if isinstance(payload, dict):
        features = [column["name"] for column in columns]
        for key in KEYS:
            if key in payload and key not in features:
                return "open-inference" if key == "inputs" and _holds_tensors(payload[key]) else "predictions"
    return "rows"


def _holds_tensors(inputs: "Any") -> bool:
    """MLflow's `inputs` are rows, or a list of values for each feature."""
    known = {"shape", "datatype", "data"}
    return isinstance(inputs, list) and any(isinstance(item, dict) and len(known & item.keys()) > 1 for item in inputs)


def parse_json(request: Request) -> "Any":
    """Return the JSON value of the body. Strict: no NaN, no key twice, nothing after the end."""
    text = read_text(request)
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
        if "=" in text[:200] and "form" in request.content_type:
            hint = "; it looks like a form: send JSON with content-type: application/json"
        raise InvalidInput(
            f"the body is not valid JSON: {error}{hint}", expected="JSON (RFC 8259)", problem="malformed"
        ) from None


def read_text(request: Request) -> str:
    """Return the body as text: unpacked, bounded, decoded from UTF-8."""
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
    if isinstance(body, str):
        return body
    try:
        # A byte order mark is what Windows editors leave; it is not part of the text.
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
            f"the body has {size} bytes; expected at most {MAX_REQUEST_BYTES}: send the rows in several requests",
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
        # One byte more than allowed is enough to know; a bomb never unfolds.
        unpacked = unpacker.decompress(body, MAX_REQUEST_BYTES + 1)
    except error:
        raise InvalidInput("the body is marked as gzip but is not", expected="gzip", problem="malformed") from None
    _check_size(unpacked)
    if not unpacker.eof:
        raise InvalidInput("the gzip body ends too early", expected="a whole gzip stream", problem="malformed")
    return unpacked


def _unique(pairs: "list[tuple[str, Any]]") -> "dict[str, Any]":
    value = dict(pairs)
    if len(value) != len(pairs):
        seen = set()
        for key, _ in pairs:
            if key in seen:
                raise InvalidInput(f"the key {key!r} occurs twice in one object; expected it once", problem="malformed")
            seen.add(key)
    return value


def _refuse_constant(name: str) -> "Any":
    raise ValueError(f"{name} is not a JSON value; for a missing number send null")


_strict_decode = make_decoder(object_pairs_hook=_unique, parse_constant=_refuse_constant)


def _module(name: str) -> "Any":
    full = f"{__package__}.{name}"
    return __import__(full, fromlist=("decode",))


def order_features(record: "Any", columns: "list[Any]", row: int) -> "list[Any]":
    """Return a named row's values in the order of the columns; InvalidInput names what is unknown or missing."""
    if not isinstance(record, dict):
        raise InvalidInput(
            f"row {row} is {describe(record)}; expected an object with the features by name",
            row=row,
            expected="an object with the features by name",
        )
    try:
        if len(record) == len(columns):
            return [record[column["name"]] for column in columns]
    except KeyError:
        pass
    names = [column["name"] for column in columns]
    optional = [column["name"] for column in columns if column.get("optional")]
    missing = [name for name in names if name not in record and name not in optional]
    # Features of a dictionary: what the model does not know, it ignores.
    unknown = [] if len(optional) == len(names) else [name for name in record if name not in names]
    if not unknown and not missing:
        return [record.get(name) for name in names]
    parts = []
    if unknown:
        parts.append(f"unknown feature {_listed(unknown)}")
    if missing:
        parts.append(f"missing feature {_listed(missing)}")
    raise InvalidInput(
        f"row {row}: {', '.join(parts)}; expected exactly {_listed(names)}",
        row=row,
        feature=(unknown or missing)[0],
        expected=f"exactly the features {_listed(names)}",
    )


def _listed(names: "list[str]") -> str:
    shown = ", ".join(repr(name) for name in names[:8])
    return shown + (f" and {len(names) - 8} more" if len(names) > 8 else "")
