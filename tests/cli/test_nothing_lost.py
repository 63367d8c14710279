"""No command overwrites its inputs, and an interrupted one leaves nothing half written."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from iris_model.cli import cli
from iris_model.cli.commands.aws import events
from iris_model.project.disk import write_replacing
from tests.support.projects import write_project
from tests.support.spread import spread

IRIS = Path(__file__).parents[2] / "examples" / "iris"
PROGRAM = [sys.executable, "-m", "iris_model.cli"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The iris example, packaged by its files alone."""
    directory = tmp_path / "flowers"
    directory.mkdir()
    for name in ("app.py", "iris-model.toml", "iris.csv", "iris_trained_model.pkl", "requirements.txt"):
        shutil.copyfile(IRIS / name, directory / name)
    return directory


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def content(directory: Path) -> dict[str, bytes]:
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file() and ".iris-model" not in path.parts
    }


def itself(path: Path, _: Path) -> Path:
    return path


def written_otherwise(path: Path, _: Path) -> Path:
    return path.parent / ".." / path.parent.name / path.name


def symbolic_link(path: Path, place: Path) -> Path:
    (place / f"symbolic{path.suffix}").symlink_to(path)
    return place / f"symbolic{path.suffix}"


def hard_link(path: Path, place: Path) -> Path:
    (place / f"hard{path.suffix}").hardlink_to(path)
    return place / f"hard{path.suffix}"


def through_a_directory(path: Path, place: Path) -> Path:
    (place / "elsewhere").symlink_to(path.parent)
    return place / "elsewhere" / path.name


@pytest.mark.parametrize("way", [itself, written_otherwise, symbolic_link, hard_link, through_a_directory])
@pytest.mark.parametrize("name", ["iris_trained_model.pkl", "iris.csv"])
def test_compile(name: str, way: Callable[[Path, Path], Path], project: Path, tmp_path: Path):
    before = content(project)
    output = way(project / name, tmp_path)
    done = run("compile", project / "iris_trained_model.pkl", "--data", project / "iris.csv", "-o", output)
    assert done.exit_code == 1
    assert "is an input of this command, and the output would overwrite it" in done.stderr
    assert content(project) == before


def test_compile_of_an_mlflow_directory_or_with_a_trusted_module(project: Path):
    (project / "MLmodel").write_text("flavors:\n  sklearn:\n    pickled_model: iris_trained_model.pkl\n")
    (project / "steps.py").write_text("")
    for name in ("MLmodel", "iris_trained_model.pkl"):
        assert "is an input" in run("compile", project, "-o", project / name).stderr
    model = project / "iris_trained_model.pkl"
    assert "is an input" in run("compile", model, "--trust", "steps.Step", "-o", project / "steps.py").stderr


@pytest.mark.parametrize(
    "name", ["app.py", "iris-model.toml", "iris_trained_model.pkl", "iris.csv", "requirements.txt"]
)
def test_commands_with_a_project(name: str, project: Path, tmp_path: Path):
    before = content(project)
    output = symbolic_link(project / name, tmp_path)
    for arguments in (
        ("openapi", project, "-o", output),
        ("build", project, "-o", output),
    ):
        done = run(*arguments)
        assert done.exit_code == 1, arguments
        assert "is an input of this command" in done.stderr
    picture = tmp_path / "picture.svg"
    picture.symlink_to(project / name)
    for command in ("cost", "tune"):
        done = run(command, project, "--plot", picture)
        assert done.exit_code == 1
        assert "is an input of this command" in done.stderr
    assert content(project) == before


def test_package_over_a_directory_with_the_model(tmp_path: Path):
    """An earlier function directory that holds the model which a project names."""
    project = write_project(tmp_path, settings='name = "small"\nmodel = "out/model.pkl"\n')
    (project / "out").mkdir()
    shutil.copyfile(IRIS / "iris_trained_model.pkl", project / "out" / "model.pkl")
    (project / "out" / "function.json").write_text('{"format": "iris-model-function/1"}')
    done = run("package", project, "-o", project / "out")
    assert done.exit_code == 1
    assert "and packaging replaces the whole directory" in done.stderr
    assert (project / "out" / "model.pkl").is_file()


