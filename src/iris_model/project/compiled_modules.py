"""The bytecode of a function's modules, remembered: starting an interpreter that makes it takes a tenth of a second.

In: modules, and the Python that will run them. Out: their bytecode, whether made now or before: the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from iris_model.project.bytecode import bytecode_path, compile_modules, unpack_modules
from iris_model.project.interpreters import Interpreter
from iris_model.project.remembered import remembered
from iris_model.project.shipped import KEPT_AS_SOURCE, all_modules
from iris_model.project.surroundings import digest_files

DIRECTORY = "bytecode"


def with_bytecode(shipped: Mapping[str, bytes | Path], compiler: Interpreter) -> dict[str, bytes | Path]:
    """Put bytecode in the place of the shipped modules: `a/b.py` -> `a/b.pyc`. Half the size, and one file less to look for at
    each import.

    All of ours are compiled together, whichever travel: so they are compiled once for each Python, and a module has the same
    bytes in every function.
    """
    make = partial(compile_modules, all_modules(), compiler, shipped=True)
    compiled = unpack_modules(remembered(DIRECTORY, _identity(compiler), make))
    files: dict[str, bytes | Path] = {}
    for name, path in shipped.items():
        if name in KEPT_AS_SOURCE or name not in compiled:
            files[name] = path
        else:
            files[f"{name}c"] = compiled[name]
    return files


def bytecode_beside(modules: Mapping[str, Path], compiler: Interpreter, *, keep: bool = True) -> dict[str, bytes]:
    """The `__pycache__` of modules that are not ours; `keep` remembers it."""
    if not modules:
        return {}
    make = partial(compile_modules, modules, compiler)
    made = remembered(DIRECTORY, [*_identity(compiler), digest_files(modules)], make) if keep else make()
    return {bytecode_path(name, compiler.cache_tag): content for name, content in unpack_modules(made).items()}


def _identity(compiler: Interpreter) -> list[str]:
    return [compiler.version, compiler.cache_tag]
