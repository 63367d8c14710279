"""Typical models of users: each compiles, and answers its training rows as the original does."""

import warnings

import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest
import xgboost as xgb
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor, make_column_selector
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.ensemble import (
    BaggingClassifier,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
)
from sklearn.feature_extraction import DictVectorizer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.feature_selection import SelectFromModel
from sklearn.impute import KNNImputer, MissingIndicator, SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge, RidgeCV
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import (
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    PowerTransformer,
    StandardScaler,
)
from sklearn.svm import SVC, LinearSVR
from sklearn.tree import DecisionTreeClassifier

from iris_model.compiler import compile_model
from iris_model.engine import InvalidInput, load
from tests.support.spread import spread

random = np.random.RandomState(3)
ROWS = 150
SHOP = pd.DataFrame(
    {
        "zip": [f"{number:05d}" for number in random.randint(0, 30, ROWS)],
        "amount": random.gamma(2, 30, ROWS).round(2),
        "city": random.choice(["Bonn", "Lima", "Oslo"], ROWS),
        "count": random.randint(0, 9, ROWS),
        "x": random.normal(size=ROWS).round(3),
    }
)
BOUGHT = ((SHOP["amount"] > 50) ^ (SHOP["city"] == "Lima")).astype(int)
NUMBERS = SHOP[["amount", "count", "x"]]
WIDE = random.normal(size=(200, 4))
GAPS = np.where(random.uniform(size=WIDE.shape) < 0.2, np.nan, WIDE)
SUMS = WIDE.sum(axis=1)
THREE = np.digitize(SUMS, [-1, 1])
PAIRS = np.c_[np.where(WIDE[:, 0] > 0, "a", "b"), np.where(WIDE[:, 1] > 0, "x", "y")]
quiet = {"verbose": -1, "n_jobs": 1}


def boosted(**parameters):
    return xgb.XGBClassifier(n_estimators=5, n_jobs=1, **parameters)


def columns(*parts, **options):
    return ColumnTransformer([(str(index), *part) for index, part in enumerate(parts)], **options)


MODELS = {
    "a column transformer in a column transformer": (
        make_pipeline(
            columns(
                (
                    make_pipeline(
                        columns((StandardScaler(), ["amount"]), ("passthrough", ["count"])), PolynomialFeatures(2)
                    ),
                    ["amount", "count"],
                ),
                (make_pipeline(TfidfVectorizer(analyzer="char"), TruncatedSVD(3, random_state=0)), "city"),
                ("drop", ["zip"]),
                remainder=MinMaxScaler(),
            ),
            LogisticRegression(),
        ),
        SHOP,
        BOUGHT,
    ),
    "column transformers by name, one after the other": (
        make_pipeline(
            columns(
                (StandardScaler(), ["x", "amount"]), (OrdinalEncoder(), ["city"]), verbose_feature_names_out=False
            ).set_output(transform="pandas"),
            columns((OneHotEncoder(), ["city"]), ("passthrough", ["amount"])),
            LogisticRegression(),
        ),
        SHOP,
        BOUGHT,
    ),
    "columns of pandas throughout": (
        make_pipeline(
            columns(
                (
                    OneHotEncoder(sparse_output=False, handle_unknown="infrequent_if_exist", min_frequency=8),
                    ["zip"],
                ),
                (StandardScaler(), make_column_selector(dtype_include=np.number)),
                verbose_feature_names_out=False,
            ).set_output(transform="pandas"),
            SelectFromModel(RandomForestClassifier(5, random_state=0)),
            LogisticRegression(),
        ),
        SHOP,
        BOUGHT,
    ),
    "a vote of four libraries' worth": (
        VotingClassifier(
            [
                ("linear", LogisticRegression()),
                ("tree", DecisionTreeClassifier(max_depth=3)),
                ("xgboost", boosted()),
                ("lightgbm", lgb.LGBMClassifier(n_estimators=5, **quiet)),
            ],
            voting="soft",
            weights=[1, 2, 1, 0.5],
        ),
        NUMBERS,
        BOUGHT,
    ),
    "a stack of classifiers, with the features": (
        StackingClassifier(
            [
                ("components", make_pipeline(PCA(2), LogisticRegression())),
                ("xgboost", boosted()),
                ("neighbor", KNeighborsClassifier(1)),
            ],
            passthrough=True,
            cv=3,
        ),
        NUMBERS,
        BOUGHT,
    ),
    "a stack of regressors": (
        StackingRegressor(
            [("ridge", RidgeCV()), ("vectors", LinearSVR())],
            final_estimator=HistGradientBoostingRegressor(max_iter=5),
            cv=3,
        ),
        NUMBERS,
        SHOP["amount"] + SHOP["x"],
    ),
    "components and support vectors": (make_pipeline(StandardScaler(), PCA(3, whiten=True), SVC()), WIDE, SUMS > 0),
    "trained on float32": (make_pipeline(StandardScaler(), Ridge()), WIDE.astype(np.float32), SUMS),
    "three calibrated classes": (
        CalibratedClassifierCV(HistGradientBoostingClassifier(max_iter=5), method="isotonic", cv=3),
        WIDE,
        THREE,
    ),
    "a target in logarithms": (
        TransformedTargetRegressor(Ridge(), func=np.log1p, inverse_func=np.expm1),
        WIDE,
        np.exp(SUMS),
    ),
    "a target to a power": (
        TransformedTargetRegressor(make_pipeline(StandardScaler(), LinearSVR()), transformer=PowerTransformer()),
        WIDE,
        np.exp(SUMS),
    ),
    "missing values three ways": (
        make_pipeline(
            FeatureUnion(
                [
                    ("neighbors", KNNImputer(n_neighbors=3)),
                    ("marks", MissingIndicator()),
                    ("median", SimpleImputer(strategy="median", add_indicator=True)),
                ]
            ),
            Ridge(),
        ),
        GAPS,
        SUMS,
    ),
    "two labels of text": (MultiOutputClassifier(LogisticRegression()), WIDE, PAIRS),
    "a chain": (ClassifierChain(LogisticRegression(), order=[1, 0]), WIDE, (WIDE[:, :2] > 0).astype(int)),
    "bagged pipelines on some features": (
        BaggingClassifier(make_pipeline(StandardScaler(), SVC()), n_estimators=4, max_features=2, random_state=0),
        WIDE,
        SUMS > 0,
    ),
    "a threshold of one's own": (
        FixedThresholdClassifier(HistGradientBoostingClassifier(max_iter=5), threshold=0.3),
        WIDE,
        (SUMS > 0.5).astype(int),
    ),
    "dart": (xgb.XGBRegressor(n_estimators=8, booster="dart", rate_drop=0.3, n_jobs=1), WIDE, SUMS),
    "linear boosting": (xgb.XGBClassifier(n_estimators=8, booster="gblinear", n_jobs=1), WIDE, THREE),
    "a forest of LightGBM": (
        lgb.LGBMClassifier(n_estimators=6, boosting_type="rf", bagging_freq=1, bagging_fraction=0.6, **quiet),
        WIDE,
        THREE,
    ),
}
SLOW = {
    "a column transformer in a column transformer",
    "column transformers by name, one after the other",
    "a vote of four libraries' worth",
    "a stack of classifiers, with the features",
    "a stack of regressors",
    "three calibrated classes",
    "columns of pandas throughout",
    "a forest of LightGBM",
}


