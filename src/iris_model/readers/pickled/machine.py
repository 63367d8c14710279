"""Parse the opcodes of a pickle. Subclasses make every decision.

Two subclasses share this parser, so that they cannot interpret a file differently: `pickles` finds what a pickle would
do, `building` executes the allowed part. The stack, the memo and plain values are those of Python's own unpickler.
Every opcode that imports, calls or changes an object calls one of the abstract methods here.
"""

from __future__ import annotations

import io
import pickle
from typing import Any

Value = Any

# How a pickle creates an object: by an opcode, or by the function of `copyreg` in old protocols.
CALLED, CREATED = "called", "created"


class NotAPickle(ValueError):
    """The bytes are not a complete pickle. The message contains the position."""


class Source:
    """A reader of bytes that raises EOFError instead of reading less."""

    def __init__(self, data: bytes) -> None:
        self._file = io.BytesIO(data)
        self._size = len(data)

    def read(self, size: int) -> bytes:
        """Return exactly `size` bytes. Raises EOFError."""
        if size > self._size - self._file.tell():
            raise EOFError(f"{size} bytes reach beyond the end of the file")
        return self._file.read(size)

    def readinto(self, buffer: Any) -> int:
        """Raise an error: the base class requires the method, which would allocate memory before bytes are read."""
        raise EOFError("unexpected read")

    def readline(self) -> bytes:
        """Return a whole line. Raises EOFError."""
        line = self._file.readline()
        if not line.endswith(b"\n"):
            raise EOFError("a line reaches beyond the end of the file")
        return line

    def skip(self, size: int) -> None:
        """Skip `size` bytes. Raises EOFError."""
        if size < 0 or size > self._size - self._file.tell():
            raise EOFError(f"an array of {size} bytes runs over the end of the file")
        self._file.seek(size, io.SEEK_CUR)


# What Python's unpickler or a subclass raises for invalid pickles.
BROKEN = (
    *(
        ValueError,
        IndexError,
        KeyError,
        EOFError,
        OverflowError,
        AttributeError,
        TypeError,
        AssertionError,
        MemoryError,
    ),
    *(pickle.UnpicklingError, RecursionError),
)


# The unpickler in Python: the one in C has no hook for calls. typeshed does not describe its internals.
_PythonUnpickler: Any = pickle._Unpickler


