"""Which globals a pickle may name.

A pickle is a program that can call every global that it names. This list has the names that fitted models need. None of
them is known to run a command or to access another name. A whole module is listed only if it contains nothing but
estimators and their parts, and then only its classes are trusted. Functions are listed by name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from iris_model.readers.plugins import is_trusted_by_plugin

# Modules whose classes may be named, including private submodules, which move between versions.
TRUSTED_MODULES = (
    "_loss",  # Cython's name of sklearn._loss._loss in scikit-learn 1.5 to 1.8
    "category_encoders",
    *(f"feature_engine.{part}" for part in ("creation", "datetime", "discretisation", "encoding", "imputation")),
    *(f"feature_engine.{part}" for part in ("outliers", "pipeline", "preprocessing", "scaling", "selection")),
    *(f"feature_engine.{part}" for part in ("transformation", "wrappers")),
    "imblearn.base",
    "imblearn.combine",
    "imblearn.ensemble",
    "imblearn.over_sampling",
    "imblearn.pipeline",
    "imblearn.under_sampling",
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

# Functions of scorers inside a search: numbers in, a number out.
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

# numpy functions that transform columns and targets, and that pool columns.
_NUMPY_FUNCTIONS = (
    *("absolute", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctanh", "cbrt", "ceil", "cos", "cosh"),
    *("deg2rad", "degrees", "exp", "exp2", "expm1", "fabs", "floor", "isfinite", "isinf", "isnan", "log", "log10"),
    *("log1p", "log2", "logical_not", "negative", "positive", "rad2deg", "radians", "reciprocal", "rint", "sign"),
    *("signbit", "sin", "sinh", "sqrt", "square", "tan", "tanh", "trunc", "max", "mean", "median", "min", "std", "sum"),
    *("abs", "add", "amax", "amin", "around", "asarray", "array", "clip", "divide", "maximum", "minimum", "multiply"),
    *("nan_to_num", "nanmax", "nanmean", "nanmedian", "nanmin", "power", "prod", "ravel", "round", "subtract", "var"),
)

# The modules where numpy functions appear. The last one occurs in pickles of numeric functions before numpy 2.
_NUMPY_MODULES = ("numpy", "numpy._core._multiarray_umath", "numpy.core._multiarray_umath")

# numpy types, as parameters name them (`dtype=numpy.float32`, `dtype_include=numpy.number`).
_NUMPY_TYPES = (
    *("bool", "bool_", "str_", "bytes_", "object_", "void", "float16", "float32", "float64", "longdouble", "complex64"),
    *("complex128", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "longlong", "ulonglong"),
    *("datetime64", "timedelta64", "generic", "number", "integer", "signedinteger", "unsignedinteger", "inexact"),
    *("floating", "complexfloating", "flexible", "character"),
)

# Modules of objects that no prediction needs: a stand-in replaces them, and the library is not imported. Unpickling a
# distribution of a random search calls `exec` with a string of the pickle; a cache writes files.
IRRELEVANT_MODULES = (
    "joblib._store_backends",
    "joblib.memory",
    "lightgbm.callback",
    "scipy.stats._continuous_distns",
    "scipy.stats._discrete_distns",
    "scipy.stats._distn_infrastructure",
    "xgboost.callback",
    "xgboost.collective",
    "xgboost.rabit",
)

IRRELEVANT_NAMES = frozenset(
    {
        # The seed of a random state, which is no longer used.
        "numpy.random.bit_generator.SeedSequence",
        "numpy.random.bit_generator.__pyx_unpickle_SeedSequence",
        # Some distributions contain one. A custom function in it must be trusted separately.
        "numpy.vectorize",
        # The type of an array of strings. The array is read without this class.
        "pandas.StringDtype",
        "pandas.core.arrays.string_.StringDtype",
    }
)

# The labels of an index (`frame.columns`), which `indexes` rebuilds without these.
OF_PANDAS = (
    *("pandas.Index", "pandas.RangeIndex", "pandas.core.indexes.base.Index", "pandas.core.indexes.base._new_Index"),
    *("pandas.core.indexes.numeric.Int64Index", "pandas.core.indexes.range.RangeIndex"),
    *("pyarrow.lib._restore_array", "pyarrow.lib.py_buffer", "pyarrow.lib.type_for_alias"),
)

_SPARSE_FORMATS = ("bsr", "coo", "csc", "csr", "dia", "dok", "lil")

# Classes that a pickle creates without arguments and gives a state.
CREATED_CLASSES = frozenset(
    {
        "builtins.bytearray",
        "builtins.dict",
        "builtins.list",
        "builtins.object",
        "builtins.set",
        "collections.Counter",
        "collections.OrderedDict",
        "collections.defaultdict",
        "joblib.numpy_pickle.NumpyArrayWrapper",
        "lightgbm.basic.Booster",
        "lightgbm.sklearn.LGBMClassifier",
        "lightgbm.sklearn.LGBMModel",
        "lightgbm.sklearn.LGBMRanker",
        "lightgbm.sklearn.LGBMRegressor",
        "catboost.core.CatBoost",
        "catboost.core.CatBoostClassifier",
        "catboost.core.CatBoostRanker",
        "catboost.core.CatBoostRegressor",
        "pandas.arrays.ArrowStringArray",
        "pandas.core.arrays.string_arrow.ArrowStringArray",
        "scipy.interpolate._bsplines.BSpline",
        "sklearn.compose._column_transformer.make_column_selector",
        "xgboost.core.Booster",
        "xgboost.sklearn.XGBClassifier",
        "xgboost.sklearn.XGBModel",
        "xgboost.sklearn.XGBRFClassifier",
        "xgboost.sklearn.XGBRFRegressor",
        "xgboost.sklearn.XGBRanker",
        "xgboost.sklearn.XGBRegressor",
        *(f"scipy.sparse._{name}.{name}_{kind}" for name in _SPARSE_FORMATS for kind in ("array", "matrix")),
        *(f"scipy.sparse.{name}.{name}_matrix" for name in _SPARSE_FORMATS),
    }
)

# Single names: constructors of plain values, and functions with which libraries rebuild their own objects.
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
        # Creating it calls nothing. Later it calls only another name of this list.
        "functools.partial",
        "numpy.dtype",
        "numpy.ndarray",
        "numpy._core.multiarray._reconstruct",
        "numpy._core.multiarray.scalar",
        "numpy._core.numeric._frombuffer",
        "numpy.core.multiarray._reconstruct",
        "numpy.core.multiarray.scalar",
        "numpy.core.numeric._frombuffer",
        "numpy.matrix",
        "numpy.matrixlib.defmatrix.matrix",
        "numpy.memmap",
        "numpy.core.memmap.memmap",
        "numpy.ma.MaskedArray",
        "numpy.ma.core.MaskedArray",
        "numpy.ma.core._mareconstruct",
        "numpy.random._mt19937.MT19937",
        "numpy.random._pcg64.PCG64",
        "numpy.random._generator.Generator",
        "numpy.random._pickle.__bit_generator_ctor",
        "numpy.random._pickle.__generator_ctor",
        "numpy.random._pickle.__randomstate_ctor",
        "numpy.random.mtrand.RandomState",
        *OF_PANDAS,
        "scipy._lib.array_api_compat.numpy._aliases.asarray",
        "sklearn.cluster._kmeans._kmeans_single_elkan",
        "sklearn.cluster._kmeans._kmeans_single_lloyd",
        "sklearn.feature_selection._univariate_selection.chi2",
        "sklearn.feature_selection._univariate_selection.f_classif",
        "sklearn.feature_selection._univariate_selection.f_oneway",
        "sklearn.feature_selection._univariate_selection.f_regression",
        "sklearn.feature_selection._univariate_selection.r_regression",
        "sklearn.feature_selection._mutual_info.mutual_info_classif",
        "sklearn.feature_selection._mutual_info.mutual_info_regression",
        "sklearn.metrics._dist_metrics.newObj",
        "sklearn.neighbors._ball_tree.newObj",
        "sklearn.neighbors._kd_tree.newObj",
        "sklearn.utils.validation.check_array",
        *(f"{module}.{name}" for module, names in _SCORES.items() for name in names),
        *(f"{module}.{name}" for module in _NUMPY_MODULES for name in _NUMPY_FUNCTIONS),
        *(f"numpy.{name}" for name in _NUMPY_TYPES),
        *(f"pathlib.{name}Path" for name in ("Posix", "Windows", "_local.Posix", "_local.Windows")),
    }
)

# Protocols 0 to 2 use the names of Python 2.
_RENAMED = {
    "__builtin__.long": "builtins.int",
    "__builtin__.unicode": "builtins.str",
    "__builtin__.xrange": "builtins.range",
}

# Names that a library needs to rebuild its own objects. pandas stores strings in pyarrow arrays if pyarrow is
# installed. Trusting all of pandas means trusting functions that run code, so these add no risk.
_PART_OF = {
    "pandas": tuple(
        f"pyarrow.lib.{name}" for name in ("_restore_array", "chunked_array", "py_buffer", "type_for_alias")
    )
}

# The location of a module that Cython names only by its last part.
ALIASES = {"_loss": "sklearn._loss._loss"}

# A class, or the function that Cython writes to rebuild one. Without dots: in a pickle a dot would select an attribute
# of the class.
_CLASS = re.compile(r"(_*[A-Z]\w*|__pyx_unpickle_\w+)", re.ASCII)


def plain_name(name: str) -> str:
    """Return the full name with current module names."""
    if name in _RENAMED:
        return _RENAMED[name]
    module, _, rest = name.partition(".")
    today = {"__builtin__": "builtins", "copy_reg": "copyreg"}.get(module)
    return f"{today}.{rest}" if today else name


def is_created(name: str) -> bool:
    """Whether a pickle may create objects of the class with this full name."""
    if name in CREATED_CLASSES:
        return True
    module, _, own = name.rpartition(".")
    if _CLASS.fullmatch(own) is not None and "__pyx" not in own and _is_in(module, TRUSTED_MODULES):
        return True
    return is_trusted_by_plugin(name)


def is_irrelevant(name: str) -> bool:
    """Whether a stand-in replaces what has this full name."""
    return name in IRRELEVANT_NAMES or _is_in(name.rpartition(".")[0], IRRELEVANT_MODULES)


def is_trusted(module: str, name: str, trust: Iterable[str] = ()) -> bool:
    """Whether a pickle may name `module.name`. `trust` adds full names, modules or packages."""
    full_name = plain_name(f"{module}.{name}")
    if full_name in TRUSTED_GLOBALS or full_name in CREATED_CLASSES or is_irrelevant(full_name):
        return True
    if is_given(full_name, trust) or (_CLASS.fullmatch(name) is not None and _is_in(module, TRUSTED_MODULES)):
        return True
    return is_trusted_by_plugin(full_name)


def is_given(name: str, trust: Iterable[str]) -> bool:
    """Whether the user trusts the full name, or its module or package."""
    return any(_is_within(name, prefix) for given in trust for prefix in (given, *_PART_OF.get(given, ())))


def find_refused_globals(names: Iterable[tuple[str, str]], trust: Sequence[str] = ()) -> list[str]:
    """Return the full names among `names` (module, name) that are neither known nor trusted, sorted."""
    return sorted({f"{module}.{name}" for module, name in names if not is_trusted(module, name, trust)})


@lru_cache(maxsize=4096)
def _is_in(module: str, modules: tuple[str, ...]) -> bool:
    return any(_is_within(module, prefix) for prefix in modules)


def _is_within(name: str, prefix: str) -> bool:
    return name == prefix or name.startswith(prefix + ".")
