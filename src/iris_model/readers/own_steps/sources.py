"""Pack the source of a step: the marked function or class, and what it uses of its module.

The packed source runs without the module. So everything that it names must be in it, in the standard library, or built in.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import sys
from collections.abc import Iterator
from typing import Any


class NotPacked(Exception):
    """The source cannot be packed. The message is the reason."""


def pack(declared: Any) -> str:
    """Return the source of a step without its decorator. Raises NotPacked."""
    try:
        path = inspect.getsourcefile(declared)
        text = "" if path is None else inspect.getsource(sys.modules[declared.__module__])
    except (OSError, TypeError, KeyError):
        text = ""
    if not text:
        raise NotPacked(f"the source of its module {declared.__module__!r} is not there; import it from a .py file")
    statements = ast.parse(text).body
    owners = _find_owners(statements)
    chosen: set[int] = set()
    waiting = [declared.__name__]
    while waiting:
        name = waiting.pop()
        places = owners.get(name, [])
        if not places and hasattr(builtins, name):
            continue
        if len(places) != 1:
            many = f"in {len(places)} places" if places else "nowhere at the top level"
            raise NotPacked(f"it uses {name!r}, which its module defines {many}; define it there once")
        if places[0] not in chosen:
            chosen.add(places[0])
            statement = statements[places[0]]
            _check_imports(statement)
            waiting += sorted(_find_names(statement, is_step=name == declared.__name__))
    _refuse_changes(statements, {name for place in chosen for name in _names_of(statements[place])})
    lines = text.splitlines()
    return "\n\n".join(
        _cut(lines, statements[place], is_step=declared.__name__ in _names_of(statements[place]))
        for place in sorted(chosen)
    )


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


def _find_names(statement: ast.stmt, *, is_step: bool) -> set[str]:
    """Return the names that a statement reads and does not define inside. Annotations are read, too."""
    inside = {
        node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)
    }
    inside |= {node.arg for node in ast.walk(statement) if isinstance(node, ast.arg)}
    for node in ast.walk(statement):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)) and node is not statement:
            inside.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            inside |= set(_names_of(node))
        elif isinstance(node, ast.ExceptHandler) and node.name:
            inside.add(node.name)
    skipped = set(_decorator_nodes(statement)) if is_step else set()
    read = {
        node.id
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node not in skipped
    }
    return read - inside


def _decorator_nodes(statement: ast.stmt) -> Iterator[ast.AST]:
    for decorator in getattr(statement, "decorator_list", ()):
        yield from ast.walk(decorator)


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
