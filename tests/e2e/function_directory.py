"""The function directory of the table: the handlers in `functions/` and the shipped packages."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.support.rie_binary import REPOSITORY

FUNCTIONS = Path(__file__).parent / "functions"
SHIPPED = ("__init__.py", "runtime", "engine")

BROKEN_SYNTAX = "def handler(event, context)\n    return event\n"
"""Written here and not kept as a file: it would not pass our own `ruff format`."""


def lay_functions(directory: Path) -> Path:
    """Fill the directory, readable by any user as Lambda demands, and return it."""
    no_bytecode = shutil.ignore_patterns("__pycache__")
    shutil.copytree(FUNCTIONS, directory, dirs_exist_ok=True, ignore=no_bytecode)
    (directory / "broken_syntax.py").write_text(BROKEN_SYNTAX)
    package = REPOSITORY / "src" / "iris_model"
    (directory / "iris_model").mkdir(exist_ok=True)
    for name in SHIPPED:
        source, target = package / name, directory / "iris_model" / name
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True, ignore=no_bytecode)
        else:
            shutil.copy(source, target)
    return directory
