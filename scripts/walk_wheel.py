"""Walk the start of the tutorial with the installed iris-model, in a temporary directory: `python scripts/walk_wheel.py`.

Each command is printed with its time. With `--base IMAGE`, such as a file of `docker save`, the walk goes on to an endpoint in
the account of the environment (AWS_ENDPOINT_URL names an emulator), asks it with curl, and destroys it. The status is not 0 if a
command fails, an answer is wrong, or the package is that of this checkout.
"""

from __future__ import annotations

import argparse
import json
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
    """Run the commands, then ask the compiled model in Python, and with `--base` an endpoint."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", metavar="IMAGE", help="deploy the project on this base image")
    base = parser.parse_args().base
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
            output = run_timed(("iris-model", *words), scratch, environment)
        if '"prediction": "versicolor"' not in output:
            raise SystemExit("error: the function answered something else, expected versicolor")
        answer = iris_model.load(Path(scratch, "iris.safetensors")).predict([[5.1, 3.5, 1.4, 0.2]])[0]
        if answer != "setosa":
            raise SystemExit(f"error: the compiled model answered {answer}, expected setosa")
        if base:
            walk_to_endpoint(str(Path(base).resolve()), scratch, environment)
    print(f"iris-model {iris_model.__version__} works")


def walk_to_endpoint(base: str, directory: str, environment: dict[str, str]) -> None:
    """Build and deploy the project, ask its endpoint, and destroy it."""
    run_timed(("iris-model", "build", "my-iris", "--base", base), directory, environment)
    deploy = ("iris-model", "deploy", "my-iris", "--image", "my-iris/.iris-model/image", "--json")
    endpoint = json.loads(run_timed(deploy, directory, environment))["endpoint"]
    try:
        for _ in range(2):  # the first request is a cold start
            said = run_timed(("curl", "-sS", "-XPOST", endpoint, "-d", "[5.1,3.5,1.4,0.2]"), directory, environment)
            if '"prediction": "setosa"' not in said:
                raise SystemExit("error: the endpoint answered something else, expected setosa")
    finally:
        run_timed(("iris-model", "destroy", "my-iris", "--images", "--logs", "--yes"), directory, environment)


def run_timed(words: tuple[str, ...], directory: str, environment: dict[str, str]) -> str:
    """Run a command, print it with its output and time, and return the output."""
    print("+", *words, flush=True)
    started = time.monotonic()
    command = [sys.executable, "-m", "iris_model.cli", *words[1:]] if words[0] == "iris-model" else list(words)
    output = subprocess.run(
        command, cwd=directory, env=environment, check=True, stdout=subprocess.PIPE, text=True
    ).stdout
    print(output.rstrip("\n"))
    print(f"({time.monotonic() - started:.1f} s)", flush=True)
    return output


if __name__ == "__main__":
    main()
