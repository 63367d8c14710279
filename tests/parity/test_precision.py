"""Estimators that training left with float32 numbers or whole targets answer as their originals do."""

import warnings

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_iris
from sklearn.impute import KNNImputer
from sklearn.neighbors import RadiusNeighborsRegressor
from xgboost import XGBClassifier

from iris_model.compiler import compile_model
from iris_model.engine import load
from iris_model.errors import UnsupportedModel
from iris_model.readers.libraries import installed_version

X, Y = load_iris(return_X_y=True)


def compiled(model, tmp_path, data=None):
    path = tmp_path / "model.safetensors"
    path.write_bytes(compile_model(model, data=data).data)
    return load(str(path))


@pytest.mark.parametrize(
    ("classes", "ensemble"),
    [
        (2, False),
        pytest.param(2, True, marks=pytest.mark.slow),
        pytest.param(3, True, marks=pytest.mark.slow),
        pytest.param(3, False, marks=pytest.mark.slow),
    ],
)
def test_isotonic_calibration_of_xgboost(classes, ensemble, tmp_path):
    rows, labels = (X[Y < 2], Y[Y < 2]) if classes == 2 else (X, Y)
    # The same rows whatever ran before: a stream that tests share depends on their order.
    rows = rows + np.random.default_rng(classes).normal(size=rows.shape)
    model = CalibratedClassifierCV(XGBClassifier(n_estimators=6), method="isotonic", cv=3, ensemble=ensemble)
    ours = compiled(model.fit(rows, labels), tmp_path)
    np.testing.assert_allclose(ours.predict_proba(rows.tolist()), model.predict_proba(rows), rtol=1e-6)
    assert ours.predict(rows.tolist()) == model.predict(rows).tolist()


@pytest.mark.parametrize("weights", ["uniform", "distance"])
def test_whole_targets_within_a_radius(weights, tmp_path):
    model = RadiusNeighborsRegressor(0.8, weights=weights, algorithm="kd_tree").fit(X, Y)
    ours = compiled(model, tmp_path)
    rows = [[100.0] * 4, *X[:20].tolist()]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        right = model.predict(np.array(rows))
    assert ours.predict(rows) == pytest.approx(right.tolist(), rel=1e-9)
    assert abs(right[0]) > 1e18 or right[0] == 0.0


@pytest.mark.parametrize("weights", ["uniform", "distance"])
def test_cells_filled_from_float32_rows(weights, tmp_path):
    random = np.random.default_rng(0)
    table = random.normal(size=(40, 3))
    table[random.random(table.shape) < 0.2] = np.nan
    model = KNNImputer(weights=weights).fit(table.astype(np.float32))
    if weights == "uniform" and installed_version("scikit-learn") < (1, 6):
        with pytest.raises(UnsupportedModel, match="which adds neighbors in any order"):
            compile_model(model)
        # One neighbor is no sum.
        model = KNNImputer(n_neighbors=1).fit(table.astype(np.float32))
    ours = compiled(model, tmp_path)
    rows = np.where(random.random((40, 3)) < 0.3, np.nan, random.normal(size=(40, 3)))
    rows = np.concatenate([rows, np.full((1, 3), np.nan)])
    np.testing.assert_allclose(ours.transform(rows.tolist()), model.transform(rows), rtol=1e-6)
