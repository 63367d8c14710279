"""The function directory: which files, which bytes, and what happens when packaging fails half way."""

from __future__ import annotations

import hashlib
import json
import marshal
import os
import subprocess
import sys
from pathlib import Path

import pytest

import iris_model
from iris_model.errors import ProjectError
from iris_model.project.configuration.settings import ProjectSettings
from iris_model.project.packaging.executors import Executable
from iris_model.project.packaging.package import RUNNING_PYTHON, PackagedFunction, package_project
from tests.support.projects import MODEL_BYTES, SETTINGS, FakeChoice, write_project

ROOT = Path(__file__).parents[2]


def package(project: Path, **options: object) -> PackagedFunction:
    return package_project(project, **{"choose": FakeChoice(), **options})  # type: ignore[arg-type]


def tree(directory: Path) -> dict[str, tuple[int, int, str]]:
    """Everything about a directory that a layer of an image would hold: names, modes, times, bytes."""
    found = {}
    for path in sorted([directory, *directory.rglob("*")]):
        status = path.stat()
        digest = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        found[path.relative_to(directory).as_posix()] = (status.st_mode, int(status.st_mtime), digest)
    return found


def test_it_holds_the_handler_the_model_the_golden_rows_and_the_shipped_packages(tmp_path: Path):
    directory = package(write_project(tmp_path)).directory
    assert directory == tmp_path / ".iris-model/function"
    assert (directory / "app.py").read_text().startswith("def handler")
    assert (directory / "model.safetensors").read_bytes() == b"compiled: " + MODEL_BYTES
    assert json.loads((directory / "golden.json").read_text())[0]["row"] == [1.0]
    # For this Python the shipped packages are bytecode; the entry point and the emulator stay source.
    package_root = Path(iris_model.__file__).parent
    shipped = {
        path.relative_to(directory / "iris_model/runtime").as_posix()
        for path in (directory / "iris_model/runtime").rglob("*")
        if path.is_file()
    }
    runtime = package_root / "runtime"
    sources = {path.relative_to(runtime).as_posix() for path in runtime.rglob("*.py")}
    # What needs the C kernels travels with them, and this model has no use for them; nor for names of classes.
    others = ("class_names", "executors/", "payloads/packed", "event_sources/")
    sources = {name for name in sources if not name.startswith(others)}
    assert shipped == {name if name in ("__main__.py", "emulator.py") else f"{name}c" for name in sources}
    assert {path.name for path in (directory / "iris_model").iterdir()} == {"__init__.pyc", "engine", "runtime"}
    assert not (directory / "model.pkl").exists()


def test_a_column_that_is_left_out_of_captured_rows_is_one_of_the_model(tmp_path: Path):
    """The runtime would not start with it: a name that is misspelled would let its column be written."""
    capture = '[capture]\nrate = 0.1\nwithout = ["{}"]\n'
    package(write_project(tmp_path / "right", settings=SETTINGS + capture.format("a")))
    with pytest.raises(ProjectError) as caught:
        package(write_project(tmp_path / "wrong", settings=SETTINGS + capture.format("b")))
    assert caught.value.problem == 'capture.without in iris-model.toml names "b", and the model has no such column'
    assert caught.value.remedy == 'Correct the name; the columns are "a".'


def test_function_json_says_what_the_settings_say_and_coreutils_agrees_with_its_digests(tmp_path: Path):
    settings = SETTINGS + 'memory = 256\ntimeout = 7\nroute = "/p"\n[environment]\nA1 = "b"\n'
    directory = package(write_project(tmp_path, settings=settings)).directory
    description = json.loads((directory / "function.json").read_text())
    digests = description.pop("files")
    assert description == {
        "format": "iris-model-function/1",
        "name": "small",
        "handler": "app.handler",
        "executor": "compiled",
        "python": RUNNING_PYTHON,
        "architecture": "x86_64",
        "memory": 256,
        "timeout": 7,
        "route": "/p",
        "stage": "default",
        "model": "model.safetensors",
        "environment": {"A1": "b"},
        "http": {
            "endpoint": "http-api",
            "auth": "open",
            "cors": None,
            "throttling": {"rate": None, "burst": None},
            "more_routes": [],
        },
        "reserved_concurrency": None,
        "log_format": "Text",
    }
    files = {name for name in tree(directory) if (directory / name).is_file()}
    assert set(digests) == files - {"function.json"}
    lines = "".join(f"{digest}  {name}\n" for name, digest in digests.items())
    subprocess.run(["sha256sum", "--check", "--strict", "--quiet"], input=lines.encode(), cwd=directory, check=True)


