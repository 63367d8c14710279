"""The tables of readers as text: the reference page of supported models."""

from __future__ import annotations

import importlib

from .estimators import BESIDE_PREDICT, METHODS
from .families import all_readers
from .refused import NOT_YET, REFUSED

REFERENCE_PAGE = "docs/reference/supported-models.md"

_HEAD = """\
# Supported models

<!-- Generated from src/iris_model/readers by `python scripts/write_reference.py`; a test compares the two. -->

Every class that compiles, with the methods that the compiled model can have: it has those that this very estimator
offers. Compiling compares the compiled model with the original, row by row, and refuses to write one that differs. What
is not here is served with its own library (`executor = "original"`) or as ONNX (`executor = "onnxruntime"`).
"""

EXPERIMENTAL = {
    "HalvingGridSearchCV": "enable_halving_search_cv",
    "HalvingRandomSearchCV": "enable_halving_search_cv",
    "IterativeImputer": "enable_iterative_imputer",
}

# What is refused of a class that has a reader: parameters for which no exact answer is known.
REMARKS = {
    **{
        f"catboost.core.CatBoost{name}": "of numbers: no categories, texts, embeddings, or loss of your own; also as `.cbm`"
        for name in ("Classifier", "Ranker", "Regressor")
    },
    "lightgbm.Booster": "also as LightGBM's own text file",
    "lightgbm.sklearn.LGBMClassifier": "not with an objective of your own",
    "lightgbm.sklearn.LGBMRegressor": "not with an objective of your own",
    "sklearn.cluster.FeatureAgglomeration": "with numpy's mean",
    "sklearn.decomposition.KernelPCA": "not with a kernel of your own, or a precomputed one",
    "sklearn.ensemble.GradientBoostingClassifier": "not with an init that computes in float32",
    "sklearn.ensemble.GradientBoostingRegressor": "not with an init that computes in float32",
    "sklearn.feature_extraction.DictVectorizer": "its features are the columns; a text in a list of texts is not taken",
    "sklearn.feature_extraction.FeatureHasher": "of dictionaries, whose features rows with a header line name (`--data`)",
    "sklearn.feature_extraction.text.CountVectorizer": "not with functions of your own",
    "sklearn.feature_extraction.text.HashingVectorizer": "not with functions of your own",
    "sklearn.feature_extraction.text.TfidfVectorizer": "not with functions of your own, in float64",
    "sklearn.impute.IterativeImputer": "with linear estimators, and not drawing at random",
    "sklearn.impute.KNNImputer": "rows are refused whose answer hangs on which of equally near donors counts",
    "sklearn.kernel_approximation.Nystroem": "not with a kernel of your own, or a precomputed one",
    "sklearn.preprocessing.FunctionTransformer": "without a function, or with numpy's by name",
    "sklearn.preprocessing.KBinsDiscretizer": "in float64",
    "sklearn.compose.TransformedTargetRegressor": "the target scaled, or transformed by numpy functions or a power",
    "sklearn.dummy.DummyClassifier": "not the random strategies, `stratified` and `uniform`",
    "sklearn.model_selection.GridSearchCV": "with `refit`",
    "sklearn.model_selection.HalvingGridSearchCV": "with `refit`",
    "sklearn.model_selection.HalvingRandomSearchCV": "with `refit`",
    "sklearn.model_selection.RandomizedSearchCV": "with `refit`",
    "sklearn.multiclass.OneVsOneClassifier": "not with a precomputed kernel inside",
    "sklearn.multiclass.OneVsRestClassifier": "not with a sparse target",
    "sklearn.multioutput.ClassifierChain": "two classes per output",
    "sklearn.multioutput.MultiOutputClassifier": "labels of one type for all outputs",
    "sklearn.neighbors.LocalOutlierFactor": "with `novelty`",
    "sklearn.svm.NuSVC": "not with a kernel of your own, or a precomputed one",
    "sklearn.svm.NuSVR": "not with a kernel of your own, or a precomputed one",
    "sklearn.svm.OneClassSVM": "not with a kernel of your own, or a precomputed one",
    "sklearn.svm.SVC": "not with a kernel of your own, or a precomputed one",
    "sklearn.svm.SVR": "not with a kernel of your own, or a precomputed one",
    **{
        f"xgboost.sklearn.{name}": (
            "not with several labels per row, or an objective of your own; categories of a DataFrame since XGBoost 3.1, in ASCII"
        )
        for name in ("XGBClassifier", "XGBRFClassifier", "XGBRegressor", "XGBRFRegressor", "XGBRanker")
    },
}


def render_reference() -> str:
    """Render the reference page."""
    readers = all_readers()
    families = sorted({name.rpartition(".")[0] for name in readers})
    parts = [_HEAD]
    for family in families:
        parts.append(f"\n## {family}\n\n| class | methods | remarks |\n|---|---|---|\n")
        parts += [_row(name) for name in sorted(readers) if name.rpartition(".")[0] == family]
    parts.append("\n## Refused\n\n| class | reason |\n|---|---|\n")
    parts += [f"| `{name}` | {reason} |\n" for name, reason in sorted(REFUSED.items())]
    waiting = [f"`{name}`" for name in sorted(NOT_YET - set(readers))]
    if waiting:
        parts.append(f"\nNo reader so far: {', '.join(waiting)}.\n")
    return "".join(parts)


def _row(name: str) -> str:
    methods = ", ".join(f"`{method}`" for method in _methods(name))
    return f"| `{name.rpartition('.')[2]}` | {methods} | {REMARKS.get(name, '')} |\n"


def _methods(name: str) -> list[str]:
    """The methods of the class that a compiled model has; some depend on parameters."""
    module, _, attribute = name.rpartition(".")
    if attribute in EXPERIMENTAL:
        # Such a class is there only once somebody has asked for it.
        importlib.import_module(f"sklearn.experimental.{EXPERIMENTAL[attribute]}")
    cls = getattr(importlib.import_module(module), attribute)
    offered = [method for method in METHODS if hasattr(cls, method)]
    return [method for method in offered if method not in BESIDE_PREDICT or "predict" not in offered]
