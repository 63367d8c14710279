"""The servers that people put a pickle behind, each in an environment of its own under `build/peers`, installed on demand.

Each is laid out as its own documentation lays out the smallest service: the iris pickle, unpickled once, asked over HTTP.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.rie_binary import rie_binary
from tests.support.rie_process import INVOCATION_PATH, free_port, lambda_environment

from bench.peers import EXAMPLE, PEERS, iris_compiled

MODEL = "iris_trained_model.pkl"
ROW = "[5.7, 2.8, 4.5, 1.3]"
INSTALL_SECONDS = 900

FASTAPI = """\
import joblib
from fastapi import FastAPI

model = joblib.load("iris_trained_model.pkl")
app = FastAPI()


@app.post("/predict")
def predict(row: list[float]):
    return {"prediction": str(model.predict([row])[0])}
"""

LITSERVE = """\
import sys

import joblib
import litserve


class Iris(litserve.LitAPI):
    def setup(self, device):
        self.model = joblib.load("iris_trained_model.pkl")

    def predict(self, row):
        return {"prediction": str(self.model.predict([row])[0])}


if __name__ == "__main__":
    server = litserve.LitServer(Iris(), accelerator="cpu")
    server.run(host="127.0.0.1", port=int(sys.argv[1]), generate_client_file=False)
"""

BENTOML = """\
import bentoml
import joblib


@bentoml.service
class Iris:
    def __init__(self) -> None:
        self.model = joblib.load("iris_trained_model.pkl")

    @bentoml.api
    def predict(self, row: list[float]) -> str:
        return str(self.model.predict([row])[0])
"""

MLFLOW_SAVE = """\
import joblib
import mlflow.sklearn

model = joblib.load("iris_trained_model.pkl")
mlflow.sklearn.save_model(model, "model", serialization_format="cloudpickle", pip_requirements=[])
"""

MLSERVER_SETTINGS = """\
{"name": "iris", "implementation": "mlserver_sklearn.SKLearnModel", "parameters": {"uri": "./iris_trained_model.pkl"}}
"""


@dataclass(frozen=True)
class ServerPeer:
    """What to install, what to lay out, what to start and what to ask. `{python}` and `{port}` are filled in."""

    name: str
    requirements: tuple[str, ...]
    files: dict[str, str]
    command: tuple[str, ...]
    path: str
    payload: str
    prepare: str | None = None
    """A program that is run once, in the peer's environment and directory."""
    environment: dict[str, str] = field(default_factory=dict)


SERVER_PEERS = (
    ServerPeer(
        "FastAPI",
        ("fastapi", "uvicorn"),
        {"app.py": FASTAPI},
        ("{python}", "-m", "uvicorn", "app:app", "--port", "{port}", "--log-level", "warning"),
        "/predict",
        ROW,
    ),
    ServerPeer(
        "LitServe", ("litserve",), {"server.py": LITSERVE}, ("{python}", "server.py", "{port}"), "/predict", ROW
    ),
    ServerPeer(
        "BentoML",
        ("bentoml",),
        {"service.py": BENTOML},
        ("{python}", "-m", "bentoml", "serve", "service:Iris", "--host", "127.0.0.1", "--port", "{port}"),
        "/predict",
        f'{{"row": {ROW}}}',
        environment={"BENTOML_DO_NOT_TRACK": "True"},
    ),
    ServerPeer(
        "MLflow",
        ("mlflow",),
        {},
        ("{python}", "-m", "mlflow", "models", "serve", "-m", "model", "--env-manager", "local", "-p", "{port}"),
        "/invocations",
        f'{{"inputs": [{ROW}]}}',
        prepare=MLFLOW_SAVE,
        environment={"MLFLOW_DISABLE_TELEMETRY": "true"},
    ),
    ServerPeer(
        "MLServer",
        ("mlserver", "mlserver-sklearn"),
        {"model-settings.json": MLSERVER_SETTINGS},
        ("mlserver", "start", "."),
        "/v2/models/iris/infer",
        f'{{"inputs": [{{"name": "rows", "shape": [1, 4], "datatype": "FP64", "data": {ROW}}}]}}',
        environment={
            "MLSERVER_HOST": "127.0.0.1",
            "MLSERVER_HTTP_PORT": "{port}",
            "MLSERVER_GRPC_PORT": "0",
            "MLSERVER_METRICS_PORT": "0",
            "MLSERVER_PARALLEL_WORKERS": "0",
        },
    ),
)


