"""Files of XGBoost and LightGBM, and pickled boosters: they answer as the library does, or are refused with the reason."""

from __future__ import annotations

import pickle

import lightgbm as lgb
import numpy as np
import pytest
import xgboost as xgb

from iris_model.compiler import compile_model
from iris_model.engine import load
from iris_model.errors import ModelFileError, UnsupportedModel
from iris_model.readers import open_model

random = np.random.RandomState(0)
X = random.normal(size=(80, 3))
Y = (X[:, 0] > 0).astype(int) + (X[:, 1] > 1)


def compiled(path, tmp_path):
    compilation = compile_model(path)
    target = tmp_path / "model.safetensors"
    target.write_bytes(compilation.data)
    return load(str(target)), compilation.source


def xgboost_booster(objective, **parameters):
    settings = {"objective": objective, "max_depth": 3, **parameters}
    return xgb.train(settings, xgb.DMatrix(X, Y if objective.startswith("multi") else Y > 0), 4)


@pytest.mark.parametrize(
    ("objective", "suffix"),
    [("multi:softprob", "json"), ("multi:softmax", "ubj"), ("binary:logistic", "ubj"), ("reg:squarederror", "json")],
)
def test_xgboost_file(tmp_path, suffix, objective):
    booster = xgboost_booster(objective, **({"num_class": 3} if objective.startswith("multi") else {}))
    path = tmp_path / f"model.{suffix}"
    booster.save_model(path)
    model, source = compiled(path, tmp_path)
    assert source["library"] == "xgboost"
    right = booster.predict(xgb.DMatrix(X))
    if objective == "multi:softmax":
        assert model.predict(X.tolist()) == right.tolist()
    elif objective == "binary:logistic":
        np.testing.assert_allclose([row[1] for row in model.predict_proba(X.tolist())], right, rtol=1e-6)
    else:
        method = "predict" if objective.startswith("reg") else "predict_proba"
        np.testing.assert_allclose(getattr(model, method)(X.tolist()), right, rtol=1e-6)


@pytest.mark.parametrize(("objective", "suffix"), [("multiclass", "txt"), ("binary", "lgb"), ("regression", "txt")])
def test_lightgbm_file(tmp_path, suffix, objective):
    booster = lightgbm_booster(objective)
    path = tmp_path / f"model.{suffix}"
    booster.save_model(path)
    model, source = compiled(path, tmp_path)
    assert (source["library"], source["class"]) == ("lightgbm", "lightgbm.Booster")
    np.testing.assert_allclose(model.predict(X.tolist()), booster.predict(X), rtol=1e-9)


def lightgbm_booster(objective):
    settings = {"objective": objective, "verbose": -1, "min_data_in_leaf": 5, "num_leaves": 5}
    settings |= {"num_class": 3} if objective == "multiclass" else {}
    return lgb.train(settings, lgb.Dataset(X, Y if objective == "multiclass" else Y > 0), 4)


def test_pickled_boosters(tmp_path):
    for booster in (lightgbm_booster("binary"), xgboost_booster("binary:logistic")):
        path = tmp_path / "booster.pkl"
        path.write_bytes(pickle.dumps(booster))
        model, _ = compiled(path, tmp_path)
        answers = model.predict(X.tolist())
        right = booster.predict(X) if isinstance(booster, lgb.Booster) else booster.predict(xgb.DMatrix(X)) > 0.5
        np.testing.assert_allclose(answers, right, rtol=1e-9)


@pytest.mark.parametrize("data", [b"{}", b"tree\nend of trees", b"\x00\x01", b"tree\n" * 9])
@pytest.mark.parametrize("suffix", ["json", "ubj", "txt"])
def test_no_model(tmp_path, data, suffix):
    path = tmp_path / f"model.{suffix}"
    path.write_bytes(data)
    with pytest.raises(ModelFileError, match=r"cannot read it|is JSON, but not a model"):
        open_model(path)


def test_a_refusal_names_the_class_of_the_library():
    own = lgb.train(
        {"objective": lambda margins, data: (margins - data.get_label(), np.ones_like(margins)), "verbose": -1},
        lgb.Dataset(X, Y),
        2,
    )
    with pytest.raises(UnsupportedModel, match="- Booster: the objective 'none' is not supported"):
        compile_model(own)
