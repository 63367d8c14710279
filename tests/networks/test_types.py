"""Casts and powers of integers, against onnxruntime."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime
import pytest
from onnx import helper

from iris_model.compiler.networks.arrays import to_engine, to_numpy
from iris_model.engine.operators.networks import find_step


def both(op: str, inputs: list[Any], **attributes: Any) -> tuple[list[Any], list[Any]]:
    """Return the cells of the engine and of onnxruntime."""
    names = [f"i{place}" for place in range(len(inputs))]
    infos = [
        helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(value.dtype), list(value.shape))
        for name, value in zip(names, inputs, strict=True)
    ]
    node = helper.make_node(op, names, ["y"], **attributes)
    graph = helper.make_graph([node], "g", infos, [helper.make_empty_tensor_value_info("y")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    function: Any = find_step(op)
    found, *_ = function([to_engine(value) for value in inputs], attributes)
    return to_numpy(found).tolist(), session.run(None, dict(zip(names, inputs, strict=True)))[0].tolist()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_float_as_text(dtype: str) -> None:
    """Categories are compared as texts, so every digit counts."""
    odd = [1 / 3, 0.1, 0.30000000000000004, 123456789.125, 1e15, 1e-5, 1e20, -0.0, np.nan, np.inf, -np.inf]
    random = np.random.RandomState(0)
    values = np.array([*odd, *random.randn(200) * 10.0 ** random.randint(-12, 20, 200)], dtype)
    ours, theirs = both("Cast", [values], to=8)
    assert ours == theirs


def test_a_text_as_an_integer() -> None:
    """Beyond 2^53, not every integer is a float64."""
    ours, theirs = both("Cast", [np.array(["9007199254740993", "-12", "0"], object)], to=7)
    assert ours == theirs


@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_powers_of_integers(dtype: str) -> None:
    base, by = np.array([[2], [-3], [7], [1], [-1], [0], [2**31 - 1]]), np.array([0, 1, 2, 5, 31, 40])
    ours, theirs = both("Pow", [base.astype(dtype), by.astype(dtype)])
    assert ours == theirs


@pytest.mark.parametrize("clip", [0.3, 0.8])
def test_the_clip_of_a_layer_with_peepholes(clip: float) -> None:
    """It limits what the activations take, and the peepholes are part of that."""
    random = np.random.RandomState(0)
    shapes = [(4, 3, 3), (1, 20, 3), (1, 20, 5), (1, 40), (3,), (1, 3, 5), (1, 3, 5), (1, 15)]
    inputs = [random.randn(*shape).astype(np.float32) for shape in shapes]
    inputs[4] = np.array([4, 2, 1], np.int32)
    ours, theirs = both("LSTM", inputs, hidden_size=5, clip=clip)
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)