_PACKAGE_HERE = """
import os, sys
from pathlib import Path
os.umask(int(sys.argv[2], 8))
from iris_model.project.packaging.package import package_project
from tests.support.projects import FakeChoice, write_project
package_project(write_project(Path(sys.argv[1])), choose=FakeChoice())
"""


@pytest.mark.slow
def test_the_bytes_depend_on_no_directory_time_zone_umask_locale_or_hash_seed(tmp_path: Path):
    circumstances = [
        ("a", "022", {"TZ": "UTC", "LC_ALL": "C", "PYTHONHASHSEED": "1"}),
        ("b/deeper", "077", {"TZ": "Asia/Kathmandu", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "2", "PYTHONUTF8": "0"}),
        ("c", "000", {"TZ": "America/New_York", "LC_ALL": "POSIX", "PYTHONOPTIMIZE": "2", "SOURCE_DATE_EPOCH": "99"}),
    ]
    trees = []
    for name, umask, variables in circumstances:
        project = tmp_path / name
        subprocess.run(
            [sys.executable, "-c", _PACKAGE_HERE, str(project), umask],
            cwd=ROOT,
            # Each with a cache of its own: what the first one made is not to be what the others find.
            env={"PATH": os.environ["PATH"], "IRIS_MODEL_CACHE": str(project / "cache"), **variables},
            check=True,
        )
        trees.append(tree(project / ".iris-model/function"))
    assert any(name.endswith(".pyc") for name in trees[0])
    assert trees[0] == trees[1] == trees[2]


def test_bytecode_is_used_without_looking_at_the_source(tmp_path: Path):
    directory = package(write_project(tmp_path)).directory
    bytecode = directory / "__pycache__" / f"app.{sys.implementation.cache_tag}.pyc"
    data = bytecode.read_bytes()
    assert data[4:8] == b"\x01\x00\x00\x00", "PEP 552: hash-based, and not checked"
    assert marshal.loads(data[16:]).co_filename == "/var/task/app.py"
    # The proof: Python takes the bytecode even when the source says something else.
    (directory / "app.py").write_text("raise SystemExit('the source was read')\n")
    finished = subprocess.run([sys.executable, "-S", "-c", "import app; app.handler"], cwd=directory, check=False)
    assert finished.returncode == 0


def test_a_function_for_another_python_has_no_bytecode_and_a_note(tmp_path: Path):
    other = "3.12" if RUNNING_PYTHON != "3.12" else "3.13"
    packaged = package(write_project(tmp_path, settings=f'{SETTINGS}python = "{other}"\n'))
    assert not list(packaged.directory.rglob("*.pyc"))
    assert f"the function runs on Python {other}" in packaged.notes[0]


# --- which files travel ---


def test_only_modules_that_the_handler_imports_are_packaged(tmp_path: Path):
    project = write_project(
        tmp_path,
        {
            "app.py": "import json\nfrom prices import tax\nimport shop.cart\ndef handler(e, c): pass\n",
            "prices.py": "def tax():\n    import rates\n",
            "rates.py": "",
            "shop/__init__.py": "",
            "shop/cart.py": "from . import data\n",
            "shop/data.csv": "1,2",
            "train.py": "import sklearn",
        },
    )
    names = set(tree(package(project).directory))
    assert {"prices.py", "rates.py", "shop/cart.py", "shop/data.csv"} <= names
    assert "train.py" not in names


def test_include_brings_files_globs_and_directories(tmp_path: Path):
    project = write_project(
        tmp_path,
        {"a.json": "1", "t/x.csv": "1", "t/y.txt": "1", "d/e/f.bin": b"\0"},
        settings=SETTINGS + 'include = ["a.json", "t/*.csv", "d"]\n',
    )
    names = set(tree(package(project).directory))
    assert {"a.json", "t/x.csv", "d/e/f.bin"} <= names
    assert "t/y.txt" not in names


def test_a_handler_may_be_in_a_package(tmp_path: Path):
    project = write_project(
        tmp_path,
        {"serving/__init__.py": "", "serving/main.py": "from .deep import handler\n", "serving/deep.py": "handler=1"},
        settings=SETTINGS + 'handler = "serving.main.handler"\n',
    )
    assert {"serving/__init__.py", "serving/deep.py", "serving/main.py"} <= set(tree(package(project).directory))


