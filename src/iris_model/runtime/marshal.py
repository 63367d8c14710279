"""Parse events and write results as JSON, with the same results as awslambdaric, which uses `simplejson`."""

import os
import sys
from marshal import dumps as dump_plain

from iris_model.engine.json_text import make_decoder, make_encoder, without_collector

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# In these execution environments, awslambdaric does not escape non-ASCII characters.
KEEPS_UNICODE = {f"AWS_Lambda_python3.{minor}" for minor in (12, 13, 14, 15)}


# A longer event may hold so many values that garbage collection takes longer than parsing.
LONG_EVENT = 65_536


class _NeedsCare(Exception):
    """The accelerator cannot write a value as simplejson does."""


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def _needs_care(value: object) -> object:
    raise _NeedsCare


_keeps_unicode = os.environ.get("AWS_EXECUTION_ENV") in KEEPS_UNICODE
_decode = make_decoder(parse_constant=_refuse_constant)
_encode = make_encoder(_needs_care, ensure_ascii=not _keeps_unicode, allow_nan=True)


def decode_event(body: bytes) -> "Any":
    """Return the event. Raises ValueError if it is not JSON in UTF-8."""
    text = body.decode("utf-8")
    return _decode(text) if len(text) < LONG_EVENT else without_collector(_decode, text)


def encode_json(value: object) -> str:
    """Return the JSON text of a handler's result. Raises TypeError or ValueError without one.

    simplejson writes more types than `json`: Decimal as a number, a named tuple (or any object with `_asdict`) as an
    object, and bytes as a string, also as a key.
    """
    # The accelerator writes a named tuple as a tuple. If `collections` is not imported, there are no named tuples.
    if "collections" not in sys.modules or _is_plain(value) or not _has_named_tuple(value, 0):
        try:
            return _encode(value)
        except (_NeedsCare, TypeError):
            pass  # TypeError: a key that simplejson may accept
    from .marshal_careful import encode

    return encode(value, ensure_ascii=not _keeps_unicode)


def _is_plain(value: "Any") -> bool:
    """Whether all values have exactly the built-in types. Python's own marshal, in C, accepts no others."""
    try:
        dump_plain(value)
    except ValueError:
        return False
    return True


def _has_named_tuple(value: object, depth: int) -> bool:
    kind = type(value)
    if kind in (str, float, int, bool) or depth > 100:
        return False
    if isinstance(value, dict):
        return any(_has_named_tuple(item, depth + 1) for item in value.values())
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return True
    if isinstance(value, (list, tuple)):
        return any(_has_named_tuple(item, depth + 1) for item in value)
    return False
