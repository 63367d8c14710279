"""Bytecode of modules: the same bytes whether made now or remembered, and of nothing else than the sources that are there."""

from __future__ import annotations

import ast
import marshal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from iris_model.project.packaging.bytecode import compile_modules, unpack_modules
from iris_model.project.packaging.compiled_modules import bytecode_beside, with_bytecode
from iris_model.project.packaging.interpreters import RUNNING
from iris_model.project.packaging.shipped import KEPT_AS_SOURCE, all_modules, shipped_files


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("IRIS_MODEL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def entries(cache: Path, kind: str = "bytecode") -> list[Path]:
    return sorted((cache / kind).glob("*.entry"))


def write_modules(directory: Path, **sources: str) -> dict[str, Path]:
    directory.mkdir(exist_ok=True)
    modules = {}
    for name, source in sources.items():
        modules[f"{name}.py"] = directory / f"{name}.py"
        modules[f"{name}.py"].write_text(source)
    return modules


def test_cached_bytecode_has_the_same_bytes(tmp_path: Path, cache: Path):
    modules = write_modules(tmp_path / "a", app="import lib\nx = 1\n", lib="y = 'text'\n")
    elsewhere = write_modules(tmp_path / "b", lib="y = 'text'\n", app="import lib\nx = 1\n")
    made = bytecode_beside(modules, RUNNING)
    assert sorted(made) == [f"__pycache__/{name}.{RUNNING.cache_tag}.pyc" for name in ("app", "lib")]
    assert entries(cache)
    assert bytecode_beside(modules, replace(RUNNING, path="/nowhere")) == made, "no interpreter is started"
    assert bytecode_beside(elsewhere, RUNNING, keep=False) == made, "neither place nor order is in the bytes"


def test_another_source_name_or_python_is_compiled_again(tmp_path: Path):
    first = bytecode_beside(write_modules(tmp_path / "a", app="x = 1\n"), RUNNING)
    assert bytecode_beside(write_modules(tmp_path / "a", app="x = 2\n"), RUNNING) != first
    assert bytecode_beside(write_modules(tmp_path / "a", main="x = 1\n"), RUNNING) != first
    with pytest.raises(FileNotFoundError):
        bytecode_beside(
            write_modules(tmp_path / "a", app="x = 1\n"), replace(RUNNING, path="/nowhere", version="other")
        )


def test_a_damaged_entry_is_made_again(tmp_path: Path, cache: Path):
    modules = write_modules(tmp_path / "a", app="x = 1\n")
    made = bytecode_beside(modules, RUNNING)
    [entry] = entries(cache)
    entry.write_bytes(entry.read_bytes()[:-1] + b"?")
    assert bytecode_beside(modules, RUNNING) == made


def test_without_a_cache_it_is_made_each_time(tmp_path: Path, cache: Path):
    cache.write_text("no directory")
    modules = write_modules(tmp_path / "a", app="x = 1\n")
    assert bytecode_beside(modules, RUNNING) == bytecode_beside(modules, RUNNING)


def test_invalid_modules_have_no_bytecode(tmp_path: Path):
    modules = write_modules(tmp_path / "a", good="x = 1\n", bad="print 'two'\n", null="\0", empty="")
    made = bytecode_beside(modules, RUNNING)
    assert {Path(name).name.split(".")[0] for name in made} == {"good", "empty"}


def test_no_modules_at_all_start_no_interpreter():
    assert bytecode_beside({}, replace(RUNNING, path="/nowhere")) == {}


def test_all_our_modules_but_those_kept_as_source_become_bytecode():
    files = with_bytecode(shipped_files("compiled", None), RUNNING)
    assert {name for name in files if name.endswith(".py")} == set(KEPT_AS_SOURCE)
    codes = {name: content for name, content in files.items() if isinstance(content, bytes)}
    assert {name.removesuffix("c") for name in codes} <= set(all_modules())
    for name, content in codes.items():
        code = marshal.loads(content[16:])
        assert code.co_filename == f"/var/task/{name.removesuffix('c')}"
        docstring = ast.get_docstring(ast.parse(all_modules()[name.removesuffix("c")].read_bytes()), clean=False)
        assert docstring is None or docstring not in code.co_consts


@pytest.mark.slow
def test_a_module_has_the_same_bytes_in_every_function():
    everything = with_bytecode(shipped_files("compiled", None), RUNNING)
    linear = with_bytecode(shipped_files("compiled", ("linear", "links")), RUNNING)
    assert len(linear) < len(everything)
    assert linear.items() <= everything.items()


@pytest.mark.slow
def test_bytecode_is_the_same_in_different_processes():
    """Other texts in memory, another hash seed, another directory: what `marshal` marks as shared must not follow them."""
    program = (
        "import sys; from pathlib import Path; from iris_model.project.packaging.bytecode import compile_modules; "
        "from iris_model.project.packaging.interpreters import RUNNING; "
        "from iris_model.project.packaging.shipped import all_modules; "
        "sys.stdout.buffer.write(compile_modules(all_modules(), RUNNING, shipped=True))"
    )
    other = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONHASHSEED": "7"},
        cwd="/",
        capture_output=True,
        check=True,
        timeout=60,
    )
    ours = compile_modules(all_modules(), RUNNING, shipped=True)
    assert unpack_modules(other.stdout) == unpack_modules(ours)
