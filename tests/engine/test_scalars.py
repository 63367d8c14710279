"""The elementary functions in C replace those in Python when the kernels are loaded, with the same bits and refusals."""

import math
import struct

import numpy as np
import pytest

from iris_model.engine import elementary, native

SPECIAL = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    5e-324,
    -5e-324,
    709.782712893384,
    709.79,
    -745.2,
    -746.5,
    1024.0,
    -1080.5,
    1e308,
    -1e308,
]
SPECIAL += [math.inf, -math.inf, math.nan, 22.0, -22.0, 1e-9, -0.29, 0.41, 0.5]


def answer(function, x):
    try:
        return struct.pack("d", function(x)) if not math.isnan(function(x)) else "NaN"
    except (OverflowError, ValueError) as error:
        return type(error), str(error)


@pytest.fixture(scope="module")
def reference():
    """The module as it is without kernels."""
    import importlib.util

    spec = importlib.util.find_spec(elementary.__name__)
    module = importlib.util.module_from_spec(spec)
    found, native._found[:] = list(native._found), []
    try:
        spec.loader.exec_module(module)
    finally:
        native._found[:] = found
    return module


@pytest.mark.parametrize("name", ["exp", "exp2", "log", "log1p", "tanh"])
def test_c_answers_and_refuses_as_python(name, reference):
    kernels = native.find_kernels()
    assert kernels is not None and getattr(elementary, name) is getattr(kernels, name)
    random = np.random.default_rng(5)
    drawn = np.concatenate([random.normal(size=2000) * scale for scale in (1e-12, 1e-3, 1.0, 30.0, 900.0)])
    for x in [*SPECIAL, *drawn.tolist()]:
        assert answer(getattr(kernels, name), x) == answer(getattr(reference, name), x), (name, x)


def test_whole_numbers_are_accepted_and_texts_refused():
    kernels = native.find_kernels()
    assert kernels.exp(0) == 1.0
    with pytest.raises(TypeError):
        kernels.exp("1")
