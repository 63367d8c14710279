"""A regressor of quantiles of the target, taken back as QuantileTransformer.inverse_transform does."""

import numpy as np
import pytest
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import QuantileTransformer, StandardScaler

from iris_model.compiler import compile_model
from iris_model.engine import CompiledModel

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(200, 3))
Y = np.exp(X[:, 0])
REPEATED = np.round(X[:, :2])


def quantiles(distribution="uniform", count=50):
    return QuantileTransformer(n_quantiles=count, output_distribution=distribution)


MODELS = {
    "uniform": (Ridge(), quantiles(), Y),
    "normal": (Ridge(), quantiles("normal"), Y),
    "one quantile": (Ridge(), quantiles(count=1), Y),
    "trees": (RandomForestRegressor(5, random_state=0), quantiles("normal"), Y),
    "several repeated targets": (Ridge(), quantiles("normal"), REPEATED),
    "behind a scaler": (Ridge(), make_pipeline(quantiles("normal"), StandardScaler()), Y),
}


@pytest.mark.parametrize("name", MODELS)
def test_answers_are_the_original_s(name, tmp_path):
    regressor, transformer, target = MODELS[name]
    model = TransformedTargetRegressor(regressor, transformer=transformer, check_inverse=False).fit(X, target)
    compilation = compile_model(model, data=X.tolist())
    assert compilation.report.methods["predict"].compared >= 500
    (tmp_path / "m.safetensors").write_bytes(compilation.data)
    rows = np.concatenate([X, 100 * X])
    found = CompiledModel(str(tmp_path / "m.safetensors")).predict(rows.tolist())
    np.testing.assert_allclose(found, model.predict(rows), rtol=1e-9)
