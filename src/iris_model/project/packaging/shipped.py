"""Which files of iris-model are shipped with a function, and in what form.

Only files that this function can reach: the runtime without unused executors, and the operators of its graph with their
imports. A sandbox reads files one by one at its first request, and the size of an image costs money.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable, Mapping, Set
from pathlib import Path

import iris_model
from iris_model.project.caching.remembered import remembered

ROOT = Path(iris_model.__file__).parent
# The entry point is run by its path. The emulator is never read inside Lambda, and is smaller as source.
KEPT_AS_SOURCE = ("iris_model/runtime/__main__.py", "iris_model/runtime/emulator.py")

# Files that only one executor needs. `compiled` needs none of them.
EXECUTORS = ROOT / "runtime" / "executors"
EXECUTOR_FILES = {
    "__init__.py": ("original", "onnxruntime"),
    "description.py": ("original", "onnxruntime"),
    "original.py": ("original",),
    "own_steps.py": ("original",),
    "original_answers.py": ("original",),
    "original_table.py": ("original",),
    "opening.py": ("original",),
    "onnx.py": ("onnxruntime",),
}

# Files that only functions with `[events]` need.
EVENT_SOURCES = ROOT / "runtime" / "event_sources"

# The file that only functions with `answer-labels` need.
CLASS_NAMES = ROOT / "runtime" / "class_names.py"

ENGINE = ROOT / "engine"
ENGINE_PACKAGE = "iris_model.engine"

# The engine without operators: modules by their path below `engine`. A folder stands for its `__init__`.
ENGINE_CORE = ("", "model", "json_text")
OPERATORS_FOLDER = "operators"

# Modules that are imported only if kernels are available.
ONLY_WITH_KERNELS = (
    "engine/found",
    "engine/kernel_tables",
    "engine/packed",
    "runtime/payloads/packed_answers",
    "runtime/payloads/packed",
)


def shipped_files(
    executor: str,
    operator_modules: Iterable[str] | None,
    kernels: Path | None = None,
    *,
    events: bool = False,
    names: bool = False,
) -> dict[str, Path]:
    """Return the shipped files by their path in the function directory.

    `operator_modules` None: every operator. `events`: the function has `[events]`. `names`: it has `answer-labels`.
    """
    files = [path for path in _runtime_sources() if path.parent != EXECUTORS or executor in EXECUTOR_FILES[path.name]]
    if not events:
        files = [path for path in files if path.parent != EVENT_SOURCES]
    if not names:
        files.remove(CLASS_NAMES)
    if operator_modules is None:
        files += ENGINE.rglob("*.py")
    else:
        imports = _engine_imports()
        needed = {*ENGINE_CORE, *(f"{OPERATORS_FOLDER}.{module}" for module in operator_modules)}
        for path in files:
            needed |= imports[_name_of(path)]
        files += _closure(imports, needed)
    if kernels is None:
        left_out = {ROOT / f"{name}.py" for name in ONLY_WITH_KERNELS}
        files = [path for path in files if path not in left_out]
    else:
        files.append(kernels)
    return {_name_of(path): path for path in sorted(files)}


def all_modules() -> dict[str, Path]:
    """Return every module that may be shipped as bytecode."""
    return {name: path for name, path in _all_sources().items() if name not in KEPT_AS_SOURCE}


def _all_sources() -> dict[str, Path]:
    return {_name_of(path): path for path in sorted([*_runtime_sources(), *ENGINE.rglob("*.py")])}


def _runtime_sources() -> list[Path]:
    return [ROOT / "__init__.py", *(ROOT / "runtime").rglob("*.py")]


def _name_of(path: Path) -> str:
    return f"iris_model/{path.relative_to(ROOT).as_posix()}"


def _closure(imports: Mapping[str, Set[str]], modules: Set[str]) -> set[Path]:
    """Return the files of the modules and of their imports inside the engine, including those in functions."""
    reached: set[str] = set()
    files: set[Path] = set()
    waiting = set(modules)
    while waiting:
        module = waiting.pop()
        if module in reached:
            continue
        reached.add(module)
        path = _engine_file(module)
        # An import may also name the C kernels, which are not a Python file, or a name inside a module.
        if path is not None:
            files.add(path)
            waiting |= imports[_name_of(path)]
        waiting.add(module.rpartition(".")[0])
    return files


def _engine_file(module: str) -> Path | None:
    """Return the file of an engine module, by its dotted name below `engine`; None if it is not a Python module."""
    place = ENGINE.joinpath(*module.split(".")) if module else ENGINE
    candidates = (place / "__init__.py", place.with_suffix(".py"))
    return next((path for path in candidates if path.is_file()), None)


def _engine_imports() -> dict[str, frozenset[str]]:
    """Return the engine modules that each file imports. Cached, because parsing all files is slow."""

    def parse() -> bytes:
        return json.dumps({name: sorted(_imports_of(path)) for name, path in _all_sources().items()}).encode()

    table = json.loads(remembered("imports", "of the engine", parse))
    return {name: frozenset(modules) for name, modules in table.items()}


def _imports_of(path: Path) -> set[str]:
    """Return what a file imports from the engine, as dotted names below `engine`: modules, or names inside modules."""
    package = ("iris_model", *path.relative_to(ROOT).parent.parts)
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.ImportFrom):
            parent = package[: len(package) - node.level + 1] if node.level else ()
            base = ".".join((*parent, *filter(None, [node.module])))
            found |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    inside = f"{ENGINE_PACKAGE}."
    return {name.removeprefix(inside) for name in found if name.startswith(inside)}
