"""LightGBM and XGBoost trained with the categories of a DataFrame."""

import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest
import xgboost as xgb

from iris_model.compiler import compile_model
from iris_model.engine import InvalidInput, load
from iris_model.errors import UnsupportedModel

random = np.random.RandomState(0)
FRAME = pd.DataFrame(
    {
        "size": random.normal(size=200),
        "color": pd.Categorical(random.choice(["red", "green", "blue", None], 200)),
        "weight": random.normal(size=200),
        "doors": pd.Categorical(random.choice([3, 5, 9], 200)),
    }
)
Y = ((FRAME["color"] == "red") ^ (FRAME["doors"].astype(int) == 5) ^ (FRAME["weight"] > 0)).astype(int)
SIZE = {"n_estimators": 6, "verbose": -1, "min_child_samples": 3, "cat_smooth": 1.0, "min_data_per_group": 2}


@pytest.mark.parametrize("columns", [["size", "color", "weight", "doors"], ["color", "doors"], ["doors", "size"]])
def test_categories_of_a_frame(tmp_path, columns):
    frame = FRAME[columns]
    fitted = lgb.LGBMClassifier(**SIZE).fit(frame, Y)
    path = tmp_path / "model.safetensors"
    path.write_bytes(compile_model(fitted).data)
    rows = [[None if pd.isna(cell) else cell for cell in row] for row in frame.astype(object).to_numpy().tolist()]
    right = fitted.predict_proba(frame)
    assert len(np.unique(right)) > 4
    np.testing.assert_allclose(load(str(path)).predict_proba(rows), right, rtol=1e-9)


def test_ordered_categories_are_refused():
    frame = FRAME.assign(grade=pd.Categorical(random.choice(["low", "high"], 200), ordered=True))
    with pytest.raises(UnsupportedModel, match="ordered categories"):
        compile_model(lgb.LGBMClassifier(**SIZE).fit(frame, Y))


@pytest.mark.skipif(tuple(map(int, xgb.__version__.split(".")[:2])) < (3, 1), reason="XGBoost keeps no categories yet")
@pytest.mark.parametrize("columns", [["size", "color", "weight", "doors"], ["color", "doors"], ["town", "size"]])
def test_categories_of_a_frame_for_xgboost(tmp_path, columns):
    frame = FRAME.assign(town=pd.Categorical(random.choice(["Rome", "Oslo", "Bonn"], 200)))[columns]
    fitted = xgb.XGBClassifier(n_estimators=6, max_depth=3, enable_categorical=True, max_cat_to_onehot=2).fit(frame, Y)
    path = tmp_path / "model.safetensors"
    compilation = compile_model(fitted)
    path.write_bytes(compilation.data)
    model = load(str(path))
    rows = [[None if pd.isna(cell) else cell for cell in row] for row in frame.astype(object).to_numpy().tolist()]
    right = fitted.predict_proba(frame)
    assert len(np.unique(right)) > 4
    np.testing.assert_allclose(model.predict_proba(rows), right, rtol=1e-6)
    described = next(one for one in model.signature["columns"] if one["name"] == columns[0])
    if columns[0] != "size":
        assert described["categories"] == frame[columns[0]].cat.categories.tolist()
        place = columns.index(columns[0])
        with pytest.raises(InvalidInput, match="was not seen in training"):
            model.predict([[*rows[0][:place], "violet", *rows[0][place + 1 :]]])
    assert "missing" in compilation.report.rows
