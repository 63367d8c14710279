"""Events from JSON and results to JSON, with the same outcome as awslambdaric, which uses `simplejson`."""

import os
import sys

from iris_model.engine.json_text import make_decoder, make_encoder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Where the platform names one of these, awslambdaric leaves other letters than ASCII as they are.
KEEPS_UNICODE = {f"AWS_Lambda_python3.{minor}" for minor in (12, 13, 14, 15)}


class _NeedsCare(Exception):
    """A value that the accelerator cannot write the way simplejson does."""


def _refuse_constant(name: str) -> "Any":
    raise ValueError(f"{name} is not JSON")


def _needs_care(value: object) -> "Any":
    raise _NeedsCare


_keeps_unicode = os.environ.get("AWS_EXECUTION_ENV") in KEEPS_UNICODE
_decode = make_decoder(parse_constant=_refuse_constant)
_encode = make_encoder(_needs_care, ensure_ascii=not _keeps_unicode, allow_nan=True)


def decode_event(body: bytes) -> "Any":
    """Return the event; ValueError if it is not JSON in UTF-8."""
    return _decode(body.decode("utf-8"))


def encode_json(value: "Any") -> str:
    """Return the JSON text of a handler's result; TypeError or ValueError if it has none.

    Beyond what `json` writes, simplejson writes Decimal as a number, a named tuple as an object and bytes as text.
    """
    # A named tuple looks like a tuple to the accelerator. Where nobody imported `collections`, there is none.
    if "collections" not in sys.modules or not _has_named_tuple(value, 0):
        try:
            return _encode(value)
        except _NeedsCare:
            pass
    from .marshal_careful import encode

    return encode(value, ensure_ascii=not _keeps_unicode)


def _has_named_tuple(value: "Any", depth: int) -> bool:
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
