"""The cache of compilations: the same bytes as compiling, and never those of another model or machine."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import ClassVar

import pytest

import iris_model
from iris_model.errors import UnsupportedModel
from iris_model.project.caching.entries import MOST_DAYS
from iris_model.project.compilation.compilations import Compilations
from iris_model.project.configuration.settings import ProjectSettings, parse_settings, read_settings
from iris_model.project.packaging.executors import Executable, choose_executable
from iris_model.project.packaging.package import package_project
from tests.support.projects import FakeChoice, write_project
from tests.support.spread import spread

IRIS = Path(__file__).parents[2] / "examples/iris"


def never(settings: ProjectSettings) -> Executable:
    raise AssertionError("it was to be remembered")


@pytest.fixture
def compilations(tmp_path: Path) -> Compilations:
    return Compilations(tmp_path / "compiled")


@pytest.fixture
def small(tmp_path: Path) -> ProjectSettings:
    return read_settings(write_project(tmp_path / "project", {"rows.csv": "a\n1\n"}))


def entries(compilations: Compilations) -> list[Path]:
    return sorted(compilations.directory.iterdir())


def function_of(settings: ProjectSettings, output: Path, executable: Executable) -> dict[str, bytes]:
    """Every file of the function that is packaged with an executable."""
    package_project(settings.directory, settings=settings, output=output, choose=lambda _: executable)
    return {path.relative_to(output).as_posix(): path.read_bytes() for path in output.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    "values",
    [
        {"data": "iris.csv"},
        pytest.param({}, marks=pytest.mark.slow),
        pytest.param({"executor": "original", "data": "iris.csv"}, marks=pytest.mark.slow),
    ],
)
def test_a_cached_compilation_has_the_same_bytes(values, compilations: Compilations, tmp_path: Path):
    for name in ("iris_trained_model.pkl", "iris.csv", "app.py", "requirements.txt"):
        shutil.copyfile(IRIS / name, tmp_path / name)
    settings = parse_settings({"name": "n", "model": "iris_trained_model.pkl", **values}, tmp_path)
    fresh = choose_executable(settings)
    kept = compilations.choose(settings)
    remembered = compilations.choose(settings, never)
    assert asdict(remembered) == asdict(kept) == asdict(fresh)
    assert function_of(settings, tmp_path / "fresh", fresh) == function_of(
        settings, tmp_path / "remembered", remembered
    )


def change_model(settings: ProjectSettings) -> ProjectSettings:
    settings.model_path.write_bytes(settings.model_path.read_bytes() + b".")
    return settings


def describe_model(settings: ProjectSettings) -> ProjectSettings:
    (settings.directory / "MLmodel").write_text("flavors:\n")
    return settings


def change_rows(settings: ProjectSettings) -> ProjectSettings:
    (settings.directory / "rows.csv").write_text("a\n2\n")
    return settings


def rename_model(settings: ProjectSettings) -> ProjectSettings:
    settings.model_path.rename(settings.directory / "other.pkl")
    return replace(settings, model="other.pkl")


@pytest.mark.parametrize(
    "change",
    [
        change_model,
        describe_model,
        change_rows,
        rename_model,
        lambda settings: replace(settings, executor="original"),
        lambda settings: replace(settings, data=None),
        lambda settings: replace(settings, categories={"size": ["a", "b"]}),
    ],
    ids=["model", "description", "rows", "model's name", "executor", "no rows", "categories"],
)
def test_another_input_is_another_compilation(change, compilations: Compilations, small: ProjectSettings):
    choice = FakeChoice()
    small = replace(small, data="rows.csv")
    compilations.choose(small, choice)
    compilations.choose(small, choice)
    assert choice.calls == 1
    compilations.choose(change(small), choice)
    assert choice.calls == 2


def test_a_handler_and_settings_of_the_function_are_no_part_of_it(compilations: Compilations, small: ProjectSettings):
    compilations.choose(small, FakeChoice())
    (small.directory / "app.py").write_text("def handler(event, context): return 1\n")
    (small.directory / "requirements.txt").write_text("another==1.0\n")
    compilations.choose(replace(small, memory=512, architecture="arm64", python="3.13", name="other"), never)


class Watched(ProjectSettings):
    """Settings that record which module read which key."""

    read: ClassVar[set[str]] = set()

    def __getattribute__(self, name: str) -> object:
        Watched.read.add(name)
        return super().__getattribute__(name)


@pytest.mark.parametrize(
    "executor", ["compiled", *(pytest.param(one, marks=pytest.mark.slow) for one in ("auto", "original"))]
)
def test_nothing_decides_that_is_not_in_the_key(executor: str):
    """`choose_executable` may read no other setting than those that the key holds."""
    settings = parse_settings(
        {"name": "n", "model": "iris_trained_model.pkl", "data": "iris.csv", "executor": executor}, IRIS
    )
    watched = Watched(**vars(settings))
    Watched.read.clear()
    choose_executable(watched)
    in_the_key = {"executor", "model", "data", "categories", "directory", "model_path", "data_path"}
    never_remembered = {"trust"}
    assert {name for name in Watched.read if not name.startswith("__")} <= in_the_key | never_remembered


DESCRIBE = """
import json, os, sys
from iris_model.project.caching.surroundings import describe_arithmetic, describe_installation
if "one processor" in sys.argv:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
print(json.dumps([describe_installation(), describe_arithmetic()]))
"""


def describe(*arguments: str, path: Path | None = None, options: tuple[str, ...] = (), **variables: str) -> list:
    """The environment as another process of this Python describes it."""
    environment = {**os.environ, **variables, **({"PYTHONPATH": str(path)} if path else {})}
    command = [sys.executable, *options, "-c", DESCRIBE, *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60)
    return json.loads(done.stdout)


def test_every_process_describes_the_environment_alike():
    assert describe() == describe()


@pytest.mark.parametrize(
    "variable", spread(["OMP_NUM_THREADS", "OPENBLAS_CORETYPE", "NPY_DISABLE_CPU_FEATURES", "IRIS_MODEL_KERNELS"], 4)
)
def test_a_variable_of_the_arithmetic_is_part_of_it(variable: str):
    assert describe(**{variable: "1"}) != describe(**{variable: "0"})


def test_threads_and_warnings_and_optimization_are_part_of_it():
    usual = describe()
    assert describe(options=("-O",)) != usual
    assert describe(options=("-W", "error::DeprecationWarning")) != usual
    if len(os.sched_getaffinity(0)) > 1:
        assert describe("one processor") != usual


def test_the_cache_key_covers_installed_packages(tmp_path: Path):
    before = describe(path=tmp_path)
    (tmp_path / "another-1.0.dist-info").mkdir()
    installed = describe(path=tmp_path)
    assert installed != before
    (tmp_path / "threadpoolctl.py").write_text("")
    assert describe(path=tmp_path) != installed


@pytest.mark.slow
def test_this_tools_own_code_is_part_of_it(tmp_path: Path):
    """A copy of this checkout with a changed line in one file of each package that affects the result; others do not count."""
    copy = tmp_path / "iris_model"
    shutil.copytree(Path(iris_model.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
    seen = [describe(path=tmp_path)]
    assert str(copy) not in json.dumps(seen), "a place is not what decides"
    for file in (
        "engine/operators/linear.py",
        "readers/opening/open.py",
        "compiler/parity/verify.py",
        "project/packaging/executors.py",
        "__init__.py",
    ):
        text = (copy / file).read_text()
        (copy / file).write_text(text.replace('__version__ = "', '__version__ = "9') + "# another line\n")
        seen.append(describe(path=tmp_path))
    assert len({json.dumps(each) for each in seen}) == len(seen)
    with (copy / "cli/commands/package.py").open("a") as file:
        file.write("# another line\n")
    assert describe(path=tmp_path) == seen[-1]


@pytest.mark.parametrize("place", [0, 70, 200, -1])
def test_a_flipped_byte_is_found_and_repaired(place: int, compilations: Compilations, small: ProjectSettings):
    choice = FakeChoice()
    fresh = compilations.choose(small, choice)
    [entry] = entries(compilations)
    whole = entry.read_bytes()
    damaged = bytearray(whole)
    damaged[place] ^= 1
    entry.write_bytes(damaged)
    assert compilations.choose(small, choice) == fresh
    assert choice.calls == 2
    assert entry.read_bytes() == whole


def test_a_truncated_cache_entry_is_ignored(compilations: Compilations, small: ProjectSettings):
    choice = FakeChoice()
    fresh = compilations.choose(small, choice)
    [entry] = entries(compilations)
    for length in (0, 10, 64, 65, 66, 100):
        entry.write_bytes(entry.read_bytes()[:length])
        assert compilations.choose(small, choice) == fresh
    assert choice.calls == 7


def test_an_entry_that_others_may_write_is_not_believed(compilations: Compilations, small: ProjectSettings):
    choice = FakeChoice()
    compilations.choose(small, choice)
    [entry] = entries(compilations)
    assert stat.S_IMODE(entry.stat().st_mode) == 0o600, "golden rows may be the user's own"
    assert stat.S_IMODE(compilations.directory.stat().st_mode) == 0o700
    entry.chmod(0o666)
    compilations.choose(small, choice)
    assert choice.calls == 2
    compilations.choose(small, never)


def test_an_unwritable_cache_is_not_an_error(tmp_path: Path, small: ProjectSettings):
    (tmp_path / "file").write_text("no directory")
    choice = FakeChoice()
    compilations = Compilations(tmp_path / "file" / "compiled")
    assert compilations.choose(small, choice) == compilations.choose(small, choice)
    assert choice.calls == 2


def test_models_with_trusted_names_are_compiled_each_time(compilations: Compilations, small: ProjectSettings):
    choice = FakeChoice()
    trusting = replace(small, trust=("steps.Square",))
    compilations.choose(trusting, choice)
    compilations.choose(trusting, choice)
    assert choice.calls == 2
    assert not compilations.directory.exists()


def test_a_model_trained_again_in_the_meantime_is_not_cached(compilations: Compilations, small: ProjectSettings):
    def train_and_choose(settings: ProjectSettings) -> Executable:
        return FakeChoice()(change_model(settings))

    compilations.choose(small, train_and_choose)
    assert not compilations.directory.exists()


def test_a_refusal_is_not_remembered(compilations: Compilations, small: ProjectSettings):
    def refuse(settings: ProjectSettings) -> Executable:
        raise UnsupportedModel(["it is a test"])

    with pytest.raises(UnsupportedModel):
        compilations.choose(small, refuse)
    assert not compilations.directory.exists()


def test_the_cache_is_bounded_and_keeps_what_was_used_last(compilations: Compilations, small: ProjectSettings):
    choice = FakeChoice()
    models = [replace(small, model=f"{name}.pkl") for name in "abc"]
    for settings in models:
        settings.model_path.write_bytes(b"m" * 1000)
    compilations.choose(models[0], choice)
    [entry] = entries(compilations)
    bounded = replace(compilations, most_bytes=entry.stat().st_size * 5 // 2)
    os.utime(entry, (1, 1))  # long ago, and then used again
    bounded.choose(models[0], never)
    bounded.choose(models[1], choice)
    old = next(path for path in entries(bounded) if path != entry)
    os.utime(old, (old.stat().st_mtime - 60,) * 2)
    bounded.choose(models[2], choice)
    assert old not in entries(bounded)
    assert len(entries(bounded)) == 2
    bounded.choose(models[0], never)
    replace(compilations, most_bytes=100).choose(models[1], choice)
    assert len(entries(bounded)) == 2, "larger than the whole bound: nothing is removed for it"


def test_old_unused_entries_are_deleted(compilations: Compilations, small: ProjectSettings):
    compilations.choose(small, FakeChoice())
    [entry] = entries(compilations)
    long_ago = entry.stat().st_mtime - (MOST_DAYS + 1) * 86400
    os.utime(entry, (long_ago, long_ago))
    compilations.choose(change_model(small), FakeChoice())
    assert len(entries(compilations)) == 1
    assert entry not in entries(compilations)


@pytest.mark.slow
def test_a_changed_handler_is_packaged_without_numpy_or_a_library(tmp_path: Path):
    project = tmp_path / "iris"
    command = "import sys; from iris_model.cli import cli; cli(['package', sys.argv[1]], standalone_mode=False); "
    command += "print([name for name in ('numpy', 'sklearn', 'safetensors') if name in sys.modules])"
    shutil.copytree(IRIS, project, ignore=shutil.ignore_patterns(".*", "__pycache__"))
    environment = {**os.environ, "IRIS_MODEL_CACHE": str(tmp_path / "cache")}
    said = []
    for turn in range(2):
        with (project / "app.py").open("a") as app:
            app.write(f"# {turn}\n")
        done = subprocess.run(
            [sys.executable, "-c", command, str(project)],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
        said.append(done.stdout.splitlines())
    assert [lines[-1] for lines in said] == ["[]", "[]"], "what compiles is a process of its own"
    assert said[0][:-1] == said[1][:-1]
