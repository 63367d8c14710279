"""Which modules of this package are packaged into a function: those that it can reach, and no others."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from iris_model.engine.operators import OPERATORS
from iris_model.project.packaging.shipped import ONLY_WITH_KERNELS, ROOT, shipped_files


def names(executor: str, modules: tuple[str, ...] | None) -> set[str]:
    return {name.removeprefix("iris_model/") for name in shipped_files(executor, modules)}


def test_a_linear_model_brings_no_trees() -> None:
    found = names("compiled", ("linear", "links"))
    assert {
        "__init__.py",
        "engine/operators/linear.py",
        "engine/model.py",
        "engine/rows.py",
        "runtime/loop.py",
    } <= found
    assert not {"engine/operators/trees.py", "runtime/executors/original.py"} & found


def test_an_executor_brings_its_own_file() -> None:
    assert "runtime/executors/original.py" in names("original", ())
    assert "engine/operators/trees.py" not in names("original", ())


def test_without_a_graph_to_look_at_everything_of_the_engine_travels() -> None:
    engine = {path.relative_to(ROOT).as_posix() for path in (ROOT / "engine").rglob("*.py")}
    only_with_kernels = {f"{name}.py" for name in ONLY_WITH_KERNELS}
    assert engine - only_with_kernels <= names("compiled", None)
    assert not only_with_kernels & names("compiled", None)
    assert only_with_kernels <= {path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.py")}


@pytest.mark.slow
def test_each_operator_runs_with_what_travels_for_it(tmp_path: Path) -> None:
    """One interpreter for each module of operators, which sees nothing but the files that would travel."""
    for module in sorted(set(OPERATORS.values())):
        directory = tmp_path / module
        for name, path in shipped_files("compiled", (module,)).items():
            target = directory / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
        operators = [op for op, home in OPERATORS.items() if home == module]
        program = (
            f"import sys; sys.path.insert(0, {str(directory)!r})\n"
            "from iris_model.engine.operators import find_operator\n"
            f"import iris_model.runtime.model; [find_operator(op) for op in {operators!r}]"
        )
        done = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=False)
        assert done.returncode == 0, (module, done.stderr)