def test_the_default_output_of_a_compiled_model_is_refused_for_what_it_is(project: Path):
    compiled = project / "iris_trained_model.safetensors"
    assert run("compile", project / "iris_trained_model.pkl").exit_code == 0
    before = compiled.read_bytes()
    done = run("compile", compiled)
    assert "is a safetensors file: a compiled model" in done.stderr
    assert compiled.read_bytes() == before


COMMANDS: dict[str, Callable[[Path, Path], list[object]]] = {
    "init": lambda project, out: [
        "init",
        out,
        "--model",
        project / "iris_trained_model.pkl",
        "--data",
        project / "iris.csv",
    ],
    "inspect": lambda project, out: ["inspect", project / "iris_trained_model.pkl"],
    "compile": lambda project, out: ["compile", project / "iris_trained_model.pkl", "-o", out],
    "predict": lambda project, out: ["predict", project, project / "iris.csv", "-o", out.with_suffix(".csv")],
    "diff": lambda project, out: ["diff", project, project, "--data", project / "iris.csv"],
    "image diff": lambda project, out: ["image", "diff", out.with_name("no-such-image"), out],
    "package": lambda project, out: ["package", project, "-o", out],
    "package original": lambda project, out: ["package", project, "-o", out, "--executor", "original"],
    "openapi": lambda project, out: ["openapi", project, "-o", out],
    "cost": lambda project, out: ["cost", project, "--plot", out.with_suffix(".svg")],
    "dockerfile": lambda project, out: ["dockerfile", project],
    "serve": lambda project, out: ["serve", project, "--port", "0"],
    "invoke": lambda project, out: ["invoke", project, "[5.1, 3.5, 1.4, 0.2]"],
    "tune": lambda project, out: ["tune", project, "--plot", out.with_suffix(".svg")],
    "push": lambda project, out: ["push", project, "127.0.0.1:9/flowers:1"],
    "deploy": lambda project, out: ["deploy", project],
    "status": lambda project, out: ["status", project],
    "doctor": lambda project, out: ["doctor", project],
    "build": lambda project, out: ["build", project, "-o", out, "--base", out.with_name("no-such-base")],
    "login": lambda project, out: ["login", project],
    "logs": lambda project, out: ["logs", project],
    "events push": lambda project, out: ["events", "push", project],
    "events pull": lambda project, out: ["events", "pull", project],
    "rollback": lambda project, out: ["rollback", project],
    "destroy": lambda project, out: ["destroy", project, "--yes"],
    "template": lambda project, out: ["template", project, "--image", f"sha256:{'0' * 64}"],
    "image inspect": lambda project, out: ["image", "inspect", out.with_name("no-such-image")],
}


