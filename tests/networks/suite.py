"""The node tests of the ONNX project, run by the engine: models with inputs and outputs that nobody here made.

The data is in the wheel of onnx 1.20.1 (newer wheels leave it out). It is downloaded once, into the user's cache.
"""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs

from iris_model.compiler.networks.arrays import fold, to_engine, to_numpy
from iris_model.engine.operators.networks import MODULE_OF
from iris_model.engine.operators.networks.running import Program
from iris_model.readers.onnx.messages import BadMessage, read_model, read_tensor
from iris_model.readers.onnx.programs import read_program
from iris_model.readers.onnx.steps import encode
from iris_model.readers.onnx.tensors import to_array

WHEEL = "onnx==1.20.1"
DATA = "onnx/backend/test/data/node/"
# The tolerance of the project's own runner.
RELATIVE, ABSOLUTE = 1e-3, 1e-7


def find_suite() -> Path:
    """Return the directory of the tests, one folder each."""
    home = Path(platformdirs.user_cache_dir("iris-model-tests")) / WHEEL
    suite = home / DATA
    if not suite.is_dir():
        home.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(home), WHEEL]
        subprocess.run(command, check=True, timeout=300)
        with zipfile.ZipFile(next(home.glob("*.whl"))) as wheel:
            for name in wheel.namelist():
                if name.startswith(DATA) and ".." not in name:
                    wheel.extract(name, home)
    return suite


def run_case(case: Path) -> str:
    """Return "passed", or what is different, or "not compiled: ..."."""
    try:
        message = read_model((case / "model.onnx").read_bytes())
        outputs = [value.name for value in message.graph.outputs]
        program = read_program(message, outputs, case, list(MODULE_OF), fold)
        if program.reasons:
            return f"not compiled: {'; '.join(program.reasons)}"
        inputs = [value.name for value in message.graph.inputs]
        encoded, numbers = encode(program, inputs, outputs)
        tensors: Mapping[str, Any] = {name: value.tolist() for name, value in encoded.tensors.items()}
        runnable = Program(
            encoded.attributes["steps"], encoded.attributes["constants"], dict(tensors), encoded.attributes["texts"]
        )
        for data in sorted(case.glob("test_data_set_*")):
            fed = {numbers[name]: to_engine(_read(data / f"input_{at}.pb")) for at, name in enumerate(inputs)}
            values = runnable.run(fed)
            for at, place in enumerate(encoded.attributes["results"]):
                value = values[place]
                assert value is not None
                if difference := _differ(to_numpy(value), _read(data / f"output_{at}.pb")):
                    return difference
    except BadMessage as error:
        return f"not compiled: {error}"
    return "passed"


def _read(path: Path) -> np.ndarray[Any, Any]:
    return to_array(read_tensor(memoryview(path.read_bytes())), None)


def _differ(ours: np.ndarray[Any, Any], wanted: np.ndarray[Any, Any]) -> str:
    if ours.shape != wanted.shape or ours.dtype != wanted.dtype:
        return f"{ours.dtype} {ours.shape} instead of {wanted.dtype} {wanted.shape}"
    if wanted.dtype.kind == "f":
        same = np.allclose(ours, wanted, rtol=RELATIVE, atol=ABSOLUTE, equal_nan=True)
    else:
        same = np.array_equal(ours, wanted)
    return "" if same else f"{ours.ravel()[:8]} instead of {wanted.ravel()[:8]}"
