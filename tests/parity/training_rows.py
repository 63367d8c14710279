"""Pipelines of a transform and trees, fitted, with their own answers to the rows that they were trained on.

`python -m tests.parity.training_rows PATTERN FILE` fits those whose name matches the pattern and writes them to the file. It
runs in its own process, because an environment variable can disable vector instructions of the processor.
"""

from __future__ import annotations

import fnmatch
import pickle
import sys
import warnings
from pathlib import Path

import lightgbm
import numpy as np
import xgboost
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA, FastICA, TruncatedSVD
from sklearn.ensemble import (
    ExtraTreesRegressor,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestRegressor,
)
from sklearn.kernel_approximation import Nystroem
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    Normalizer,
    PolynomialFeatures,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    SplineTransformer,
    StandardScaler,
)
from sklearn.random_projection import GaussianRandomProjection
from sklearn.tree import DecisionTreeRegressor

_random = np.random.RandomState(0)
X = _random.lognormal(size=(400, 4))
X[:, 3] = np.round(X[:, 3] * 3)
Y = 2 * X[:, 0] + X[:, 1] + _random.normal(size=len(X))

TRANSFORMS = {
    "log1p": FunctionTransformer(np.log1p),
    "sqrt": FunctionTransformer(np.sqrt),
    "tanh": FunctionTransformer(np.tanh),
    "sin": FunctionTransformer(np.sin),
    "robust": RobustScaler(),
    "yeo-johnson": PowerTransformer(),
    "quantile normal": QuantileTransformer(n_quantiles=100, output_distribution="normal"),
    "quantile uniform": QuantileTransformer(n_quantiles=100),
    "l2": Normalizer(),
    "l1": Normalizer("l1"),
    "pca": PCA(2),
    "pca full": PCA(2, svd_solver="full"),
    "scaled pca whitened": make_pipeline(StandardScaler(), PCA(3, whiten=True)),
    "svd": TruncatedSVD(2),
    "ica": FastICA(3, random_state=0),
    "projection": GaussianRandomProjection(3, random_state=0),
    "nystroem": make_pipeline(StandardScaler(), Nystroem(n_components=8, random_state=0)),
    "polynomial": PolynomialFeatures(2),
    "spline": SplineTransformer(),
    "log1p scaled pca": make_pipeline(FunctionTransformer(np.log1p), StandardScaler(), PCA(2)),
    "union": make_union(PCA(2), FunctionTransformer(np.log1p)),
    "columns": make_column_transformer(
        (FunctionTransformer(np.log1p), [0, 1]), (KBinsDiscretizer(4), [2]), remainder="passthrough"
    ),
    "log1p bins": make_pipeline(FunctionTransformer(np.log1p), KBinsDiscretizer(20, encode="ordinal")),
    "pca bins": make_pipeline(PCA(2), KBinsDiscretizer(20, encode="ordinal")),
}
TREES = {
    "histograms": HistGradientBoostingRegressor(max_iter=20),
    "histograms, classes": HistGradientBoostingClassifier(max_iter=10),
    "boosting": GradientBoostingRegressor(n_estimators=15, random_state=0),
    "tree": DecisionTreeRegressor(random_state=0),
    "forest": RandomForestRegressor(5, random_state=0),
    "extra trees": ExtraTreesRegressor(4, random_state=0),
    "xgboost": xgboost.XGBRegressor(n_estimators=15, n_jobs=1),
    "xgboost exact": xgboost.XGBRegressor(n_estimators=15, n_jobs=1, tree_method="exact"),
    "lightgbm": lightgbm.LGBMRegressor(n_estimators=15, n_jobs=1, verbose=-1, min_child_samples=5),
}


def fit(transform, trees):
    """The fitted pipeline, and its answers to its training rows."""
    target = np.greater(Y, np.median(Y)).astype(int) if "classes" in trees else Y
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = make_pipeline(clone(TRANSFORMS[transform]), clone(TREES[trees])).fit(X, target)
        return model, model.predict_proba(X) if "classes" in trees else model.predict(X)


if __name__ == "__main__":
    names = [(transform, trees) for transform in TRANSFORMS for trees in TREES]
    chosen = [name for name in names if fnmatch.fnmatch(" / ".join(name), sys.argv[1])]
    Path(sys.argv[2]).write_bytes(pickle.dumps({name: fit(*name) for name in chosen}))
