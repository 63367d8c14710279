"""Which calls a pickle may make.

A name that is harmless as a value may be harmful to call, so calls are checked too. Classes of estimators and their
parts are only created without arguments and given a state. Functions are called only if they rebuild plain
data, and each of these has its own checks (`rebuilding`). Every other call is refused by name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .machine import CREATED
from .trusted import is_created, is_irrelevant, plain_name

# Functions that rebuild data, with their minimum and maximum number of arguments. `rebuilding.REBUILT` implements each.
COUNTS: dict[str, tuple[int, int]] = {
    "_codecs.encode": (2, 2),
    "builtins.bytearray": (0, 2),
    "builtins.bytes": (0, 0),
    "builtins.complex": (1, 2),
    "builtins.frozenset": (0, 1),
    "builtins.getattr": (2, 2),
    "builtins.range": (1, 3),
    "builtins.set": (0, 1),
    "builtins.slice": (1, 3),
    "collections.Counter": (0, 1),
    "collections.OrderedDict": (0, 1),
    "collections.defaultdict": (0, 1),
    "copyreg.__newobj__": (1, 1),
    "copyreg._reconstructor": (3, 3),
    "functools.partial": (1, 1),
    "numpy.dtype": (1, 3),
    "numpy._core.multiarray._reconstruct": (3, 3),
    "numpy._core.multiarray.scalar": (1, 2),
    "numpy._core.numeric._frombuffer": (4, 5),
    "numpy.core.multiarray._reconstruct": (3, 3),
    "numpy.core.multiarray.scalar": (1, 2),
    "numpy.core.numeric._frombuffer": (4, 5),
    "numpy.ma.core._mareconstruct": (4, 4),
    "numpy.random._pickle.__bit_generator_ctor": (0, 1),
    "numpy.random._pickle.__generator_ctor": (0, 2),
    "numpy.random._pickle.__randomstate_ctor": (0, 2),
    "pandas.core.indexes.base._new_Index": (2, 2),
    "pathlib.PosixPath": (0, 100),
    "pathlib.WindowsPath": (0, 100),
    "pathlib._local.PosixPath": (0, 100),
    "pathlib._local.WindowsPath": (0, 100),
    "pyarrow.lib._restore_array": (1, 1),
    "pyarrow.lib.py_buffer": (1, 1),
    "pyarrow.lib.type_for_alias": (1, 1),
    "sklearn.gaussian_process.kernels.Hyperparameter": (5, 5),
    "sklearn.impute._iterative._ImputerTriplet": (3, 3),
    "sklearn.metrics._dist_metrics.newObj": (1, 1),
    "sklearn.neighbors._ball_tree.newObj": (1, 1),
    "sklearn.neighbors._kd_tree.newObj": (1, 1),
    "sklearn.tree._tree.Tree": (3, 3),
}

# Returns the name of a stand-in or object in the pickle, None if it is not a global.
NameOf = Callable[[Any], str | None]


# Named tuples.
TUPLES = frozenset({"sklearn.gaussian_process.kernels.Hyperparameter", "sklearn.impute._iterative._ImputerTriplet"})

# The allowed factories of a defaultdict.
FACTORIES = frozenset(
    {
        *(
            "builtins.int",
            "builtins.float",
            "builtins.str",
            "builtins.bool",
            "builtins.list",
            "builtins.dict",
            "builtins.set",
        ),
        *("builtins.tuple", "collections.Counter", "collections.OrderedDict"),
    }
)

# Modules of Cython losses, which contain only numbers.
OF_NUMBERS = frozenset({"_loss", "sklearn._loss._loss", "sklearn.linear_model._sgd_fast"})

# Attributes with the name of a method that an estimator calls on another one, and the allowed names. With other names,
# a file could call any method of any object.
METHOD_ATTRIBUTES = frozenset(
    {"_response_method", "chain_method", "chain_method_", "response_method", "stack_method", "stack_method_"}
)
_PREDICTIONS = frozenset(
    {"auto", "default", "drop", "passthrough", "threshold", "predict", "predict_proba", "predict_log_proba"}
    | {"decision_function", "score_samples", "transform"}
)

# Classes that are arguments of rebuild functions and that no object needs to keep: their constructors accept memory, a
# file or any size.
CLASSES_NEVER_HELD = frozenset(
    {
        *(
            "numpy.ndarray",
            "numpy.matrix",
            "numpy.matrixlib.defmatrix.matrix",
            "numpy.memmap",
            "numpy.core.memmap.memmap",
        ),
        *("numpy._core.memmap.memmap", "numpy.ma.MaskedArray", "numpy.ma.core.MaskedArray", "sklearn.tree._tree.Tree"),
    }
)

# Methods of plain values that people use as functions (`preprocessor=str.lower`).
METHODS = {
    "builtins.str": frozenset(
        "capitalize casefold isalpha isdigit isnumeric lower lstrip rstrip split strip swapcase title upper".split()
    ),
    "builtins.float": frozenset({"is_integer"}),
}

# Functions that create an object of the class that is their first argument.
_CREATORS = frozenset(
    {
        "copyreg.__newobj__",
        "copyreg._reconstructor",
        "sklearn.metrics._dist_metrics.newObj",
        "sklearn.neighbors._ball_tree.newObj",
        "sklearn.neighbors._kd_tree.newObj",
    }
)


@dataclass(frozen=True)
class Refusal:
    """A refused call: the name that is called or created, and what is wrong."""

    name: str
    problem: str


def judge_call(how: str, name: str | None, arguments: Any, keywords: Any, name_of: NameOf) -> Refusal | None:
    """Return what is wrong with a call of `name`, or None if it is allowed. `name` is None if it is not a global."""
    if name is None:
        return Refusal("?", "calls an object that the file itself creates")
    name = plain_name(name)
    if is_irrelevant(name):
        return None
    count = len(arguments) if isinstance(arguments, tuple) else -1
    if count < 0 or keywords:
        return Refusal(name, f"calls {name} {'with keywords' if keywords else 'with arguments that are not a tuple'}")
    if name in _CREATORS or "__pyx_unpickle_" in name:
        given = name_of(arguments[0]) if count else None
        if given is None:
            return Refusal(name, f"calls {name} for an object that is not a class of a library")
        created = plain_name(given)
        if not is_created(created) and not is_irrelevant(created):
            return Refusal(created, f"creates {created} by {name}")
        if "__pyx_unpickle_" in name and not created.endswith("." + name.partition("__pyx_unpickle_")[2]):
            return Refusal(name, f"calls {name} for an object that is not its own class")
        if "__pyx_unpickle_" in name:
            return None if count == 3 else Refusal(name, f"calls {name} with {count} arguments")
    if name == "builtins.getattr" and count == 2 and is_irrelevant(plain_name(name_of(arguments[0]) or "")):
        return None
    if name == "builtins.getattr" and not _is_method(arguments, name_of):
        return Refusal(name, f"calls {name} for more than a method of a built-in type")
    if name.rpartition(".")[0] in OF_NUMBERS and is_created(name):
        plain = all(type(argument) in (int, float) for argument in arguments)
        return None if plain else Refusal(name, f"calls {name} with arguments that are not numbers")
    if name == "collections.defaultdict" and count == 1 and name_of(arguments[0]) is not None:
        factory = plain_name(name_of(arguments[0]) or "")
        if factory not in FACTORIES:
            return Refusal(name, f"calls {name} with {factory}")
    if name in COUNTS and (name in TUPLES or how != CREATED or not is_created(name)):
        least, most = COUNTS[name]
        return None if least <= count <= most else Refusal(name, f"calls {name} with {count} arguments")
    if is_created(name):
        with_any = f"calls {name} with {count} arguments, and such a class is created without any"
        return Refusal(name, with_any) if count else None
    return Refusal(name, f"calls {name}")


def _is_method(arguments: tuple[Any, ...], name_of: NameOf) -> bool:
    """Whether the arguments of `getattr` give a harmless method of a plain type."""
    if len(arguments) != 2 or not isinstance(arguments[1], str):
        return False
    return arguments[1] in METHODS.get(plain_name(name_of(arguments[0]) or ""), ())


def judge_methods(state: Any, *, whole: bool = True) -> str:
    """Return what is wrong with names of methods in an object's attributes, or "".

    `whole`: the values are final, so anything but a string or a list of strings is wrong too.
    """
    for attribute in METHOD_ATTRIBUTES & state.keys():
        values = [state[attribute]]
        while values:
            value = values.pop()
            if type(value) in (list, tuple):
                values += value
            elif (
                value is not None
                and (whole or type(value) is str)
                and not (type(value) is str and value in _PREDICTIONS)
            ):
                return f"has {value!r:.60} in {attribute}, which is not a prediction method"
    return ""


def judge_state(name: str) -> str:
    """Return what is wrong with setting the state of an object that the pickle did not create."""
    return f"sets the state of {name}, which it did not create"
