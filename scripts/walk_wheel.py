"""Walk the start of the tutorial with the installed iris-model, in a temporary directory: `python scripts/walk_wheel.py`.

Each command is printed with its time. The status is not 0 if a command fails, an answer is wrong, or the package is that
of this checkout.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import iris_model

ROOT = Path(__file__).resolve().parents[1]
COMMANDS = (
    ("--version",),
    ("init", "my-iris"),
    ("inspect", "my-iris/iris_trained_model.pkl"),
    ("compile", "my-iris/iris_trained_model.pkl", "--data", "my-iris/iris.csv", "-o", "iris.safetensors"),
    ("package", "my-iris"),
    ("invoke", "my-iris", "[5.7, 2.8, 4.5, 1.3]"),
)


def main() -> None:
    """Run the commands, then ask the compiled model in Python."""
    where = Path(iris_model.__file__).resolve()
    if where.is_relative_to(ROOT / "src"):
        raise SystemExit(f"error: {where} is the checkout, expected an installed wheel")
    executables = sorted(path.name for path in (where.parent / "engine").glob("_bootstrap-*"))
    # Elsewhere than in a release there may be only that of this machine.
    is_release = sys.platform == "linux" and "CIBUILDWHEEL" in os.environ
    if is_release and executables != ["_bootstrap-arm64", "_bootstrap-x86_64"]:
        raise SystemExit(f"error: the native executables are {executables}, expected those of arm64 and x86_64")
    with tempfile.TemporaryDirectory() as scratch:
        environment = {**os.environ, "IRIS_MODEL_CACHE": str(Path(scratch, "cache"))}
        output = ""
        for words in COMMANDS:
            print("+ iris-model", *words, flush=True)
            started = time.monotonic()
            command = [sys.executable, "-m", "iris_model.cli", *words]
            output = subprocess.run(
                command, cwd=scratch, env=environment, check=True, stdout=subprocess.PIPE, text=True
            ).stdout
            print(output, end="")
            print(f"({time.monotonic() - started:.1f} s)", flush=True)
        if '"prediction": "versicolor"' not in output:
            raise SystemExit("error: the function answered something else, expected versicolor")
        answer = iris_model.load(Path(scratch, "iris.safetensors")).predict([[5.1, 3.5, 1.4, 0.2]])[0]
        if answer != "setosa":
            raise SystemExit(f"error: the compiled model answered {answer}, expected setosa")
    print(f"iris-model {iris_model.__version__} works")


if __name__ == "__main__":
    main()
