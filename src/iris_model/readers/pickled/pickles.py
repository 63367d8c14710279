"""Find the effects of a pickle without executing it.

Reads a pickle or a joblib file (a pickle with the bytes of arrays between its opcodes). Finds every global, every call
that no model needs, the library versions, and the class of the object. Nothing is imported or called: stand-ins replace
objects.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from iris_model.readers.names import public_name

from .booster_versions import find_lightgbm_version, find_xgboost_version
from .calls import judge_call, judge_methods, judge_state
from .dtypes import BadDtype, is_objects, make_dtype, with_state
from .machine import BROKEN, Machine, NotAPickle, Source
from .scan import VERSION_KEYS, WRAPPER, PickleScan
from .trusted import is_irrelevant, plain_name
from .versions import is_written

# The library version is within this many bytes of either end of a value.
_SHOWN_BYTES = 1 << 15
_SHORT_BYTES = 64


@dataclass(eq=False)
class Named:
    """Stands for a global."""

    module: str
    name: str
    called_for_method: bool = False

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass(eq=False)
class Made:
    """Stands for an object that calling `maker` would create."""

    maker: Any
    arguments: Any
    state: Any = None


@dataclass(eq=False)
class Blob:
    """Stands for bytes: their length and their two ends."""

    size: int
    head: bytes
    tail: bytes


@dataclass(eq=False)
class _Group:
    """Stands for a set."""


@dataclass
class _Findings:
    """The names in a file and in the pickles of its arrays."""

    globals: dict[tuple[str, str], None] = field(default_factory=dict)
    versions: dict[str, dict[str, None]] = field(default_factory=dict)
    calls: dict[tuple[str, str], None] = field(default_factory=dict)
    getters: list[Named] = field(default_factory=list)


def scan_bytes(data: bytes) -> PickleScan:
    """Scan uncompressed bytes. Raises NotAPickle."""
    findings = _Findings()
    made = _scan(Source(data), findings)
    for getter in findings.getters:
        if not getter.called_for_method:
            findings.globals[getter.module, getter.name] = None
    versions = {library: tuple(found) for library, found in findings.versions.items()}
    return PickleScan(tuple(findings.globals), versions, _class_name(made), tuple(findings.calls))


def _scan(source: Source, findings: _Findings) -> Any:
    try:
        return _Scanner(source, findings).load()
    except NotAPickle:
        raise
    except BROKEN as error:
        raise NotAPickle(_say(error)) from None


def _say(error: Exception) -> str:
    if isinstance(error, KeyError) and isinstance(error.args[0], int):
        return f"{error.args[0]:#04x} is not an opcode"
    return (str(error) or "it is truncated")[:300]


class _Scanner(Machine):
    argument_types = (tuple, Made)

    def __init__(self, source: Source, findings: _Findings) -> None:
        super().__init__(source)
        self.findings = findings

    def find_class(self, module: Any, name: Any) -> Any:
        if not isinstance(module, str) or not isinstance(name, str):
            # Only a manipulated pickle computes the name of a global. It is reported under a name that is never
            # trusted.
            module, name = "?", "computed while unpickling"
        named = Named(module, name)
        if plain_name(str(named)) == "builtins.getattr":
            self.findings.getters.append(named)  # refused by its name, unless it is called for a method of a plain type
        else:
            self.findings.globals[module, name] = None
        return named

    def make(self, how: str, maker: Any, arguments: Any, keywords: Any = None) -> Any:
        if isinstance(maker, Named) and (maker.module, maker.name) == ("numpy", "dtype"):
            with _reporting(self.findings, "numpy.dtype"):
                return make_dtype(*arguments)
            return Made(maker, arguments)
        if isinstance(maker, Named) and (maker.module, maker.name) == ("_codecs", "encode"):
            text = arguments[0] if arguments else ""
            return self.take_bytes(text.encode("latin-1")) if isinstance(text, str) else Made(maker, arguments)
        if (
            isinstance(maker, Named)
            and maker.name == "bytearray"
            and arguments
            and isinstance(arguments[0], (Blob, bytes))
        ):
            return arguments[0]
        name = str(maker) if isinstance(maker, Named) else None
        if refusal := judge_call(how, name, arguments, keywords, _name_of):
            self.findings.calls[refusal.name, refusal.problem] = None
        elif isinstance(maker, Named):
            maker.called_for_method = True
        return Made(maker, arguments)

    def set_state(self, target: Any, state: Any) -> Any:
        if isinstance(target, np.dtype):
            with _reporting(self.findings, "numpy.dtype"):
                new = with_state(target, state)
                # In place, because the memo already has it.
                target.__setstate__(new.__reduce__()[2])  # type: ignore[attr-defined]
            return target
        if not isinstance(target, Made):
            name = str(target) if isinstance(target, Named) else "?"
            self.findings.calls[name, judge_state(name if isinstance(target, Named) else type(target).__name__)] = None
            return target
        target.state = state
        made = _made_class(target)
        if made == WRAPPER:
            self._skip_array(state)
        elif isinstance(state, dict) and made is not None:
            if problem := judge_methods(state, whole=False):
                self.findings.calls[".".join(made), problem] = None
            self._find_booster_version(made, state)
        return target

    def extend(self, target: Any, items: list[Any]) -> None:
        if isinstance(target, list):
            target.extend(items)
        elif not isinstance(target, Made):
            raise TypeError(f"appends to a {type(target).__name__}")

    def set_items(self, target: Any, flat: list[Any]) -> None:
        if isinstance(target, Named):
            self.findings.calls[str(target), f"sets items of {target}"] = None
        elif not isinstance(target, (dict, Made)):
            raise TypeError(f"sets items of a {type(target).__name__}")
        for key, value in zip(flat[::2], flat[1::2], strict=True):
            if not isinstance(key, str):
                continue
            if isinstance(target, dict):
                target[key] = value
            if key in VERSION_KEYS and isinstance(value, str) and is_written(value):
                self._add_version(VERSION_KEYS[key], value)

    def add_items(self, target: Any, items: list[Any]) -> None:
        if not isinstance(target, (set, _Group)):
            raise TypeError(f"adds items to a {type(target).__name__}")

    def make_frozenset(self, items: list[Any]) -> Any:
        return _Group()

    def take_bytes(self, data: bytes) -> Any:
        if len(data) <= _SHORT_BYTES:
            return data  # perhaps part of a dtype or a name
        return Blob(len(data), data[:_SHOWN_BYTES], data[-_SHOWN_BYTES:])

    take_bytearray = take_bytes

    def ask_extension(self, code: int) -> Any:
        return self.find_class("copyreg", f"extension {code}")

    def _add_version(self, distribution: str, version: str) -> None:
        self.findings.versions.setdefault(distribution, {})[version] = None

    def _find_booster_version(self, made: tuple[str, str], state: dict[Any, Any]) -> None:
        """Find the version of a booster in its serialized bytes: it has no attribute for it."""
        handle = state.get("handle", state.get("_handle"))
        if made == ("xgboost.core", "Booster") and isinstance(handle, Blob):
            if found := find_xgboost_version(handle.head, handle.tail):
                self._add_version("xgboost", found)
        elif made[0] == "lightgbm.sklearn" and isinstance(booster := state.get("_Booster"), Made):
            inner = booster.state if isinstance(booster.state, dict) else {}
            text = inner.get("handle", inner.get("_handle"))
            if isinstance(text, str) and (found := find_lightgbm_version(text, set(map(str, state)))):
                self._add_version("lightgbm", found)

    def _skip_array(self, state: dict[str, Any]) -> None:
        """Skip an array's bytes, which joblib writes after its wrapper (NumpyArrayWrapper.read_array)."""
        source = self.between_frames()
        shape, dtype = state["shape"], state["dtype"]
        if not isinstance(dtype, np.dtype):
            raise NotAPickle("an array has no type of its cells")
        if is_objects(dtype):
            # An array of objects is a separate pickle with its own stack and memo.
            _scan(source, self.findings)
            return
        if state.get("numpy_array_alignment_bytes") is not None:
            source.skip(source.read(1)[0])
        source.skip(math.prod(shape) * dtype.itemsize)


class _reporting:
    """Reports a refused dtype as a refused call."""

    def __init__(self, findings: _Findings, name: str) -> None:
        self.findings, self.name = findings, name

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, _trace: Any) -> bool:
        if isinstance(error, (BadDtype, TypeError)):
            self.findings.calls[self.name, f"describes a type of arrays that is not read: {error}"] = None
            return True
        return False


def _name_of(value: Any) -> str | None:
    if isinstance(value, Made) and isinstance(value.maker, Named) and is_irrelevant(str(value.maker)):
        return str(value.maker)
    return str(value) if isinstance(value, Named) else None


def _made_class(made: Made) -> tuple[str, str] | None:
    """Return the class of a stand-in: the callable, or the class given to `copyreg._reconstructor` or `__newobj__`."""
    maker = made.maker
    if (
        isinstance(maker, Named)
        and maker.module in ("copyreg", "copy_reg")
        and isinstance(made.arguments, tuple)
        and made.arguments
    ):
        maker = made.arguments[0]
    return (maker.module, maker.name) if isinstance(maker, Named) else None


def _class_name(made: object) -> str | None:
    found = _made_class(made) if isinstance(made, Made) else None
    return public_name(*found) if found else None
