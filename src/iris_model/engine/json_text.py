"""JSON to values and back with CPython's own accelerator, without importing `json`.

`import json` costs 8 to 11 ms of a cold start, nearly all of it for the `re` module that its pure Python half needs.
The accelerator `_json` is what does the work in either case, and needs nothing. Should an interpreter lack it, or change
its signature, the ordinary module takes over.
"""

WHITESPACE = " \t\n\r"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class _ScannerOptions:
    """What `_json.make_scanner` reads from a `JSONDecoder`."""

    strict = True
    object_hook = None
    parse_float = float
    parse_int = int

    def __init__(self, object_pairs_hook: "Any", parse_constant: "Any") -> None:
        self.object_pairs_hook = object_pairs_hook
        self.parse_constant = parse_constant or float
        self.memo: dict[str, str] = {}


def make_decoder(object_pairs_hook: "Any" = None, parse_constant: "Any" = None) -> "Callable[[str], Any]":
    """Return a function from JSON text to a value; it raises ValueError as `json.loads` does."""
    try:
        from _json import make_scanner

        options: Any = _ScannerOptions(object_pairs_hook, parse_constant)
        scan = make_scanner(options)
    except (ImportError, TypeError, AttributeError):
        import json

        return json.JSONDecoder(object_pairs_hook=object_pairs_hook, parse_constant=parse_constant).decode

    def decode(text: str) -> "Any":
        start = len(text) - len(text.lstrip(WHITESPACE))
        try:
            value, end = scan(text, start)
        except StopIteration as stop:
            raise _decode_error("Expecting value", text, stop.value) from None
        except SystemError:
            # Python 3.11 has its error there, if imported.
            __import__("json.decoder")
            value, end = scan(text, start)
        rest = text[end:].lstrip(WHITESPACE) if end != len(text) else ""
        if rest:
            raise _decode_error("Extra data", text, len(text) - len(rest))
        return value

    return decode


def make_encoder(
    default: "Callable[[Any], Any] | None" = None,
    ensure_ascii: bool = True,
    allow_nan: bool = False,
    separators: tuple[str, str] = (", ", ": "),
) -> "Callable[[Any], str]":
    """Return a function from a value to JSON text; ValueError and TypeError as `json.dumps` raises them."""
    if default is None:
        default = _refuse
    try:
        import _json

        encode_string = _json.encode_basestring_ascii if ensure_ascii else _json.encode_basestring
        # The dictionary of markers is what makes a circular value an error and not an endless loop.
        arguments = (default, encode_string, None, separators[1], separators[0], False, False, allow_nan)
        _json.make_encoder({}, *arguments)
    except (ImportError, TypeError, AttributeError):
        import json

        return json.JSONEncoder(
            default=default, ensure_ascii=ensure_ascii, allow_nan=allow_nan, separators=separators
        ).encode

    def encode(value: "Any") -> str:
        if isinstance(value, str):
            text: str = encode_string(value)
            return text
        return "".join(_json.make_encoder({}, *arguments)(value, 0))

    return encode


def _refuse(value: object) -> "Any":
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def _decode_error(message: str, text: str, position: int) -> ValueError:
    from json import JSONDecodeError

    return JSONDecodeError(message, text, position)