@pytest.mark.parametrize(
    ("files", "settings", "expected"),
    [
        ({}, 'include = ["none/*.csv", "gone.txt"]', r'no file in .* matches "none/\*.csv", "gone.txt"'),
        ({"iris_model/x.py": ""}, 'include = ["iris_model"]', "a name that `package` uses itself"),
        ({"function.json": ""}, 'include = ["function.json"]', "a name that `package` uses itself"),
        ({"model.safetensors": ""}, 'include = ["*.safetensors"]', "`package` uses itself"),
        ({"app.py": "def handler(:\n"}, "", r"app.py, line 1 is not Python"),
        ({"app.py": "x = '\0'"}, "", "app.py is not Python"),
        ({"app.py": "def main(): pass\n"}, "", "app.py has no function handler"),
        ({}, 'handler = "other.handler"', "there is no file other.py"),
        ({}, 'data = "rows.csv"', 'data = "rows.csv" in iris-model.toml: no such file'),
        ({}, "[budgets]\nfunction-directory-kib = 1", r"has \d+ KiB, and budgets.function-directory-kib allows 1"),
    ],
)
def test_a_project_that_cannot_be_packaged_says_why_and_writes_nothing(
    tmp_path: Path, files: dict[str, str], settings: str, expected: str
):
    project = write_project(tmp_path, files, settings=f"{SETTINGS}{settings}\n")
    with pytest.raises(ProjectError, match=expected):
        package(project)
    assert not (project / ".iris-model/function").exists()


def test_a_missing_model_says_how_to_get_one(tmp_path: Path):
    project = write_project(tmp_path)
    (project / "model.pkl").unlink()
    with pytest.raises(ProjectError, match=r"(?s)no such file.*train"):
        package(project)


@pytest.mark.parametrize(
    "source",
    [
        "handler = print",
        "if True:\n    def handler(e, c): pass",
        "try:\n    from x import handler\nexcept ImportError:\n    handler = None",
        "from json import *",
        "from json import dumps as handler",
        "class handler: pass",
        "with open('f') as handler: pass",
    ],
)
def test_every_way_to_bind_the_handler_is_seen(tmp_path: Path, source: str):
    package(write_project(tmp_path, {"app.py": source}))


# --- again, and interrupted ---


def test_packaging_again_without_a_change_does_nothing(tmp_path: Path):
    project, choose = write_project(tmp_path), FakeChoice()
    first = package(project, choose=choose)
    inode = first.directory.stat().st_ino
    again = package(project, choose=choose)
    assert (first.unchanged, again.unchanged, choose.calls) == (False, True, 1)
    assert again.directory.stat().st_ino == inode
    assert (again.executor, again.reason, again.size_bytes) == (first.executor, first.reason, first.size_bytes)


@pytest.mark.parametrize(
    "change",
    [
        lambda project: (project / "app.py").write_text("def handler(event, context): return 1\n"),
        lambda project: (project / "model.pkl").write_bytes(b"another"),
        lambda project: (project / "iris-model.toml").write_text(SETTINGS + "memory = 512\n"),
        lambda project: (project / ".iris-model/function/app.py").write_text("edited = 1\n"),
        lambda project: (project / ".iris-model/function/golden.json").unlink(),
        lambda project: (project / ".iris-model/function/more.py").write_text(""),
        lambda project: next((project / ".iris-model/stamps").iterdir()).write_text("not json"),
    ],
    ids=["handler", "model", "settings", "edited output", "deleted output", "added output", "broken stamp"],
)
def test_any_change_packages_again(tmp_path: Path, change):
    project, choose = write_project(tmp_path), FakeChoice()
    package(project, choose=choose)
    change(project)
    assert not package(project, choose=choose).unchanged
    assert choose.calls == 2
    assert package(project, choose=choose).unchanged


