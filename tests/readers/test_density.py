"""Kernel densities that cannot be compiled."""

import numpy as np
import pytest
from sklearn.neighbors import KernelDensity

from iris_model.compiler import compile_model
from iris_model.errors import UnsupportedModel


def test_density_without_a_norm():
    """The sum for the norm of the cosine kernel is negative for four columns, and its logarithm is NaN."""
    X = np.random.RandomState(0).normal(size=(50, 4))
    fitted = KernelDensity(kernel="cosine").fit(X)
    assert np.isnan(fitted.score_samples(X[:3])).all()
    with pytest.raises(UnsupportedModel, match="no norm of the cosine kernel for 4 columns, so every score is NaN"):
        compile_model(fitted)
