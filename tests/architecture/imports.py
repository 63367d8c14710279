"""Finds every import of a file, those inside functions and under TYPE_CHECKING included."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.architecture.rooms import SOURCE


@dataclass(frozen=True)
class Import:
    """One imported module, absolute, and where."""

    module: str
    path: Path
    line: int

    def __str__(self) -> str:
        return f"{self.path.relative_to(SOURCE.parent.parent)}:{self.line} imports {self.module}"


def find_imports(path: Path) -> Iterator[Import]:
    """Yield the imports of one file of the package."""
    package = ("iris_model", *path.relative_to(SOURCE).parent.parts)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, path, node.lineno)
        elif isinstance(node, ast.ImportFrom):
            parent = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join((*parent, *filter(None, [node.module])))
            if module == "iris_model":
                # `from iris_model import engine` imports a room; `from iris_model import __version__` does not.
                for alias in node.names:
                    yield Import(
                        "iris_model" if alias.name.startswith("__") else f"iris_model.{alias.name}", path, node.lineno
                    )
            else:
                yield Import(module, path, node.lineno)