@pytest.mark.parametrize(
    "name", spread([pytest.param(one, marks=[pytest.mark.slow] * (one in SLOW)) for one in MODELS], 3)
)
def test_rows_of_training(name, tmp_path):
    model, X, y = MODELS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X, y)
        (tmp_path / "model.safetensors").write_bytes(compile_model(model).data)
    compiled = load(str(tmp_path / "model.safetensors"))
    assert "predict" in compiled.outputs
    # Requests bring float64. Of float32 rows the original adds up in float32, in an order that depends on the processor.
    asked = X.astype(np.float64) if getattr(X, "dtype", None) == np.float32 else X
    for method in compiled.outputs:
        right = getattr(model, method)(asked)
        found = getattr(compiled, method)(as_rows(X, compiled.signature))
        if compiled.signature["outputs"][method]["kind"] == "label":
            assert np.asarray(found).tolist() == np.asarray(right).tolist()
        elif isinstance(right, list):
            for place, part in enumerate(right):
                np.testing.assert_allclose([row[place] for row in found], part, rtol=1e-6, atol=1e-7)
        else:
            np.testing.assert_allclose(found, right, rtol=1e-6, atol=1e-7)


def as_rows(X, signature):
    if isinstance(X, pd.DataFrame):
        X = X[[column["name"] for column in signature["columns"]]].astype(object).to_numpy()
        return X.tolist()
    return [[None if cell != cell else cell for cell in row] for row in X.tolist()]


@pytest.mark.parametrize("dtype", [np.int64, np.int32])
def test_dictionaries_of_integers(dtype, tmp_path):
    records = [{"a": float(number) / 2, "c": "xy"[number % 2]} for number in random.randint(-9, 9, 120)]
    model = make_pipeline(DictVectorizer(dtype=dtype), LogisticRegression())
    model.fit(records, [record["a"] > 1 for record in records])
    (tmp_path / "model.safetensors").write_bytes(compile_model(model).data)
    compiled = load(str(tmp_path / "model.safetensors"))
    rows = [[record["a"], record["c"]] for record in records]
    np.testing.assert_allclose(compiled.predict_proba(rows), model.predict_proba(records), rtol=1e-9)
    with pytest.raises(InvalidInput, match=r"row 1: .* beyond the integers"):
        compiled.predict([rows[0], [1e30, "x"]])
