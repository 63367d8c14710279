"""Bytecode that is the same on every machine: source files in, `__pycache__/*.pyc` out.

`/var/task` is read-only on Lambda, so bytecode that is not shipped is made again at every cold start. It is
"unchecked-hash" bytecode: Python then reads no source file and compares no time.

What `marshal` writes depends on which texts the process happens to hold already (it marks shared objects), so the same
source compiled in two processes with different pasts gives different bytes. Therefore this file also runs as a program:
a fresh, isolated interpreter with an empty environment compiles all files in a fixed order, and so always has the same
past.
"""

from __future__ import annotations

import json
import py_compile
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

# Where the function directory will lie; tracebacks and `co_filename` say it.
TASK_ROOT = "/var/task"


def write_bytecode(directory: Path, modules: Iterable[str]) -> None:
    """Write the bytecode of the user's `modules`, paths relative to `directory`, beside them; other files are left alone."""
    _run(directory, {module: bytecode_path(module) for module in modules}, optimize=0, options=[])


def replace_by_bytecode(directory: Path, modules: Sequence[str]) -> None:
    """Put bytecode in the place of the shipped `modules`: `a/b.py` -> `a/b.pyc`.

    Half the size, and one file less to look for at each import. Without docstrings and columns of source positions: error
    documents never show frames of ours. A user's modules are not treated so; their tracebacks are theirs to read.
    """
    _run(directory, {module: f"{module}c" for module in modules}, optimize=2, options=["-X", "no_debug_ranges"])
    for module in modules:
        (directory / module).unlink()


def bytecode_path(module: str) -> str:
    """Return the path of a module's bytecode for this Python: `a/b.py` -> `a/__pycache__/b.cpython-311.pyc`."""
    folder, _, file = module.rpartition("/")
    name = f"__pycache__/{file.removesuffix('.py')}.{sys.implementation.cache_tag}.pyc"
    return f"{folder}/{name}" if folder else name


def _run(directory: Path, targets: Mapping[str, str], *, optimize: int, options: Sequence[str]) -> None:
    subprocess.run(
        [sys.executable, "-I", "-S", "-X", "utf8", "-W", "ignore", *options, __file__],
        input=json.dumps([str(directory), optimize, targets]).encode(),
        env={},
        check=True,
        stdout=subprocess.DEVNULL,
    )


def _compile_modules(directory: str, optimize: int, targets: Mapping[str, str]) -> None:
    for module, target in targets.items():
        try:
            py_compile.compile(
                f"{directory}/{module}",
                cfile=f"{directory}/{target}",
                dfile=f"{TASK_ROOT}/{module}",
                doraise=True,
                optimize=optimize,
                invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
            )
        except py_compile.PyCompileError:
            # Packages carry templates and tests for other Pythons; importing them fails on Lambda as it would anywhere.
            pass


if __name__ == "__main__":
    _compile_modules(*json.load(sys.stdin))
