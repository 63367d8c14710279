"""Which globals a pickle may name: data, and the one question asked of it.

A pickle is a program that calls what it names. These are the names that fitted models need, and of which we know none
that opens a way to run a command or to reach another name. Whole modules are listed only where they hold nothing but
estimators and their parts, and then only classes count: a function must be listed by its own name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

# Modules of which every class may be named, private submodules included (they move between versions).
TRUSTED_MODULES = (
    "sklearn._loss",
    "sklearn.base",
    "sklearn.calibration",
    "sklearn.cluster",
    "sklearn.compose",
    "sklearn.covariance",
    "sklearn.cross_decomposition",
    "sklearn.decomposition",
    "sklearn.discriminant_analysis",
    "sklearn.dummy",
    "sklearn.ensemble",
    "sklearn.feature_extraction",
    "sklearn.feature_selection",
    "sklearn.frozen",
    "sklearn.gaussian_process",
    "sklearn.impute",
    "sklearn.isotonic",
    "sklearn.kernel_approximation",
    "sklearn.kernel_ridge",
    "sklearn.linear_model",
    "sklearn.manifold",
    "sklearn.metrics._dist_metrics",
    "sklearn.metrics._scorer",
    "sklearn.mixture",
    "sklearn.model_selection",
    "sklearn.multiclass",
    "sklearn.multioutput",
    "sklearn.naive_bayes",
    "sklearn.neighbors",
    "sklearn.neural_network",
    "sklearn.pipeline",
    "sklearn.preprocessing",
    "sklearn.random_projection",
    "sklearn.semi_supervised",
    "sklearn.svm",
    "sklearn.tree",
    "sklearn.utils._bunch",
    "sklearn.utils._metadata_requests",
    "sklearn.utils._tags",
)

# What a scorer inside a search computes with: numbers in, a number out.
_SCORES = {
    "sklearn.metrics._classification": (
        *("accuracy_score", "balanced_accuracy_score", "brier_score_loss", "cohen_kappa_score"),
        *("d2_brier_score", "d2_log_loss_score", "f1_score", "fbeta_score", "jaccard_score", "log_loss"),
        *("matthews_corrcoef", "precision_score", "recall_score", "zero_one_loss"),
    ),
    "sklearn.metrics._ranking": ("average_precision_score", "roc_auc_score", "top_k_accuracy_score"),
    "sklearn.metrics._regression": (
        *("d2_absolute_error_score", "d2_pinball_score", "d2_tweedie_score", "explained_variance_score", "max_error"),
        *("mean_absolute_error", "mean_absolute_percentage_error", "mean_gamma_deviance", "mean_pinball_loss"),
        *("mean_poisson_deviance", "mean_squared_error", "mean_squared_log_error", "mean_tweedie_deviance"),
        *("median_absolute_error", "r2_score", "root_mean_squared_error", "root_mean_squared_log_error"),
    ),
}

# numpy's functions of one number, by which people transform columns and targets, and three that pool columns.
_NUMPY_FUNCTIONS = (
    *("absolute", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctanh", "cbrt", "ceil", "cos", "cosh"),
    *("deg2rad", "degrees", "exp", "exp2", "expm1", "fabs", "floor", "isfinite", "isinf", "isnan", "log", "log10"),
    *("log1p", "log2", "logical_not", "negative", "positive", "rad2deg", "radians", "reciprocal", "rint", "sign"),
    *("signbit", "sin", "sinh", "sqrt", "square", "tan", "tanh", "trunc", "max", "mean", "median"),
)

# Not `scipy.stats`: its distributions, with which people search at random, run a text of the pickle with `exec` when they
# are unpickled.
_SPARSE_FORMATS = ("bsr", "coo", "csc", "csr", "dia", "dok", "lil")

# Single names. Constructors of plain values, and what numpy, scipy, joblib and copyreg rebuild their own objects with.
TRUSTED_GLOBALS = frozenset(
    {
        "_codecs.encode",
        "builtins.bool",
        "builtins.bytearray",
        "builtins.bytes",
        "builtins.complex",
        "builtins.dict",
        "builtins.float",
        "builtins.frozenset",
        "builtins.int",
        "builtins.list",
        "builtins.object",
        "builtins.range",
        "builtins.set",
        "builtins.slice",
        "builtins.str",
        "builtins.tuple",
        "collections.Counter",
        "collections.OrderedDict",
        "collections.defaultdict",
        "copyreg.__newobj__",
        "copyreg._reconstructor",
        "copy_reg.__newobj__",
        "copy_reg._reconstructor",
        # Calls nothing when it is made, and later nothing but another name of this list.
        "functools.partial",
        "joblib.numpy_pickle.NumpyArrayWrapper",
        "numpy.dtype",
        "numpy.ndarray",
        "numpy._core.multiarray._reconstruct",
        "numpy._core.multiarray.scalar",
        "numpy._core.numeric._frombuffer",
        "numpy.core.multiarray._reconstruct",
        "numpy.core.multiarray.scalar",
        "numpy.core.numeric._frombuffer",
        "numpy.ma.MaskedArray",
        "numpy.ma.core.MaskedArray",
        "numpy.ma.core._mareconstruct",
        "numpy.random.bit_generator.SeedSequence",
        "numpy.random.bit_generator.__pyx_unpickle_SeedSequence",
        "numpy.random._mt19937.MT19937",
        "numpy.random._pcg64.PCG64",
        "numpy.random._generator.Generator",
        "numpy.random._pickle.__bit_generator_ctor",
        "numpy.random._pickle.__generator_ctor",
        "numpy.random._pickle.__randomstate_ctor",
        "numpy.random.mtrand.RandomState",
        "lightgbm.basic.Booster",
        "lightgbm.sklearn.LGBMClassifier",
        "lightgbm.sklearn.LGBMModel",
        "lightgbm.sklearn.LGBMRanker",
        "lightgbm.sklearn.LGBMRegressor",
        "scipy._lib.array_api_compat.numpy._aliases.asarray",
        "scipy.interpolate._bsplines.BSpline",
        "sklearn.cluster._kmeans._kmeans_single_elkan",
        "sklearn.cluster._kmeans._kmeans_single_lloyd",
        "sklearn.feature_selection._univariate_selection.chi2",
        "sklearn.feature_selection._univariate_selection.f_classif",
        "sklearn.feature_selection._univariate_selection.f_regression",
        "sklearn.metrics._dist_metrics.newObj",
        "sklearn.neighbors._ball_tree.newObj",
        "sklearn.neighbors._kd_tree.newObj",
        "sklearn.utils.validation.check_array",
        "xgboost.core.Booster",
        "xgboost.sklearn.XGBClassifier",
        "xgboost.sklearn.XGBModel",
        "catboost.core.CatBoostClassifier",
        "catboost.core.CatBoostRanker",
        "catboost.core.CatBoostRegressor",
        "xgboost.sklearn.XGBRFClassifier",
        "xgboost.sklearn.XGBRFRegressor",
        "xgboost.sklearn.XGBRanker",
        "xgboost.sklearn.XGBRegressor",
        *(f"{module}.{name}" for module, names in _SCORES.items() for name in names),
        *(f"numpy.{name}" for name in _NUMPY_FUNCTIONS),
        *(f"scipy.sparse._{name}.{name}_{kind}" for name in _SPARSE_FORMATS for kind in ("array", "matrix")),
        *(
            f"numpy.{name}"
            for name in (
                *("bool", "bool_", "str_", "bytes_", "float16", "float32", "float64"),
                *("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
            )
        ),
    }
)

# Python 2 called it `__builtin__`, and protocol 2 of Python 3 still writes that.
RENAMED_MODULES = {"__builtin__": "builtins"}

# A class, or what Cython writes to rebuild one. No dot: in a pickle that would walk to an attribute of the class.
_CLASS = re.compile(r"(_*[A-Z]\w*|__pyx_unpickle_\w+)", re.ASCII)


def is_trusted(module: str, name: str, trust: Iterable[str] = ()) -> bool:
    """Whether `module.name` may be named by a pickle; `trust` adds full names, modules or packages of the user's."""
    module = RENAMED_MODULES.get(module, module)
    full_name = f"{module}.{name}"
    if full_name in TRUSTED_GLOBALS:
        return True
    if any(_is_within(full_name, prefix) for prefix in trust):
        return True
    return _CLASS.fullmatch(name) is not None and any(_is_within(module, prefix) for prefix in TRUSTED_MODULES)


def find_refused_globals(names: Iterable[tuple[str, str]], trust: Sequence[str] = ()) -> list[str]:
    """The full names among `names` (module, name) that are neither known nor trusted, sorted."""
    return sorted({f"{module}.{name}" for module, name in names if not is_trusted(module, name, trust)})


def _is_within(name: str, prefix: str) -> bool:
    return name == prefix or name.startswith(prefix + ".")
