"""Reads what a pickle would do, without doing it.

In: the bytes of a pickle, or of a joblib file (a pickle with the bytes of arrays between its opcodes). Out: every
global it names, the library versions written in it, and the class of the object it would make. Nothing is imported or
called: the opcodes move plain values over a stack as the unpickler would, with stand-ins for objects.
"""

from __future__ import annotations

import math
import pickletools
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from iris_model.errors import ModelFileError

from .compressed import inflate
from .libraries import LIBRARIES
from .names import public_name

WRAPPER = ("joblib.numpy_pickle", "NumpyArrayWrapper")

VERSION_KEYS = {library.version_key: library.distribution for library in LIBRARIES.values() if library.version_key}


@dataclass(frozen=True)
class PickleScan:
    """What a pickle names. `class_name` is the public name of what makes the outermost object, if known."""

    globals: tuple[tuple[str, str], ...]
    versions: dict[str, tuple[str, ...]]
    class_name: str | None

    @property
    def is_joblib(self) -> bool:
        """Whether the bytes of arrays lie between the opcodes, so that only joblib can load it."""
        return WRAPPER in self.globals


class NotAPickle(ValueError):
    """The bytes are not a whole pickle; the message says where reading stopped."""


@dataclass
class _Global:
    module: str
    name: str


@dataclass
class _Made:
    """An object that the unpickler would have made by calling `maker`."""

    maker: Any
    arguments: Any
    state: Any = None


@dataclass
class _Machine:
    """The unpickler's stack and memo, holding plain values and stand-ins. `None` stands for what need not be known."""

    stack: list[Any] = field(default_factory=list)
    memo: dict[object, Any] = field(default_factory=dict)
    globals: dict[tuple[str, str], None] = field(default_factory=dict)
    versions: dict[str, dict[str, None]] = field(default_factory=dict)

    def pop_to_mark(self) -> list[Any]:
        items = []
        while (item := self.stack.pop()) is not _MARK:
            items.append(item)
        return items[::-1]

    def name(self, module: object, name: object) -> _Global:
        if not isinstance(module, str) or not isinstance(name, str):
            # Only a pickle made by hand computes the name of a global. Reported under a name that nothing trusts.
            module, name = "?", "computed while unpickling"
        self.globals[module, name] = None
        return _Global(module, name)

    def set_items(self, target: object, flat: list[Any]) -> None:
        for key, value in zip(flat[::2], flat[1::2], strict=True):
            if not isinstance(key, str):
                continue
            if isinstance(target, dict):
                target[key] = value
            if key in VERSION_KEYS and isinstance(value, str):
                self.versions.setdefault(VERSION_KEYS[key], {})[value] = None


_MARK = object()
_MEMO_READS = {"GET", "BINGET", "LONG_BINGET"}
_MEMO_WRITES = {"PUT", "BINPUT", "LONG_BINPUT"}
_EXTENSIONS = {"EXT1", "EXT2", "EXT4"}
_PERSISTENT = {"PERSID", "BINPERSID"}


def scan_pickle(path: str | Path) -> PickleScan:
    """Scan the pickle, joblib or skops file at `path`; ModelFileError if it is not one."""
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelFileError(f"cannot read {path}: {error.strerror or error}", remedy="Check the path.") from None
    from . import skops

    try:
        return skops.scan(data) if path.suffix.lower() == ".skops" else scan_bytes(inflate(data))
    except (NotAPickle, skops.NotSkops) as error:
        kind = "skops file" if isinstance(error, skops.NotSkops) else "whole pickle"
        raise ModelFileError(
            f"{path} is not a {kind}: {error}",
            remedy="Save the fitted model again with pickle.dump or joblib.dump, and copy it in binary mode.",
        ) from None


def scan_bytes(data: bytes) -> PickleScan:
    """Scan uncompressed bytes; NotAPickle says what is wrong with them."""
    machine = _Machine()
    try:
        made = _run(BytesIO(data), machine)
    except NotAPickle:
        raise
    except (ValueError, IndexError, KeyError, EOFError, UnicodeDecodeError, OverflowError) as error:
        raise NotAPickle(str(error) or type(error).__name__) from None
    versions = {library: tuple(found) for library, found in machine.versions.items()}
    return PickleScan(tuple(machine.globals), versions, _class_name(made))


