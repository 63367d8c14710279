"""The zoo of transformers of numbers: scalers, bins, powers, splines, imputers, feature selection, projections."""

from __future__ import annotations

import numpy as np
from sklearn.cluster import FeatureAgglomeration
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA, FactorAnalysis, FastICA, IncrementalPCA, KernelPCA, SparsePCA, TruncatedSVD
from sklearn.ensemble import RandomForestClassifier
from sklearn.experimental import enable_iterative_imputer  # noqa: F401 - makes it importable
from sklearn.feature_selection import (
    RFE,
    RFECV,
    GenericUnivariateSelect,
    SelectFdr,
    SelectFpr,
    SelectFromModel,
    SelectFwe,
    SelectKBest,
    SelectPercentile,
    SequentialFeatureSelector,
    VarianceThreshold,
)
from sklearn.impute import IterativeImputer, KNNImputer, MissingIndicator, SimpleImputer
from sklearn.kernel_approximation import AdditiveChi2Sampler, Nystroem, SkewedChi2Sampler
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import (
    Binarizer,
    FunctionTransformer,
    KBinsDiscretizer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    SplineTransformer,
    StandardScaler,
    TargetEncoder,
)
from sklearn.random_projection import GaussianRandomProjection, SparseRandomProjection

from tests.parity.zoo import CLASSES, MISSING_CLASSES, NUMBERS, SEED, DataSet, make_animals

PLAIN = {"one target": NUMBERS["one target"]}
WHOLE = {"whole numbers": CLASSES["whole numbers"]}
NARROW = {"float32": CLASSES["float32"]}
LABELS = {"three integers": CLASSES["three integers"]}
POSITIVE = {"positive": DataSet(np.exp(NUMBERS["one target"].X), NUMBERS["one target"].y, 0.01, 9.0)}
# Tiny and large columns, and one that never changes.
SCALES = {"scales": DataSet(NUMBERS["one target"].X * [1e-9, 1e9, 1.0, 0.0, 1e-3], NUMBERS["one target"].y)}

