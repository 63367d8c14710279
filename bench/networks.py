"""Neural networks from ONNX files: compiled, against the same file run by onnxruntime.

    python bench/networks.py [rounds]

One row, as lists, through the evaluator of each executor: ours with kernels, and onnxruntime with one thread. Both take turns
in one process, and the processor time of that thread counts, so that other programs do not. Medians count. The size is that of
the function directory, with the installed packages that it needs.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from threadpoolctl import threadpool_limits

from bench.engine import measure, median
from bench.report import Claim, render, write_results
from iris_model.compiler import compile_model, describe_onnx
from iris_model.engine import CompiledModel
from iris_model.project import package_project, read_settings
from iris_model.project.packaging.executors import installed_size_mb
from iris_model.project.scaffold import scaffold_model_project
from iris_model.runtime.executors.onnx import OnnxModel

ROUNDS, CALLS = 21, 50
FEATURES, LAYERS, CLASSES = 16, 3, 3
WIDTHS = (16, 64, 512)
# A row of the widest network takes at most this long.
LIMIT_US = 1000.0


def main(arguments: list[str]) -> int:
    """Measure, print, keep; the status is 1 when a claim does not hold."""
    rounds = int(arguments[0]) if arguments else ROUNDS
    claims: list[Claim] = []
    samples: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["IRIS_MODEL_CACHE"] = str(Path(scratch) / "cache")
        for width in WIDTHS:
            path = write_network(Path(scratch) / f"network{width}.onnx", width)
            # Microseconds of processor time.
            taken = measure(ways(path), rounds, 1e6, CALLS, time.thread_time)
            samples[f"{LAYERS} layers of {width}, one row, us"] = taken
            ours, other = median(taken, "ours"), median(taken, "onnxruntime")
            if width <= 64:
                text = f"network of {LAYERS} x {width}: onnxruntime / ours, one row"
                claims.append(Claim(text, ours, other, "us", other / ours, 1, "at least"))
            else:
                text = f"network of {LAYERS} x {width}: one row / its limit"
                claims.append(Claim(text, ours, LIMIT_US, "us", ours / LIMIT_US, 1, "at most"))
                print(f"{text}: onnxruntime takes {other:.1f} us")
        claims.append(size(path, Path(scratch) / "project"))
    print(render(claims))
    print(f"all samples: {write_results('networks', claims, samples)}")
    return 0 if all(claim.held for claim in claims) else 1


def write_network(path: Path, width: int) -> Path:
    """Write layers of `width` with Relu, and a softmax of three classes."""
    random = np.random.RandomState(0)
    nodes, constants, before, columns = [], [], "rows", FEATURES
    for number, rows in enumerate([width] * LAYERS + [CLASSES]):
        weights = (random.normal(size=(rows, columns)) / np.sqrt(columns)).astype(np.float32)
        constants += [numpy_helper.from_array(weights, f"w{number}")]
        constants += [numpy_helper.from_array(random.normal(size=rows).astype(np.float32), f"b{number}")]
        nodes.append(helper.make_node("Gemm", [before, f"w{number}", f"b{number}"], [f"sum{number}"], transB=1))
        before, columns = f"layer{number}", rows
        nodes.append(helper.make_node("Relu", [f"sum{number}"], [before]))
    nodes[-1] = helper.make_node("Softmax", [f"sum{LAYERS}"], ["probabilities"], axis=-1)
    graph = helper.make_graph(
        nodes, "network", [helper.make_tensor_value_info("rows", TensorProto.FLOAT, ["n", FEATURES])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", CLASSES])], constants,
    )  # fmt: skip
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def ways(path: Path) -> dict[str, Any]:
    """What to call for one row, by its name."""
    compiled = path.with_suffix(".safetensors")
    compiled.write_bytes(compile_model(path).data)
    description = describe_onnx(path)
    described = {"signature": description.signature, "source": description.source}
    path.with_suffix(".signature.json").write_text(json.dumps(described))
    ours, theirs = CompiledModel(str(compiled)), OnnxModel(str(path))
    rows = [np.random.RandomState(1).normal(size=FEATURES).tolist()]
    return {
        "ours": lambda: ours.evaluate(rows, ("predict",)),
        "onnxruntime": lambda: theirs.evaluate(rows, ("predict",)),
    }


def size(path: Path, project: Path) -> Claim:
    """The function directory, against the same with onnxruntime and its packages."""
    scaffold_model_project(project, path)
    # Both in Python.
    settings = replace(read_settings(project), runtime="python")
    ours = package_project(project, settings=settings).size_bytes / 1000
    theirs = package_project(project, executor="onnxruntime", output=project.parent / "theirs").size_bytes / 1000
    theirs += installed_size_mb("onnxruntime") * 1000
    text = f"network of {LAYERS} x {WIDTHS[-1]}: size with onnxruntime / ours"
    return Claim(text, ours, theirs, "KB", theirs / ours, 10, "at least")


if __name__ == "__main__":
    with threadpool_limits(1):
        sys.exit(main(sys.argv[1:]))
