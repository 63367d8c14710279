"""Size budgets, printed by every `make check`. When a package exceeds its budget, reduce the package and keep the budget."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator

from iris_model.project.packaging.shipped import shipped_files
from tests.architecture.packages import PACKAGES, SOURCE

# Source bytes that are packaged with the iris model: the runtime, and the parts of the engine that a linear model needs. The
# whole function directory of iris may have 300 KB.
SHIPPED_BYTES = 209_000
IRIS_OPERATORS = ("labels", "linear", "links", "scaling")
# Our own files that a cold start reads before it can answer one plain row with a linear model.
MODULES_AT_COLD_START = 26
LONGEST_FILE = 400
# How often the shipped packages say `Any`. What remains is JSON as it comes, and what libraries return.
UNTYPED = {"engine": 39, "runtime": 71}

COLD_START = """
import sys
sys.path.insert(0, {source!r})
from iris_model.runtime import loop, search_path, start
from iris_model.runtime.model import Model
from iris_model.runtime.events import find_format
from iris_model.engine.model import CompiledModel
import iris_model.runtime.payloads.rows, iris_model.runtime.answers
import iris_model.engine.operators.linear, iris_model.engine.operators.links, iris_model.engine.operators.labels
print(len([name for name in sys.modules if name.startswith("iris_model")]))
"""


def test_sizes() -> None:
    print("package        files  lines  bytes")
    for package in sorted(PACKAGES):
        files = sorted((SOURCE / package).rglob("*.py"))
        lines = sum(len(path.read_text(encoding="utf-8").splitlines()) for path in files)
        size = sum(path.stat().st_size for path in files)
        if files:
            print(f"{package:10} {len(files):6} {lines:6} {size:6}")
    shipped = sum(path.stat().st_size for path in shipped_files("compiled", IRIS_OPERATORS).values())
    print(f"shipped source: {shipped} bytes of {SHIPPED_BYTES}")
    assert shipped <= SHIPPED_BYTES


def test_no_file_is_long() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCE.rglob("*.py")}
    long = {str(path.relative_to(SOURCE)): length for path, length in lengths.items() if length > LONGEST_FILE}
    assert not long, f"longer than {LONGEST_FILE} lines: {long}"


def test_little_is_untyped() -> None:
    for package, most in UNTYPED.items():
        trees = [ast.parse(path.read_text(encoding="utf-8")) for path in (SOURCE / package).rglob("*.py")]
        texts = [word for tree in trees for word in _annotated(tree)]
        count = sum(len(re.findall(r"\bAny\b", text)) for text in texts)
        print(f"Any in {package}: {count} of {most}")
        assert count <= most


def _annotated(tree: ast.AST) -> Iterator[str]:
    """Yield each name and each text outside docstrings, where an annotation can stand."""
    documentation = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            yield node.value


def test_a_cold_start_reads_few_files() -> None:
    program = COLD_START.format(source=str(SOURCE.parent))
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, timeout=30, check=True
    )
    count = int(done.stdout)
    print(f"our modules at a cold start: {count} of {MODULES_AT_COLD_START}")
    assert count <= MODULES_AT_COLD_START


def test_help_imports_nothing_heavy() -> None:
    program = "import sys; import iris_model.cli; print([m for m in ('numpy', 'aiohttp', 'rich', 'sklearn') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout == "[]\n"