@dataclass(frozen=True)
class Server:
    """Something that answers over HTTP, ready to be started."""

    name: str
    directory: Path
    command: Callable[[int], list[str]]
    environment: Callable[[int], dict[str, str]]
    path: str
    payload: str
    installed_bytes: int


def ours() -> Server:
    """The iris function directory under the official emulator, as in its container."""
    contender, rie = iris_compiled(), str(rie_binary())

    def command(port: int) -> list[str]:
        addresses = {
            "--runtime-interface-emulator-address": f"127.0.0.1:{port}",
            "--runtime-api-address": f"127.0.0.1:{free_port()}",
        }
        return [rie, *(part for pair in addresses.items() for part in pair), *contender.command]

    return Server(
        "iris-model",
        contender.directory,
        command,
        lambda port: lambda_environment(contender.directory, dict(contender.environment)),
        INVOCATION_PATH,
        ROW,
        _size_of(contender.directory),
    )


def install(peer: ServerPeer) -> Server | str:
    """The peer, ready to start; or the reason why it is not available here."""
    home = PEERS / "servers" / peer.name.lower()
    python, stamp = home / "python" / "bin" / "python", home / "installed"
    if not stamp.exists():
        shutil.rmtree(home, ignore_errors=True)
        print(f"installing {peer.name}", file=sys.stderr, flush=True)
        venv.create(home / "python", with_pip=True, symlinks=True)
        (home / "service").mkdir()
        failure = _install(peer, python, home / "service")
        if failure:
            return failure
        stamp.touch()
    # Some start others of their own by name.
    path = f"{python.parent}{os.pathsep}{os.environ['PATH']}"

    def fill(text: str, port: int) -> str:
        return text.format(port=port, python=python)

    return Server(
        peer.name,
        home / "service",
        lambda port: [fill(part, port) for part in peer.command],
        lambda port: {"PATH": path} | {name: fill(value, port) for name, value in peer.environment.items()},
        peer.path,
        peer.payload,
        sum(_size_of(path) for path in (home / "python" / "lib").glob("python3*/site-packages") if path.is_dir()),
    )


def _install(peer: ServerPeer, python: Path, service: Path) -> str | None:
    requirements = [*peer.requirements, "--requirement", str(EXAMPLE / "requirements.txt")]
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--prefer-binary"]
    try:
        done = subprocess.run(
            [*command, *requirements], capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return f"{peer.name}: not installed within {INSTALL_SECONDS} s"
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        return f"{peer.name}: pip cannot install it together with the pinned scikit-learn ({(lines or ['no reason given'])[0]})"
    shutil.copy(EXAMPLE / MODEL, service)
    for name, text in peer.files.items():
        (service / name).write_text(text)
    if peer.prepare is not None:
        done = subprocess.run(
            [python, "-c", peer.prepare], cwd=service, capture_output=True, text=True, timeout=300, check=False
        )
        if done.returncode:
            return f"{peer.name}: {(done.stderr.strip().splitlines() or ['its model cannot be saved'])[-1]}"
    return None


def _size_of(directory: Path) -> int:
    """Bytes of all files, without pip, which is not deployed."""
    return sum(
        path.stat().st_size
        for path in directory.rglob("*")
        if path.is_file() and not path.relative_to(directory).parts[0].startswith(("pip", "setuptools"))
    )
