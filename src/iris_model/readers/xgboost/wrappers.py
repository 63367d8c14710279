"""Convert XGBoost estimators. Source: python-package/xgboost/sklearn.py.

Margins are added in float32, tree by tree, and the objective converts them to probabilities or predictions in float32.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from iris_model.errors import UnsupportedModel
from iris_model.readers.category_orders import NOT_IN_FILE
from iris_model.readers.frame_categories import add_codes
from iris_model.readers.graph import Estimator, GraphBuilder, Json, Reader, Reading, Value
from iris_model.readers.tree_layout import flatten, lay_out_boosted

from .booster import EXPONENTIAL, IDENTITY, SIGMOID, SOFTMAX, STEP, Booster, Document, read_booster, read_learner
from .frame_columns import find_frame_columns

# Every number that is not negative is a category.
NO_CATEGORY = -5e-324


def read_regressor(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Convert a regressor or ranker: the objective transforms the margins."""
    booster = _read(builder, estimator, inputs)
    if booster is None:
        return Reading("regressor", {})
    values = _transform(builder, booster, _add_margins(builder, booster, estimator, inputs))
    return Reading("regressor", {"predict": flatten(builder, values)})


def read_classifier(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Convert a classifier, whose classes are numbers from 0.

    The second of two classes needs a probability above one half; of more classes, the largest probability wins.
    """
    booster = _read(builder, estimator, inputs)
    if booster is None:
        return Reading("classifier", {})
    count = int(estimator.n_classes_)
    # With one class it still returns two probabilities.
    classes = list(range(max(count, 2)))
    margins = _add_margins(builder, booster, estimator, inputs)
    values = _transform(builder, booster, margins)
    if booster.width > 1:
        # Probabilities may be equal in float32 where the margins are not.
        compared = margins if booster.objective == "multi:softmax" else values
        label = builder.add("argmax_label", compared, width=1, kind="label", attributes={"classes": classes})
        return Reading("classifier", {"predict": label, "predict_proba": values}, classes)
    attributes = {"classes": classes, "threshold": 0.5}
    label = builder.add("threshold_label", values, width=1, kind="label", attributes=attributes)
    return Reading(
        "classifier", {"predict": label, "predict_proba": builder.add("pair_float32", values, width=2)}, classes
    )


def _read(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Booster | None:
    name = type(estimator).__qualname__
    learner = read_learner(estimator.get_booster())
    booster = read_booster(learner, _best_iteration(estimator))
    problem = None
    if booster.objective not in (*SIGMOID, *EXPONENTIAL, *SOFTMAX, *IDENTITY, *STEP) or callable(estimator.objective):
        problem = f"the objective {booster.objective!r} is not supported"
    elif booster.width > 1 and hasattr(estimator, "n_classes_") and booster.objective not in SOFTMAX:
        problem = f"{booster.width} labels per row; expected one class per row: train one model for each label"
    elif (booster.objective in SOFTMAX) != (booster.width > 1 and hasattr(estimator, "n_classes_")):
        problem = f"the objective {booster.objective!r} does not go with {booster.width} outputs"
    if problem is None:
        return _add_categories(builder, estimator, inputs, booster, learner)
    builder.refuse(f"{name}: {problem}")
    return None


def _add_categories(
    builder: GraphBuilder, estimator: Estimator, inputs: Value, booster: Booster, learner: Document
) -> Booster | None:
    """Return the booster with the categories of its DataFrame in the order of their codes. Refuse an unknown order."""
    found: dict[int, Sequence[Json]] = {}
    refused = False
    for index, column in enumerate(find_frame_columns(estimator, learner) or ()):
        if not column.is_categorical:
            continue
        name = builder.column_name(inputs, index)
        try:
            known = column.find_categories(name, builder.orders)
            problem = f"the order of the categories of the column {name!r} is {NOT_IN_FILE}"
        except UnsupportedModel as error:
            known, problem = None, "; ".join(error.reasons)
        if known is None:
            builder.refuse(f"{type(estimator).__qualname__}: {problem}")
            refused = True
        else:
            found[index] = known
    return None if refused else replace(booster, categories=found)


def _best_iteration(estimator: Estimator) -> int | None:
    if estimator.booster == "gblinear":
        return None
    found = estimator.get_booster().attr("best_iteration")
    return None if found is None else int(found)


def _add_margins(builder: GraphBuilder, booster: Booster, estimator: Estimator, inputs: Value) -> Value:
    if booster.categories:
        inputs = add_codes(builder, inputs, booster.categories, unknown_is_missing=False)
    is_linear = booster.weights is not None
    if is_linear:
        builder.narrow(inputs)
    elif inputs.zeros_absent:
        inputs = _mark_absent(builder, inputs)
    # Trees predict in place, where values beyond float32 are infinite. A DMatrix, for linear boosters, refuses them.
    attributes: dict[str, Json] = {"infinite": not is_linear}
    rows = builder.add(
        "narrow_to_float32",
        inputs,
        width=inputs.width,
        keeps_missing=True,
        takes_infinite=not is_linear,
        attributes=attributes,
    )
    if estimator.missing is not None and not math.isnan(estimator.missing):
        attributes = {"value": float(np.float32(estimator.missing))}
        rows = builder.add("mark_missing", rows, width=inputs.width, keeps_missing=True, attributes=attributes)
    if booster.weights is not None:
        tensors = {
            "weights": np.ascontiguousarray(booster.weights[:-1].T, np.float64),
            "bias": (booster.weights[-1] + booster.base).astype(np.float64),
        }
        return builder.add("linear_float32", rows, width=booster.width, tensors=tensors)
    tensors = dict(lay_out_boosted(booster.trees, booster.outputs, booster.base, with_missing=True))
    attributes = {"narrow": False, "float32_sum": True}
    if "category_set" in tensors:
        attributes["lowest_category"] = NO_CATEGORY
    return builder.add(
        "boosted_trees",
        rows,
        width=booster.width,
        takes_infinite=True,
        equal_goes="right",
        attributes=attributes,
        tensors=tensors,
    )


def _mark_absent(builder: GraphBuilder, inputs: Value) -> Value:
    """Mark cells that a sparse matrix does not store as missing."""
    if not inputs.sparse:
        return builder.add("mark_missing", inputs, width=inputs.width, keeps_missing=True, attributes={"value": 0.0})
    attributes: dict[str, Json] = {"width": inputs.width, "absent_is_missing": True}
    return builder.add("to_dense", inputs, width=inputs.width, keeps_missing=True, attributes=attributes)


def _transform(builder: GraphBuilder, booster: Booster, margins: Value) -> Value:
    for objectives, op in (
        (SIGMOID, "expit_float32"),
        (EXPONENTIAL, "exponential_float32"),
        (SOFTMAX, "softmax_float32"),
        (STEP, "step_float32"),
    ):
        if booster.objective in objectives:
            return builder.add(op, margins, width=margins.width)
    return margins


READERS: dict[str, Reader] = {
    "xgboost.sklearn.XGBClassifier": read_classifier,
    "xgboost.sklearn.XGBRFClassifier": read_classifier,
    "xgboost.sklearn.XGBRegressor": read_regressor,
    "xgboost.sklearn.XGBRFRegressor": read_regressor,
    "xgboost.sklearn.XGBRanker": read_regressor,
}
