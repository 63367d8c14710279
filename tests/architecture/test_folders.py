"""Inside the packages: which folder imports which, how many modules a folder has, and that there are no import cycles."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.architecture.folders import FOLDERS, MOST_MODULES, MOST_MODULES_OF
from tests.architecture.imports import Import, find_imports, module_of
from tests.architecture.packages import SOURCE

FILES = sorted(SOURCE.rglob("*.py"))
# Built from C where there is a compiler, so it is optional.
EXTENSION_MODULES = {"iris_model.engine._kernels"}


def folder_of(path: Path) -> tuple[str, str]:
    """The package of a file, and its folder inside the package, if it has one."""
    parts = path.relative_to(SOURCE).parts
    return parts[0].removesuffix(".py"), parts[1] if len(parts) > 2 else ""


def breach_of(found: Import) -> str | None:
    """Return why an import inside a package breaks its row, or None."""
    package, folder = folder_of(found.path)
    parts = found.module.split(".")
    if not folder or parts[:2] != ["iris_model", package] or len(parts) < 3:
        return None
    allowed = FOLDERS[package][folder].split()
    if parts[2] == folder or parts[2] in allowed:
        return None
    return f"{found}; {package}/{folder} may import of its package: {', '.join(allowed) or 'nothing'}"


def modules() -> dict[str, Path]:
    return {module_of(path): path for path in FILES}


def graph_of(known: dict[str, Path]) -> dict[str, set[str]]:
    """Module -> the modules that it imports anywhere, inside functions and for types too."""
    graph: dict[str, set[str]] = {}
    for module, path in known.items():
        targets = set()
        for found in find_imports(path):
            named = [f"{found.module}.{name}" for name in found.names]
            inside = {name for name in named if name in known or name in EXTENSION_MODULES}
            targets |= inside & set(known)
            if (found.module in known and len(inside) < len(named)) or not named:
                targets |= {found.module} & set(known)
        graph[module] = targets - {module}
    return graph


def find_circle(graph: dict[str, set[str]]) -> list[str]:
    """One import cycle, or nothing."""
    done: set[str] = set()
    for start in graph:
        path: list[str] = []
        waiting: list[tuple[str, list[str]]] = [(start, sorted(graph[start]))]
        while waiting:
            module, rest = waiting[-1]
            if module not in path:
                path.append(module)
            if not rest:
                done.add(module)
                path.pop()
                waiting.pop()
            elif (following := rest.pop()) in path:
                return [*path[path.index(following) :], following]
            elif following not in done:
                waiting.append((following, sorted(graph[following])))
    return []


def test_every_folder_has_a_row() -> None:
    folders = {
        (path.parent.parent.name, path.parent.name)
        for path in FILES
        if path.name == "__init__.py" and len(path.relative_to(SOURCE).parts) == 3
    }
    assert folders == {(package, folder) for package, rows in FOLDERS.items() for folder in rows}


def test_the_page_of_the_architecture_names_every_folder() -> None:
    page = (SOURCE.parents[1] / "docs/architecture.md").read_text(encoding="utf-8")
    missing = [
        f"{package}/{folder}"
        for package, rows in FOLDERS.items()
        for folder in rows
        if f"| `{package}/{folder}` |" not in page
    ]
    assert not missing


def test_no_folder_imports_what_its_row_does_not_name() -> None:
    print("package        folder          may import of its package")
    for package, rows in FOLDERS.items():
        for folder, allowed in rows.items():
            print(f"{package:14} {folder:15} {allowed or 'nothing'}")
    breaches = [breach for path in FILES for found in find_imports(path) if (breach := breach_of(found))]
    assert not breaches, "\n" + "\n".join(breaches)


def test_every_allowed_import_is_used() -> None:
    used: dict[tuple[str, str], set[str]] = {}
    for path in FILES:
        package, folder = folder_of(path)
        for found in find_imports(path):
            for module in (found.module, *(f"{found.module}.{name}" for name in found.names)):
                parts = module.split(".")
                if parts[:2] == ["iris_model", package] and len(parts) > 2:
                    used.setdefault((package, folder), set()).add(parts[2])
    unused = [
        f"{package}/{folder}: {name}"
        for package, rows in FOLDERS.items()
        for folder, allowed in rows.items()
        for name in allowed.split()
        if name not in used.get((package, folder), set())
    ]
    assert not unused


def test_no_folder_is_crowded() -> None:
    counts: dict[str, int] = {}
    for path in FILES:
        if path.name != "__init__.py":
            folder = path.parent.relative_to(SOURCE).as_posix()
            counts[folder] = counts.get(folder, 0) + 1
    print("modules in the fullest folders:", sorted(counts.items(), key=lambda each: -each[1])[:6])
    crowded = {folder: count for folder, count in counts.items() if count > MOST_MODULES_OF.get(folder, MOST_MODULES)}
    assert not crowded


def test_no_module_imports_itself_through_others() -> None:
    assert find_circle(graph_of(modules())) == []


def test_a_circle_is_found() -> None:
    assert find_circle({"a": {"b"}, "b": {"c", "d"}, "c": set(), "d": {"b"}}) == ["b", "d", "b"]


@pytest.mark.parametrize(
    ("path", "module"),
    [
        ("aws/client/calls.py", "iris_model.aws.deployment"),
        ("local/sandboxes/pool.py", "iris_model.local.front_ends.invoke_api"),
        ("readers/xgboost/booster.py", "iris_model.readers.sklearn.trees"),
        ("cli/render/output.py", "iris_model.cli.commands.build"),
    ],
)
def test_an_import_against_the_rules_is_found(path: str, module: str) -> None:
    breach = breach_of(Import(module, SOURCE / path, 7))
    assert breach is not None
    assert f"{path}:7 imports {module}" in breach
