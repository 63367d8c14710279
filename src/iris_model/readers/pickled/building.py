"""Build the object of a pickle that was checked. Each call is checked again, with the real objects.

`copyreg` and the classes' own `__reduce__` are not trusted: classes are created by `__new__` without arguments, plain
data is rebuilt by `rebuilding`, and only objects that this pickle created get a state.
"""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from iris_model.errors import UntrustedModel

from .calls import CLASSES_NEVER_HELD, METHOD_ATTRIBUTES, OF_NUMBERS, TUPLES, judge_call, judge_methods, judge_state
from .dtypes import with_state
from .indexes import REPLACED, TEXTS, Texts
from .joblibs import ArrayWrapper, read_array
from .machine import CALLED, CREATED, Machine, Source
from .rebuilding import NEVER_HELD, REBUILT, BadCall, check_dtype, check_key, check_shape, make_tree
from .trusted import is_created, is_given, is_irrelevant, plain_name

FindClass = Callable[[str, str], Any]


class RefusedCall(Exception):
    """The pickle makes a call that no model needs. `name` is the name that is called."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(problem)
        self.name = name


class Irrelevant:
    """Replaces an object that no prediction needs, such as a training callback."""

    def __init__(self, name: str = "") -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"<{self.name}, which predictions do not need>"

    def __call__(self, *_arguments: Any, **_keywords: Any) -> Any:
        """Refuse the call, because a prediction needs the replaced object."""
        raise UntrustedModel(
            f"the model calls {self.name}, which was not loaded because it is not a known library",
            remedy=f"Trust the name if you created this file: --trust {self.name}",
        )


class _Function:
    """Replaces a function that a pickle calls and that no object needs to keep."""


class _Class:
    """Replaces a class that is the argument of a call and that no object needs to keep."""

    def __init__(self, of: type) -> None:
        self.of = of


def _reveal(value: Any) -> Any:
    return value.of if type(value) is _Class else value


def build(data: bytes, find_class: FindClass, trust: Sequence[str]) -> Any:
    """Build the object from the uncompressed bytes of a pickle or a joblib file. Raises RefusedCall and NotAPickle.

    `find_class`: returns the object for a module and a name. `trust`: names that the user trusts.
    """
    builder = _Builder(Source(data), find_class, trust)
    made = builder.load()
    builder.check_methods()
    return made


class _Builder(Machine):
    def __init__(self, source: Source, find_class: FindClass, trust: Sequence[str]) -> None:
        super().__init__(source)
        self._find = find_class
        self._trust = trust
        # The globals that were found and the objects that were created, by `id`. They are kept alive, so that no other
        # object gets the same id.
        self._names: dict[int, tuple[str, Any]] = {}
        self._users: dict[int, Any] = {}
        # Objects whose attributes are names of methods. The pickle may extend such a list after the object has it.
        self._choosing: list[Any] = []

    def find_class(self, module: Any, name: Any) -> Any:
        if not isinstance(module, str) or not isinstance(name, str):
            raise RefusedCall("?", "computes the name of a global")
        if is_irrelevant(f"{module}.{name}") and not is_given(f"{module}.{name}", self._trust):
            found: Any = functools.partial(Irrelevant, f"{module}.{name}")
        elif (module, name) == ArrayWrapper.REPLACES:
            found = ArrayWrapper
        elif f"{module}.{name}" in REPLACED and not is_given(f"{module}.{name}", self._trust):
            found = REPLACED[f"{module}.{name}"]
        elif f"{module}.{name}" in TEXTS and not is_given(f"{module}.{name}", self._trust):
            found = Texts
        elif plain_name(f"{module}.{name}") in NEVER_HELD and not is_given(f"{module}.{name}", self._trust):
            found = _Function()
        elif plain_name(f"{module}.{name}") in CLASSES_NEVER_HELD and not is_given(f"{module}.{name}", self._trust):
            found = _Class(self._find(module, name))
        else:
            found = self._find(module, name)
        self._names[id(found)] = (f"{module}.{name}", found)
        return found

    def _name_of(self, value: Any) -> str | None:
        if isinstance(value, Irrelevant):
            return value.name
        named = self._names.get(id(value))
        return named[0] if named else None

    def make(self, how: str, maker: Any, arguments: Any, keywords: Any = None) -> Any:
        name = self._name_of(maker)
        if name is not None and self._is_users(name, arguments):
            return self._make_users(how, maker, arguments, keywords or {})
        if refusal := judge_call(how, name, arguments, keywords, self._name_of):
            raise RefusedCall(refusal.name, refusal.problem)
        assert name is not None
        name = plain_name(name)
        if is_irrelevant(name):
            return maker()
        maker = _reveal(maker)
        given = self._name_of(arguments[0]) or "" if arguments else ""
        if name != "functools.partial":  # functools.partial would keep it
            arguments = tuple(map(_reveal, arguments))
        if name == "sklearn.tree._tree.Tree" and how == CALLED:
            return make_tree(maker, *arguments)
        if name in TUPLES:
            return tuple.__new__(maker, arguments)
        if arguments and name.rpartition(".")[0] in OF_NUMBERS:
            return maker(*arguments)
        if name in REBUILT and (how != CREATED or not is_created(name)):
            if name != "functools.partial" and is_irrelevant(given):
                return Irrelevant(given)
            return REBUILT[name](*arguments)
        if "__pyx_unpickle_" in name:
            return maker(*arguments)
        return maker.__new__(maker)

    def _is_users(self, name: str, arguments: Any) -> bool:
        """Whether the user trusts the callable, or the class that a function of copyreg creates."""
        if name.endswith((".__newobj__", "._reconstructor", ".__newobj_ex__")) and arguments:
            name = self._name_of(arguments[0]) or name
        return is_given(name, self._trust)

    def _make_users(self, how: str, maker: Any, arguments: Any, keywords: dict[str, Any]) -> Any:
        arguments = tuple(map(_reveal, arguments))
        made = maker.__new__(maker, *arguments, **keywords) if how == CREATED else maker(*arguments)
        self._users[id(made)] = made
        return made

    def set_state(self, target: Any, state: Any) -> Any:
        if id(target) in self._users:
            if isinstance(state, dict):
                state = {key: _reveal(value) for key, value in state.items()}
            _set_any_state(target, state)
            return target
        if type(target) is ArrayWrapper:
            target.take({key: _reveal(value) for key, value in state.items()} if isinstance(state, dict) else state)
            return read_array(target, self.between_frames(), self._load_inner)
        if type(target) is Texts:
            target.take(state)
            return target
        if isinstance(target, np.dtype):
            # In place, because the memo already has it. The state is numpy's own, for the type that was checked.
            target.__setstate__(with_state(target, state).__reduce__()[2])  # type: ignore[attr-defined]
        elif isinstance(target, np.ndarray):
            _set_array(target, state)
        elif isinstance(target, functools.partial):
            _set_partial(target, state)
        elif isinstance(target, (np.random.RandomState, np.random.BitGenerator, np.random.Generator)):
            _set_random(target, state)
        elif isinstance(target, Irrelevant):
            pass
        elif is_created(f"{type(target).__module__}.{type(target).__qualname__}"):
            _set_created(target, state)
            if METHOD_ATTRIBUTES & getattr(target, "__dict__", {}).keys():
                self._choosing.append(target)
        else:
            raise RefusedCall("?", judge_state(f"a {type(target).__name__}"))
        return target

    def check_methods(self) -> None:
        """Refuse objects that would call a method that the file chooses.

        Called at the end, when all objects are final.
        """
        for target in self._choosing:
            if problem := judge_methods(vars(target)):
                raise RefusedCall(f"{type(target).__module__}.{type(target).__qualname__}", problem)

    def _load_inner(self, source: Source) -> Any:
        inner = _Builder(source, self._find, self._trust)
        made = inner.load()
        inner.check_methods()
        return made

    def extend(self, target: Any, items: list[Any]) -> None:
        if id(target) not in self._users and not isinstance(target, (list, deque, Irrelevant)):
            raise RefusedCall("?", f"appends to a {type(target).__name__}")
        if not isinstance(target, Irrelevant):
            target.extend(items)

    def set_items(self, target: Any, flat: list[Any]) -> None:
        if isinstance(target, Irrelevant):
            return
        if id(target) not in self._users and not isinstance(target, dict):
            raise RefusedCall("?", f"sets items of a {type(target).__name__}")
        for key, value in zip(flat[::2], flat[1::2], strict=True):
            if type(key) is not str:
                check_key(key)
            target[key] = value

    def add_items(self, target: Any, items: list[Any]) -> None:
        if id(target) not in self._users and not isinstance(target, set):
            raise RefusedCall("?", f"adds items to a {type(target).__name__}")
        for item in items:
            check_key(item)
            target.add(item)

    def make_frozenset(self, items: list[Any]) -> Any:
        for item in items:
            check_key(item)
        return frozenset(items)

    def take_bytes(self, data: bytes) -> Any:
        return data

    def take_bytearray(self, data: bytes) -> Any:
        return bytearray(data)

    def ask_extension(self, code: int) -> Any:
        raise RefusedCall("copyreg", f"names number {code} of copyreg's extension registry")


def _set_any_state(target: Any, state: Any) -> None:
    """Set the state as Python's unpickler does, for names that the user trusts."""
    own = getattr(target, "__setstate__", None)
    if own is not None:
        own(state)
        return
    slots = None
    if isinstance(state, tuple) and len(state) == 2:
        state, slots = state
    if state:
        target.__dict__.update(state)
    for name, value in (slots or {}).items():
        setattr(target, name, value)


