"""A row whose kernel values overflow gets the original's answer, and the other rows of the batch theirs."""

import math

import numpy as np
import pytest
from sklearn.decomposition import KernelPCA
from sklearn.gaussian_process import GaussianProcessClassifier, GaussianProcessRegressor
from sklearn.gaussian_process.kernels import DotProduct, ExpSineSquared, Matern, WhiteKernel
from sklearn.kernel_approximation import Nystroem
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC, SVR, NuSVC, OneClassSVM

from iris_model.compiler import compile_model
from iris_model.engine import CompiledModel, InvalidInput
from tests.parity.scipy_solve import solve_checks_values
from tests.support.spread import spread

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(80, 3))
POSITIVE = np.abs(X)
TWO = (X[:, 0] + X[:, 1] > 0).astype(int)
THREE = (X[:, 0] > 0.4).astype(int) + (X[:, 1] > 0)
ORDINARY = [0.3, 0.2, 0.5]
LARGE = (1e40, 1e60, 1e110, -1e110, 1e120, 1e155, 1e200, -1e200, 1e300, -1e300)

MODELS = {
    "SVC": SVC(kernel="poly").fit(X, TWO),
    "SVC of degree 20": SVC(kernel="poly", degree=20).fit(X, TWO),
    "SVC of three classes": SVC(kernel="poly", probability=True).fit(X, THREE),
    "SVC that breaks ties": SVC(kernel="poly", break_ties=True).fit(X, THREE),
    "SVC rbf": SVC().fit(X, THREE),
    "NuSVC": NuSVC(kernel="poly").fit(X, TWO),
    "SVR": SVR(kernel="poly").fit(X, X[:, 0]),
    "OneClassSVM": OneClassSVM(kernel="poly").fit(X),
    "KernelRidge": KernelRidge(kernel="poly").fit(X, X[:, :2]),
    "KernelRidge additive chi2": KernelRidge(kernel="additive_chi2").fit(POSITIVE, X[:, 0]),
    "GaussianProcessRegressor": GaussianProcessRegressor(DotProduct() ** 2 + WhiteKernel()).fit(X, X[:, 0]),
    "GaussianProcessRegressor Matern": GaussianProcessRegressor(Matern() + WhiteKernel()).fit(X, X[:, 0]),
    "GaussianProcessRegressor periodic": GaussianProcessRegressor(
        ExpSineSquared() + WhiteKernel(), alpha=1.0, optimizer=None
    ).fit(X[:, :1], X[:, 0]),
    # Without its optimizer, which ends elsewhere on another processor, at times where the training barely succeeds.
    "GaussianProcessClassifier": GaussianProcessClassifier(DotProduct(7.5) ** 3, optimizer=None).fit(X, TWO),
    "KernelPCA": KernelPCA(2, kernel="poly").fit(X),
    "Nystroem before another": make_pipeline(
        Nystroem(kernel="poly", degree=3, n_components=10, random_state=0), LogisticRegression()
    ).fit(X, THREE),
}


def ask(evaluate, rows):
    """The answers to the last row, or None where it is refused."""
    try:
        with np.errstate(all="ignore"):
            found = evaluate(rows)
    except (ValueError, InvalidInput):
        return None
    return np.asarray(found, float)


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    made = {}

    def get(name):
        if name not in made:
            path = tmp_path_factory.mktemp("overflow") / "model.safetensors"
            compilation = compile_model(MODELS[name])
            path.write_bytes(compilation.data)
            made[name] = CompiledModel(str(path))
        return made[name]

    return get


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", spread(MODELS, 2))
def test_large_values(name, compiled):
    model, ours = MODELS[name], compiled(name)
    ordinary = ORDINARY[: model.n_features_in_]
    for method in ours.outputs:
        for value in LARGE:
            row = [value, *ordinary[1:]]
            wanted = ask(getattr(model, method), np.array([row]))
            for batch in ([row], [ordinary, row], [*[ordinary] * 40, row]):
                found = ask(lambda rows: ours.evaluate(rows, (method,))[0], batch)  # noqa: B023
                if found is None and wanted is not None and np.isnan(wanted).all() and not solve_checks_values():
                    continue
                assert (found is None) == (wanted is None), (method, value, found, wanted)
                if wanted is not None:
                    np.testing.assert_allclose(found[-1:], wanted, rtol=1e-6, err_msg=f"{method} of {value}")


def test_other_rows_are_answered(compiled):
    model = compiled("SVR")
    alone = model.predict([ORDINARY])
    first, large, last = model.predict([ORDINARY, [1e120, 0.2, 0.5], ORDINARY])
    assert [first] == pytest.approx(alone) == [last] and math.isnan(large)


def test_a_row_that_is_refused_is_named(compiled):
    model = compiled("KernelPCA")
    with pytest.raises(InvalidInput, match=r"^row 70: a value is so large") as caught:
        model.transform([*[ORDINARY] * 70, [1e120, 0.2, 0.5], ORDINARY])
    assert caught.value.row == 70
