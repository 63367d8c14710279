"""The import rules of docs/architecture.md."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.architecture.imports import Import, find_imports
from tests.architecture.packages import PACKAGES, SOURCE

# The example of the package is what a user owns: it imports what it needs.
FILES = sorted(path for path in SOURCE.rglob("*.py") if not path.is_relative_to(SOURCE / "project/templates"))


def package_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def allowed_third_party(path: Path) -> tuple[str, ...]:
    package = PACKAGES[package_of(path)]
    inside = path.relative_to(SOURCE).parts[1:]
    extra = [
        name
        for key, names in package.by_file
        if inside[: key.count("/") + 1] == tuple(key.split("/"))
        for name in names
    ]
    return (*package.third_party, *extra)


def breach_of(found: Import) -> str | None:
    """Return why an import breaks the rules, or None."""
    package = package_of(found.path)
    top, _, rest = found.module.partition(".")
    if top == "iris_model":
        target = rest.partition(".")[0]
        allowed = PACKAGES[package].ours + (PACKAGES[package].for_types if found.for_types else ())
        if not target or target == package or target in allowed:
            return None
        return f"{found}; {package} may import these of our packages: {', '.join(allowed) or 'nothing'}"
    if top in sys.stdlib_module_names or top in allowed_third_party(found.path):
        return None
    return f"{found}; this file may import these third-party modules: {', '.join(allowed_third_party(found.path)) or 'nothing'}"


def test_every_folder_is_a_package_of_the_table() -> None:
    folders = {path.name for path in SOURCE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders <= set(PACKAGES), f"packages without a row in the table: {sorted(folders - set(PACKAGES))}"


def test_no_import_breaks_the_rules() -> None:
    files = [path for path in FILES if path != SOURCE / "__init__.py"]
    breaches = [breach for path in files for found in find_imports(path) if (breach := breach_of(found))]
    assert not breaches, "\n" + "\n".join(breaches)


def test_the_package_itself_imports_nothing() -> None:
    assert find_imports(SOURCE / "__init__.py") == ()


@pytest.mark.parametrize(
    ("path", "module"),
    [
        ("local/service.py", "iris_model.runtime"),
        ("engine/model.py", "json_nobody_has"),
        ("engine/model.py", "iris_model.errors"),
        ("runtime/loop.py", "numpy"),
        ("readers/graph.py", "sklearn.tree"),
        ("oci/layer.py", "iris_model.aws.deploying.plan"),
        ("engine/model.py", "iris_model.contract.signature"),
        ("contract/endpoint.py", "iris_model.errors"),
    ],
)
def test_a_breach_is_found(path: str, module: str) -> None:
    breach = breach_of(Import(module, SOURCE / path, 7))
    assert breach is not None
    assert f"{path}:7 imports {module}" in breach
    assert "may import" in breach


def test_shipped_packages_import_no_slow_module_at_the_top() -> None:
    """A cold start must stay fast: these modules may be imported inside functions only."""
    import ast

    slow = {
        "json",
        "re",
        "logging",
        "typing",
        "dataclasses",
        "enum",
        "collections",
        "socket",
        "http",
        "functools",
        "pathlib",
    }
    lazy = {"aws_calls.py", "emulator.py", "log_records.py", "marshal_careful.py", "original.py", "original_table.py"}
    found = []
    for path in FILES:
        if package_of(path) not in ("runtime", "engine") or path.name in lazy:
            continue
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            found += [f"{path.name}:{node.lineno} {name}" for name in names if name.partition(".")[0] in slow]
    assert not found, found


def test_every_row_of_the_table_is_used() -> None:
    """An unused row would allow imports that were never reviewed."""
    imported = {path: {found.module.partition(".")[0] for found in find_imports(path)} for path in FILES}
    rows = [(package, "", name) for package, table in PACKAGES.items() for name in table.third_party]
    rows += [
        (package, part, name) for package, table in PACKAGES.items() for part, names in table.by_file for name in names
    ]
    stale = [
        f"{package}/{part}: {name}"
        for package, part, name in rows
        if not any(path.is_relative_to(SOURCE / package / part) and name in imported[path] for path in FILES)
    ]
    assert not stale


def test_the_page_has_the_same_table() -> None:
    page = (SOURCE.parents[1] / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if line.startswith("| `")
    ]
    shown = {cells[0].strip("`"): cells[1] for cells in rows if len(cells) == 4 and cells[0].strip("`") in PACKAGES}
    expected = {}
    for package, table in PACKAGES.items():
        if package in ("cli", "errors"):
            continue
        for_types = "; `contract` for types" if table.for_types else ""
        expected[package] = sorted(f"`{name}`" for name in table.ours), for_types
    for package, (ours, for_types) in expected.items():
        names, _, types = shown[package].partition(";")
        assert (sorted(names.split(", ")) if names != "nothing" else [], f";{types}" if types else "") == (
            ours,
            for_types,
        ), package
    assert shown["cli"] == "all"
