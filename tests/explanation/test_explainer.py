"""Contributions against the definition of Shapley values, computed from the original model by all coalitions."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
import pytest
import xgboost
from catboost import CatBoostRegressor
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_diabetes, load_iris
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
    StackingRegressor,
)
from sklearn.linear_model import LinearRegression, LogisticRegression, PoissonRegressor, Ridge
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, PolynomialFeatures, StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

import iris_model
from iris_model.explanation import Explainer, NotExplained

X, Y = load_iris(return_X_y=True)
XD, YD = (part[:120] for part in load_diabetes(return_X_y=True))
XD = XD[:, :5]
HOLES = XD.copy()
HOLES[::7, 2] = np.nan
FRAME = pd.DataFrame({"length": X[:, 0], "wide": np.where(X[:, 1] > 3, "yes", "no"), "width": X[:, 3]})
MIXED = make_column_transformer((StandardScaler(), ["length", "width"]), (OneHotEncoder(), ["wide"]))

Score = Callable[[Any], Any]


def shapley(score: Callable[[list[list[Any]]], np.ndarray], row: list[Any], background: list[list[Any]]) -> list[float]:
    """The definition: the mean over the background of the weighted marginal contributions of each column."""
    n = len(row)
    coalitions = [set(c) for size in range(n + 1) for c in combinations(range(n), size)]
    values = {}
    for coalition in coalitions:
        mixed = [[row[j] if j in coalition else other[j] for j in range(n)] for other in background]
        values[frozenset(coalition)] = float(np.mean(score(mixed)))
    weight = [math.factorial(s) * math.factorial(n - s - 1) / math.factorial(n) for s in range(n)]
    return [
        sum(
            weight[len(coalition)] * (values[frozenset(coalition | {j})] - values[frozenset(coalition)])
            for coalition in coalitions
            if j not in coalition
        )
        for j in range(n)
    ]


def explain(path: Path, model: Any, data: Any, row: Any, background: Any, names: Sequence[str] | None = None) -> Any:
    """Compile and explain."""
    compiled = iris_model.compile(model, data=data)
    compiled.save(path / "model.safetensors")
    return Explainer(path / "model.safetensors").explain(row, background)


CLASSIFIERS: dict[str, tuple[Any, Score, str]] = {
    "logistic": (LogisticRegression(max_iter=500), lambda m: m.decision_function, "score before softmax"),
    "scaled": (
        make_pipeline(StandardScaler(), LogisticRegression()),
        lambda m: m.decision_function,
        "score before softmax",
    ),
    "svm": (LinearSVC(), lambda m: m.decision_function, "score"),
    "tree": (DecisionTreeClassifier(max_depth=4, random_state=0), lambda m: m.predict_proba, "probability"),
    "forest": (RandomForestClassifier(7, random_state=0), lambda m: m.predict_proba, "probability"),
    "boosting": (
        GradientBoostingClassifier(n_estimators=5),
        lambda m: m.decision_function,
        "score before softmax",
    ),
    "xgboost": (
        xgboost.XGBClassifier(n_estimators=5, max_depth=3),
        lambda m: lambda rows: m.predict(rows, output_margin=True),
        "score before softmax",
    ),
    "lightgbm": (
        lightgbm.LGBMClassifier(n_estimators=5, verbose=-1),
        lambda m: lambda rows: m.predict(rows, raw_score=True),
        "score before softmax",
    ),
}


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_classifiers(tmp_path: Path, name: str) -> None:
    estimator, score_of, meaning = CLASSIFIERS[name]
    estimator.fit(X, Y)
    background = X[::19].tolist()
    row = X[133].tolist()
    found = explain(tmp_path, estimator, X, row, background)
    score = score_of(estimator)
    assert found.target == estimator.predict([row])[0]
    assert found.meaning == meaning
    place = int(found.target)
    expected = shapley(lambda rows: score(np.array(rows))[:, place], row, background)
    assert found.contributions == pytest.approx(expected, abs=1e-5)
    assert found.score == pytest.approx(score(np.array([row]))[0][place], rel=1e-5)
    assert found.base + sum(found.contributions) == pytest.approx(found.score, abs=1e-5)
    assert found.background_rows == len(background)


REGRESSORS: dict[str, Any] = {
    "linear": LinearRegression(),
    "forest": RandomForestRegressor(5, random_state=0, max_depth=6),
    "hist": HistGradientBoostingRegressor(max_iter=10),
    "xgboost": xgboost.XGBRegressor(n_estimators=10),
    "lightgbm": lightgbm.LGBMRegressor(n_estimators=10, verbose=-1),
    "catboost": CatBoostRegressor(iterations=10, depth=4, verbose=0, allow_writing_files=False),
}


@pytest.mark.parametrize("name", REGRESSORS)
def test_regressors(tmp_path: Path, name: str) -> None:
    data = XD if name in ("linear", "forest") else HOLES
    estimator = REGRESSORS[name].fit(data, YD)
    # None is a missing value in a request.
    rows = [[None if math.isnan(cell) else cell for cell in row] for row in data.tolist()]
    background, row = rows[:8], rows[14]

    def score(mixed: list[list[Any]]) -> np.ndarray:
        return np.asarray(estimator.predict(np.array(mixed, dtype=float)))

    found = explain(tmp_path, estimator, data, row, background)
    assert found.meaning == "prediction"
    assert found.target is None
    assert found.contributions == pytest.approx(shapley(score, row, background), rel=1e-4, abs=1e-3)
    assert found.score == pytest.approx(score([row])[0], rel=1e-5)


def test_two_classes_have_one_score(tmp_path: Path) -> None:
    estimator = LogisticRegression().fit(X[:100], Y[:100])
    for row in (X[0].tolist(), X[80].tolist()):
        found = explain(tmp_path, estimator, X[:100], row, X[:100:9].tolist())
        assert found.target == 1
        assert found.score == pytest.approx(estimator.decision_function([row])[0])
        mean = estimator.coef_[0] * (np.array(row) - X[:100:9].mean(axis=0))
        assert found.contributions == pytest.approx(mean.tolist())


@pytest.mark.parametrize(
    "estimator", [LogisticRegression(), RandomForestClassifier(4, random_state=1)], ids=["linear", "forest"]
)
def test_a_category_is_one_column(tmp_path: Path, estimator: Any) -> None:
    model = make_pipeline(MIXED, estimator).fit(FRAME, Y)
    background = FRAME.iloc[::29].values.tolist()
    row = FRAME.iloc[70].tolist()
    found = explain(tmp_path, model, FRAME, row, background)
    method = model.predict_proba if isinstance(estimator, RandomForestClassifier) else model.decision_function

    def score(rows: list[list[Any]]) -> np.ndarray:
        return np.asarray(method(pd.DataFrame(rows, columns=FRAME.columns)))[:, int(found.target)]

    assert len(found.contributions) == 3
    assert found.contributions == pytest.approx(shapley(score, row, background))


def test_statistics_of_a_category_are_one_column(tmp_path: Path) -> None:
    """CatBoost's statistics of single categories; those of combinations depend on several columns, and are refused."""
    random = np.random.RandomState(4)
    frame = pd.DataFrame(
        {
            "city": random.choice(["Bonn", "Lima", "Oslo", "Rome"], 160),
            "shop": random.choice(list("abcde"), 160),
            "size": random.normal(size=160).round(2),
        }
    )
    target = (frame.city == "Oslo") + frame["size"] + (frame["shop"] == "a") * (frame.city == "Bonn")
    options = {
        "iterations": 10,
        "depth": 3,
        "verbose": 0,
        "allow_writing_files": False,
        "cat_features": ["city", "shop"],
    }
    simple = CatBoostRegressor(**options, max_ctr_complexity=1).fit(frame, target)
    background, row = frame.iloc[:8].values.tolist(), ["Oslo", "b", 0.7]
    found = explain(tmp_path, simple, frame.values.tolist(), row, background)

    def score(rows: list[list[Any]]) -> np.ndarray:
        return np.asarray(simple.predict(pd.DataFrame(rows, columns=frame.columns)))

    assert found.contributions == pytest.approx(shapley(score, row, background), rel=1e-6, abs=1e-9)
    # What one category means depends on the other.
    both = (frame.city.isin(["Oslo", "Rome"]) ^ frame["shop"].isin(["a", "b"])).astype(float)
    combined = CatBoostRegressor(**options, max_ctr_complexity=3).fit(frame, both)
    with pytest.raises(NotExplained, match="its step `category_statistics` combines columns"):
        explain(tmp_path, combined, frame.values.tolist(), row, background)


