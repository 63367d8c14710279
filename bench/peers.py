"""The contenders of the benches: function directories, made on demand under `build/peers` with ordinary tools.

Every contender gets what a careful engineer would ship: installed packages, a clean interpreter without site-packages of
its own, and bytecode compiled beforehand, because `/var/task` is read-only on Lambda.
"""

from __future__ import annotations

import compileall
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
PEERS = REPOSITORY / "build" / "peers"
EXAMPLE = REPOSITORY / "examples" / "iris"

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
    """The iris function as `iris-model package` makes it, under our runtime."""
    directory = PEERS / "iris"
    command = [sys.executable, "-m", "iris_model.cli", "package", str(EXAMPLE), "--output", str(directory)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    entry_point = directory / "iris_model" / "runtime" / "__main__.py"
    return Contender(
        "iris, compiled, our runtime",
        (str(interpreter()), "-S", str(entry_point), "app.handler"),
        directory,
        (),
        '"versicolor"',
    )


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
