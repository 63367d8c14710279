"""Which files of the project travel: the handler's module, the project modules it imports, and `include`.

The modules are parsed, never imported: packaging must not run what is meant for Lambda. An import that only happens at
run time (`importlib.import_module`) cannot be seen this way; `include` is for that.
"""

from __future__ import annotations

import ast
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from iris_model.errors import ProjectError
from iris_model.project.settings import SETTINGS_FILE, ProjectSettings

# What `package` writes by itself; a file of the user must not take its place.
OUR_FILES = frozenset({"function.json", "golden.json"})
OUR_PACKAGE = "iris_model"

# In /var/runtime of the Lambda base images.
PLATFORM_MODULES = frozenset({"boto3", "botocore"})


def collect_sources(settings: ProjectSettings) -> dict[str, Path]:
    """Return the user's files: path in the function directory -> file in the project."""
    sources = _collect_modules(settings)
    sources |= _collect_included(settings)
    for name in sources:
        if name in OUR_FILES or name.split("/")[0] in (OUR_PACKAGE, f"{OUR_PACKAGE}.py"):
            raise ProjectError(
                f"{name} of the project would take the place of a file that package writes itself",
                remedy=f"Rename it: {OUR_PACKAGE}, {' and '.join(sorted(OUR_FILES))} are taken.",
            )
    return dict(sorted(sources.items()))


def handler_file(settings: ProjectSettings) -> Path:
    """Return the file of the handler's module."""
    module, _, _ = settings.handler.rpartition(".")
    path = settings.directory / module.replace(".", "/")
    for candidate in (path.with_name(path.name + ".py"), path / "__init__.py"):
        if candidate.is_file():
            return candidate
    raise ProjectError(
        f'handler = "{settings.handler}" in {SETTINGS_FILE}: there is no file {module.replace(".", "/")}.py in '
        f"{settings.directory}",
        remedy="Write the module, or name the one that has your handler, as MODULE.FUNCTION.",
    )


def _collect_modules(settings: ProjectSettings) -> dict[str, Path]:
    root = settings.directory
    handler = handler_file(settings)
    _check_handler_function(handler, settings)
    waiting = [handler]
    if handler.parent != root:
        # A handler inside a package brings the whole package: its relative imports may reach any part of it.
        waiting += _files_of(root / handler.relative_to(root).parts[0])
    # What a trusted name of the model file needs, should the original be served.
    return collect_trusted(root, settings.trust) | _follow_imports(root, waiting)


def collect_trusted(root: Path, trust: Iterable[str]) -> dict[str, Path]:
    """Return the modules in `root` that trusted names of a model file are in, and those that they import."""
    return _follow_imports(root, [file for name in trust for file in _files_of_module(root, name.split(".")[0])])


def _follow_imports(root: Path, files: Iterable[Path]) -> dict[str, Path]:
    waiting = list(files)
    collected: dict[str, Path] = {}
    while waiting:
        file = waiting.pop()
        name = file.relative_to(root).as_posix()
        if name in collected:
            continue
        collected[name] = file
        if file.suffix == ".py":
            for module in sorted(_imported_top_level_modules(parse_module(file))):
                waiting += _files_of_module(root, module)
    return collected


def _files_of_module(root: Path, module: str) -> list[Path]:
    if module == OUR_PACKAGE:
        return []
    if (root / module / "__init__.py").is_file():
        return _files_of(root / module)
    file = root / f"{module}.py"
    return [file] if file.is_file() else []


def _files_of(directory: Path) -> list[Path]:
    return [path for path in sorted(directory.rglob("*")) if path.is_file() and "__pycache__" not in path.parts]


def _imported_top_level_modules(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


def parse_module(file: Path) -> ast.Module:
    """Parse one module of the user; a syntax error becomes one sentence."""
    try:
        with warnings.catch_warnings():
            # An invalid escape in the user's text is the user's to see when he runs it, not now.
            warnings.simplefilter("ignore")
            return ast.parse(file.read_bytes(), filename=str(file))
    except SyntaxError as error:
        line = f", line {error.lineno}" if error.lineno else ""
        raise ProjectError(
            f"{file}{line} is not Python: {error.msg}", remedy="Mend the line; nothing was written."
        ) from None
    except ValueError as error:  # a null byte
        raise ProjectError(f"{file} is not Python: {error}", remedy="Nothing was written.") from None


def _check_handler_function(file: Path, settings: ProjectSettings) -> None:
    function = settings.handler.rpartition(".")[2]
    names = set(_bound_names(parse_module(file).body))
    if function in names or "*" in names:
        return
    raise ProjectError(
        f'handler = "{settings.handler}" in {SETTINGS_FILE}: {file.name} has no function {function}',
        remedy=f"Define {function}(event, context) there, or name another function.",
    )


def _bound_names(statements: list[ast.stmt]) -> Iterator[str]:
    """Names that the top level of a module binds, also below `if` and `try`."""
    for statement in statements:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield statement.name
            continue
        if isinstance(statement, (ast.Import, ast.ImportFrom)):
            for alias in statement.names:
                yield alias.asname or alias.name.split(".")[0]
            continue
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.id
        for block in ("body", "orelse", "finalbody"):
            yield from _bound_names(getattr(statement, block, []))
        for handler in getattr(statement, "handlers", []):
            yield from _bound_names(handler.body)


def _collect_included(settings: ProjectSettings) -> dict[str, Path]:
    root = settings.directory
    included: dict[str, Path] = {}
    missing = []
    for pattern in settings.include:
        files = [file for path in sorted(root.glob(pattern)) for file in (_files_of(path) if path.is_dir() else [path])]
        found = {file.relative_to(root).as_posix(): file for file in files if not _is_hidden(file.relative_to(root))}
        if not found:
            missing.append(pattern)
        included |= found
    if missing:
        listing = ", ".join(f'"{pattern}"' for pattern in missing)
        raise ProjectError(
            f"include in {SETTINGS_FILE}: no file in {root} matches {listing}",
            remedy="Make the files, or take the entries out.",
        )
    return included


def _is_hidden(path: Path) -> bool:
    """Our own output and version control never belong into a function."""
    return path.parts[0] in (".iris-model", ".git", ".venv") or "__pycache__" in path.parts


def find_foreign_imports(sources: Mapping[str, Path]) -> list[str]:
    """Top-level modules that the user's files import and that neither Python, the project nor this tool provides."""
    own = {name.split("/")[0].removesuffix(".py") for name in sources}
    known = own | sys.stdlib_module_names | PLATFORM_MODULES | {OUR_PACKAGE}
    imported: set[str] = set()
    for name, file in sources.items():
        if name.endswith(".py"):
            imported |= _imported_top_level_modules(parse_module(file))
    return sorted(imported - known)
