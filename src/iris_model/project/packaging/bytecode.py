"""Compile source files to bytecode that is the same on every machine.

`/var/task` is read-only on Lambda, so bytecode that is not shipped is compiled again at every cold start. The files are
"unchecked-hash" bytecode: Python reads no source file and compares no time.

The output of `marshal` depends on the strings that the process already holds (it marks shared objects), so two
processes may write different bytes for the same source. Therefore this file also runs as a program: a new, isolated
interpreter with an empty environment compiles all files in a fixed order.
"""

from __future__ import annotations

import ast
import json
import marshal
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import MAGIC_NUMBER, source_hash
from pathlib import Path
from typing import Protocol

# The path of the function directory on Lambda, for tracebacks and `co_filename`.
TASK_ROOT = "/var/task"

# The flags of a .pyc file (PEP 552): hash-based and unchecked.
UNCHECKED_HASH = (0b01).to_bytes(4, "little")


class Compiler(Protocol):
    """A Python of this machine: `interpreters.Interpreter`, which this file cannot import because it runs alone."""

    @property
    def path(self) -> str:
        """The path of its executable."""

    @property
    def cache_tag(self) -> str:
        """The tag in the names of its bytecode files."""


def compile_modules(modules: Mapping[str, Path], compiler: Compiler, *, shipped: bool = False) -> bytes:
    """Compile `modules`, the file of each path in the function directory. Return bytes for `unpack_modules`.

    A module that this Python cannot compile is left out. `shipped` modules are smaller: without docstrings,
    annotations, imports for type checkers and columns of source positions, because error documents never show frames of
    iris-model. The user's modules keep all of these.
    """
    options = ["-X", "no_debug_ranges"] if shipped else []
    asked = [shipped, {name: str(path) for name, path in sorted(modules.items())}]
    done = subprocess.run(
        [compiler.path, "-I", "-S", "-X", "utf8", "-W", "ignore", *options, __file__],
        input=json.dumps(asked).encode(),
        env={},
        check=True,
        stdout=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C reaches only this process, which then ends the other one
    )
    return done.stdout


def unpack_modules(compiled: bytes) -> dict[str, bytes]:
    """Return the content of the `.pyc` file of each module."""
    sizes, _, contents = compiled.partition(b"\n")
    unpacked: dict[str, bytes] = {}
    position = 0
    for name, size in json.loads(sizes).items():
        unpacked[name] = contents[position : position + size]
        position += size
    return unpacked


def bytecode_path(module: str, cache_tag: str = sys.implementation.cache_tag or "") -> str:
    """Return the path of a module's bytecode, by default for this Python: `a/b.py` -> `a/__pycache__/b.cpython-311.pyc`."""
    folder, _, file = module.rpartition("/")
    name = f"__pycache__/{file.removesuffix('.py')}.{cache_tag}.pyc"
    return f"{folder}/{name}" if folder else name


def _compile_all(shipped: bool, modules: Mapping[str, str]) -> dict[str, bytes]:
    compiled: dict[str, bytes] = {}
    for name, path in modules.items():
        source = Path(path).read_bytes()
        try:
            tree = ast.parse(source)
            if shipped:
                tree = ast.fix_missing_locations(_WithoutTypes().visit(tree))
            code = compile(tree, f"{TASK_ROOT}/{name}", "exec", dont_inherit=True, optimize=2 if shipped else 0)
        except (SyntaxError, ValueError):
            # Packages contain templates and tests for other Pythons; importing them would fail on Lambda too.
            continue
        compiled[name] = MAGIC_NUMBER + UNCHECKED_HASH + source_hash(source) + marshal.dumps(code)
    return compiled


def _main() -> None:
    compiled = _compile_all(*json.load(sys.stdin))
    sizes = {name: len(content) for name, content in compiled.items()}
    sys.stdout.buffer.write(json.dumps(sizes).encode() + b"\n" + b"".join(compiled.values()))


class _WithoutTypes(ast.NodeTransformer):
    """Removes annotations and code for type checkers, which a function does not need."""

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
    _main()