TAKE_MISSING = {
    "robust": RobustScaler(),
    "robust without centering": RobustScaler(with_centering=False, quantile_range=(10.0, 90.0)),
    "robust of unit variance": RobustScaler(with_scaling=False),
    "max abs": MaxAbsScaler(),
    "power": PowerTransformer(),
    "power unscaled": PowerTransformer(standardize=False),
    "quantiles": QuantileTransformer(n_quantiles=30, random_state=SEED),
    "quantiles normal": QuantileTransformer(n_quantiles=70, output_distribution="normal", random_state=SEED),
    "variance threshold": VarianceThreshold(),
    "function absolute": FunctionTransformer(np.abs),
    "identity": FunctionTransformer(None),
    "imputed mean": SimpleImputer(),
    "imputed median with indicator": SimpleImputer(strategy="median", add_indicator=True),
    "imputed most frequent": SimpleImputer(strategy="most_frequent"),
    "imputed constant": SimpleImputer(strategy="constant", fill_value=-1.0),
}
BINS = {
    f"bins {encode} {strategy}": KBinsDiscretizer(4, encode=encode, strategy=strategy, random_state=SEED)
    for encode in ("onehot", "onehot-dense", "ordinal")
    for strategy in ("uniform", "quantile", "kmeans")
}
SPLINES = {
    f"splines {degree} {extrapolation}": SplineTransformer(
        degree=degree, extrapolation=extrapolation, include_bias=bias, knots=knots
    )
    for degree, extrapolation, bias, knots in (
        (3, "constant", True, "uniform"),
        (3, "linear", False, "quantile"),
        (1, "linear", True, "uniform"),
        (2, "continue", True, "uniform"),
        (3, "periodic", True, "uniform"),
    )
}
NEED_ALL = {
    "normalized": Normalizer(),
    "normalized l1": Normalizer("l1"),
    "normalized max": Normalizer("max"),
    "binarized": Binarizer(threshold=0.5),
    "polynomial": PolynomialFeatures(3),
    "polynomial interactions": PolynomialFeatures((2, 3), interaction_only=True, include_bias=False),
    "imputed number": SimpleImputer(missing_values=0, strategy="mean", add_indicator=True),
    "union": FeatureUnion(
        [("a", StandardScaler()), ("b", MinMaxScaler()), ("c", "passthrough"), ("d", "drop")],
        transformer_weights={"a": 0.3},
    ),
    "columns": ColumnTransformer(
        [("a", StandardScaler(), slice(0, 2)), ("b", "drop", [2]), ("c", MaxAbsScaler(), [-1])], remainder="passthrough"
    ),
}
PROJECTIONS = {
    "pca": PCA(2),
    "pca whitened": PCA(3, whiten=True),
    "incremental pca": IncrementalPCA(2, whiten=True),
    "truncated svd": TruncatedSVD(2, random_state=SEED),
    "ica": FastICA(2, random_state=SEED, max_iter=1000),
    "factor analysis": FactorAnalysis(2),
    "gaussian projection": GaussianRandomProjection(3, random_state=SEED),
    "sparse projection": SparseRandomProjection(3, random_state=SEED),
    "agglomeration": FeatureAgglomeration(2),
    "nystroem": Nystroem(n_components=9, random_state=SEED),
    "nystroem polynomial": Nystroem(kernel="polynomial", degree=2, n_components=9, random_state=SEED),
} | {f"kernel pca {kernel}": KernelPCA(3, kernel=kernel) for kernel in ("linear", "rbf", "poly", "sigmoid", "cosine")}
SOLVED = {"sparse pca": SparsePCA(2, max_iter=20, random_state=SEED)}
ON_THE_WAY = {f"{name}, then ridge": make_pipeline(PROJECTIONS[name], Ridge()) for name in ("pca", "nystroem")}
SELECTORS = {
    "k best": SelectKBest(k=2),
    "percentile": SelectPercentile(percentile=50),
    "false positives": SelectFpr(alpha=0.9),
    "false discoveries": SelectFdr(alpha=0.99),
    "family-wise": SelectFwe(alpha=0.99),
    "univariate": GenericUnivariateSelect(mode="k_best", param=2),
    "from model": SelectFromModel(LogisticRegression()),
    "elimination": RFE(LogisticRegression(), n_features_to_select=2),
    "elimination cv": RFECV(LogisticRegression(), cv=3),
    "sequential": SequentialFeatureSelector(LogisticRegression(), n_features_to_select=2, cv=2),
    "k best, then logistic": make_pipeline(SelectKBest(k=2), LogisticRegression()),
}
FUNCTIONS = {
    "additive chi2": AdditiveChi2Sampler(),
    "additive chi2 three times": AdditiveChi2Sampler(sample_steps=3, sample_interval=0.3),
    "skewed chi2": SkewedChi2Sampler(n_components=7, random_state=SEED),
} | {
    f"function {function.__name__}": make_pipeline(FunctionTransformer(function), Ridge())
    for function in (np.log1p, np.sqrt, np.exp, np.square, np.sin, np.rint)
}
NUMBER_CATEGORIES = {
    "one hot": make_pipeline(OneHotEncoder(handle_unknown="ignore"), LogisticRegression()),
    "ordinal": make_pipeline(
        OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan),
        RandomForestClassifier(3, random_state=SEED),
    ),
    "target": make_pipeline(TargetEncoder(random_state=SEED), LogisticRegression()),
}
ITERATIVE = {
    "iterative": make_pipeline(IterativeImputer(max_iter=4), Ridge()),
    "iterative with indicator": IterativeImputer(
        Ridge(), max_iter=2, n_nearest_features=2, min_value=-1, max_value=1, add_indicator=True, random_state=SEED
    ),
}
DONORS = {
    "imputed from neighbors": KNNImputer(),
    "imputed from one neighbor": KNNImputer(n_neighbors=1, add_indicator=True),
    "imputed from weighted neighbors": KNNImputer(n_neighbors=4, weights="distance"),
    "imputed from many": make_pipeline(KNNImputer(n_neighbors=200), LogisticRegression()),
}
MARKED = {"marked": DataSet(np.nan_to_num(MISSING_CLASSES["missing"].X, nan=-1.0), MISSING_CLASSES["missing"].y)}
INDICATORS = {"indicator": MissingIndicator(features="all"), "indicator of some": MissingIndicator(error_on_new=False)}

ANIMALS = make_animals(
    (
        (TAKE_MISSING, {"missing": MISSING_CLASSES["missing"]} | WHOLE),
        ({"imputed from neighbors": KNNImputer(missing_values=-1.0)}, MARKED),
        (ITERATIVE | INDICATORS | DONORS, {"missing": MISSING_CLASSES["missing"]}),
        (BINS, PLAIN),
        (SPLINES, PLAIN),
        (NEED_ALL, PLAIN | WHOLE),
        (PROJECTIONS, PLAIN | NARROW),
        (ON_THE_WAY | SOLVED, PLAIN),
        (SELECTORS, LABELS),
        (FUNCTIONS, POSITIVE),
        (NUMBER_CATEGORIES, WHOLE),
    )
)
SLOW_ANIMALS = make_animals(
    (
        (TAKE_MISSING | NEED_ALL, POSITIVE | NARROW),
        # A power of a column of tiny numbers is beyond the largest double for ordinary ones.
        ({name: one for name, one in (TAKE_MISSING | NEED_ALL).items() if "power" not in name}, SCALES),
        (BINS | SPLINES, WHOLE | NARROW),
        (PROJECTIONS | ON_THE_WAY, POSITIVE | WHOLE),
    )
)
