"""The shipped packages run from a copy under `python -I -S`, where only the standard library is available."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from tests.architecture.packages import SOURCE

PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
import os
os.environ["LAMBDA_TASK_ROOT"] = sys.argv[1]
from iris_model.runtime import Model
answer = Model.load("model").answer([2.0, 1.0])
files = {name: str(getattr(module, "__file__", "")) for name, module in sys.modules.items()}
third_party = [name for name, file in files.items() if "site-packages" in file]
print(answer, third_party, "json" in sys.modules, "re" in sys.modules, "typing" in sys.modules)
"""


def test_the_shipped_packages_need_nothing_else(tmp_path: Path) -> None:
    package = tmp_path / "iris_model"
    for name in ("runtime", "engine"):
        shutil.copytree(SOURCE / name, package / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(SOURCE / "__init__.py", package)
    graph = {
        "nodes": [
            {"op": "linear", "inputs": ["rows"], "output": "d", "tensors": ["coefficients", "intercepts"]},
            {"op": "threshold_label", "inputs": ["d"], "output": "l", "attributes": {"classes": ["no", "yes"]}},
            {"op": "expit_pair", "inputs": ["d"], "output": "p"},
        ],
        "outputs": {"predict": "l", "predict_proba": "p"},
    }
    columns = [{"name": name, "kind": "numeric", "dtype": "float64", "missing": False} for name in ("a", "b")]
    signature = {"columns": columns, "task": "classifier", "classes": ["no", "yes"]}
    save_file(
        {"d.coefficients": np.array([[1.0, -2.0]]), "d.intercepts": np.array([0.0])},
        tmp_path / "model.safetensors",
        {"format": "iris-model/1", "graph": json.dumps(graph), "signature": json.dumps(signature), "source": "{}"},
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", PROGRAM, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout == "{'prediction': 'no', 'probabilities': {'no': 0.5, 'yes': 0.5}} [] False False False\n"
