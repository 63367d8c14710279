"""Fitted models of every shape of answer, each with rows to ask."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_iris
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.feature_extraction import DictVectorizer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

import iris_model as im

RANDOM = np.random.default_rng(3)
X, Y = load_iris(return_X_y=True)
NAMES = ["sepal length", "sepal width", "petal length", "petal width"]
KINDS = np.array(["setosa", "versicolor", "virginica"])
ROWS = RANDOM.uniform(0, 8, (400, 4))
WITH_GAPS = np.where(RANDOM.random(ROWS.shape) < 0.2, np.nan, ROWS)
WORDS = "the quick brown fox jumps over lazy dogs".split()
DOCUMENTS = [" ".join(RANDOM.choice(WORDS, 6)) for _ in range(200)]
FRAME = pd.DataFrame(
    {
        "age": RANDOM.uniform(18, 90, 200),
        "city": RANDOM.choice(["Rome", "Oslo", "Zürich"], 200),
        "score": RANDOM.integers(0, 9, 200),
    }
)
RECORDS = [{"a": float(a), "kind": str(k)} for a, k in zip(RANDOM.uniform(0, 1, 200), RANDOM.choice(["x", "y"], 200))]


def _mixed() -> Any:
    parts = make_column_transformer((OneHotEncoder(handle_unknown="ignore"), ["city"]), remainder=StandardScaler())
    return make_pipeline(parts, LogisticRegression()).fit(FRAME, FRAME["age"] > 50)


def _records() -> Any:
    return make_pipeline(DictVectorizer(), LogisticRegression()).fit(RECORDS, [row["a"] > 0.5 for row in RECORDS])


def _documents() -> Any:
    return make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(DOCUMENTS, ["fox" in each for each in DOCUMENTS])


CASES: dict[str, tuple[Callable[[], Any], Any]] = {
    "numbers": (lambda: make_pipeline(StandardScaler(), LogisticRegression()).fit(X, Y), ROWS),
    "texts": (lambda: RandomForestClassifier(5, random_state=0).fit(X, KINDS[Y]), ROWS),
    "truths": (lambda: SVC().fit(X, Y == 1), ROWS),
    "bayes": (lambda: GaussianNB().fit(X, Y.astype(float)), ROWS),
    "regressor": (lambda: LinearRegression().fit(X, Y), ROWS),
    "targets": (lambda: LinearRegression().fit(X, np.c_[Y, -Y]), ROWS),
    "gaps": (lambda: HistGradientBoostingRegressor(max_iter=5).fit(WITH_GAPS[:, :3], ROWS[:, 3]), WITH_GAPS[:, :3]),
    "several": (lambda: DecisionTreeClassifier(max_depth=2).fit(X, np.c_[Y, Y == 1]), ROWS),
    "transformer": (lambda: StandardScaler().fit(X), ROWS),
    "documents": (_documents, DOCUMENTS),
    "records": (_records, RECORDS),
    "mixed": (_mixed, FRAME),
}
METHODS = ("predict", "predict_proba", "decision_function", "transform")


@cache
def case(name: str) -> tuple[Any, Any, Any]:
    """(original, compiled, rows)"""
    make, rows = CASES[name]
    original = make()
    data = rows if name in ("mixed", "records") else None
    return original, im.compile(original, data=data), rows


@cache
def named() -> tuple[Any, Any, pd.DataFrame]:
    """The iris model, trained on a DataFrame: (original, compiled, rows)."""
    original = make_pipeline(StandardScaler(), LogisticRegression()).fit(pd.DataFrame(X, columns=NAMES), KINDS[Y])
    return original, im.compile(original), pd.DataFrame(ROWS, columns=NAMES)