def _heed_sigint() -> None:
    """A shell that runs the tests in the background ignores SIGINT, and every child would inherit that."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_an_early_ctrl_c(command: str, project: Path, tmp_path: Path):
    """At any moment: no traceback, and no incomplete output."""
    before = content(project)
    cache = {"IRIS_MODEL_CACHE": str(tmp_path / "cache"), "PYTHONPROFILEIMPORTTIME": "1"}
    cache |= {"DOCKER_CONFIG": str(tmp_path / "docker")}
    # An account whose address does not answer.
    cache |= {"AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none", "AWS_DEFAULT_REGION": "eu-central-1"}
    cache |= {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_EC2_METADATA_DISABLED": "true"}
    interrupted = 0
    for index in range(12):
        out = tmp_path / f"out-{index}"
        arguments = [str(argument) for argument in COMMANDS[command](project, out)]
        with subprocess.Popen(
            [*PROGRAM, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, **cache}, cwd=tmp_path, preexec_fn=_heed_sigint, start_new_session=True,
        ) as process:  # fmt: skip
            assert process.stderr is not None
            # Before our first module runs, the interrupt hits Python itself, which we cannot handle.
            for line in process.stderr:
                if line.startswith("import time:") and line.rstrip().endswith("iris_model.cli.early"):
                    break
            time.sleep(0.09 * index)
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the whole group
            said, log = process.communicate(timeout=120)
        text = "\n".join(line for line in log.splitlines() if not line.startswith("import time:"))
        assert "Traceback" not in text + said, text
        assert "a bug in iris-model" not in text
        assert process.returncode in (0, 1, 130, -signal.SIGINT), text
        if process.returncode == 130:
            assert "Interrupted." in text or "Aborted!" in text
        if process.returncode in (130, -signal.SIGINT):
            interrupted += 1
            assert not out.exists() or command in ("init", "package", "package original", "compile", "openapi")
            if out.is_dir():
                assert (out / "iris-model.toml").is_file() or (out / "function.json").is_file()
        assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".out")] == []
        assert content(project) == before
    assert interrupted


OVER_THE_NETWORK: dict[str, list[str]] = {
    "login": ["login", "PROJECT"],
    "logs": ["logs", "PROJECT"],
    "logs --follow": ["logs", "PROJECT", "--follow"],
    "events push": ["events", "push", "PROJECT"],
    "events pull": ["events", "pull", "PROJECT"],
    "rollback": ["rollback", "PROJECT"],
    "destroy": ["destroy", "PROJECT", "--yes"],
    "image inspect": ["image", "inspect", "SILENT/flowers:1"],
}


@pytest.mark.parametrize("command", spread(OVER_THE_NETWORK, 4))
def test_ctrl_c_while_a_service_does_not_answer(command: str, project: Path, tmp_path: Path):
    """One word, the exit code of an interrupt, and no new file."""
    (project / "events").mkdir()
    (project / "events" / "one.json").write_text("[5.1, 3.5, 1.4, 0.2]")
    before = content(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(30)
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        variables = {"IRIS_MODEL_CACHE": str(tmp_path / ".iris-model"), "DOCKER_CONFIG": str(tmp_path / "docker")}
        variables |= {
            "AWS_ACCESS_KEY_ID": "none",
            "AWS_SECRET_ACCESS_KEY": "none",
            "AWS_DEFAULT_REGION": "eu-central-1",
        }
        variables |= {"AWS_ENDPOINT_URL": f"http://{address}", "AWS_EC2_METADATA_DISABLED": "true"}
        places = {"PROJECT": str(project)}
        arguments = [places.get(word, word.replace("SILENT", address)) for word in OVER_THE_NETWORK[command]]
        with subprocess.Popen(
            [*PROGRAM, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, **variables}, cwd=tmp_path, preexec_fn=_heed_sigint, start_new_session=True,
        ) as process:  # fmt: skip
            try:
                with silent.accept()[0] as connection:
                    assert connection.recv(1)  # the command has asked, and waits
                    os.killpg(process.pid, signal.SIGINT)
                    said, log = process.communicate(timeout=30)
            finally:
                process.kill()
    assert (process.returncode, said, log.splitlines()[-1:]) == (130, "", ["Interrupted."]), log
    assert "Traceback" not in log
    assert content(tmp_path) == before


@pytest.mark.parametrize("write", [events.write_files, write_replacing])
def test_ctrl_c_while_a_file_is_replaced(write: Callable[..., object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The previous file stays, without a draft of the new one."""
    (tmp_path / "one.json").write_text("1")

    def interrupt(_: Path, __: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        if write is events.write_files:
            write(tmp_path, {"one": 2}, force=True)
        else:
            write(tmp_path / "one.json", b"2")
    assert content(tmp_path) == {"one.json": b"1"}


_IN_A_CALLBACK = """
import signal, sys, time, weakref
sys.argv = ["iris-model"]
signal.signal(signal.SIGINT, signal.default_int_handler)
from iris_model.cli import early
early.take_over()
class Lock:
    pass
lock = Lock()
reference = weakref.ref(lock, lambda _: signal.raise_signal(signal.SIGINT))
try:
    del lock
    time.sleep(5)
    print("lost")
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.mark.slow
def test_ctrl_c_during_an_import_ends_the_command():
    done = subprocess.run([sys.executable, "-c", _IN_A_CALLBACK], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("interrupted\n", "")
