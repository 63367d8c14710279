"""Find modules that a file certainly imports: not in `try`, not under TYPE_CHECKING, not in tests.

The user's files are parsed, never run. Returns the names of top-level modules.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from iris_model.project.packaging.sources import OUR_PACKAGE, PLATFORM_MODULES, parse_module

_GUARDS = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


@dataclass(frozen=True)
class NeededImports:
    """`at_import`: the function does not start without these. `when_called`: imports inside functions."""

    at_import: tuple[str, ...]
    when_called: tuple[str, ...]


def find_needed_imports(sources: Mapping[str, Path]) -> NeededImports:
    """Return the imports that neither Python, nor the files themselves, nor this tool provide."""
    known = {name.split("/")[0].removesuffix(".py") for name in sources}
    known |= sys.stdlib_module_names | PLATFORM_MODULES | {OUR_PACKAGE}
    first: set[str] = set()
    later: set[str] = set()
    for name, file in sources.items():
        if name.endswith(".py") and not _is_test(Path(name)):
            for module, is_called in _walk(parse_module(file).body, is_called=False):
                (later if is_called else first).add(module)
    return NeededImports(tuple(sorted(first - known)), tuple(sorted(later - first - known)))


def _walk(nodes: list[ast.stmt] | list[ast.AST], *, is_called: bool) -> Iterator[tuple[str, bool]]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from ((alias.name.split(".")[0], is_called) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.module and not node.level:
                yield node.module.split(".")[0], is_called
        elif isinstance(node, ast.Try) and any(_catches_imports(handler.type) for handler in node.handlers):
            yield from _walk(node.finalbody, is_called=is_called)
        elif isinstance(node, ast.If) and _is_type_checking(node.test):
            yield from _walk(node.orelse, is_called=is_called)
        elif isinstance(node, (ast.With, ast.AsyncWith)) and any(_suppresses(item.context_expr) for item in node.items):
            continue
        else:
            inner = list(ast.iter_child_nodes(node))
            yield from _walk(inner, is_called=is_called or isinstance(node, _FUNCTIONS))


def _catches_imports(kind: ast.expr | None) -> bool:
    if isinstance(kind, ast.Tuple):
        return any(map(_catches_imports, kind.elts))
    return kind is None or (isinstance(kind, ast.Name) and kind.id in _GUARDS)


def _suppresses(call: ast.expr) -> bool:
    if not isinstance(call, ast.Call):
        return False
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    return name == "suppress" and any(_catches_imports(kind) for kind in call.args)


def _is_type_checking(test: ast.expr) -> bool:
    return (test.attr if isinstance(test, ast.Attribute) else getattr(test, "id", "")) == "TYPE_CHECKING"


def _is_test(path: Path) -> bool:
    return bool({"tests", "test"} & set(path.parts[:-1])) or path.name.startswith("test_") or path.name == "conftest.py"
