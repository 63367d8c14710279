"""Which files of this package travel in a function, and in what form.

Only what this function can reach: the runtime without the executors it does not use, and of the engine the operators in its
graph with what they import. A sandbox reads files one by one on its first request, and an image's size is its owner's money.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path

import iris_model

ROOT = Path(iris_model.__file__).parent
# The entry point is run by its path; the emulator is never read inside Lambda, and smaller so.
KEPT_AS_SOURCE = ("iris_model/runtime/__main__.py", "iris_model/runtime/emulator.py")

# Files that only one executor needs.
EXECUTOR_FILES = {"original.py": "original", "onnx.py": "onnxruntime"}

# What the engine is without any operator.
ENGINE_CORE = ("__init__", "model", "json_text")

# Modules of the engine that are imported only where there are kernels.
ONLY_WITH_KERNELS = ("found", "kernel_tables", "packed")


def shipped_files(
    executor: str, operator_modules: Iterable[str] | None, kernels: Path | None = None
) -> dict[str, Path]:
    """Return the files by their path in the function directory. `operator_modules` None: every operator."""
    files = [ROOT / "__init__.py"]
    files += [path for path in (ROOT / "runtime").rglob("*.py") if EXECUTOR_FILES.get(path.name, executor) == executor]
    engine = ROOT / "engine"
    if operator_modules is None:
        files += engine.rglob("*.py")
    else:
        needed = {*ENGINE_CORE, *operator_modules}
        for path in files:
            needed |= _imports_of(path, "iris_model.engine.")
        files += [engine / f"{module}.py" for module in _closure(engine, needed)]
    if kernels is None:
        files = [path for path in files if path.parent != engine or path.stem not in ONLY_WITH_KERNELS]
    else:
        files.append(kernels)
    return {f"iris_model/{path.relative_to(ROOT).as_posix()}": path for path in sorted(files)}


def _closure(engine: Path, modules: set[str]) -> set[str]:
    """The modules and all that they import of the engine, inside functions too."""
    reached: set[str] = set()
    waiting = set(modules)
    while waiting:
        module = waiting.pop()
        # An import may also name the C kernels, which are no Python file, or something inside `__init__`.
        if module in reached or not (engine / f"{module}.py").is_file():
            continue
        reached.add(module)
        waiting |= _imports_of(engine / f"{module}.py", "iris_model.engine.")
    return reached


def _imports_of(path: Path, package: str) -> set[str]:
    """Names of modules of `package` that a file imports, relatively or by their full name."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.ImportFrom):
            if node.level == 1 and path.parent.name == "engine":
                found |= {node.module.split(".")[0]} if node.module else {alias.name for alias in node.names}
            elif node.module and f"{node.module}." == package:
                found |= {alias.name for alias in node.names}
            elif node.module and node.module.startswith(package):
                found.add(node.module.removeprefix(package).split(".")[0])
        elif isinstance(node, ast.Import):
            found |= {alias.name.removeprefix(package) for alias in node.names if alias.name.startswith(package)}
    return found
