"""Which files of this package travel in a function, and in what form.

Only what this function can reach: the runtime without the executors it does not use, and of the engine the operators in its
graph with what they import. A sandbox reads files one by one on its first request, and an image's size is its owner's money.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable, Mapping, Set
from pathlib import Path

import iris_model
from iris_model.project.remembered import remembered

ROOT = Path(iris_model.__file__).parent
# The entry point is run by its path; the emulator is never read inside Lambda, and smaller so.
KEPT_AS_SOURCE = ("iris_model/runtime/__main__.py", "iris_model/runtime/emulator.py")

# Files that only one executor needs.
EXECUTOR_FILES = {"original.py": "original", "onnx.py": "onnxruntime"}

ENGINE_PACKAGE = "iris_model.engine."

# What the engine is without any operator.
ENGINE_CORE = ("__init__", "model", "json_text")

# Modules of the engine that are imported only where there are kernels.
ONLY_WITH_KERNELS = ("found", "kernel_tables", "packed")


def shipped_files(
    executor: str, operator_modules: Iterable[str] | None, kernels: Path | None = None
) -> dict[str, Path]:
    """Return the files by their path in the function directory. `operator_modules` None: every operator."""
    files = [path for path in _runtime_sources() if EXECUTOR_FILES.get(path.name, executor) == executor]
    engine = ROOT / "engine"
    if operator_modules is None:
        files += engine.rglob("*.py")
    else:
        imports = _engine_imports()
        needed = {*ENGINE_CORE, *operator_modules}
        for path in files:
            needed |= imports[_name_of(path)]
        files += [engine / f"{module}.py" for module in _closure(imports, needed)]
    if kernels is None:
        files = [path for path in files if path.parent != engine or path.stem not in ONLY_WITH_KERNELS]
    else:
        files.append(kernels)
    return {_name_of(path): path for path in sorted(files)}


def all_modules() -> dict[str, Path]:
    """Return every module that may travel, but for those that do as source."""
    return {name: path for name, path in _all_sources().items() if name not in KEPT_AS_SOURCE}


def _all_sources() -> dict[str, Path]:
    return {_name_of(path): path for path in sorted([*_runtime_sources(), *(ROOT / "engine").rglob("*.py")])}


def _runtime_sources() -> list[Path]:
    return [ROOT / "__init__.py", *(ROOT / "runtime").rglob("*.py")]


def _name_of(path: Path) -> str:
    return f"iris_model/{path.relative_to(ROOT).as_posix()}"


def _closure(imports: Mapping[str, Set[str]], modules: Set[str]) -> set[str]:
    """The modules and all that they import of the engine, inside functions too."""
    reached: set[str] = set()
    waiting = set(modules)
    while waiting:
        module = waiting.pop()
        # An import may also name the C kernels, which are no Python file, or something inside `__init__`.
        found = imports.get(f"iris_model/engine/{module}.py")
        if module in reached or found is None:
            continue
        reached.add(module)
        waiting |= found
    return reached


def _engine_imports() -> dict[str, frozenset[str]]:
    """The modules of the engine that each file imports. Parsing them all takes long enough to be remembered."""

    def parse() -> bytes:
        return json.dumps({name: sorted(_imports_of(path)) for name, path in _all_sources().items()}).encode()

    table = json.loads(remembered("imports", "of the engine", parse))
    return {name: frozenset(modules) for name, modules in table.items()}


def _imports_of(path: Path) -> set[str]:
    """Names of modules of the engine that a file imports, relatively or by their full name."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.ImportFrom):
            if node.level == 1 and path.parent.name == "engine":
                found |= {node.module.split(".")[0]} if node.module else {alias.name for alias in node.names}
            elif node.module and f"{node.module}." == ENGINE_PACKAGE:
                found |= {alias.name for alias in node.names}
            elif node.module and node.module.startswith(ENGINE_PACKAGE):
                found.add(node.module.removeprefix(ENGINE_PACKAGE).split(".")[0])
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
            found |= {name.removeprefix(ENGINE_PACKAGE) for name in names if name.startswith(ENGINE_PACKAGE)}
    return found
