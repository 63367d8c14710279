"""Read numpy dtypes from pickles by hand, so that no file sets a flag that numpy trusts.

A pickled dtype is a code (`f8`) and a state. numpy takes from the state which memory contains objects. Here only the
byte order, the fields and the unit of a time are read, and numpy creates the type from them. Fields of objects are
refused.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

Dtype = np.dtype[Any]


class BadDtype(ValueError):
    """A dtype that no array of a model has. The message gives the reason."""


_CODE = re.compile(r"[<>|=]?([?bBhHiIlLqQefdgFDGmM]|[biufcSUVaO]\d{1,9}|[mM]8|[SUVO])", re.ASCII)
_BYTE_ORDERS = ("<", ">", "|", "=")
_UNITS = ("Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as", "generic")
_MOST_FIELDS = 1000


def is_objects(dtype: Dtype) -> bool:
    """Whether each cell is an object, without hidden fields."""
    return dtype.char == "O"


def make_dtype(code: object, *options: object) -> Dtype:
    """Return the dtype of a code. `options` are numpy's `align` and `copy`, which have no effect here."""
    if not isinstance(code, str) or not _CODE.fullmatch(code) or len(options) > 2:
        raise BadDtype(f"{code!r:.60} is not an array type")
    try:
        # A copy: its byte order is set later, and numpy's own dtypes are shared.
        return np.dtype(code, False, True)
    except TypeError as error:
        raise BadDtype(str(error)) from None


def with_state(dtype: Dtype, state: object) -> Dtype:
    """Return the result of `dtype.__setstate__(state)`. Raises BadDtype for a state with more than is allowed."""
    if not isinstance(state, tuple) or not 8 <= len(state) <= 9:
        raise BadDtype("the state of a dtype does not have the form that numpy writes")
    order: Any
    _version, order, subarray, names, fields, size, _alignment, _flags, *metadata = state
    order = order.decode("ascii", "replace") if isinstance(order, bytes) else order
    if order not in _BYTE_ORDERS:
        raise BadDtype(f"{order!r:.20} is not a byte order")
    if subarray is not None:
        raise BadDtype("a dtype of arrays is not supported")
    if names is not None or fields is not None:
        return _record(names, fields, size)
    if dtype.kind in "mM":
        return np.dtype(f"{order if order in '<>' else '='}{dtype.kind}8[{_unit(metadata)}]")
    # `metadata` is what programs attach to a dtype. No computation reads it.
    return dtype if order in "|=" else dtype.newbyteorder(order)


def _record(names: object, fields: object, size: object) -> Dtype:
    if (
        not isinstance(names, tuple)
        or not isinstance(fields, dict)
        or len(names) > _MOST_FIELDS
        or type(size) is not int
    ):
        raise BadDtype("the fields of a dtype do not have the form that numpy writes")
    formats, offsets = [], []
    for name in names:
        field = fields.get(name) if isinstance(name, str) else None
        if not isinstance(field, tuple) or not 2 <= len(field) <= 3:
            raise BadDtype("a field of a dtype does not have the form that numpy writes")
        if not isinstance(field[0], np.dtype) or type(field[1]) is not int:
            raise BadDtype("a field of a dtype does not have the form that numpy writes")
        if field[0].hasobject:
            raise BadDtype(f"the field {name!r:.40} of a dtype holds objects")
        formats.append(field[0])
        offsets.append(field[1])
    try:
        return np.dtype({"names": list(names), "formats": formats, "offsets": offsets, "itemsize": size})
    except (ValueError, TypeError, OverflowError) as error:
        raise BadDtype(str(error)) from None


def _unit(metadata: list[Any]) -> str:
    match metadata:
        case [(_, (unit, int(number), *_))] if isinstance(unit, (bytes, str)):
            unit = unit.decode("ascii", "replace") if isinstance(unit, bytes) else unit
            if unit in _UNITS and 0 < number < 1_000_000:
                return f"{number}{unit}" if unit != "generic" else unit
    raise BadDtype("the unit of a time does not have the form that numpy writes")