def _run(file: BytesIO, machine: _Machine) -> object:
    """Follow one pickle to its end and return the stand-in of what it makes. The file is left behind its last byte."""
    stack, memo = machine.stack, machine.memo
    for opcode, argument, _position in pickletools.genops(file):
        name = opcode.name
        if name == "STOP":
            return stack.pop()
        if name == "MARK":
            stack.append(_MARK)
        elif name == "MEMOIZE":
            memo[len(memo)] = stack[-1]
        elif name in _MEMO_WRITES:
            memo[argument] = stack[-1]
        elif name in _MEMO_READS:
            stack.append(memo[argument])
        elif name == "DUP":
            stack.append(stack[-1])
        elif name == "GLOBAL":
            stack.append(machine.name(*str(argument).split(" ", 1)))
        elif name == "STACK_GLOBAL":
            attribute, module = stack.pop(), stack.pop()
            stack.append(machine.name(module, attribute))
        elif name == "INST":
            stack.append(_Made(machine.name(*str(argument).split(" ", 1)), machine.pop_to_mark()))
        elif name == "OBJ":
            maker, *arguments = machine.pop_to_mark()
            stack.append(_Made(maker, arguments))
        elif name in _EXTENSIONS:
            stack.append(machine.name("copyreg", f"extension {argument}"))
        elif name in _PERSISTENT:
            _pop(opcode, machine)
            stack.append(machine.name("pickle", "persistent id"))
        elif name in ("REDUCE", "NEWOBJ"):
            arguments, maker = stack.pop(), stack.pop()
            stack.append(_Made(maker, arguments))
        elif name == "NEWOBJ_EX":
            _keywords, arguments, maker = stack.pop(), stack.pop(), stack.pop()
            stack.append(_Made(maker, arguments))
        elif name == "BUILD":
            state = stack.pop()
            if isinstance(stack[-1], _Made):
                stack[-1].state = state
                if _made_class(stack[-1]) == WRAPPER:
                    _skip_array(file, state, machine)
        elif name == "EMPTY_DICT":
            stack.append({})
        elif name == "DICT":
            flat = machine.pop_to_mark()
            stack.append({})
            machine.set_items(stack[-1], flat)
        elif name == "SETITEM":
            value, key = stack.pop(), stack.pop()
            machine.set_items(stack[-1], [key, value])
        elif name == "SETITEMS":
            flat = machine.pop_to_mark()
            machine.set_items(stack[-1], flat)
        elif name == "TUPLE":
            stack.append(tuple(machine.pop_to_mark()))
        elif name in ("TUPLE1", "TUPLE2", "TUPLE3"):
            count = int(name[-1])
            items = tuple(stack[-count:])
            del stack[-count:]
            stack.append(items)
        else:
            _pop(opcode, machine)
            # A constant is kept if it can be part of a name or a shape; the bytes of arrays are not.
            kept = argument if isinstance(argument, (str, int)) and not opcode.stack_before else None
            stack.extend(kept for _ in opcode.stack_after)
    raise NotAPickle("it ends without a STOP opcode")


def _pop(opcode: pickletools.OpcodeInfo, machine: _Machine) -> None:
    """Take from the stack what pickletools says this opcode takes."""
    takes = list(opcode.stack_before)
    while takes:
        if takes.pop() is pickletools.stackslice:
            machine.pop_to_mark()
            takes.pop()
        else:
            machine.stack.pop()


def _skip_array(file: BytesIO, state: dict[str, Any], machine: _Machine) -> None:
    """Step over an array's bytes, which joblib writes right behind its wrapper (NumpyArrayWrapper.read_array)."""
    shape, dtype = state["shape"], state["dtype"]
    code = dtype.arguments[0]
    if "O" in code:
        # An array of objects is one more pickle of its own, with its own stack and memo.
        inner = _Machine(globals=machine.globals, versions=machine.versions)
        _run(file, inner)
        return
    if state.get("numpy_array_alignment_bytes") is not None:
        file.seek(file.read(1)[0], 1)
    length = math.prod(shape) * np.dtype(code).itemsize
    if file.tell() + length > len(file.getbuffer()):
        raise NotAPickle(f"an array of {length} bytes runs over the end of the file")
    file.seek(length, 1)


def _made_class(made: _Made) -> tuple[str, str] | None:
    """The class a stand-in is of: what was called, or what `copyreg._reconstructor` and `__newobj__` were given."""
    maker = made.maker
    if isinstance(maker, _Global) and maker.module in ("copyreg", "copy_reg") and made.arguments:
        maker = made.arguments[0]
    return (maker.module, maker.name) if isinstance(maker, _Global) else None


def _class_name(made: object) -> str | None:
    found = _made_class(made) if isinstance(made, _Made) else None
    return public_name(*found) if found else None
