"""Products of float32: the kernel and Python, against sums of numpy in float64."""

from __future__ import annotations

import numpy as np
import pytest

from iris_model.engine import native
from iris_model.engine.operators.networks.arrays import make
from iris_model.engine.operators.networks.products import dense, pack, run_layers
from iris_model.readers.onnx.fusing import pack as pack_with_numpy

RANDOM = np.random.RandomState(3)


def cells(value: np.ndarray):
    return make(value.ravel().tolist(), value.shape, "f").cells


ACTIVATED = {
    None: lambda x: x,
    "Relu": lambda x: np.maximum(x, 0),
    "Sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "Tanh": np.tanh,
    "Softmax": lambda x: (
        np.exp(x - x.max(axis=1, keepdims=True)) / np.exp(x - x.max(axis=1, keepdims=True)).sum(1)[:, None]
    ),
}


@pytest.fixture(params=["kernel", "python"])
def engine(request, monkeypatch):
    """The kernels are loaded, or there are none."""
    monkeypatch.setattr(native, "_found", [] if request.param == "kernel" else [None])
    assert (native.find_kernels() is not None) == (request.param == "kernel")


@pytest.mark.parametrize("activation", ACTIVATED)
@pytest.mark.parametrize(("height", "depth", "width"), [(1, 1, 1), (1, 5, 16), (2, 3, 17), (5, 40, 33), (3, 200, 15)])
def test_layers_are_those_of_numpy(height, depth, width, activation, engine):
    rows, matrix, bias = (
        RANDOM.normal(size=size).astype(np.float32) for size in ((height, depth), (depth, width), width)
    )
    packed = cells(pack_with_numpy(matrix))
    assert packed == pack(cells(matrix), depth, width)
    sums = (rows.astype(float) @ matrix.astype(float) + bias).astype(np.float32)
    wanted = ACTIVATED[activation](sums.astype(float)).astype(np.float32)
    made = np.array(dense(cells(rows), packed, cells(bias), height, depth, width, activation), np.float32)
    np.testing.assert_array_max_ulp(made, wanted.ravel(), 2)


def test_layers_one_after_the_other(engine):
    rows = RANDOM.normal(size=(3, 20)).astype(np.float32)
    first, second = (RANDOM.normal(size=size).astype(np.float32) for size in ((20, 30), (30, 4)))
    middle = np.maximum((rows.astype(float) @ first.astype(float)).astype(np.float32), 0)
    wanted = (middle.astype(float) @ second.astype(float)).astype(np.float32)
    chain = ((cells(pack_with_numpy(first)), None, 20, 30, 1), (cells(pack_with_numpy(second)), None, 30, 4, 0))
    np.testing.assert_array_max_ulp(np.array(run_layers(cells(rows), 3, chain), np.float32), wanted.ravel(), 1)


def test_numbers_that_are_not_finite(engine):
    rows = cells(np.array([[np.inf, 1.0], [np.nan, 1.0], [1.0, 2.0]], np.float32))
    packed = cells(pack_with_numpy(np.array([[1.0], [-1.0]], np.float32)))
    made = list(dense(rows, packed, None, 3, 2, 1, "Relu"))
    assert made[0] == np.inf and made[1] != made[1] and made[2] == 0.0
    made = list(dense(rows, packed, None, 3, 2, 1, "Tanh"))
    assert made[0] == 1.0 and made[1] != made[1]


def test_the_kernel_declines_what_does_not_fit():
    kernels = native.find_kernels()
    ones = cells(np.ones(64, np.float32))
    layer = (ones, None, 4, 16, 0)
    assert len(kernels.dense(ones[:4], 1, (layer,))) == 64
    assert kernels.dense(ones, 1, (layer,)) is None  # too many cells
    assert kernels.dense(ones[:4], 1, ((ones, None, 4, 17, 0),)) is None  # a panel is missing
    assert kernels.dense(ones[:4], 1, ((ones, ones, 4, 16, 0),)) is None  # a bias of another length
    assert kernels.dense(ones[:4], 1, (layer, layer)) is None  # 16 columns into 4 rows
    assert kernels.dense(ones[:4].tolist(), 1, (layer,)) is None
    assert kernels.dense(ones[:4], 1, (layer[:4],)) is None
    assert kernels.dense(ones[:4], 1, ((*layer[:4], 9),)) is None
    assert kernels.dense(ones[:4], 1, ()) is None
    assert kernels.dense(ones[:0], 0, (layer,)) is None
    assert kernels.dense(ones, 1 << 62, ((ones, None, 1 << 62, 16, 0),)) is None
