"""Pack the source of a step: the marked function or class, and what it uses of its module.

The packed source runs without the module. So everything that it names must be in it, in the standard library, or built in.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import symtable
import sys
from collections import deque
from collections.abc import Mapping
from types import ModuleType
from typing import Any

# Attributes of every module: the packed source has its own.
OF_MODULES = ("__name__", "__doc__")
SCALARS = (type(None), bool, int, float, complex, str, bytes)


class NotPacked(Exception):
    """The source cannot be packed. The message is the reason."""


def pack(declared: Any) -> str:
    """Return the source of a step without its decorator. Raises NotPacked."""
    try:
        path = inspect.getsourcefile(declared)
        module = sys.modules[declared.__module__]
        text = "" if path is None else inspect.getsource(module)
    except (OSError, TypeError, KeyError):
        text = ""
    if not text:
        raise NotPacked(f"the source of its module {declared.__module__!r} is not there; import it from a .py file")
    statements = ast.parse(text).body
    owners = _find_owners(statements)
    # Not `splitlines`, which also splits at form feeds and other characters where Python has no new line.
    lines = text.split("\n")
    parts: dict[int, str] = {}
    waiting = [declared.__name__]
    while waiting:
        name = waiting.pop()
        places = owners.get(name, [])
        if not places and _is_built_in(name, module):
            continue
        if len(places) != 1:
            many = f"in {len(places)} places" if places else "nowhere at the top level"
            raise NotPacked(f"it uses {name!r}, which its module defines {many}; define it there once")
        if places[0] not in parts:
            statement = statements[places[0]]
            _check_imports(statement)
            parts[places[0]] = _cut(lines, statement, is_step=name == declared.__name__)
            waiting += _find_names(parts[places[0]])
    _refuse_changes(statements, {name for place in parts for name in _names_of(statements[place])})
    source = "\n\n".join(parts[place] for place in sorted(parts))
    _run_alone(source, module, declared.__name__)
    return source


def _find_owners(statements: list[ast.stmt]) -> dict[str, list[int]]:
    owners: dict[str, list[int]] = {}
    for place, statement in enumerate(statements):
        for name in _names_of(statement):
            owners.setdefault(name, []).append(place)
    return owners


def _names_of(statement: ast.stmt) -> list[str]:
    """Return the names that a statement at the top level defines."""
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return [statement.name]
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        return [alias.asname or alias.name.partition(".")[0] for alias in statement.names]
    names = (node for node in ast.walk(statement) if isinstance(node, ast.Name))
    return list(dict.fromkeys(node.id for node in names if isinstance(node.ctx, ast.Store)))


def _is_built_in(name: str, module: ModuleType) -> bool:
    """Whether the module means the built-in of that name: `from math import *` gives it another `pow`."""
    if name in OF_MODULES:
        return True
    found = getattr(builtins, name, None)
    return hasattr(builtins, name) and vars(module).get(name, found) is found


def _refuse_changes(statements: list[ast.stmt], packed: set[str]) -> None:
    """Refuse objects that the module changes after their definition: `TABLE["a"] = 1`, `TABLE.update(...)`."""
    for statement in statements:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) or _is_main(statement):
            continue
        for node in ast.walk(statement):
            part: ast.expr | None = None
            if isinstance(node, (ast.Subscript, ast.Attribute)) and not isinstance(node.ctx, ast.Load):
                part = node
            elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
                part = node.value.func
            while isinstance(part, (ast.Subscript, ast.Attribute)):
                part = part.value
                if isinstance(part, ast.Name) and part.id in packed:
                    raise NotPacked(f"its module changes {part.id!r} in line {part.lineno}; define it there whole")


def _is_main(statement: ast.stmt) -> bool:
    """Whether it is `if __name__ == "__main__":`, which an import does not run."""
    return isinstance(statement, ast.If) and "__name__" in ast.dump(statement.test)


def _find_names(source: str) -> list[str]:
    """Return the names that a statement at the top level reads from its module, in any of its scopes."""
    top = symtable.symtable(source, "<step>", "exec")
    found = {symbol.get_name() for symbol in top.get_symbols() if symbol.is_referenced()}
    tables = list(top.get_children())
    for table in tables:
        tables += table.get_children()
        found |= {symbol.get_name() for symbol in table.get_symbols() if symbol.is_global() and symbol.is_referenced()}
    own = {name for statement in ast.parse(source).body for name in _names_of(statement)}
    return sorted(found - own)


def _run_alone(source: str, module: ModuleType, name: str) -> None:
    """Run the packed source as the compiled model does. Raises NotPacked if it fails, or has other values than the module."""
    names = vars(ModuleType(name))
    try:
        exec(compile(source, f"<step {name}>", "exec"), names)  # noqa: S102 - the code of a module that was imported
    except Exception as error:
        raise NotPacked(f"its source does not run without its module: {type(error).__name__}: {error}") from None
    for own, value in names.items():
        if not own.startswith("__") and own != name and not _is_same(value, vars(module).get(own)):
            raise NotPacked(f"{own!r} has another value than its definition in the source gives; define it there whole")


def _is_same(ours: Any, theirs: Any) -> bool:
    """Whether two values are the same data, in the same order. Other objects than data count as the same."""
    if isinstance(ours, SCALARS) or isinstance(theirs, SCALARS):
        return type(ours) is type(theirs) and (ours == theirs or (ours != ours and theirs != theirs))
    if isinstance(ours, (list, tuple, deque)) and isinstance(theirs, (list, tuple, deque)):
        return len(ours) == len(theirs) and all(map(_is_same, ours, theirs))
    if isinstance(ours, (set, frozenset)) and isinstance(theirs, (set, frozenset)):
        return ours == theirs
    if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
        return _is_same(list(ours.items()), list(theirs.items()))
    return True


def _check_imports(statement: ast.stmt) -> None:
    for node in ast.walk(statement):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules = ["." * node.level + (node.module or "")]
        else:
            continue
        for module in modules:
            if module.partition(".")[0] not in sys.stdlib_module_names:
                raise NotPacked(f"it imports {module!r}, which is not in the standard library")


def _cut(lines: list[str], statement: ast.stmt, *, is_step: bool) -> str:
    """Return the lines of a statement. Those of the step begin behind its decorator."""
    decorators = getattr(statement, "decorator_list", ())
    if is_step and len(decorators) > 1:
        raise NotPacked("it has several decorators; keep only iris_model.step")
    first = statement.lineno if is_step or not decorators else decorators[0].lineno
    return "\n".join(lines[first - 1 : statement.end_lineno])
