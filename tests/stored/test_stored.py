"""Files of every format that was released are opened, and answer as they did."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from iris_model.aws.verification.golden import read_golden
from iris_model.engine import load, native
from iris_model.image.lock import Lock, LockedWheel
from iris_model.local.configuration.settings import read_function_directory
from iris_model.oci import Digest

HERE = Path(__file__).parent
DIRECTORIES = sorted(path.parent for path in HERE.glob("*/answers.json"))
# A directory has only the formats that changed.
FUNCTIONS = [directory for directory in DIRECTORIES if (directory / "function").is_dir()]
MODELS = [
    pytest.param(
        path, json.loads((directory / "answers.json").read_bytes())[path.stem], id=f"{directory.name} {path.stem}"
    )
    for directory in DIRECTORIES
    for path in sorted(directory.glob("*.safetensors"))
]


@pytest.mark.parametrize("kernels", ["with kernels", "in Python"])
@pytest.mark.parametrize(("path", "expected"), MODELS)
def test_a_compiled_model(path: Path, expected: dict[str, Any], kernels: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IRIS_MODEL_KERNELS", "0" if kernels == "in Python" else "1")
    native._found.clear()
    try:
        model = load(str(path))
        assert set(model.outputs) == set(expected["outputs"])
        for method, answers in expected["outputs"].items():
            ours = getattr(model, method)(expected["rows"])
            if np.asarray(answers).dtype.kind == "f":
                np.testing.assert_allclose(ours, answers, rtol=1e-9, atol=1e-12)
            else:
                assert np.asarray(ours).tolist() == answers
    finally:
        native._found.clear()


@pytest.mark.parametrize("directory", FUNCTIONS, ids=lambda path: path.name)
def test_a_function_directory(directory: Path) -> None:
    settings = read_function_directory(directory / "function")
    assert (settings.name, settings.handler, settings.route) == ("iris-prediction", "app.handler", "/iris-prediction")
    assert (settings.memory_mib, settings.timeout_seconds, settings.stage) == (128, 3, "default")
    golden = read_golden(directory / "function")
    assert golden and {row["outputs"]["predict"] for row in golden} == {"setosa", "versicolor", "virginica"}


@pytest.mark.parametrize("directory", FUNCTIONS, ids=lambda path: path.name)
def test_a_lock(directory: Path) -> None:
    lock = Lock.read(directory)
    assert lock.base("public.ecr.aws/lambda/python:3.13", "linux/arm64") == Digest.parse("sha256:" + "ab" * 32)
    assert lock.wheels("cp313-manylinux_2_34_aarch64", "ef" * 32) == (
        LockedWheel("six", "1.17.0", "six-1.17.0-py2.py3-none-any.whl", "cd" * 32),
    )
