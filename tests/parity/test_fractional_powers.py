"""A fractional power of a negative number is NaN in numpy, which the original answers or refuses; so does the compiled model."""

import math

import numpy as np
import pytest
from sklearn.decomposition import KernelPCA
from sklearn.gaussian_process import GaussianProcessClassifier, GaussianProcessRegressor
from sklearn.gaussian_process.kernels import DotProduct, Exponentiation
from sklearn.kernel_approximation import Nystroem
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from iris_model.compiler import compile_model
from iris_model.engine import CompiledModel, InvalidInput
from iris_model.errors import IrisModelError
from tests.parity.scipy_solve import solve_checks_values
from tests.support.spread import spread

RANDOM = np.random.default_rng(0)
POSITIVE = np.abs(RANDOM.normal(size=(60, 3)))
TARGET = POSITIVE @ [1.0, -2.0, 0.5]
PLACES = Exponentiation(DotProduct(1.0), 1.5)

MODELS = {
    **{f"KernelRidge, degree {degree}": KernelRidge(kernel="poly", degree=degree) for degree in (0.5, 1.5, 2.5)},
    "KernelRidge without coef0": KernelRidge(kernel="polynomial", degree=1.5, coef0=0),
    "KernelRidge of two targets": KernelRidge(kernel="poly", degree=1.5),
    "KernelPCA": KernelPCA(2, kernel="poly", degree=1.5),
    "Nystroem": Nystroem(kernel="poly", degree=1.5, n_components=8, random_state=0),
    "Nystroem before another": make_pipeline(
        Nystroem(kernel="poly", degree=1.5, n_components=8, random_state=0), Ridge()
    ),
    "GaussianProcessRegressor": GaussianProcessRegressor(PLACES, alpha=0.1, optimizer=None),
    "GaussianProcessClassifier": GaussianProcessClassifier(PLACES, optimizer=None),
}
ROWS = [[0.3, 0.2, 0.5], [-9.0, -8.0, -7.0], [-1e3, 2.0, 1.0], [1e120, 0.2, 0.5], [-1e300, -1e300, 0.0]]


def compiled_of(model, path, data=None):
    path.write_bytes(compile_model(model, data=data).data)
    return CompiledModel(str(path))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("name", "given"),
    spread(
        [(name, given) for name in MODELS for given in (False, True) if given or "Classifier" not in name],
        3,
        unpack=True,
    ),
)
def test_powers_of_negative_numbers(name, given, tmp_path):
    target = TARGET > 0 if "Classifier" in name else TARGET
    model = MODELS[name].fit(POSITIVE, np.c_[target, target + 1] if "two targets" in name else target)
    compiled = compiled_of(model, tmp_path / "model.safetensors", POSITIVE.tolist() if given else None)
    seen = set()
    for method in compiled.outputs:
        for row in ROWS:
            for batch in ([row], [*[ROWS[0]] * 40, row]):
                try:
                    wanted = np.asarray(getattr(model, method)(np.array(batch))[-1], float)
                except ValueError:
                    with pytest.raises(InvalidInput):
                        compiled.evaluate(batch, (method,))
                    seen.add("refused")
                    continue
                if np.isnan(wanted).all() and "Process" in name and not solve_checks_values():
                    seen.add("NaN")
                    continue
                found = np.asarray(compiled.evaluate(batch, (method,))[0][-1], float)
                np.testing.assert_allclose(found, wanted, rtol=1e-6, err_msg=f"{method} of {row}")
                seen.add("NaN" if np.isnan(wanted).any() else "a number")
    assert "a number" in seen and seen & {"NaN", "refused"}


@pytest.mark.slow
def test_rows_of_training_are_asked_for_where_most_generated_ones_are_no_number():
    model = MODELS["GaussianProcessClassifier"].fit(POSITIVE, TARGET > 0)
    with pytest.raises(IrisModelError, match="gives no finite answer") as caught:
        compile_model(model)
    assert "--data" in caught.value.remedy


def test_the_other_rows_are_answered(tmp_path):
    model = KernelRidge(kernel="poly", degree=1.5).fit(POSITIVE, TARGET)
    first, none, last = compiled_of(model, tmp_path / "model.safetensors").predict([ROWS[0], ROWS[1], ROWS[0]])
    assert math.isnan(none) and first == last == pytest.approx(model.predict([ROWS[0]])[0])
