"""Find every import of a file, including those inside functions and under TYPE_CHECKING."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.architecture.packages import SOURCE


@dataclass(frozen=True)
class Import:
    """One imported module (absolute name) and its place; `names` are those after `from MODULE import`."""

    module: str
    path: Path
    line: int
    names: tuple[str, ...] = ()
    for_types: bool = False
    """Whether it is under TYPE_CHECKING, and never executed."""

    def __str__(self) -> str:
        return f"{self.path.relative_to(SOURCE.parent.parent)}:{self.line} imports {self.module}"


def module_of(path: Path) -> str:
    """The dotted name of a file of the package."""
    parts = ("iris_model", *path.relative_to(SOURCE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def find_imports(path: Path) -> tuple[Import, ...]:
    """The imports of one file of the package, in no particular order."""
    return tuple(_find(path))


def _find(path: Path) -> Iterator[Import]:
    package = ("iris_model", *path.relative_to(SOURCE).parent.parts)
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for_types = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for statement in node.body
        for inner in ast.walk(statement)
    }
    for node in ast.walk(tree):
        typed = node in for_types
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, path, node.lineno, for_types=typed)
        elif isinstance(node, ast.ImportFrom):
            parent = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join((*parent, *filter(None, [node.module])))
            if module == "iris_model":
                # `from iris_model import engine` imports a package; `from iris_model import __version__` does not.
                for alias in node.names:
                    name = "iris_model" if alias.name.startswith("__") else f"iris_model.{alias.name}"
                    yield Import(name, path, node.lineno, for_types=typed)
            else:
                yield Import(module, path, node.lineno, tuple(alias.name for alias in node.names), typed)