class Machine(_PythonUnpickler):  # type: ignore[misc]
    """Parses one pickle of a source. `load` returns the object of the subclass."""

    dispatch: dict[int, Any] = _PythonUnpickler.dispatch.copy()
    argument_types: tuple[type, ...] = (tuple,)

    def __init__(self, source: Source) -> None:
        super().__init__(source, fix_imports=False)
        self.source = source

    # The decisions.

    def find_class(self, module: str, name: str) -> Value:
        """Return the value of a global."""
        raise NotImplementedError

    def make(self, how: str, maker: Value, arguments: Value, keywords: Value = None) -> Value:
        """Return the result of a call (`how`: CALLED or CREATED)."""
        raise NotImplementedError

    def set_state(self, target: Value, state: Value) -> Value:
        """Set the state of an object, and return its replacement on the stack."""
        raise NotImplementedError

    def extend(self, target: Value, items: list[Value]) -> None:
        """Append to a list."""
        raise NotImplementedError

    def set_items(self, target: Value, flat: list[Value]) -> None:
        """Set the items of a dictionary: key, value, key, value."""
        raise NotImplementedError

    def add_items(self, target: Value, items: list[Value]) -> None:
        """Add to a set."""
        raise NotImplementedError

    def make_frozenset(self, items: list[Value]) -> Value:
        """Return a frozenset."""
        raise NotImplementedError

    def take_bytes(self, data: bytes) -> Value:
        """Return the value for bytes."""
        raise NotImplementedError

    def take_bytearray(self, data: bytes) -> Value:
        """Return the value for a bytearray."""
        raise NotImplementedError

    def ask_extension(self, code: int) -> Value:
        """Return the value of a number in the extension registry."""
        raise NotImplementedError

    # The opcodes. Their names are those of Python's pickletools.

    def _stack_global(self) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        self.append(self.find_class(module, name))

    dispatch[pickle.STACK_GLOBAL[0]] = _stack_global

    def _call(self, how: str, maker: Value, arguments: Value, keywords: Value = None) -> None:
        if not isinstance(arguments, self.argument_types):
            raise TypeError(f"the arguments of a call are not a tuple but a {type(arguments).__name__}")
        self.append(self.make(how, maker, arguments, keywords))

    def _reduce(self) -> None:
        arguments, maker = self.stack.pop(), self.stack.pop()
        self._call(CALLED, maker, arguments)

    dispatch[pickle.REDUCE[0]] = _reduce

    def _newobj(self) -> None:
        arguments, maker = self.stack.pop(), self.stack.pop()
        self._call(CREATED, maker, arguments)

    dispatch[pickle.NEWOBJ[0]] = _newobj

    def _newobj_ex(self) -> None:
        keywords, arguments, maker = self.stack.pop(), self.stack.pop(), self.stack.pop()
        self._call(CREATED, maker, arguments, keywords)

    dispatch[pickle.NEWOBJ_EX[0]] = _newobj_ex

    def _inst(self) -> None:
        module, name = (self.readline()[:-1].decode("ascii") for _ in range(2))
        self._instantiate(self.find_class(module, name), self.pop_mark())

    dispatch[pickle.INST[0]] = _inst

    def _obj(self) -> None:
        maker, *arguments = self.pop_mark()
        self._instantiate(maker, arguments)

    dispatch[pickle.OBJ[0]] = _obj

    def _instantiate(self, maker: Value, arguments: list[Value]) -> None:
        # As in Python 2: a class is created if there are no arguments, otherwise called.
        self.append(self.make(CALLED if arguments else CREATED, maker, tuple(arguments)))

    def _build(self) -> None:
        state = self.stack.pop()
        self.stack[-1] = self.set_state(self.stack[-1], state)

    dispatch[pickle.BUILD[0]] = _build

    def _append_one(self) -> None:
        item = self.stack.pop()
        self.extend(self.stack[-1], [item])

    dispatch[pickle.APPEND[0]] = _append_one

    def _append_many(self) -> None:
        items = self.pop_mark()
        self.extend(self.stack[-1], items)

    dispatch[pickle.APPENDS[0]] = _append_many

    def _set_one(self) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self.set_items(self.stack[-1], [key, value])

    dispatch[pickle.SETITEM[0]] = _set_one

    def _set_many(self) -> None:
        flat = self.pop_mark()
        self.set_items(self.stack[-1], flat)

    dispatch[pickle.SETITEMS[0]] = _set_many

    def _dictionary(self) -> None:
        flat = self.pop_mark()
        self.append({})
        self.set_items(self.stack[-1], flat)

    dispatch[pickle.DICT[0]] = _dictionary

    def _add_many(self) -> None:
        items = self.pop_mark()
        self.add_items(self.stack[-1], items)

    dispatch[pickle.ADDITEMS[0]] = _add_many

    def _frozen_set(self) -> None:
        self.append(self.make_frozenset(self.pop_mark()))

    dispatch[pickle.FROZENSET[0]] = _frozen_set

    def _short_bytes(self) -> None:
        self.append(self.take_bytes(self.read(self.read(1)[0])))

    dispatch[pickle.SHORT_BINBYTES[0]] = _short_bytes

    def _four_bytes(self) -> None:
        self.append(self.take_bytes(self.read(int.from_bytes(self.read(4), "little"))))

    dispatch[pickle.BINBYTES[0]] = _four_bytes

    def _eight_bytes(self) -> None:
        self.append(self.take_bytes(self.read(int.from_bytes(self.read(8), "little"))))

    dispatch[pickle.BINBYTES8[0]] = _eight_bytes

    def _byte_array(self) -> None:
        self.append(self.take_bytearray(self.read(int.from_bytes(self.read(8), "little"))))

    dispatch[pickle.BYTEARRAY8[0]] = _byte_array

    def get_extension(self, code: int) -> None:
        """Handle the three opcodes of the extension registry. Python's unpickler calls it."""
        self.append(self.ask_extension(code))

    def persistent_load(self, pid: Value) -> Value:
        """Handle the two opcodes of persistent ids. Python's unpickler calls it."""
        return self.find_class("pickle", "persistent id")

    def between_frames(self) -> Source:
        """Return the source, to read bytes between two opcodes: joblib writes arrays where a frame ends."""
        frame = self._unframer.current_frame
        if frame is not None and frame.read(1):
            raise NotAPickle("the bytes of an array lie inside a frame")
        self._unframer.current_frame = None
        return self.source