def test_packaging_again_imports_neither_numpy_nor_a_library(tmp_path: Path):
    project = write_project(tmp_path)
    package(project)
    code = (
        "import sys; from pathlib import Path; from iris_model.project import package_project\n"
        "assert package_project(Path(sys.argv[1])).unchanged\n"
        "assert not {'numpy', 'sklearn', 'iris_model.compiler', 'importlib.metadata'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, str(project)], check=True)


def test_git_does_not_see_what_packaging_leaves_in_the_project(tmp_path: Path):
    package(write_project(tmp_path))
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    seen = subprocess.run(
        ["git", "status", "--porcelain", "--untracked-files=all"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ".iris-model/" not in seen.stdout
    assert "app.py" in seen.stdout


class Interrupted(BaseException):
    """Not an Exception, as KeyboardInterrupt is not."""


def test_an_interrupted_run_leaves_the_old_function_directory_and_no_trace(tmp_path: Path):
    project = write_project(tmp_path)
    directory = package(project).directory
    before = tree(directory)
    (project / "app.py").write_text("def handler(event, context): return 2\n")

    def interrupt_when_writing(step: str) -> None:
        if step.startswith("Installing"):
            raise Interrupted

    (project / "requirements.txt").write_text("never-installed\n")
    with pytest.raises(Interrupted):
        package(
            project,
            choose=FakeChoice("original", needs=("never-installed",)),
            install_requirements=True,
            on_step=interrupt_when_writing,
        )
    assert tree(directory) == before
    assert {path.name for path in directory.parent.iterdir()} == {"function", "stamps", ".gitignore"}


def test_a_budget_that_is_exceeded_leaves_the_old_function_directory(tmp_path: Path):
    project = write_project(tmp_path)
    before = tree(package(project).directory)
    (project / "iris-model.toml").write_text(SETTINGS + "[budgets]\nfunction-directory-kib = 1\n")
    with pytest.raises(ProjectError):
        package(project)
    assert tree(project / ".iris-model/function") == before


# --- where to ---


def test_an_output_that_is_not_a_function_directory_is_never_replaced(tmp_path: Path):
    project = write_project(tmp_path / "project")
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "thesis.tex").write_text("years")
    with pytest.raises(ProjectError, match="is not a function directory"):
        package(project, output=precious)
    assert (precious / "thesis.tex").read_text() == "years"


@pytest.mark.parametrize("where", ["", ".."])
def test_the_project_itself_is_never_replaced(tmp_path: Path, where: str):
    project = write_project(tmp_path / "project")
    with pytest.raises(ProjectError):
        package(project, output=project / where)
    assert (project / "app.py").exists()


def test_an_empty_directory_and_an_earlier_function_directory_are_replaced(tmp_path: Path):
    project = write_project(tmp_path / "project")
    output = tmp_path / "out"
    output.mkdir()
    package(project, output=output)
    (project / "app.py").write_text("def handler(event, context): return 2\n")
    package(project, output=output)
    assert "return 2" in (output / "app.py").read_text()


# --- requirements ---


def test_third_party_imports_of_the_handler_are_named(tmp_path: Path):
    app = "import httpx, json, boto3\ndef handler(e, c): pass\n"
    project = write_project(tmp_path, {"app.py": app, "requirements.txt": "httpx==0.28.1\n"})
    notes = package(project).notes
    assert "httpx must be importable" in notes[0]
    assert "boto3" not in notes[0], "the base images have it"


def test_missing_modules_are_named_once(tmp_path: Path):
    app = "import numpy, sklearn\n\n\ndef handler(event, context): ...\n"
    project = write_project(tmp_path, {"app.py": app, "requirements.txt": "scikit-learn\n"})
    packaged = package(project, choose=FakeChoice("original", needs=("scikit-learn",)))
    assert packaged.needs == ("scikit-learn", "numpy")
    assert packaged.notes[0].startswith("scikit-learn, numpy must be importable where the function runs and are not in")


def test_the_cost_of_the_original_executor_is_reported(tmp_path: Path):
    project = write_project(tmp_path, {"requirements.txt": "scikit-learn==1.9.1\n"})
    packaged = package(project, choose=FakeChoice("original", needs=("scikit-learn",)))
    assert any("scikit-learn must be importable" in note for note in packaged.notes)
    assert any("memory = 128 MB is little" in note for note in packaged.notes)


def test_requirements_are_not_installed_for_a_compiled_model(tmp_path: Path):
    project = write_project(tmp_path, {"requirements.txt": "there-is-no-such-distribution==0\n"})
    package(project, install_requirements=True)


@pytest.mark.slow
def test_requirements_are_installed_without_what_depends_on_this_machine(tmp_path: Path):
    """A distribution of our own with a script, so that no index is asked."""
    source = tmp_path / "dist"
    wheel = _write_tiny_wheel(source)
    trees = []
    for name in ("a", "b"):
        project = write_project(tmp_path / name, {"requirements.txt": f"{wheel}\n"})
        directory = package(
            project, choose=FakeChoice("original", needs=("tiny",)), install_requirements=True
        ).directory
        trees.append(tree(directory))
    assert "tiny.py" in trees[0]
    assert f"__pycache__/tiny.{sys.implementation.cache_tag}.pyc" in trees[0]
    assert "tiny-1.dist-info/METADATA" in trees[0]
    assert "bin" not in trees[0]
    assert trees[0] == trees[1]


@pytest.mark.slow
def test_a_change_in_a_file_that_requirements_include_is_a_change(tmp_path: Path):
    wheel = _write_tiny_wheel(tmp_path / "dist")
    files = {"requirements.txt": "-r more.txt\n", "more.txt": "# nothing\n"}
    # A base that may have packages of its own.
    project = write_project(tmp_path / "p", files, settings=SETTINGS + 'base-image = "somebody/python:3.13"\n')
    arguments = {"choose": FakeChoice("original", needs=("tiny",)), "install_requirements": True}
    assert not (package(project, **arguments).directory / "tiny.py").exists()
    assert package(project, **arguments).unchanged
    (project / "more.txt").write_text(f"{wheel}\n")
    assert (package(project, **arguments).directory / "tiny.py").exists()


def test_the_error_quotes_pip(tmp_path: Path):
    project = write_project(tmp_path, {"requirements.txt": "./nothing-here.whl\n"})
    with pytest.raises(ProjectError, match=r"(?s)pip could not install.*nothing-here"):
        package(project, choose=FakeChoice("original", needs=("x",)), install_requirements=True)


def test_pip_output_hides_passwords(tmp_path: Path):
    line = "tiny @ https://me:s3cr@t@127.0.0.1:9/tiny-1.zip junk"  # pip quotes a line that it cannot read
    project = write_project(tmp_path, {"requirements.txt": f"{line}\n"})
    with pytest.raises(ProjectError) as caught:
        package(project, choose=FakeChoice("original", needs=("x",)), install_requirements=True)
    assert "https://***@127.0.0.1:9/tiny-1.zip" in str(caught.value)
    assert "s3cr" not in str(caught.value)
    assert "t@127" not in str(caught.value)


def test_packages_for_another_machine_are_refused(tmp_path: Path):
    project = write_project(tmp_path, {"requirements.txt": "x\n"}, settings=SETTINGS + 'python = "3.99"\n')
    with pytest.raises(ProjectError, match=r"runs on Python 3\.99 for linux"):
        package(project, choose=FakeChoice("original", needs=("x",)), install_requirements=True)


def _write_tiny_wheel(directory: Path) -> Path:
    import zipfile

    directory.mkdir()
    wheel = directory / "tiny-1-py3-none-any.whl"
    info = "tiny-1.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("tiny.py", "def main(): pass\n")
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/entry_points.txt", "[console_scripts]\ntiny = tiny:main\n")
        archive.writestr(f"{info}/RECORD", "")
    return wheel


def test_a_model_trained_again_while_it_is_packaged_is_packaged_again(tmp_path: Path) -> None:
    """Otherwise the old model would be "up to date" for ever, under the new one's digest."""
    project = write_project(tmp_path / "p")

    class Trains(FakeChoice):
        def __call__(self, settings: ProjectSettings) -> Executable:
            executable = super().__call__(settings)
            if self.calls == 1:
                settings.model_path.write_bytes(b"a better model")
            return executable

    choice = Trains()
    package_project(project, choose=choice)
    second = package_project(project, choose=choice)
    assert (second.directory / "model.safetensors").read_bytes() == b"compiled: a better model"
    assert package_project(project, choose=choice).unchanged


@pytest.mark.parametrize(
    ("settings", "key", "expected"),
    [
        ('log-format = "json"\n', "log_format", "JSON"),
        ("reserved-concurrency = 2\n", "reserved_concurrency", 2),
        (
            "[capture]\nrate = 0.5\n",
            "environment",
            {"IRIS_MODEL_CAPTURE_RATE": "0.5", "IRIS_MODEL_CAPTURE_WITHOUT": ""},
        ),
    ],
)
def test_a_setting_of_the_deployment_that_the_function_file_holds_is_packaged_again(
    tmp_path: Path, settings: str, key: str, expected: object
):
    project = write_project(tmp_path)
    package(project)
    (project / "iris-model.toml").write_text(SETTINGS + settings)
    directory = package(project).directory
    assert json.loads((directory / "function.json").read_text())[key] == expected
