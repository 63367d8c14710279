"""Rebuild plain data from a pickle's calls: arrays, scalars, random states, containers. Every argument is checked.

`REBUILT` has a function for each name in `calls.COUNTS` that is not a class. Invalid arguments raise BadCall.
"""

from __future__ import annotations

import functools
import math
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from .bad_call import BadCall
from .calls import METHODS
from .dtypes import BadDtype, is_objects, make_dtype
from .indexes import make_index, name_type, restore_texts, take_buffer

Array = np.ndarray[Any, Any]


_FACTORIES = (None, int, float, str, bool, list, dict, set, tuple, Counter, OrderedDict)
_BASES = (dict, list, tuple, set, str, int, float)
_BIT_GENERATORS = ("MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64")
_MOST_CELLS = 1 << 40


def check_shape(shape: object) -> tuple[int, ...]:
    """Return the shape of an array. Raises BadCall if it is invalid."""
    if not isinstance(shape, tuple) or len(shape) > 32 or not all(type(size) is int and size >= 0 for size in shape):
        raise BadCall("the shape of an array does not have the form that numpy writes")
    if math.prod(shape) > _MOST_CELLS:
        raise BadCall("an array is larger than any memory")
    return shape


def check_dtype(dtype: object, *, objects: bool = False) -> np.dtype[Any]:
    """Return a dtype without objects, or the object dtype if `objects`. Raises BadCall for others."""
    if not isinstance(dtype, np.dtype) or (dtype.hasobject and not (objects and is_objects(dtype))):
        raise BadCall(f"{dtype!r:.60} is not a numeric or string type")
    return dtype


def _bytes(data: object, size: int | None = None) -> bytes | bytearray:
    if not isinstance(data, (bytes, bytearray)) or (size is not None and len(data) != size):
        raise BadCall("the number of bytes of an array does not match its shape and type")
    return data


def _make_array(subclass: object, shape: object, _code: object) -> Array:
    if subclass not in (np.ndarray, np.matrix, np.memmap) or shape != (0,):
        raise BadCall("an array is created by a call that numpy never writes")
    # An array that was memory-mapped in training is an ordinary array here.
    return np.ndarray.__new__(np.ndarray if subclass is np.memmap else subclass, (0,), "b")


def _make_scalar(dtype: object, data: object = b"") -> Any:
    kind = check_dtype(dtype)
    if kind.itemsize == 0:
        return np.zeros((), kind)[()]
    return np.frombuffer(_bytes(data, kind.itemsize), kind)[0]


def _from_buffer(data: object, dtype: object, shape: object, order: Any, axes: object = None) -> Array:
    kind, sizes = check_dtype(dtype), check_shape(shape)
    if order not in ("C", "F", "K"):
        raise BadCall(f"{order!r:.20} is not an array order")
    flat = np.frombuffer(_bytes(data, math.prod(sizes) * kind.itemsize), kind)
    if order == "K" and axes is not None:
        if not isinstance(axes, tuple) or sorted(axes) != list(range(len(sizes))):
            raise BadCall("the axes of an array do not have the form that numpy writes")
        return flat.reshape(sizes).transpose(axes)
    return flat.reshape(sizes, order="C" if order == "K" else order)


def _make_masked(subclass: object, base: object, shape: object, _code: object) -> Any:
    if subclass is not np.ma.MaskedArray or base is not np.ndarray or shape != (0,):
        raise BadCall("a masked array is created by a call that numpy never writes")
    return np.ma.MaskedArray.__new__(np.ma.MaskedArray, np.empty(0), mask=np.empty(0, bool), dtype="b")


def _make_bit_generator(kind: object = "MT19937") -> Any:
    name = kind if isinstance(kind, str) else getattr(kind, "__name__", "")
    if name not in _BIT_GENERATORS:
        raise BadCall(f"{name!r:.40} is not a bit generator of NumPy")
    return getattr(np.random, name)()


def _bit_generator(given: object) -> Any:
    return given if isinstance(given, np.random.BitGenerator) else _make_bit_generator(given)


def _make_random_state(given: object = "MT19937", _constructor: object = None) -> Any:
    return np.random.RandomState(_bit_generator(given))


def _make_generator(given: object = "MT19937", _constructor: object = None) -> Any:
    return np.random.Generator(_bit_generator(given))


def _encode(text: object, encoding: object) -> bytes:
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
        raise BadCall("a string is encoded in a way that pickle never uses")
    return text.encode("latin-1")


def _make_bytearray(data: object = b"", encoding: object = "latin-1") -> bytearray:
    return bytearray(_encode(data, encoding) if isinstance(data, str) else _bytes(data))


def _items(data: object) -> list[Any]:
    if not isinstance(data, (list, tuple)):
        raise BadCall("a set is created from a value that is not a list")
    for item in data:
        check_key(item)
    return list(data)


def check_key(key: object, depth: int = 8) -> None:
    """Raise BadCall for a key whose hash the file could choose, or that is nested too deeply."""
    if isinstance(key, (tuple, frozenset)):
        if depth == 0:
            raise BadCall("a key is nested too deeply")
        for part in key:
            check_key(part, depth - 1)
    elif not isinstance(key, (str, bytes, int, float, complex, bool, np.generic, type, type(None))):
        raise BadCall(f"a {type(key).__name__} is the key of a dictionary")


def _make_complex(real: object, imaginary: object = 0.0) -> complex:
    if type(real) is not float or type(imaginary) is not float:
        raise BadCall("a complex number does not consist of two numbers")
    return complex(real, imaginary)


def _make_range(*bounds: Any) -> range:
    if not all(type(bound) is int for bound in bounds):
        raise BadCall("the arguments of a range are not integers")
    return range(*bounds)


