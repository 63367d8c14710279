"""The clients of MLflow, Triton and KServe, as they ship and in an environment of their own, against the served iris model."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.compat.conftest import Served, served
from tests.support.environments import make_environment
from tests.support.requirement import require

pytestmark = pytest.mark.e2e

CLIENTS = Path(__file__).parent / "clients"
INSTALL_SECONDS = 400

__all__ = ["served"]


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter that has the clients of MLflow and Triton."""
    return require(lambda: install(tmp_path_factory.mktemp("clients"), "requirements.txt"))


@pytest.fixture(scope="module")
def kserve_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One that has KServe's SDK."""
    return require(lambda: install(tmp_path_factory.mktemp("kserve"), "requirements-kserve.txt"))


def install(home: Path, requirements: str) -> Path:
    """Make an environment; its interpreter."""
    return make_environment(home, ["-r", str(CLIENTS / requirements)], seconds=INSTALL_SECONDS, what="the clients")


def ask(python: Path, client: str, served: Served) -> Any:
    given = json.dumps({"names": list(served.named.columns), "rows": served.rows.tolist()})
    command = [python, "-I", CLIENTS / f"{client}_client.py", served.service.url]
    done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_mlflow(python: Path, served: Served) -> None:
    told = ask(python, "mlflow", served)
    refused = told.pop("refused")
    assert told == dict.fromkeys(("named", "without names", "array", "list", "parameters"), served.labels)
    assert "error code 422" in refused
    assert "row 0 has 2 values" in refused


def test_triton(python: Path, served: Served) -> None:
    told = ask(python, "triton", served)
    assert (told["ready"], told["id"], told["server"]["name"]) == ([True] * 3, "7", "iris-model")
    assert told["metadata"] == {
        "name": "iris_trained_model",
        "versions": [],
        "platform": "iris-model_compiled",
        "inputs": [{"name": "rows", "datatype": "FP64", "shape": [-1, 4]}],
        "outputs": [
            {"name": "predict", "datatype": "BYTES", "shape": [-1]},
            {"name": "predict_proba", "datatype": "FP64", "shape": [-1, 3]},
        ],
    }
    assert len(told["labels"]) == len(told["probabilities"]) == 4
    for name, labels in told["labels"].items():
        assert labels == served.labels, name
        assert told["probabilities"][name] == [pytest.approx(row, rel=1e-9) for row in served.probabilities], name
    assert told["wrong shape"] == ["422", "input 'x': the shape is [5, 3]; expected [rows, 4]"]
    assert told["wrong output"] == ["422", "there is no output 'loss'; expected one or more of predict, predict_proba"]
    status, message = told["binary"]
    assert status == "415"
    assert message == "the content type is 'binary tensors'; expected application/json or text/csv"


def test_kserve(kserve_python: Path, served: Served) -> None:
    told = ask(kserve_python, "kserve", served)
    assert told["ready"] == [True] * 4
    assert (told["v1"], told["v2"]) == ({"predictions": served.labels}, served.labels)
    assert told["probabilities"] == [pytest.approx(row, rel=1e-9) for row in served.probabilities]