def _set_created(target: Any, state: Any) -> None:
    """Set the state of an estimator or a part of one: a dict of attributes, or the state of a Cython class."""
    own = getattr(type(target), "__setstate__", None)
    if isinstance(state, dict):
        if not all(type(name) is str for name in state):
            raise BadCall(f"the state of a {type(target).__name__} has names that are not strings")
    elif own is None or not (type(target).__module__ in _STATES_OF_TUPLES or _is_state_of_numbers(target, state)):
        raise BadCall(f"the state of a {type(target).__name__} is a {type(state).__name__}")
    if own is not None:
        own(target, state)
    else:
        target.__dict__.update(state)


def _is_state_of_numbers(target: Any, state: Any) -> bool:
    """Whether it is the state of a Cython loss: a tuple of numbers, often empty, in scikit-learn 1.5 to 1.8."""
    numbers = isinstance(state, tuple) and all(type(part) in (int, float) for part in state)
    return numbers and type(target).__module__ in OF_NUMBERS


# Cython classes with tuples as state.
_STATES_OF_TUPLES = ("sklearn.metrics._dist_metrics", "sklearn.neighbors._ball_tree", "sklearn.neighbors._kd_tree")


def _set_array(target: Any, state: Any) -> None:
    if not isinstance(state, tuple) or not 5 <= len(state) <= 7:
        raise BadCall("the state of an array does not have the form that numpy writes")
    masked = isinstance(target, np.ma.MaskedArray)
    if (len(state) == 7) != masked:
        raise BadCall("the state of an array does not have the form that numpy writes")
    version, shape, dtype, fortran, cells, *mask = state
    sizes, kind = check_shape(shape), check_dtype(dtype, objects=True)
    count = int(np.prod(sizes, dtype=object)) if sizes else 1
    if kind.hasobject:
        if type(cells) is not list or len(cells) != count:
            raise BadCall("the number of cells of an array does not match its shape")
    elif not isinstance(cells, (bytes, bytearray)) or len(cells) != count * kind.itemsize:
        raise BadCall("the number of bytes of an array does not match its shape and type")
    if masked:
        if kind.names is not None or not isinstance(mask[0], (bytes, bytearray)) or len(mask[0]) != count:
            raise BadCall("the mask of an array does not have the form that numpy writes")
        target.__setstate__((version, sizes, kind, bool(fortran), cells, mask[0], mask[1]))
    else:
        np.ndarray.__setstate__(target, (1, sizes, kind, bool(fortran), cells))  # type: ignore[arg-type]


def _set_partial(target: functools.partial[Any], state: Any) -> None:
    match state:
        case (function, tuple(), dict() | None, dict() | None) if function is target.func:
            target.__setstate__(state)  # type: ignore[attr-defined]
        case _:
            raise BadCall("the state of a partial does not have the form that functools writes")


def _set_random(target: Any, state: Any) -> None:
    if isinstance(state, tuple) and state:
        # Since numpy 2: the state, and its seed sequence, which is no longer used.
        state = state[0]
    if not isinstance(state, dict):
        raise BadCall("a random state does not have the form that numpy writes")
    inner = state.get("state")
    position = inner.get("pos", 0) if isinstance(inner, dict) else 0
    if type(position) is not int or not 0 <= position <= 624:
        raise BadCall("a random state does not have the form that numpy writes")
    if isinstance(target, np.random.BitGenerator):
        target.state = state
    elif isinstance(target, np.random.RandomState):
        target.set_state(state)
    else:
        target.bit_generator.state = state
