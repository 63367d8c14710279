"""Convert LightGBM estimators. Source: python-package/lightgbm/sklearn.py, src/objective (ConvertOutput).

Trees are added in float64 from zero, iteration by iteration. A random forest takes the mean.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from iris_model.readers.classes import read_classes
from iris_model.readers.frame_categories import add_codes
from iris_model.readers.graph import Estimator, GraphBuilder, Reader, Reading, Value
from iris_model.readers.tree_layout import flatten, lay_out_boosted

from .model_text import ModelText, read_model_text

IDENTITY = ("regression", "regression_l1", "huber", "fair", "quantile", "mape", "lambdarank", "rank_xendcg")
EXPONENTIAL = ("poisson", "gamma", "tweedie")
SIGMOID = ("binary", "cross_entropy", "multiclassova")
KNOWN = (*IDENTITY, *EXPONENTIAL, *SIGMOID, "multiclass", "cross_entropy_lambda")


def read_regressor(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Convert a regressor or ranker: the objective transforms the raw scores."""
    model = _read(builder, estimator)
    if model is None:
        return Reading("regressor", {})
    values = _transform(builder, model, _add_scores(builder, model, inputs))
    return Reading("regressor", {"predict": flatten(builder, values)})


def read_classifier(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Convert a classifier: the class with the largest probability; the first wins a tie."""
    classes = read_classes(builder, estimator, np.asarray(estimator.classes_))
    model = _read(builder, estimator)
    if model is None:
        return Reading("classifier", {}, classes)
    scores = _add_scores(builder, model, inputs)
    values = _transform(builder, model, scores)
    if values.width == 1:
        values = builder.add("complement_pair", values, width=2)
    label = builder.add("argmax_label", values, width=1, kind="label", attributes={"classes": classes})
    outputs = {"predict": label, "predict_proba": values}
    if hasattr(estimator, "decision_function"):  # since 4.7
        outputs["decision_function"] = flatten(builder, scores)
    return Reading("classifier", outputs, classes)


def _read(builder: GraphBuilder, estimator: Estimator) -> ModelText | None:
    model = read_model_text(estimator.booster_.model_to_string())
    name = type(estimator).__qualname__
    problem = None
    if model.objective not in KNOWN or callable(estimator.objective):
        problem = f"the objective {model.objective or 'none'!r} is not supported"
    elif model.stored_categories and len(model.stored_categories) != len(model.categorical_columns):
        problem = "its DataFrame had several kinds of categories; train it with unordered categories of one type"
    elif any(type(one) not in (str, int, float) for found in model.stored_categories for one in found):
        problem = "the categories of its DataFrame are neither strings nor numbers; convert them to strings"
    elif model.mixed_columns:
        problem = (
            f"some splits of column {model.mixed_columns[0]} treat zero as missing, others as a number; "
            "train it with one value of zero_as_missing"
        )
    elif hasattr(estimator, "classes_") and model.objective not in (*SIGMOID, "multiclass"):
        problem = f"the objective {model.objective!r} has no probabilities; train it with 'binary' or 'multiclass'"
    if problem is None:
        return model
    builder.refuse(f"{name}: {problem}")
    return None


def _add_scores(builder: GraphBuilder, model: ModelText, inputs: Value) -> Value:
    rows = inputs
    if model.stored_categories:
        categories = dict(zip(model.categorical_columns, model.stored_categories, strict=True))
        rows = add_codes(builder, inputs, categories, unknown_is_missing=True)
    if model.zero_is_missing:
        columns = {"columns": model.zero_is_missing}
        rows = builder.add("zeros_to_missing", rows, width=rows.width, keeps_missing=True, attributes=columns)
    width = model.per_iteration
    iterations = len(model.trees) // width
    output = list(range(width)) * iterations
    if any(one is not None for one in model.linear):
        scores = _add_linear_trees(builder, model, rows, output)
    else:
        tensors = lay_out_boosted(model.trees, output, np.zeros(width), with_missing=True)
        attributes = {"narrow": False}
        scores = builder.add(
            "boosted_trees", rows, width=width, takes_infinite=True, attributes=attributes, tensors=tensors
        )
    return scores


def _add_linear_trees(builder: GraphBuilder, model: ModelText, rows: Value, output: list[int]) -> Value:
    """Add linear trees.

    The trees are laid out with leaf numbers as values, which gives the new order of the leaves. The linear leaves are
    then reordered.
    """
    values: list[float] = []
    constants: list[float] = []
    columns: list[list[int]] = []
    coefficients: list[list[float]] = []
    numbered = []
    for tree, linear in zip(model.trees, model.linear, strict=True):
        plain = tree.value[tree.left < 0]
        places = np.zeros(len(tree.left))
        places[tree.left < 0] = len(values) + np.arange(len(plain))
        numbered.append(replace(tree, value=places))
        values += plain.tolist()
        constants += plain.tolist() if linear is None else linear.constants.tolist()
        columns += [[]] * len(plain) if linear is None else [one.tolist() for one in linear.columns]
        coefficients += [[]] * len(plain) if linear is None else [one.tolist() for one in linear.coefficients]
    tensors = dict(lay_out_boosted(numbered, output, np.zeros(model.per_iteration), with_missing=True))
    order = tensors["leaves"].astype(int).tolist()
    tensors["leaves"] = np.array([values[leaf] for leaf in order])
    tensors["constants"] = np.array([constants[leaf] for leaf in order])
    tensors["starts"] = np.cumsum([0, *(len(columns[leaf]) for leaf in order)]).astype(np.int32)
    tensors["columns"] = np.array([one for leaf in order for one in columns[leaf]], np.int32)
    tensors["coefficients"] = np.array([one for leaf in order for one in coefficients[leaf]], np.float64)
    return builder.add("linear_leaf_trees", rows, width=model.per_iteration, takes_infinite=True, tensors=tensors)


def _transform(builder: GraphBuilder, model: ModelText, scores: Value) -> Value:
    width = scores.width
    iterations = len(model.trees) // width
    if model.is_averaged and iterations:
        by = {"offset": np.zeros(width), "divisor": np.full(width, float(iterations))}
        scores = builder.add("scale", scores, width=width, tensors=by)
    if model.objective in EXPONENTIAL:
        return builder.add("exponential", scores, width=width)
    if model.objective == "multiclass":
        return builder.add("softmax", scores, width=width)
    if model.objective == "cross_entropy_lambda":
        return builder.add("softplus", scores, width=width)
    if model.objective in SIGMOID:
        attributes = {"slope": float(model.parameters.get("sigmoid", "1"))}
        return builder.add("logistic", scores, width=width, attributes=attributes)
    if "sqrt" in model.parameters:
        return builder.add("signed_squares", scores, width=width)
    return scores


READERS: dict[str, Reader] = {
    "lightgbm.sklearn.LGBMClassifier": read_classifier,
    "lightgbm.sklearn.LGBMRegressor": read_regressor,
    "lightgbm.sklearn.LGBMRanker": read_regressor,
}
