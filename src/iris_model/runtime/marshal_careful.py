"""Write a result as JSON in Python, which is slow: with Decimal, named tuples, and bytes as values or keys.

Imported only for a result that needs it: see marshal.py.
"""

from decimal import Decimal
from json.encoder import encode_basestring, encode_basestring_ascii

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any


def encode(value: object, *, ensure_ascii: bool) -> str:
    """Return JSON text as simplejson writes it. Raises TypeError or ValueError for what it refuses."""
    quote = encode_basestring_ascii if ensure_ascii else encode_basestring
    return "".join(_pieces(value, quote, set()))


def _pieces(value: "Any", quote: "Callable[[str], str]", open_ids: set[int]) -> "Iterator[str]":
    if isinstance(value, str):
        yield quote(value)
    elif isinstance(value, bytes):
        yield quote(value.decode("utf-8"))
    elif value is None or isinstance(value, (bool, int, float, Decimal)):
        yield _scalar(value)
    elif isinstance(value, (dict, list, tuple)) or _has_asdict(value):
        if id(value) in open_ids:
            raise ValueError("Circular reference detected")
        open_ids.add(id(value))
        if isinstance(value, dict) or _has_asdict(value):
            items = value.items() if isinstance(value, dict) else value._asdict().items()
            yield "{"
            for index, (key, item) in enumerate(items):
                yield (", " if index else "") + quote(_key(key)) + ": "
                yield from _pieces(item, quote, open_ids)
            yield "}"
        else:
            yield "["
            for index, item in enumerate(value):
                if index:
                    yield ", "
                yield from _pieces(item, quote, open_ids)
            yield "]"
        open_ids.discard(id(value))
    else:
        raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def _has_asdict(value: object) -> bool:
    """Whether simplejson treats the value as a named tuple: it has `_asdict`."""
    return callable(getattr(value, "_asdict", None))


def _scalar(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, Decimal):
        return "NaN" if value.is_nan() else str(value)
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    return float.__repr__(value)


def _key(key: object) -> str:
    if isinstance(key, str):
        return key
    if isinstance(key, bytes):
        return key.decode("utf-8")
    if key is None or isinstance(key, (bool, int, float)):
        return _scalar(key)
    raise TypeError(f"keys must be str, int, float, bool or None, not {type(key).__name__}")
