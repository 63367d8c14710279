"""Bytecode that is the same on every machine: source files in, `__pycache__/*.pyc` out.

`/var/task` is read-only on Lambda, so bytecode that is not shipped is made again at every cold start. It is
"unchecked-hash" bytecode: Python then reads no source file and compares no time.

What `marshal` writes depends on which texts the process happens to hold already (it marks shared objects), so the same
source compiled in two processes with different pasts gives different bytes. Therefore this file also runs as a program:
a fresh, isolated interpreter with an empty environment compiles all files in a fixed order, and so always has the same
past.
"""

from __future__ import annotations

import ast
import json
import marshal
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib.util import MAGIC_NUMBER, source_hash
from pathlib import Path
from typing import Protocol

# Where the function directory will lie; tracebacks and `co_filename` say it.
TASK_ROOT = "/var/task"

# The flags of a .pyc file (PEP 552): checked by the hash of its source, and not to be checked.
UNCHECKED_HASH = (0b01).to_bytes(4, "little")


class Compiler(Protocol):
    """A Python of this machine: `interpreters.Interpreter`, which this file cannot import, because it is run by itself."""

    @property
    def path(self) -> str:
        """Where it lies."""

    @property
    def cache_tag(self) -> str:
        """What its bytecode files are called."""


def write_bytecode(directory: Path, modules: Iterable[str], compiler: Compiler) -> None:
    """Write the bytecode of the user's `modules`, paths relative to `directory`, beside them; other files are left alone."""
    targets = {module: bytecode_path(module, compiler.cache_tag) for module in modules}
    _run(directory, targets, compiler, shipped=False)


def replace_by_bytecode(directory: Path, modules: Sequence[str], compiler: Compiler) -> None:
    """Put bytecode in the place of the shipped `modules`: `a/b.py` -> `a/b.pyc`.

    Half the size, and one file less to look for at each import. Docstrings, annotations, what only type checkers import and
    columns of source positions stay behind: error documents never show frames of ours. A user's modules are not treated
    so; their tracebacks are theirs to read.
    """
    _run(directory, {module: f"{module}c" for module in modules}, compiler, shipped=True)
    for module in modules:
        (directory / module).unlink()


def bytecode_path(module: str, cache_tag: str = sys.implementation.cache_tag or "") -> str:
    """Return the path of a module's bytecode, by default for this Python: `a/b.py` -> `a/__pycache__/b.cpython-311.pyc`."""
    folder, _, file = module.rpartition("/")
    name = f"__pycache__/{file.removesuffix('.py')}.{cache_tag}.pyc"
    return f"{folder}/{name}" if folder else name


def _run(directory: Path, targets: Mapping[str, str], compiler: Compiler, *, shipped: bool) -> None:
    options = ["-X", "no_debug_ranges"] if shipped else []
    subprocess.run(
        [compiler.path, "-I", "-S", "-X", "utf8", "-W", "ignore", *options, __file__],
        input=json.dumps([str(directory), shipped, targets]).encode(),
        env={},
        check=True,
        stdout=subprocess.DEVNULL,
    )


def _compile_modules(directory: str, shipped: bool, targets: Mapping[str, str]) -> None:
    for module, target in targets.items():
        source = Path(directory, module).read_bytes()
        try:
            tree = ast.parse(source)
            if shipped:
                tree = ast.fix_missing_locations(_WithoutTypes().visit(tree))
            code = compile(tree, f"{TASK_ROOT}/{module}", "exec", dont_inherit=True, optimize=2 if shipped else 0)
        except (SyntaxError, ValueError):
            # Packages carry templates and tests for other Pythons; importing them fails on Lambda as it would anywhere.
            continue
        path = Path(directory, target)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(MAGIC_NUMBER + UNCHECKED_HASH + source_hash(source) + marshal.dumps(code))


class _WithoutTypes(ast.NodeTransformer):
    """Types are for people and for mypy; in a function they would be bytes to load."""

    def visit_Module(self, node: ast.Module) -> ast.Module:
        self.generic_visit(node)
        # `TYPE_CHECKING = False` and `if TYPE_CHECKING:` with its imports.
        node.body = [each for each in node.body if not (isinstance(each, ast.Assign | ast.If) and _is_for_types(each))]
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        self.generic_visit(node)
        node.returns = None
        arguments = node.args
        for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
            argument.annotation = None
        for rest in (arguments.vararg, arguments.kwarg):
            if rest is not None:
                rest.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if node.value is None:
            return ast.copy_location(ast.Pass(), node)
        return ast.copy_location(ast.Assign([node.target], node.value), node)


def _is_for_types(node: ast.Assign | ast.If) -> bool:
    name = node.test if isinstance(node, ast.If) else node.targets[0]
    return isinstance(name, ast.Name) and name.id == "TYPE_CHECKING" and not getattr(node, "orelse", None)


if __name__ == "__main__":
    _compile_modules(*json.load(sys.stdin))
