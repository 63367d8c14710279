"""From a fitted estimator to a graph.

In: an estimator, and the names of its columns if the user knows better ones. Out: a `Graph`, or `UnsupportedModel` with
every reason at once.
"""

from __future__ import annotations

from collections.abc import Sequence

from iris_model.errors import UnsupportedModel

from .dictionaries import feature_names, takes_dictionaries
from .documents import DOCUMENT_COLUMN, takes_documents
from .families import find_reader
from .graph import Estimator, Graph, GraphBuilder, Reader
from .libraries import find_version_problem
from .names import class_name
from .refused import REFUSED

# The methods of an estimator that can be an answer. A graph has each that the estimator offers, and no other.
METHODS = ("predict", "predict_proba", "decision_function", "score_samples", "transform")

# What readers may leave out where the estimator predicts: there the prediction is what the model is for.
BESIDE_PREDICT = ("score_samples", "transform")

# Nothing to learn, and before scikit-learn 1.6 no tag that says so.
STATELESS = ("sklearn.feature_extraction.FeatureHasher", "sklearn.feature_extraction.text.HashingVectorizer")

WAYS_OUT = (
    'Ways out: serve the original library (executor = "original" in iris-model.toml: same answers, slower start); '
    'export the model to .onnx and serve that (executor = "onnxruntime"); '
    "or ask for a reader, or write one: src/iris_model/readers has one file per family."
)


def read_estimator(estimator: Estimator, names: Sequence[str] | None = None) -> Graph:
    """Read a fitted estimator. `names` are used where the estimator was trained without column names."""
    trained = _trained_columns(estimator)
    if takes_dictionaries(estimator):
        learned = feature_names(estimator) or list(names or ())
        trained = len(learned), learned
        if not learned:
            raise UnsupportedModel(
                [
                    f"{class_name(type(estimator))} takes dictionaries of any features, and a signature lists its columns"
                ],
                remedy="Name them: give rows with a header line (data in iris-model.toml, or --data). " + WAYS_OUT,
            )
    count, trained_names = trained if trained else (len(names or ()), None)
    builder = GraphBuilder(
        trained_names
        or _checked(names, count)
        or ([DOCUMENT_COLUMN] if takes_documents(estimator) else [f"x{index}" for index in range(count)]),
        named=trained_names is not None,
        find_reader=_find_reader,
    )
    if (problem := find_version_problem(estimator)) is not None:
        builder.refuse(problem)
    reading = builder.read(estimator, builder.rows)
    if trained is None and not builder.reasons:
        builder.refuse(f"{class_name(type(estimator))} does not say how many columns it takes (n_features_in_)")
    if builder.reasons or reading is None:
        raise UnsupportedModel(builder.reasons, remedy=WAYS_OUT)
    return builder.finish(reading)


def read_partly(estimator: Estimator, names: Sequence[str] | None = None) -> Graph | None:
    """What readers learn of a model that they refuse: nodes up to there, and the columns; None if not even how many.

    A column that only what was refused looks at has `"kind": "unknown"`.
    """
    trained = _trained_columns(estimator)
    learned = feature_names(estimator) if takes_dictionaries(estimator) else None
    if learned is not None:
        trained = len(learned), learned
    if trained is None and not names:
        return None
    count, trained_names = trained or (len(names or ()), None)
    if takes_dictionaries(estimator):
        trained_names = trained_names or list(names or ())
    default = [DOCUMENT_COLUMN] if takes_documents(estimator) else [f"x{index}" for index in range(count)]
    builder = GraphBuilder(
        trained_names or _checked(names, count) or default, named=trained_names is not None, find_reader=_find_reader
    )
    try:
        builder.read(estimator, builder.rows)
    except Exception:
        # Readers may stumble over what another version has, or over a class that is none of the library's.
        return None if trained is None else _guess(builder)
    return builder.finish_partly()


def _guess(builder: GraphBuilder) -> Graph:
    graph = builder.finish_partly()
    columns = [{**column, "kind": "unknown"} for column in graph.signature["columns"]]
    return Graph(graph.nodes, {}, {**graph.signature, "columns": columns})


def offered_methods(estimator: Estimator) -> list[str]:
    """The `METHODS` that this very estimator offers: libraries hide those that its parameters rule out."""
    return [method for method in METHODS if hasattr(estimator, method)]


def needed_methods(estimator: Estimator) -> list[str]:
    """Those of the offered methods that a graph must have."""
    offered = offered_methods(estimator)
    return [method for method in offered if method not in BESIDE_PREDICT or "predict" not in offered]


def _find_reader(builder: GraphBuilder, estimator: Estimator) -> Reader | None:
    cls = type(estimator)
    name = class_name(cls)
    reader = find_reader(name)
    if reader is None:
        parent = next((class_name(base) for base in cls.__mro__[1:] if find_reader(class_name(base))), None)
        derived = f" (it derives from {parent}, but may compute something else)" if parent else ""
        builder.refuse(f"{name}: {REFUSED.get(name, f'no reader knows this class{derived}')}")
    elif not _is_fitted(estimator):
        builder.refuse(f"{name}: it is not fitted; call fit before saving it")
        return None
    return reader


def _is_fitted(estimator: Estimator) -> bool:
    """What training leaves behind ends in an underscore; this is the rule of scikit-learn's own `check_is_fitted`."""
    if hasattr(estimator, "steps"):
        return True  # a pipeline has nothing of its own to fit; its steps are asked one by one
    if class_name(type(estimator)) in STATELESS:
        return True
    # CatBoost's own word for it.
    asked = getattr(estimator, "__sklearn_is_fitted__", None) or getattr(estimator, "is_fitted", None)
    if asked is not None:
        return bool(asked())
    if any(name.endswith("_") and not name.startswith("__") for name in vars(estimator)):
        return True
    tags = getattr(estimator, "__sklearn_tags__", None)
    return tags is not None and not tags().requires_fit


def _trained_columns(estimator: Estimator) -> tuple[int, list[str] | None] | None:
    """How many columns the estimator takes, and their names if it was trained with names. None if it does not say."""
    if takes_documents(estimator):
        return 1, None
    if hasattr(estimator, "steps"):
        for _, step in estimator.steps:
            if (found := _trained_columns(step)) is not None:
                return found
        return None
    if hasattr(estimator, "X_thresholds_"):
        return 1, None  # isotonic regression: one column by definition, and it does not count it
    if class_name(type(estimator)).startswith("catboost."):
        # It gives columns without names their numbers, and once unpickled it says that there are none.
        learned = [str(name) for name in estimator.feature_names_ or ()]
        return len(learned), None if learned == [str(index) for index in range(len(learned))] else learned
    if not hasattr(estimator, "n_features_in_"):
        return None
    names = getattr(estimator, "feature_names_in_", None)
    if names is None and getattr(getattr(estimator, "booster_", None), "pandas_categorical", None):
        # LightGBM before 4.6 has no such attribute; with categories of a DataFrame it takes nothing but one.
        names = estimator.booster_.feature_name()
    return int(estimator.n_features_in_), None if names is None else [str(name) for name in names]


def _checked(names: Sequence[str] | None, count: int) -> list[str] | None:
    return list(names) if names is not None and len(names) == count else None
