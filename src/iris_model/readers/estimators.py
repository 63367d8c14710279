"""Convert a fitted estimator to a graph.

A refused model raises `UnsupportedModel`, which lists all reasons.
"""

from __future__ import annotations

from collections.abc import Sequence

from iris_model.contract.signature import Column
from iris_model.errors import UnsupportedModel

from .category_orders import HOW_TO_DECLARE, NO_ORDERS, NOT_IN_FILE, CategoryOrders
from .dictionaries import FEATURES_COLUMN, feature_names, find_open_form, refuse_unknown_names, takes_dictionaries
from .documents import DOCUMENT_COLUMN, takes_documents
from .failures import NOT_FITTED, describe_failure
from .families import find_reader
from .graph import Estimator, Graph, GraphBuilder, Reader, Reading, Value
from .names import class_name
from .own_steps.steps import find_step_reader
from .plugins import find_plugin_reader, find_version_problem
from .refused import REFUSED

# Methods that can answer. A graph has exactly those that the estimator offers.
METHODS = ("predict", "predict_proba", "decision_function", "score_samples", "transform")

# Methods that a converter may leave out if the estimator has `predict`: then `predict` is its purpose.
BESIDE_PREDICT = ("score_samples", "transform")

# These classes learn nothing from data. scikit-learn before 1.6 has no tag that shows it.
STATELESS = (
    "sklearn.decomposition.SparseCoder",
    "sklearn.feature_extraction.FeatureHasher",
    "sklearn.feature_extraction.text.HashingVectorizer",
)

WAYS_OUT = (
    'Serve the model with its own library (executor = "original" in iris-model.toml: the same answers, a slower start); '
    'export it to .onnx (executor = "onnxruntime"); '
    "or write a converter: src/iris_model/readers has one file per family."
)
FIT_FIRST = "Call fit on the model, then save it again."


def find_remedy(reasons: Sequence[str]) -> str:
    """Return the hint for a model that is refused for these reasons."""
    if any(NOT_FITTED in reason for reason in reasons):
        return FIT_FIRST
    if any(NOT_IN_FILE in reason for reason in reasons):
        return f"{HOW_TO_DECLARE} {WAYS_OUT}"
    return WAYS_OUT


def read_estimator(
    estimator: Estimator, names: Sequence[str] | None = None, orders: CategoryOrders = NO_ORDERS
) -> Graph:
    """Return the graph of a fitted estimator. Raises UnsupportedModel, with every reason.

    `names`: the column names for an estimator that was trained without names. `orders`: categories that the estimator
    may not store.
    """
    builder, is_trained = _begin(estimator, names, orders)
    if takes_dictionaries(estimator) and not is_trained:
        raise refuse_unknown_names()
    if (problem := find_version_problem(estimator)) is not None:
        # Only this reason: other versions have other attributes, and errors about them would hide it.
        raise UnsupportedModel([problem], remedy=find_remedy([problem]))
    reading = builder.read(estimator, builder.rows)
    if not is_trained and not builder.reasons:
        builder.refuse(
            f"{class_name(type(estimator))} has no n_features_in_, the number of its columns; train and save it again"
        )
    if builder.reasons or reading is None:
        raise UnsupportedModel(builder.reasons, remedy=find_remedy(builder.reasons))
    graph = builder.finish(reading)
    if builder.reasons:
        raise UnsupportedModel(builder.reasons, remedy=find_remedy(builder.reasons))
    return graph


def read_partly(estimator: Estimator, names: Sequence[str] | None = None) -> Graph | None:
    """Return what is known about a refused model: the nodes before the refused step, and the columns.

    None if the number of columns is unknown. A column that only a refused step reads has `"kind": "unknown"`.
    """
    builder, is_trained = _begin(estimator, names)
    if not is_trained and not names:
        return None
    try:
        builder.read(estimator, builder.rows)
    except Exception:
        # A converter may fail on another version, or on a class outside the library.
        return _guess(builder) if is_trained else None
    return builder.finish_partly()


def _begin(
    estimator: Estimator, names: Sequence[str] | None, orders: CategoryOrders = NO_ORDERS
) -> tuple[GraphBuilder, bool]:
    """Return a builder with the columns of a row, and whether the estimator stores how many there are.

    `names`: the column names for an estimator that was trained without names.
    """
    trained = _with_spaces(estimator, _trained_columns(estimator), names)
    one_cell = [DOCUMENT_COLUMN] if takes_documents(estimator) else None
    if find_open_form(estimator, names) is not None:
        trained, names, one_cell = (1, None), None, [FEATURES_COLUMN]
    elif takes_dictionaries(estimator):
        # Not the columns that a hasher creates, which are counted by a later step.
        learned = feature_names(estimator) or list(names or ())
        trained = (len(learned), learned) if learned else None
    count, trained_names = trained or (len(names or ()), None)
    default = one_cell or [f"x{index}" for index in range(count)]
    columns = trained_names or _checked(names, count) or default
    builder = GraphBuilder(columns, named=trained_names is not None, find_reader=_find_reader, orders=orders)
    return builder, trained is not None


def says_columns(estimator: Estimator) -> bool:
    """Whether the estimator stores how many columns it takes."""
    return _trained_columns(estimator) is not None


def _guess(builder: GraphBuilder) -> Graph:
    graph = builder.finish_partly()
    columns: list[Column] = [
        {"name": column["name"], "kind": "unknown", "dtype": "", "missing": True}
        for column in graph.signature["columns"]
    ]
    return Graph(graph.nodes, {}, {**graph.signature, "columns": columns})


