"""Steps that compare for equality, after transforms that other processors round differently: the values of training are found."""

import json

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    OneHotEncoder,
    OrdinalEncoder,
    PowerTransformer,
    QuantileTransformer,
    StandardScaler,
    TargetEncoder,
)

from iris_model.compiler import compile_model
from iris_model.engine import load
from iris_model.engine.operators.preprocessing import snap_to_known
from tests.support.spread import spread

random = np.random.RandomState(3)
COUNTS = random.poisson(3, size=(300, 3)).astype(float)
TARGET = COUNTS @ [1.0, 2.0, 0.5] + random.normal(size=300)
LOGARITHM = FunctionTransformer(np.log1p)
NEVER_SEEN = {"handle_unknown": "use_encoded_value", "unknown_value": -1}
MODELS = {
    "quantiles": (LOGARITHM, QuantileTransformer(n_quantiles=50), Ridge()),
    "normal quantiles": (
        PowerTransformer(),
        QuantileTransformer(n_quantiles=50, output_distribution="normal"),
        Ridge(),
    ),
    "ranks": (LOGARITHM, OrdinalEncoder(**NEVER_SEEN), Ridge()),
    "indicators": (LOGARITHM, OneHotEncoder(handle_unknown="ignore"), Ridge()),
    "means": (LOGARITHM, StandardScaler(), TargetEncoder(random_state=0), Ridge()),
    "categories of trees": (
        LOGARITHM,
        OrdinalEncoder(max_categories=20, **NEVER_SEEN),
        HistGradientBoostingRegressor(max_iter=5, categorical_features=[0]),
    ),
}


@pytest.mark.parametrize("name", spread(MODELS, 3))
def test_rows_of_training(name, tmp_path):
    model = make_pipeline(*MODELS[name]).fit(COUNTS, TARGET)
    compilation = compile_model(model)
    (tmp_path / "model.safetensors").write_bytes(compilation.data)
    found = load(str(tmp_path / "model.safetensors")).predict(COUNTS.tolist())
    np.testing.assert_allclose(found, model.predict(COUNTS), rtol=1e-9)
    assert "snap_to_known" in [node["op"] for node in read_nodes(compilation.data)]


def test_exact_values_are_not_snapped():
    model = make_pipeline(StandardScaler(), QuantileTransformer(n_quantiles=50), Ridge()).fit(COUNTS, TARGET)
    assert "snap_to_known" not in [node["op"] for node in read_nodes(compile_model(model).data)]


@pytest.mark.slow
def test_trees_behind_repeated_quantiles(tmp_path):
    quantiles = QuantileTransformer(n_quantiles=50, output_distribution="normal")
    model = make_pipeline(LOGARITHM, quantiles, HistGradientBoostingRegressor(max_iter=10)).fit(COUNTS, TARGET)
    (tmp_path / "model.safetensors").write_bytes(compile_model(model).data)
    found = load(str(tmp_path / "model.safetensors")).predict(COUNTS.tolist())
    np.testing.assert_array_equal(found, model.predict(COUNTS))


def test_the_nearest_known_value_within_reach():
    rows = [[1.0 + 1e-9, 5.0], [2.0 - 1e-9, 5.5], [1.5, float("inf")]]
    assert snap_to_known(rows, known=[[1.0, 2.0], []], within=[1e-8, 0.0]) == [
        [1.0, 5.0],
        [2.0, 5.5],
        [1.5, float("inf")],
    ]


def test_a_missing_value_stays_missing():
    ((cell,),) = snap_to_known([[float("nan")]], known=[[1.0]], within=[0.5])
    assert cell != cell


def read_nodes(data):
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    return json.loads(header["__metadata__"]["graph"])["nodes"]
