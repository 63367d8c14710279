"""Render the reference page of supported models from the tables of converters."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

from .category_encoders.encoders import READERS as CATEGORY_ENCODERS
from .estimators import BESIDE_PREDICT, METHODS
from .families import all_readers
from .feature_engine.creation import AGGREGATES
from .onnx.operators import render_operators
from .operator_traits import OPERATOR_TRAITS
from .refused import NOT_YET, REFUSED

REFERENCE_PAGE = "docs/reference/supported-models.md"
_NATIVE_OPERATORS = Path(__file__).parent.parent / "engine" / "bootstrap" / "operators.inc"
_NATIVE_HEAD = """
## Native runtime

A compiled model can have the [native runtime](../how-to/base-image.md#without-python) if all its columns are numbers and
its graph has only operators of the first table. `package` gives the reason if it cannot. Of the models in our parity tests,
95 % can.
"""

_HEAD = """\
# Supported models

<!-- Generated from src/iris_model/readers by `python scripts/write_reference.py`; a test compares the two. -->

These classes compile. A compiled model has the listed methods that your estimator offers. The compiler compares it with the
original, row by row, and refuses to write a model that differs.

ONNX files compile too, if their operators do; these are listed at the end. All other models run with their own library
(`executor = "original"`) or with onnxruntime (`executor = "onnxruntime"`).
"""

EXPERIMENTAL = {
    "HalvingGridSearchCV": "enable_halving_search_cv",
    "HalvingRandomSearchCV": "enable_halving_search_cv",
    "IterativeImputer": "enable_iterative_imputer",
}

# Restrictions of classes that have a converter: parameters without a known exact answer.
REMARKS = {
    **{
        f"catboost.core.CatBoost{name}": "no texts, no embeddings, no custom loss; also from a `.cbm` file"
        for name in ("Classifier", "Ranker", "Regressor")
    },
    **dict.fromkeys(
        CATEGORY_ENCODERS,
        "no function as `handle_unknown` or `handle_missing`; no `composite_cols`; trust pandas",
    ),
    "feature_engine.creation.MathFeatures": f"functions: {', '.join(AGGREGATES)}",
    **{
        f"feature_engine.{name}": "no rounding (`precision`)"
        for name in ("creation.DecisionTreeFeatures", "discretisation.DecisionTreeDiscretiser")
    },
    "feature_engine.encoding.RareLabelEncoder": "`missing_values='ignore'`: null as in the sample rows, else refused",
    "imblearn.pipeline.Pipeline": "samplers do nothing at prediction",
    "lightgbm.Booster": "also from LightGBM's text file",
    "lightgbm.sklearn.LGBMClassifier": "no custom objective",
    "lightgbm.sklearn.LGBMRegressor": "no custom objective",
    "sklearn.cluster.FeatureAgglomeration": "with `pooling_func=numpy.mean`",
    "sklearn.decomposition.KernelPCA": "no custom or precomputed kernel function",
    "sklearn.ensemble.GradientBoostingClassifier": "no `init` estimator that computes in float32",
    "sklearn.ensemble.GradientBoostingRegressor": "no `init` estimator that computes in float32",
    "sklearn.feature_extraction.DictVectorizer": "one column per feature; no lists of strings as values",
    "sklearn.feature_extraction.FeatureHasher": "with `--data` and a header line, its names are the columns; else any features",
    "sklearn.feature_extraction.text.CountVectorizer": "no custom tokenizer, analyzer or preprocessor",
    "sklearn.feature_extraction.text.HashingVectorizer": "no custom tokenizer, analyzer or preprocessor",
    "sklearn.feature_extraction.text.TfidfVectorizer": "no custom tokenizer, analyzer or preprocessor",
    **{
        f"sklearn.decomposition.{name}": "with `transform_algorithm` omp or threshold"
        for name in ("DictionaryLearning", "MiniBatchDictionaryLearning", "SparseCoder")
    },
    "sklearn.neighbors.KernelDensity": (
        "far from all training rows the original returns rounding noise, which depends on the machine"
    ),
    "skl2onnx.sklapi.cast_transformer.CastTransformer": "to float32 only before trees",
    "sklearn.impute.IterativeImputer": "linear estimators; no `sample_posterior`",
    "sklearn.impute.KNNImputer": "a row with several equally near donors is refused",
    "sklearn.kernel_approximation.Nystroem": "no custom or precomputed kernel function",
    "sklearn.preprocessing.FunctionTransformer": "no function, or a numpy function",
    "sklearn.preprocessing.KBinsDiscretizer": "float64 only",
    "sklearn.preprocessing.PolynomialFeatures": "at most 32,768 output features",
    **{
        f"sklearn.cluster.{name}": "if trained on float32: a row between two centers is refused"
        for name in ("KMeans", "MiniBatchKMeans")
    },
    "sklearn.cluster.BisectingKMeans": "float64 only",
    "sklearn.compose.TransformedTargetRegressor": "target transformed by a scaler, numpy functions or a power",
    "sklearn.dummy.DummyClassifier": "no random strategies (`stratified`, `uniform`)",
    "sklearn.model_selection.GridSearchCV": "with `refit=True`",
    "sklearn.model_selection.HalvingGridSearchCV": "with `refit=True`",
    "sklearn.model_selection.HalvingRandomSearchCV": "with `refit=True`",
    "sklearn.model_selection.RandomizedSearchCV": "with `refit=True`",
    "sklearn.multiclass.OneVsOneClassifier": "no precomputed kernel function inside",
    "sklearn.multiclass.OneVsRestClassifier": "no sparse target",
    "sklearn.multioutput.ClassifierChain": "two classes for each output",
    "sklearn.multioutput.MultiOutputClassifier": "labels of the same type for all outputs",
    "sklearn.neighbors.LocalOutlierFactor": "with `novelty=True`",
    "sklearn.svm.NuSVC": "no custom or precomputed kernel function",
    "sklearn.svm.NuSVR": "no custom or precomputed kernel function",
    "sklearn.svm.OneClassSVM": "no custom or precomputed kernel function",
    "sklearn.svm.SVC": "no custom or precomputed kernel function",
    "sklearn.svm.SVR": "no custom or precomputed kernel function",
    **{
        f"xgboost.sklearn.{name}": (
            "no multi-label targets, no custom objective; DataFrame categories that are not in the file (XGBoost before 3.1, or "
            "not ASCII) need `categories` in iris-model.toml"
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
        parts.append(f"\nNo converter yet: {', '.join(waiting)}.\n")
    parts.append("\n" + "\n".join(render_operators()).rstrip() + "\n")
    parts += _render_native()
    return "".join(parts)


def _render_native() -> list[str]:
    """Render which operators of compiled models the native runtime has."""
    text = _NATIVE_OPERATORS.read_text(encoding="utf-8")
    native = {name.lower() for name in re.findall(r"OPERATOR\((\w+)\)", text)}
    listed = [(True, "has"), (False, "does not have")]
    parts = [_NATIVE_HEAD]
    for wanted, verb in listed:
        names = sorted(f"`{name}`" for name in OPERATOR_TRAITS if (name in native) == wanted)
        parts.append(f"\n| operators that the native runtime {verb} |\n|---|\n| {', '.join(names)} |\n")
    return parts


def _row(name: str) -> str:
    methods = ", ".join(f"`{method}`" for method in _methods(name))
    return f"| `{name.rpartition('.')[2]}` | {methods} | {REMARKS.get(name, '')} |\n"


def _methods(name: str) -> list[str]:
    """Return the methods that a compiled model of the class can have; some depend on parameters."""
    module, _, attribute = name.rpartition(".")
    if attribute in EXPERIMENTAL:
        # scikit-learn exports such a class only after this import.
        importlib.import_module(f"sklearn.experimental.{EXPERIMENTAL[attribute]}")
    cls = getattr(importlib.import_module(module), attribute)
    offered = [method for method in METHODS if hasattr(cls, method)]
    return [method for method in offered if method not in BESIDE_PREDICT or "predict" not in offered]
