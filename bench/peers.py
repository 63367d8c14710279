"""The contenders of the benches: function directories, made on demand under `build/peers` with ordinary tools.

Every contender gets what a careful engineer would ship: installed packages, a clean interpreter without site-packages of
its own, and bytecode compiled beforehand, because `/var/task` is read-only on Lambda.
"""

from __future__ import annotations

import compileall
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
PEERS = REPOSITORY / "build" / "peers"
EXAMPLE = REPOSITORY / "examples" / "iris"
_ARCHITECTURE = "arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64"

# An installed package has its bytecode; this checkout gets it here, whatever the environment says about writing it.
compileall.compile_dir(REPOSITORY / "src" / "iris_model", quiet=2)

HELLO = """\
def handler(event, context):
    return "hello world"
"""

SCIKIT_LEARN = """\
import joblib

model = joblib.load("iris_trained_model.pkl")


def handler(event, context):
    return {"prediction": str(model.predict([event])[0])}
"""


@dataclass(frozen=True)
class Contender:
    """What to start under the emulator, where, and how to know that its answer is right."""

    name: str
    command: tuple[str, ...]
    directory: Path
    environment: tuple[tuple[str, str], ...]
    expected: str


def iris_compiled() -> Contender:
    """The iris function as `iris-model package` makes it, under our runtime in Python."""
    directory = PEERS / "iris"
    _package(PEERS / "iris-project", "python", directory)
    entry_point = directory / "iris_model" / "runtime" / "__main__.py"
    return Contender(
        "iris, compiled, our runtime",
        (str(interpreter()), "-S", str(entry_point), "app.handler"),
        directory,
        (),
        '"versicolor"',
    )


def iris_native() -> Contender:
    """The iris function with the native runtime: the executable that releases have, built with musl by zig."""
    directory = PEERS / "iris-native"
    _package(PEERS / "iris-native-project", "native", directory)
    executable = directory / "bootstrap"
    variables = {"IRIS_MODEL_BOOTSTRAP_CC": f"{_ARCHITECTURE}={shlex.join(_compiler())}"}
    scratch = PEERS / "bootstrap"
    build = [sys.executable, "setup.py", "-q", "build_ext", "--build-lib", str(scratch), "--build-temp", str(scratch)]
    subprocess.run(build, cwd=REPOSITORY, env={**os.environ, **variables}, check=True)
    shutil.copyfile(scratch / "iris_model" / "engine" / f"_bootstrap-{_ARCHITECTURE}", executable)
    return Contender("iris, native runtime", (str(executable), "app.handler"), directory, (), '"versicolor"')


def _package(project: Path, runtime: str, directory: Path) -> None:
    """Package the example with this runtime."""
    shutil.rmtree(project, ignore_errors=True)
    shutil.copytree(EXAMPLE, project, ignore=shutil.ignore_patterns(".iris-model"))
    settings = (project / "iris-model.toml").read_text()
    (project / "iris-model.toml").write_text(f'runtime = "{runtime}"\n{settings}')
    command = [sys.executable, "-m", "iris_model.cli", "package", str(project), "--output", str(directory)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def minimal_program() -> Contender:
    """The least that a static program in C can be: it answers with a constant. Built as the native runtime is."""
    directory = PEERS / "minimal"
    directory.mkdir(parents=True, exist_ok=True)
    source, program = REPOSITORY / "bench" / "minimal.c", directory / "bootstrap"
    flags = ["-std=gnu11", "-D_GNU_SOURCE", "-O2", "-g0", "-s", "-static"]
    subprocess.run([*_compiler(), *flags, str(source), "-o", str(program)], check=True)
    return Contender("constant, minimal C", (str(program),), directory, (), '"versicolor"')


def _compiler() -> list[str]:
    """Return zig's C compiler for static executables of this machine, as `pyproject.toml` names it for releases."""
    home = PEERS / "ziglang"
    if not (home / "ziglang").exists():
        pinned = re.search(r"ziglang==([\w.]+)", (REPOSITORY / "pyproject.toml").read_text())
        _install(home, f"ziglang=={pinned[1] if pinned else ''}")
    machine = "aarch64" if _ARCHITECTURE == "arm64" else "x86_64"
    return [str(home / "ziglang" / "zig"), "cc", "-target", f"{machine}-linux-musl"]


def iris_under_awslambdaric() -> Contender:
    """The same function directory as most people run theirs: under the official runtime."""
    return _under_awslambdaric("iris, compiled, awslambdaric", iris_compiled().directory, '"versicolor"')


def hello_world() -> Contender:
    """The least that a Python function can be, under the official runtime."""
    directory = _lay("hello", HELLO)
    return _under_awslambdaric("hello world, awslambdaric", directory, '"hello world"')


def iris_scikit_learn() -> Contender:
    """The trained model as most people serve it: unpickled with its library, under the official runtime."""
    directory = _lay("scikit-learn", SCIKIT_LEARN, requirements=EXAMPLE / "requirements.txt")
    model = (EXAMPLE / "iris_trained_model.pkl").read_bytes()
    (directory / "iris_trained_model.pkl").write_bytes(model)
    return _under_awslambdaric("iris, scikit-learn, awslambdaric", directory, '"versicolor"')


def interpreter() -> Path:
    """This Python with an empty site-packages, so that no `.pth` file of this machine slows anybody."""
    directory = PEERS / "python"
    if not (directory / "bin" / "python").exists():
        venv.create(directory, with_pip=False)
    return directory / "bin" / "python"


def _under_awslambdaric(name: str, directory: Path, expected: str) -> Contender:
    runtime = PEERS / "awslambdaric"  # as /var/runtime in the base image: outside the function directory
    if not runtime.exists():
        _install(runtime, "awslambdaric>=4.2")
        _compile(runtime)
    command = (str(interpreter()), "-m", "awslambdaric", "app.handler")
    return Contender(name, command, directory, (("PYTHONPATH", str(runtime)),), expected)


def _lay(name: str, app: str, *, requirements: Path | None = None) -> Path:
    directory = PEERS / name
    stamp = directory / ".requirements"
    wanted = requirements.read_text() if requirements else ""
    if not stamp.exists() or stamp.read_text() != wanted:
        directory.mkdir(parents=True, exist_ok=True)
        if requirements:
            _install(directory, "--upgrade", "--requirement", str(requirements))
        stamp.write_text(wanted)
    (directory / "app.py").write_text(app)
    _compile(directory)
    return directory


def _install(target: Path, *arguments: str) -> None:
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--target",
        str(target),
    ]
    constraints = ["--constraint", str(REPOSITORY / "constraints.txt")]
    subprocess.run([*command, *constraints, *arguments], check=True)


def _compile(directory: Path) -> None:
    subprocess.run([str(interpreter()), "-m", "compileall", "-q", str(directory)], check=False)