def offered_methods(estimator: Estimator) -> list[str]:
    """Return the methods of `METHODS` that this estimator has.

    Libraries hide methods that the estimator's parameters do not allow.
    """
    return [method for method in METHODS if hasattr(estimator, method)]


def needed_methods(estimator: Estimator) -> list[str]:
    """Return the offered methods that a graph must have."""
    offered = offered_methods(estimator)
    needed = [method for method in offered if method not in BESIDE_PREDICT or "predict" not in offered]
    # If the original's likelihoods raise (a singular covariance), it still transforms.
    return [method for method in needed if method != "score_samples" or "transform" not in offered]


def _find_reader(builder: GraphBuilder, estimator: Estimator) -> Reader | None:
    cls = type(estimator)
    name = class_name(cls)
    reader = find_reader(name) or find_step_reader(cls) or find_plugin_reader(name)
    if reader is None:
        parent = next((class_name(base) for base in cls.__mro__[1:] if find_reader(class_name(base))), None)
        derived = f" (it derives from {parent}, but may compute something else)" if parent else ""
        builder.refuse(f"{name}: {REFUSED.get(name, f'no converter supports this class{derived}')}")
    elif not _is_fitted(estimator):
        builder.refuse(f"{name}: {NOT_FITTED}; call fit before saving it")
        return None
    return None if reader is None else _guard(reader)


def _guard(reader: Reader) -> Reader:
    """Return the converter with its exceptions as reasons: attributes of an estimator may be anything."""

    def guarded(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
        try:
            return reader(builder, estimator, inputs)
        except Exception as error:
            builder.refuse(describe_failure(estimator, error))
            return Reading("", {})

    return guarded


def _is_fitted(estimator: Estimator) -> bool:
    """Whether the estimator is fitted: it has attributes that end in an underscore, as in scikit-learn's own check."""
    if hasattr(estimator, "steps") or hasattr(estimator, "transformer_list"):
        return True  # pipelines and unions fit nothing themselves; their parts are checked one by one
    if class_name(type(estimator)) in STATELESS:
        return True
    # CatBoost has its own method for it.
    asked = getattr(estimator, "__sklearn_is_fitted__", None) or getattr(estimator, "is_fitted", None)
    if asked is not None:
        try:
            return bool(asked())
        except Exception:  # some raise if an inner estimator is not fitted
            return False
    if any(name.endswith("_") and not name.startswith("__") for name in vars(estimator)):
        return True
    tags = getattr(estimator, "__sklearn_tags__", None)
    return tags is not None and not tags().requires_fit


def _count_columns(estimator: Estimator) -> tuple[int, None] | None:
    """Return the number of columns of an estimator that does not store it, and no names; None if it is unknown.

    Examples: a Gaussian process with a kernel for any objects, `Lasso.fit(check_input=False)`.
    """
    for learned in ("X_train_", "coef_"):
        found: Estimator = getattr(estimator, learned, None)
        if getattr(found, "ndim", 0) >= 1:
            return int(found.shape[-1]), None
    return None


def _trained_columns(estimator: Estimator) -> tuple[int, list[str] | None] | None:
    """Return the number of columns, and their names if trained with names. None if the estimator stores neither."""
    if takes_documents(estimator):
        return 1, None
    if hasattr(estimator, "steps"):
        for _, step in estimator.steps:
            if (found := _trained_columns(step)) is not None:
                return found
            if step is not None and step != "passthrough" and find_reader(class_name(type(step))) is None:
                # A custom step: later steps do not show what it takes.
                return None
        return None
    if hasattr(estimator, "X_thresholds_"):
        return 1, None  # isotonic regression has one column by definition, and stores no count
    if class_name(type(estimator)).startswith("catboost."):
        # CatBoost names unnamed columns by number. After unpickling, it returns no names.
        learned = [str(name) for name in estimator.feature_names_ or ()]
        return len(learned), None if learned == [str(index) for index in range(len(learned))] else learned
    if not hasattr(estimator, "n_features_in_"):
        return _count_columns(estimator)
    names = getattr(estimator, "feature_names_in_", None)
    if hasattr(estimator, "booster_"):
        names = _names_in_lightgbm(estimator.booster_, names)
    if names is not None and not all(isinstance(name, str) for name in names):
        names = None  # category_encoders numbers unnamed columns
    return int(estimator.n_features_in_), None if names is None else [str(name) for name in names]


def _names_in_lightgbm(booster: Estimator, names: Sequence[str] | None) -> Sequence[str] | None:
    """Return the column names of a LightGBM model.

    Versions before 4.5 do not return them; 4.5 and 4.6 invent names for columns that have none.
    """
    names = list(booster.feature_name() if names is None else names)
    # A booster with categories of a DataFrame accepts only a DataFrame.
    if not booster.pandas_categorical and (
        names == [f"Column_{index}" for index in range(len(names))]
        or names == [str(index) for index in range(len(names))]
    ):
        return None
    return names


def _with_spaces(
    estimator: Estimator, trained: tuple[int, list[str] | None] | None, names: Sequence[str] | None
) -> tuple[int, list[str] | None] | None:
    """Return the names with spaces: LightGBM stores "petal length" as "petal_length". It reads columns by position."""
    if trained is None or trained[1] is None or not names or type(estimator).__module__.partition(".")[0] != "lightgbm":
        return trained
    own = {name.replace(" ", "_"): name for name in names}
    return trained[0], [own.get(name, name) for name in trained[1]]


def _checked(names: Sequence[str] | None, count: int) -> list[str] | None:
    return list(names) if names is not None and len(names) == count else None
