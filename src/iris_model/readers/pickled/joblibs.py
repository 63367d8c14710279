"""Read the arrays of joblib files: a wrapper between two opcodes, followed by the bytes.

joblib itself is not used: up to version 1.5 it unpickles arrays of objects without checking that inner pickle.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .dtypes import is_objects
from .machine import Source
from .rebuilding import BadCall, check_dtype, check_shape


class ArrayWrapper:
    """The attributes of `joblib.numpy_pickle.NumpyArrayWrapper` for the array that follows."""

    REPLACES = ("joblib.numpy_pickle", "NumpyArrayWrapper")

    def take(self, state: Any) -> None:
        """Take the attributes of joblib's wrapper after checking each."""
        if not isinstance(state, dict):
            raise BadCall("the description of a joblib array does not have the form that joblib writes")
        self.subclass = state.get("subclass", np.ndarray)
        self.dtype = check_dtype(state.get("dtype"), objects=True)
        self.shape = check_shape(state.get("shape"))
        self.fortran = state.get("order") == "F"
        self.aligned = state.get("numpy_array_alignment_bytes") is not None
        if self.subclass not in (np.ndarray, np.matrix, np.memmap):
            raise BadCall("a joblib array has a class that is not an array class of numpy")


def read_array(wrapper: ArrayWrapper, source: Source, load: Callable[[Source], Any]) -> np.ndarray[Any, Any]:
    """Read the array after its wrapper, in this machine's byte order. `load` reads the pickle of an array of objects."""
    if is_objects(wrapper.dtype):
        made = load(source)
        if not isinstance(made, np.ndarray) or not is_objects(made.dtype):
            raise BadCall("the pickle of an object array contains another value")
        return made
    if wrapper.aligned:
        source.read(source.read(1)[0])
    count = int(np.prod(wrapper.shape, dtype=object)) if wrapper.shape else 1
    data = bytearray(source.read(count * wrapper.dtype.itemsize))
    flat = np.frombuffer(data, wrapper.dtype, count) if data else np.empty(count, wrapper.dtype)
    array = flat.reshape(wrapper.shape[::-1]).T if wrapper.fortran else flat.reshape(wrapper.shape)
    if not array.dtype.isnative:
        array = array.byteswap().view(array.dtype.newbyteorder("="))
    return array.view(np.matrix) if wrapper.subclass is np.matrix else array