def test_the_score_before_the_exponential_function(tmp_path: Path) -> None:
    estimator = PoissonRegressor().fit(X[:, :3], X[:, 3])
    found = explain(tmp_path, estimator, X[:, :3], X[5, :3].tolist(), X[::30, :3].tolist())
    assert found.meaning == "score before the exponential function"
    assert math.exp(found.score) == pytest.approx(estimator.predict(X[5:6, :3])[0])


@pytest.mark.parametrize(
    ("estimator", "reason"),
    [
        (KNeighborsClassifier(), "no linear model and no trees"),
        (make_pipeline(PolynomialFeatures(), LogisticRegression(max_iter=5000)), "`polynomial` combines columns"),
        (make_pipeline(PCA(2), LogisticRegression()), "combines columns|2 models"),
        (StackingRegressor([("a", Ridge()), ("b", LinearRegression())], cv=2), "3 models, whose answers it combines"),
    ],
    ids=["neighbors", "polynomial", "pca", "stacking"],
)
def test_other_models_are_refused(tmp_path: Path, estimator: Any, reason: str) -> None:
    iris_model.compile(estimator.fit(X, Y), data=X).save(tmp_path / "model.safetensors")
    with pytest.raises(NotExplained, match=reason):
        Explainer(tmp_path / "model.safetensors")
