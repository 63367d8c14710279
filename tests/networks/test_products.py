"""Products of float32: the kernel and Python, against sums of numpy in float64."""

from __future__ import annotations

import numpy as np
import pytest

from iris_model.engine import native
from iris_model.engine.operators.networks.arrays import make
from iris_model.engine.operators.networks.products import dense, pack
from iris_model.readers.onnx.fusing import pack as pack_with_numpy

RANDOM = np.random.RandomState(3)


def cells(value: np.ndarray):
    return make(value.ravel().tolist(), value.shape, "f").cells


@pytest.mark.parametrize("activation", [None, "Relu", "Tanh"])
@pytest.mark.parametrize(("height", "depth", "width"), [(1, 1, 1), (1, 5, 16), (2, 3, 17), (5, 40, 33), (3, 200, 15)])
def test_kernel_and_python_agree(height, depth, width, activation, monkeypatch):
    rows, matrix, bias = (
        RANDOM.normal(size=size).astype(np.float32) for size in ((height, depth), (depth, width), width)
    )
    packed = cells(pack_with_numpy(matrix))
    assert packed == pack(cells(matrix), depth, width)
    wanted = (rows.astype(float) @ matrix.astype(float) + bias).astype(np.float32)
    wanted = {None: wanted, "Relu": np.maximum(wanted, 0), "Tanh": np.tanh(wanted.astype(float)).astype(np.float32)}[
        activation
    ]
    monkeypatch.setattr(native, "_found", [])
    assert native.find_kernels() is not None
    fast = np.array(dense(cells(rows), packed, cells(bias), height, depth, width, activation), np.float32)
    monkeypatch.setattr(native, "_found", [None])
    slow = np.array(dense(cells(rows), packed, cells(bias), height, depth, width, activation), np.float32)
    np.testing.assert_array_max_ulp(fast, wanted.ravel(), 1)
    np.testing.assert_array_max_ulp(slow, wanted.ravel(), 1)


def test_numbers_that_are_not_finite(monkeypatch):
    rows = cells(np.array([[np.inf, 1.0], [np.nan, 1.0], [1.0, 2.0]], np.float32))
    packed = cells(pack_with_numpy(np.array([[1.0], [-1.0]], np.float32)))
    for found in ([], [None]):
        monkeypatch.setattr(native, "_found", list(found))
        native.find_kernels()
        made = list(dense(rows, packed, None, 3, 2, 1, "Relu"))
        assert made[0] == np.inf and made[1] != made[1] and made[2] == 0.0


def test_the_kernel_declines_what_does_not_fit():
    kernels = native.find_kernels()
    ones = cells(np.ones(64, np.float32))
    assert kernels.dense(ones, ones, None, 1, 4, 16, 0) is None  # too many rows
    assert kernels.dense(ones[:4], ones, None, 1, 4, 17, 0) is None  # a panel is missing
    assert kernels.dense(ones[:4], ones, ones, 1, 4, 16, 0) is None  # a bias of another length
    assert kernels.dense(ones[:4].tolist(), ones, None, 1, 4, 16, 0) is None
    assert kernels.dense(ones[:0], ones[:0], None, 0, 4, 0, 0) is None
    assert kernels.dense(ones, ones, None, 1 << 62, 1 << 62, 16, 0) is None
    assert len(kernels.dense(ones[:4], ones, None, 1, 4, 16, 0)) == 64
