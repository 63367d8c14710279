"""CatBoost with categories: every kind of statistic, compared with CatBoost by a comparison that is not the compiler's own.

Rows have known and unknown categories, strings and integers, and missing numbers.
"""

import pickle

import catboost as cb
import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GridSearchCV

from iris_model.compiler import compile_model
from iris_model.engine import load
from iris_model.engine.errors import InvalidInput
from iris_model.errors import UnsupportedModel

R = np.random.RandomState(0)
ROWS = 240
FRAME = pd.DataFrame(
    {
        "city": R.choice(["Berlin", "Paris", "Rome", "Oslo"], ROWS),
        "store": R.randint(1, 30, ROWS),
        "size": R.normal(size=ROWS).round(3),
        "kind": R.choice(["u", "v", "w"], ROWS),
        "open": R.choice([True, False], ROWS),
    }
)
FRAME.loc[::13, "size"] = np.nan
CATEGORIES = ["city", "store", "kind", "open"]
SCORE = (
    (FRAME.city == "Berlin") * 1.0
    + FRAME["size"].fillna(0)
    + FRAME.store % 3
    + ((FRAME.kind == "u") & (FRAME.city == "Rome"))
)
GRADES = np.where(SCORE > 2, "gold", np.where(SCORE > 1, "silver", "bronze"))
BASE = {
    "iterations": 8,
    "depth": 4,
    "verbose": 0,
    "allow_writing_files": False,
    "thread_count": 1,
    "random_seed": 5,
    "cat_features": CATEGORIES,
}
KINDS = ["Borders", "Buckets", "BinarizedTargetMeanValue", "Counter"]
EVERY = {"simple_ctr": KINDS, "combinations_ctr": KINDS, "max_ctr_complexity": 4}


def regressor(**options):
    return cb.CatBoostRegressor(**{**BASE, **options})


def classifier(**options):
    return cb.CatBoostClassifier(**{**BASE, **options})


MODELS = {
    "statistics of a number": (regressor(), SCORE),
    "only one-hot": (regressor(one_hot_max_size=255), SCORE),
    "two classes, combinations": (classifier(**EVERY), SCORE > 1),
    "three classes, combinations": (classifier(**EVERY), GRADES),
    "one against all": (classifier(max_ctr_complexity=3, loss_function="MultiClassOneVsAll"), GRADES),
    "several borders of the target": (
        regressor(simple_ctr=["Borders:TargetBorderCount=4", "BinarizedTargetMeanValue"], max_ctr_complexity=3),
        SCORE,
    ),
    "leaf by leaf": (regressor(grow_policy="Lossguide"), SCORE),
    "by depth": (classifier(grow_policy="Depthwise", max_ctr_complexity=3), SCORE > 1),
    "missing above": (regressor(nan_mode="Max", **EVERY, one_hot_max_size=3), SCORE),
    "ordered": (classifier(boosting_type="Ordered", one_hot_max_size=3), SCORE > 1),
}
QUICK = ("only one-hot", "three classes, combinations", "missing above")


def requests():
    """Rows as a request has them, and the same rows as CatBoost takes them."""
    plain = FRAME.astype(object).values.tolist()
    changed = [["new" if i % 2 else row[0], 99 if i % 3 else row[1], *row[2:]] for i, row in enumerate(plain)]
    as_texts = [[row[0], str(row[1]), *row[2:4], str(int(row[4]))] for row in plain[::7]]
    rows = plain + changed + as_texts
    frame = pd.DataFrame(rows, columns=FRAME.columns)
    return [[None if cell != cell else cell for cell in row] for row in rows], frame.astype({"size": float})


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in MODELS]
)
def test_a_model_with_categories_answers_as_the_original(name, tmp_path):
    estimator, target = MODELS[name]
    fitted = estimator.copy().fit(FRAME, target)
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(fitted))
    compilation = compile_model(path)
    target_path = tmp_path / "model.safetensors"
    target_path.write_bytes(compilation.data)
    model = load(str(target_path))
    rows, frame = requests()
    assert model.predict(rows) == fitted.predict(frame).ravel().tolist()
    for method in set(model.outputs) - {"predict"}:
        expected = getattr(fitted, method)(frame)
        np.testing.assert_allclose(getattr(model, method)(rows), expected, rtol=1e-9, atol=1e-12)
    assert [one["kind"] for one in model.signature["columns"]] == [
        "categorical",
        "categorical",
        "numeric",
        "categorical",
        "categorical",
    ]
    for cell in (1.5, None):
        with pytest.raises(InvalidInput, match="city"):
            model.predict([[cell, *rows[0][1:]]])


def test_its_own_file_and_rows_without_names(tmp_path):
    rows = FRAME[["city", "size"]].fillna(0.0)
    fitted = cb.CatBoostRegressor(**{**BASE, "cat_features": [0]}).fit(rows.to_numpy(), SCORE)
    path = tmp_path / "model.cbm"
    fitted.save_model(str(path))
    compilation = compile_model(path, data=rows.to_numpy().tolist())
    assert compilation.golden[0]["row"][0] in {"Berlin", "Paris", "Rome", "Oslo"}
    target = tmp_path / "model.safetensors"
    target.write_bytes(compilation.data)
    assert load(str(target)).predict(rows.to_numpy().tolist()) == fitted.predict(rows.to_numpy()).tolist()


def test_only_categories_and_only_combinations(tmp_path):
    frame = FRAME[["city", "store"]]
    fitted = classifier(cat_features=["city", "store"], **EVERY).fit(frame, SCORE > 1)
    target = tmp_path / "model.safetensors"
    target.write_bytes(compile_model(fitted).data)
    rows = frame.to_numpy().tolist()
    np.testing.assert_allclose(load(str(target)).predict_proba(rows), fitted.predict_proba(frame), rtol=1e-9)


def test_the_best_model_of_a_search_gets_integers_as_categories(tmp_path):
    """CatBoost refuses the float 7.0 as a category, so the original of the comparison must have the integer."""
    frame = FRAME[["city", "store", "size"]]
    # Lists in the constructor prevent scikit-learn from cloning the model.
    model = regressor(cat_features=None, one_hot_max_size=40, iterations=4)
    search = GridSearchCV(model, {"depth": [3]}, cv=2).fit(frame, SCORE, cat_features=["city", "store"])
    target = tmp_path / "model.safetensors"
    rows = [[None if cell != cell else cell for cell in row] for row in frame.astype(object).values.tolist()]
    target.write_bytes(compile_model(search, data=rows).data)
    assert load(str(target)).predict(rows) == search.predict(frame).tolist()


def test_statistics_that_the_export_mixes_are_refused():
    fitted = regressor(simple_ctr=["Borders:TargetBorderCount=4", "Borders:TargetBorderCount=1"]).fit(FRAME, SCORE)
    with pytest.raises(UnsupportedModel, match="Borders have several binarizations of the target"):
        compile_model(fitted)


def test_verification_meets_the_categories_of_training_without_rows():
    """CatBoost stores no strings, so the compiler makes strings with the known hashes."""
    fitted = regressor(one_hot_max_size=255).fit(FRAME, SCORE)
    report = compile_model(fitted).report
    assert report.thresholds == report.thresholds_total > 0
