"""numpy's functions before an estimator: the estimator refuses what the original refuses, and takes what it takes."""

import warnings

import numpy as np
import pytest
from lightgbm import LGBMRegressor
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from xgboost import XGBRegressor

from iris_model.compiler import compile_model
from iris_model.engine import InvalidInput, load

RANDOM = np.random.default_rng(0)
X = RANDOM.uniform(1.1, 5.0, size=(120, 3))
Y = X[:, 0] + X[:, 1] * X[:, 2]
SPECIAL = (0.0, -0.0, -0.5, -1.0, -2.0, 1e-320, 90.0, 800.0, -800.0, 1e200)
ROWS = [[*X[0, :2], cell] for cell in SPECIAL] + [[cell, *X[1, 1:]] for cell in SPECIAL] + [[0.0] * 3, [-1.0] * 3]
ESTIMATORS = {
    "histogram": HistGradientBoostingRegressor(max_iter=8),
    "lightgbm": LGBMRegressor(n_estimators=8, verbose=-1),
    "lightgbm linear trees": LGBMRegressor(n_estimators=2, linear_tree=True, verbose=-1),
    "xgboost": XGBRegressor(n_estimators=8),
    "forest": RandomForestRegressor(4, random_state=0),
    "ridge": Ridge(),
    "scaler and trees": make_pipeline(StandardScaler(), HistGradientBoostingRegressor(max_iter=4)),
    "exp and ridge": make_pipeline(FunctionTransformer(np.exp2), Ridge()),
    "scaled and not": make_pipeline(
        make_union(StandardScaler(), FunctionTransformer()), LGBMRegressor(n_estimators=4, verbose=-1)
    ),
}
FUNCTIONS = ("log", "log1p", "log2", "log10", "sqrt", "reciprocal", "expm1", "exp")
FAST = {
    ("log", "histogram"),
    ("reciprocal", "xgboost"),
    ("log1p", "ridge"),
    ("exp", "lightgbm"),
    ("log", "exp and ridge"),
}


def ask(answer, row):
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return float(answer(row)[0])
    except (ValueError, InvalidInput):
        return "a refusal"


@pytest.mark.parametrize(
    ("function", "name"),
    [
        pytest.param(function, name, marks=() if (function, name) in FAST else pytest.mark.slow)
        for function in FUNCTIONS
        for name in ESTIMATORS
    ],
)
def test_a_row_is_answered_or_refused_as_by_the_original(function, name, tmp_path):
    model = make_pipeline(FunctionTransformer(getattr(np, function)), ESTIMATORS[name]).fit(X, Y)
    path = tmp_path / "model.safetensors"
    path.write_bytes(compile_model(model).data)
    compiled = load(str(path))
    right = [ask(lambda row: model.predict(np.array([row])), row) for row in ROWS]
    ours = [ask(lambda row: compiled.predict([row]), row) for row in ROWS]
    for row, one, other in zip(ROWS, ours, right, strict=True):
        refused = "a refusal" in (one, other)
        assert one == other if refused else one == pytest.approx(other, rel=1e-6, nan_ok=True), row
    assert len({str(one) for one in right}) > 1
