"""Loads joblib files: pickles with the bytes of arrays between their opcodes."""

from __future__ import annotations

import inspect
import io
from collections.abc import Callable
from typing import Any

from joblib.numpy_pickle import NumpyUnpickler

Built = Any
FindClass = Callable[[str, str], Any]


class _Unpickler(NumpyUnpickler):  # type: ignore[misc]  # joblib has no types
    def __init__(self, file: io.BytesIO, find_class: FindClass) -> None:
        options: dict[str, Any] = {}
        if "ensure_native_byte_order" in inspect.signature(NumpyUnpickler.__init__).parameters:  # since joblib 1.5
            options["ensure_native_byte_order"] = True
        super().__init__("", file, **options)
        self._find_class = find_class

    def find_class(self, module: str, name: str) -> Built:
        return self._find_class(module, name)


def load(data: bytes, find_class: FindClass) -> Built:
    """Build the object of uncompressed joblib bytes, asking `find_class` for every global."""
    return _Unpickler(io.BytesIO(data), find_class).load()
