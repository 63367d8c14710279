"""Which files of the project are shipped: the handler's module, the project modules it imports, and `include`.

The modules are parsed, never imported: packaging must not run the user's code. An import at run time
(`importlib.import_module`) is not seen; list such a module in `include`.
"""

from __future__ import annotations

import ast
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from iris_model.contract.file_names import SETTINGS_FILE
from iris_model.contract.function_file import FUNCTION_FILE
from iris_model.contract.golden import GOLDEN_FILE
from iris_model.errors import ProjectError
from iris_model.project.configuration.settings import ProjectSettings

# Files that `package` writes. The user's files must not replace them.
OUR_FILES = frozenset({FUNCTION_FILE, GOLDEN_FILE})
OUR_PACKAGE = "iris_model"

# In /var/runtime of the Lambda base images.
PLATFORM_MODULES = frozenset({"boto3", "botocore"})


def collect_sources(settings: ProjectSettings) -> dict[str, Path]:
    """Return the user's files: path in the function directory -> file in the project."""
    _check_handler_function(handler_file(settings), settings)
    # The first part contains the modules that trusted names of the model file need if the original is served.
    sources = collect_trusted(settings.directory, settings.trust) | collect_imported(settings)
    sources |= collect_included(settings)
    for name in sources:
        if name in OUR_FILES or name.split("/")[0] in (OUR_PACKAGE, f"{OUR_PACKAGE}.py"):
            raise ProjectError(
                f"{name} of the project has a name that `package` uses itself",
                remedy=f"Rename it. Reserved names: {OUR_PACKAGE}, {' and '.join(sorted(OUR_FILES))}.",
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
        remedy="Create the module, or set handler to your MODULE.FUNCTION.",
    )


def collect_imported(settings: ProjectSettings) -> dict[str, Path]:
    """Return the handler's module and the project modules that it imports."""
    root = settings.directory
    handler = handler_file(settings)
    waiting = [handler]
    if handler.parent != root:
        # If the handler is inside a package, the whole package is shipped, because relative imports may reach any part
        # of it.
        waiting += _files_of(root / handler.relative_to(root).parts[0])
    return _follow_imports(root, waiting)


def collect_trusted(root: Path, trust: Iterable[str]) -> dict[str, Path]:
    """Return the modules in `root` of the trusted names of a model file, and those that they import."""
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
    """Parse one module of the user. Raises ProjectError for a syntax error."""
    try:
        with warnings.catch_warnings():
            # Warnings about invalid escapes are shown when the user runs the module, not here.
            warnings.simplefilter("ignore")
            return ast.parse(file.read_bytes(), filename=str(file))
    except SyntaxError as error:
        line = f", line {error.lineno}" if error.lineno else ""
        raise ProjectError(
            f"{file}{line} is not Python: {error.msg}", remedy="Fix the line. Nothing was written."
        ) from None
    except ValueError as error:  # a null byte
        raise ProjectError(f"{file} is not Python: {error}", remedy="Fix the file. Nothing was written.") from None


def _check_handler_function(file: Path, settings: ProjectSettings) -> None:
    function = settings.handler.rpartition(".")[2]
    names = set(_bound_names(parse_module(file).body))
    if function in names or "*" in names:
        return
    raise ProjectError(
        f'handler = "{settings.handler}" in {SETTINGS_FILE}: {file.name} has no function {function}',
        remedy=f"Define {function}(event, context) there, or set handler to another function.",
    )


def _bound_names(statements: list[ast.stmt]) -> Iterator[str]:
    """Yield names that the top level of a module binds, including those below `if` and `try`."""
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


def collect_included(settings: ProjectSettings) -> dict[str, Path]:
    """Return the files that `include` names."""
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
            remedy="Create the files, or remove the entries.",
        )
    return included


def _is_hidden(path: Path) -> bool:
    """Whether the path belongs to iris-model's output or to version control, which are never included."""
    return path.parts[0] in (".iris-model", ".git", ".venv") or "__pycache__" in path.parts


def find_foreign_imports(sources: Mapping[str, Path]) -> list[str]:
    """Return top-level modules that the files import and that neither Python, the project nor this tool provides."""
    own = {name.split("/")[0].removesuffix(".py") for name in sources}
    known = own | sys.stdlib_module_names | PLATFORM_MODULES | {OUR_PACKAGE}
    imported: set[str] = set()
    for name, file in sources.items():
        if name.endswith(".py"):
            imported |= _imported_top_level_modules(parse_module(file))
    return sorted(imported - known)
