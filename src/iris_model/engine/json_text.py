"""JSON to values and back with CPython's own accelerator, without importing `json`.

`import json` costs 8 to 11 ms of a cold start, nearly all of it for the `re` module that its pure Python half needs.
The accelerator `_json` is what does the work in either case, and needs nothing. Should an interpreter lack it, or change
its signature, the ordinary module takes over.
"""

WHITESPACE = " \t\n\r"


class _ScannerOptions:
    """What `_json.make_scanner` reads from a `JSONDecoder`."""

    strict = True
    object_hook = None
    parse_float = float
    parse_int = int

    def __init__(self, object_pairs_hook, parse_constant):
        self.object_pairs_hook = object_pairs_hook
        self.parse_constant = parse_constant
        self.memo = {}


def make_decoder(object_pairs_hook=None, parse_constant=None):
    """Return a function from JSON text to a value; it raises ValueError as `json.loads` does."""
    try:
        from _json import make_scanner

        scan = make_scanner(_ScannerOptions(object_pairs_hook, parse_constant))
    except (ImportError, TypeError, AttributeError):
        import json

        return json.JSONDecoder(object_pairs_hook=object_pairs_hook, parse_constant=parse_constant).decode

    def decode(text):
        stripped = text.strip(WHITESPACE)
        try:
            value, end = scan(stripped, 0)
        except StopIteration as stop:
            raise _decode_error("Expecting value", text, stop.value, stripped) from None
        except ValueError as error:
            # The accelerator counted from the first character that is not white space.
            if stripped != text and hasattr(error, "pos"):
                raise _decode_error(error.msg, text, error.pos, stripped) from None
            raise
        if end != len(stripped):
            while stripped[end] in WHITESPACE:
                end += 1
            raise _decode_error("Extra data", text, end, stripped)
        return value

    return decode


def make_encoder(default=None, ensure_ascii=True, allow_nan=False, separators=(", ", ": ")):
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

    def encode(value):
        if isinstance(value, str):
            return encode_string(value)
        return "".join(_json.make_encoder({}, *arguments)(value, 0))

    return encode


def _refuse(value):
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def _decode_error(message, text, position, stripped):
    from json import JSONDecodeError

    return JSONDecodeError(message, text, position + len(text) - len(text.lstrip(WHITESPACE)) if stripped else position)
