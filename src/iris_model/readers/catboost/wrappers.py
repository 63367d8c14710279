"""Convert CatBoost estimators. Source: catboost/python-package/catboost/core.py, catboost/libs/model/eval_processing.

Numeric features are rounded to float32, categories are hashed, leaves are added in float64.
"""

from __future__ import annotations

import numpy as np

from iris_model.readers.classes import read_classes
from iris_model.readers.graph import Estimator, GraphBuilder, Json, Reader, Reading, Value
from iris_model.readers.tree_layout import lay_out_boosted

from .model_json import Model, read_model

# Losses, grouped by what `predict` computes from the raw values.
IDENTITY = (
    *("RMSE", "MAE", "Quantile", "MAPE", "Lq", "Huber", "Expectile", "LogCosh", "MultiRMSE", "MultiQuantile"),
    *(
        "YetiRank",
        "YetiRankPairwise",
        "PairLogit",
        "PairLogitPairwise",
        "QueryRMSE",
        "QuerySoftMax",
        "QueryCrossEntropy",
    ),
    *("LambdaMart", "StochasticFilter", "StochasticRank"),
)
EXPONENT = ("Poisson", "Tweedie")
BINARY = ("Logloss", "CrossEntropy")
SOFTMAX = "MultiClass"
ONE_AGAINST_ALL = "MultiClassOneVsAll"


def read_regressor(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Convert a regressor or ranker: `predict` returns raw values or their exponentials."""
    model = _read(builder, estimator, inputs, (*IDENTITY, *EXPONENT))
    if model is None:
        return Reading("regressor", {})
    values = _add_raw(builder, model, inputs)
    # The estimator decides: if it was opened from a file without its loss, it returns raw values.
    if model.loss in EXPONENT and str(estimator.get_params().get("loss_function", "")).startswith(model.loss):
        values = builder.add("exponential", values, width=values.width)
    if values.width == 1:
        values = builder.add("column", values, width=1, attributes={"index": 0})
    return Reading("regressor", {"predict": values})


def read_classifier(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Convert a classifier.

    With two classes, the second wins if the raw value is above zero, or above a configured threshold.
    """
    classes = read_classes(builder, estimator, np.asarray(estimator.classes_))
    model = _read(builder, estimator, inputs, (*BINARY, SOFTMAX, ONE_AGAINST_ALL))
    if model is None:
        return Reading("classifier", {}, classes)
    if (model.loss in BINARY) != (len(classes) == 2) or model.width != (1 if model.loss in BINARY else len(classes)):
        builder.refuse(
            f"{type(estimator).__name__}: {model.loss} with {len(classes)} classes; expected one class per row"
        )
        return Reading("classifier", {}, classes)
    raw = _add_raw(builder, model, inputs)
    if model.loss in BINARY:
        threshold = estimator.get_probability_threshold()
        if threshold != 0.5:
            builder.refuse(f"{type(estimator).__name__}: its probability threshold is {threshold}; expected 0.5")
        label = builder.add("threshold_label", raw, width=1, kind="label", attributes={"classes": classes})
        return Reading(
            "classifier", {"predict": label, "predict_proba": builder.add("expit_pair", raw, width=2)}, classes
        )
    label = builder.add("argmax_label", raw, width=1, kind="label", attributes={"classes": classes})
    link = "softmax" if model.loss == SOFTMAX else "expit"
    return Reading("classifier", {"predict": label, "predict_proba": builder.add(link, raw, width=raw.width)}, classes)


def _read(builder: GraphBuilder, estimator: Estimator, inputs: Value, losses: tuple[str, ...]) -> Model | None:
    name = type(estimator).__name__
    texts = estimator.get_text_feature_indices()
    for index in estimator.get_cat_feature_indices():
        # Integers or strings: CatBoost accepts both, and treats 7 and "7" as equal. It refuses missing ones.
        column = builder.select_columns(inputs, [index])
        builder.expect_categories(column, 0, [], dtype="mixed")
        builder.refuse_missing(column)
    for index in texts:
        builder.expect_text(builder.select_columns(inputs, [index]))
    if texts:
        builder.refuse(f"{name}: it has text features, which cannot be compiled; train it on numbers and categories")
        return None
    if estimator.get_embedding_feature_indices():
        builder.refuse(
            f"{name}: it has embedding features, which cannot be compiled; train it on numbers and categories"
        )
        return None
    model = read_model(estimator)
    if model.problem is not None:
        builder.refuse(f"{name}: {model.problem}")
        return None
    if model.loss not in losses:
        builder.refuse(f"{name}: its loss {model.loss!r} is not supported")
        return None
    return model


def _add_raw(builder: GraphBuilder, model: Model, inputs: Value) -> Value:
    width = model.width
    tensors = lay_out_boosted(model.trees, model.outputs, np.zeros(width), with_missing=True)
    attributes: dict[str, Json] = {"narrow": False}
    rows = _add_features(builder, model, inputs)
    raw = builder.add("boosted_trees", rows, width=width, takes_infinite=True, attributes=attributes, tensors=tensors)
    scaled = {"scale": np.full(width, model.scale), "offset": model.bias}
    return builder.add("min_max_scale", raw, width=width, tensors=scaled)


def _add_features(builder: GraphBuilder, model: Model, inputs: Value) -> Value:
    """Return the table that the trees read: numbers, positions of one-hot categories, statistics of categories."""
    tables: list[Value] = []
    if model.numbers:
        chosen = inputs if not model.categories else builder.select_columns(inputs, model.numbers)
        tables.append(
            builder.add(
                "narrow_to_float32",
                chosen,
                width=chosen.width,
                keeps_missing=True,
                takes_infinite=True,
                attributes={"infinite": True},
            )
        )
    if not model.categories:
        return tables[0]
    cells = builder.select_columns(inputs, model.categories)
    names = [builder.column_name(cells, place) for place in range(cells.width)]
    hashes = builder.add("hash_categories", cells, width=cells.width, attributes={"names": names})
    if model.one_hot:
        known = [one.known for one in model.one_hot]
        tensors = {
            "columns": np.array([one.feature for one in model.one_hot], np.int32),
            "known": np.concatenate([np.array(each, np.uint32) for each in known]),
            "starts": np.cumsum([0, *map(len, known)]).astype(np.int32),
        }
        tables.append(builder.add("category_positions", hashes, width=len(known), tensors=tensors))
    if model.statistics is not None:
        found = model.statistics
        tensors = {"keys": found.keys, "starts": found.starts, "levels": found.levels, "absent": found.absent}
        sources = [hashes, tables[0]] if found.needs_numbers else [hashes]
        tables.append(
            builder.add(
                "category_statistics",
                *sources,
                width=found.width,
                takes_infinite=True,
                attributes={"projections": found.projections},
                tensors=tensors,
            )
        )
    # A model whose trees have no splits reads its columns too.
    return builder.concat(tables) if tables else hashes


READERS: dict[str, Reader] = {
    "catboost.core.CatBoostClassifier": read_classifier,
    "catboost.core.CatBoostRanker": read_regressor,
    "catboost.core.CatBoostRegressor": read_regressor,
}
