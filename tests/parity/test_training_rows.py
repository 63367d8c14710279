"""A compiled model never differs from the original on a training row, whatever transform comes before its trees.

Also where the original was trained and asked by a numpy without the processor's vector instructions, whose logarithms and
sums have other last bits, and compiled by one with them.
"""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from iris_model.compiler import compile_model
from iris_model.engine import load
from tests.parity.training_rows import TRANSFORMS, TREES, X, fit
from tests.support.spread import spread

ROOT = Path(__file__).parents[2]
FAST = [
    ("quantile normal", "histograms"),
    ("yeo-johnson", "xgboost"),
    ("union", "lightgbm"),
    ("projection", "forest"),
]
EVERY = [(transform, trees) for transform in TRANSFORMS for trees in TREES if (transform, trees) not in FAST]
# Their `transform` does not repeat what it gave in training: without these rows they are refused.
UNREPEATED = ("ica", "pca full")


def assert_same_answers(model, answers, data, tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(compile_model(model, data=data).data)
    method = "predict_proba" if answers.ndim > 1 else "predict"
    found = np.array(getattr(load(str(path)), method)(X.tolist()))
    relative = 1e-6 if answers.dtype == np.float32 else 1e-9
    np.testing.assert_allclose(found, answers, rtol=relative, atol=relative)


@pytest.mark.parametrize(("transform", "trees"), spread(FAST, 2, unpack=True))
def test_rows_of_training(transform, trees, tmp_path):
    assert_same_answers(*fit(transform, trees), None, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(("transform", "trees"), EVERY)
def test_rows_of_training_everywhere(transform, trees, tmp_path):
    data = X.tolist() if transform in UNREPEATED else None
    assert_same_answers(*fit(transform, trees), data, tmp_path)


def fit_elsewhere(pattern, tmp_path):
    """Fit in a process whose numpy uses none of the vector instructions that it could choose."""
    from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

    features = [name for name in __cpu_dispatch__ if __cpu_features__.get(name)]
    if not features:
        pytest.skip("numpy chooses no vector instructions on this processor")
    file = tmp_path / "fitted.pkl"
    command = [sys.executable, "-m", "tests.parity.training_rows", pattern, str(file)]
    environment = os.environ | {"NPY_DISABLE_CPU_FEATURES": " ".join(features)}
    subprocess.run(command, check=True, cwd=ROOT, env=environment, timeout=600)
    return pickle.loads(file.read_bytes())


@pytest.mark.slow
def test_rows_of_training_of_another_processor(tmp_path):
    fitted = fit_elsewhere("log1p / histograms", tmp_path)
    ((model, answers),) = fitted.values()
    assert_same_answers(model, answers, None, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(
    "trees", [pytest.param(one, marks=[pytest.mark.exhaustive] * (number % 3 != 0)) for number, one in enumerate(TREES)]
)
def test_rows_of_training_of_another_processor_everywhere(trees, tmp_path):
    for (transform, _), (model, answers) in fit_elsewhere(f"* / {trees}", tmp_path).items():
        if transform not in UNREPEATED:
            assert_same_answers(model, answers, None, tmp_path)
