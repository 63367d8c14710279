"""Parse and write JSON with CPython's C accelerator, without importing `json`.

`import json` takes 8 to 11 ms of a cold start, mostly for the `re` module of its pure Python half. The accelerator
`_json` does the work in both cases and imports nothing. `json` is used if the interpreter lacks `_json` or has another
signature of it.
"""

WHITESPACE = " \t\n\r"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar, TypeVarTuple, Unpack

    Result = TypeVar("Result")
    Arguments = TypeVarTuple("Arguments")


class _ScannerOptions:
    """The attributes that `_json.make_scanner` reads from a `JSONDecoder`."""

    strict = True
    object_hook = None
    parse_float = float
    parse_int = int

    def __init__(self, object_pairs_hook: object, parse_constant: object) -> None:
        self.object_pairs_hook = object_pairs_hook
        self.parse_constant = parse_constant or float
        self.memo: dict[str, str] = {}


def make_decoder(
    object_pairs_hook: "Callable[[list[tuple[str, Any]]], object] | None" = None,
    parse_constant: "Callable[[str], object] | None" = None,
) -> "Callable[[str], Any]":
    """Return a function from JSON text to a value. It raises ValueError where `json.loads` does."""
    try:
        from _json import make_scanner

        scan = make_scanner(_ScannerOptions(object_pairs_hook, parse_constant))  # type: ignore[arg-type]
    except (ImportError, TypeError, AttributeError):
        import json

        return json.JSONDecoder(object_pairs_hook=object_pairs_hook, parse_constant=parse_constant).decode

    def decode(text: str) -> object:
        start = len(text) - len(text.lstrip(WHITESPACE))
        try:
            value, end = scan(text, start)
        except StopIteration as stop:
            raise _decode_error("Expecting value", text, stop.value) from None
        except SystemError:
            # Python 3.11 takes its error class from this module, if it is imported.
            __import__("json.decoder")
            value, end = scan(text, start)
        rest = text[end:].lstrip(WHITESPACE) if end != len(text) else ""
        if rest:
            raise _decode_error("Extra data", text, len(text) - len(rest))
        return value

    return decode


def make_encoder(
    default: "Callable[[object], object] | None" = None,
    ensure_ascii: bool = True,
    allow_nan: bool = False,
    separators: tuple[str, str] = (", ", ": "),
) -> "Callable[[object], str]":
    """Return a function from a value to JSON text. It raises ValueError and TypeError where `json.dumps` does."""
    if default is None:
        default = _refuse
    try:
        import _json

        encode_string = _json.encode_basestring_ascii if ensure_ascii else _json.encode_basestring
        # With a dictionary of markers, a circular value is an error. Without one, it is an endless loop.
        arguments = (default, encode_string, None, separators[1], separators[0], False, False, allow_nan)
        _json.make_encoder({}, *arguments)
    except (ImportError, TypeError, AttributeError):
        import json

        return json.JSONEncoder(
            default=default, ensure_ascii=ensure_ascii, allow_nan=allow_nan, separators=separators
        ).encode

    def encode(value: object) -> str:
        if isinstance(value, str):
            text: str = encode_string(value)
            return text
        return "".join(_json.make_encoder({}, *arguments)(value, 0))

    return encode


def without_collector(function: "Callable[[Unpack[Arguments]], Result]", *arguments: "Unpack[Arguments]") -> "Result":
    """Call `function(*arguments)` with Python's garbage collector paused.

    For a million new values that all stay in use, the collector would take half of the time.
    """
    import gc

    if not gc.isenabled():
        return function(*arguments)
    gc.disable()
    try:
        return function(*arguments)
    finally:
        gc.enable()


def _refuse(value: object) -> object:
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def _decode_error(message: str, text: str, position: int) -> ValueError:
    from json import JSONDecodeError

    return JSONDecodeError(message, text, position)