def _make_slice(*bounds: object) -> slice:
    return slice(*bounds)


def _make_counter(counts: object = None) -> Counter[Any]:
    if counts is not None and type(counts) is not dict:
        raise BadCall("a Counter is created from a value that is not a dictionary")
    return Counter(counts)


def _make_ordered(pairs: object = ()) -> OrderedDict[Any, Any]:
    made: OrderedDict[Any, Any] = OrderedDict()
    for pair in pairs if isinstance(pairs, (list, tuple)) else ():
        if not isinstance(pair, (list, tuple)) or len(pair) != 2:
            raise BadCall("an OrderedDict is created from values that are not pairs")
        check_key(pair[0])
        made[pair[0]] = pair[1]
    return made


def _make_default(factory: Any = None) -> defaultdict[Any, Any]:
    if not any(factory is known for known in _FACTORIES):
        raise BadCall("the default factory of a defaultdict is not a built-in type")
    return defaultdict(factory)


def _reconstruct(cls: Any, base: Any, state: Any) -> Any:
    """Replace `copyreg._reconstructor`, which creates objects in protocols 0 and 1."""
    if base is object and state is None:
        return object.__new__(cls)
    if base not in _BASES or type(state) is not base:
        raise BadCall("an object is created by a call that copyreg never writes")
    made = base.__new__(cls, state)
    if base in (dict, list, set):
        base.__init__(made, state)  # type: ignore[call-overload]
    return made


def _get_method(owner: Any, name: Any) -> Any:
    if owner not in (str, float) or name not in METHODS[f"builtins.{owner.__name__}"]:
        raise BadCall("builtins.getattr is called for something that is not a known method of str or float")
    return getattr(owner, name)


def _make_path(*parts: Any) -> PurePosixPath:
    """Return a pure path, which cannot be opened: it belongs to another machine."""
    if not all(type(part) is str for part in parts):
        raise BadCall("the parts of a path are not strings")
    return PurePosixPath(*parts)


def _make_partial(function: Any) -> Any:
    if not callable(function):
        raise BadCall("a functools.partial contains a value that is not a function")
    return functools.partial(function)


def _new(cls: Any) -> Any:
    """Replace `newObj` of scikit-learn's trees and distances."""
    return cls.__new__(cls)


def make_tree(tree: Any, columns: Any, classes: Any, outputs: Any) -> Any:
    """Return a tree of scikit-learn. `tree` is its class."""
    whole = isinstance(classes, np.ndarray) and classes.dtype == np.intp and classes.ndim == 1
    if type(columns) is not int or type(outputs) is not int or not whole or len(classes) != outputs:
        raise BadCall("a tree does not have the form that scikit-learn writes")
    if columns < 0 or not 0 < outputs < 1 << 20 or (classes < 0).any() or (classes > 1 << 24).any():
        raise BadCall("a tree does not have the form that scikit-learn writes")
    return tree(columns, classes, outputs)


REBUILT: dict[str, Callable[..., Any]] = {
    "_codecs.encode": _encode,
    "builtins.bytearray": _make_bytearray,
    "builtins.bytes": bytes,
    "builtins.complex": _make_complex,
    "builtins.frozenset": lambda items=(): frozenset(_items(items)),
    "builtins.getattr": _get_method,
    "builtins.range": _make_range,
    "builtins.set": lambda items=(): set(_items(items)),
    "builtins.slice": _make_slice,
    "collections.Counter": _make_counter,
    "collections.OrderedDict": _make_ordered,
    "collections.defaultdict": _make_default,
    "copyreg.__newobj__": _new,
    "copyreg._reconstructor": _reconstruct,
    "functools.partial": _make_partial,
    "numpy.dtype": make_dtype,
    "numpy._core.multiarray._reconstruct": _make_array,
    "numpy._core.multiarray.scalar": _make_scalar,
    "numpy._core.numeric._frombuffer": _from_buffer,
    "numpy.core.multiarray._reconstruct": _make_array,
    "numpy.core.multiarray.scalar": _make_scalar,
    "numpy.core.numeric._frombuffer": _from_buffer,
    "numpy.ma.core._mareconstruct": _make_masked,
    "numpy.random._pickle.__bit_generator_ctor": _make_bit_generator,
    "numpy.random._pickle.__generator_ctor": _make_generator,
    "numpy.random._pickle.__randomstate_ctor": _make_random_state,
    "pandas.core.indexes.base._new_Index": make_index,
    "pathlib.PosixPath": _make_path,
    "pathlib.WindowsPath": _make_path,
    "pathlib._local.PosixPath": _make_path,
    "pathlib._local.WindowsPath": _make_path,
    "pyarrow.lib._restore_array": restore_texts,
    "pyarrow.lib.py_buffer": take_buffer,
    "pyarrow.lib.type_for_alias": name_type,
    "sklearn.metrics._dist_metrics.newObj": _new,
    "sklearn.neighbors._ball_tree.newObj": _new,
    "sklearn.neighbors._kd_tree.newObj": _new,
}

# These functions are only called. An object that would store one gets a stand-in, and the function is not imported.
NEVER_HELD = frozenset(name for name in REBUILT if not isinstance(REBUILT[name], type)) - {
    *(
        "builtins.bytearray",
        "builtins.complex",
        "builtins.frozenset",
        "builtins.range",
        "builtins.set",
        "builtins.slice",
    ),
    *("collections.Counter", "collections.OrderedDict", "collections.defaultdict", "numpy.dtype"),
}

__all__ = ["NEVER_HELD", "REBUILT", "BadCall", "BadDtype", "check_dtype", "check_key", "check_shape", "make_tree"]
