"""Convert multiclass classifiers made of binary estimators. Source: sklearn.multiclass."""

from __future__ import annotations

import numpy as np

from iris_model.readers.classes import read_classes
from iris_model.readers.graph import Estimator, GraphBuilder, Json, Reader, Reading, Value
from iris_model.readers.libraries import installed_version

from .inner import REFUSED, add_complement, answer_of, as_column, as_table


def read_one_vs_rest(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Convert one estimator for each class, or for each label of a multi-label target."""
    readings = _read_binaries(builder, estimator, inputs)
    scores = _add_scores(builder, estimator, readings)
    if scores is None:
        return REFUSED
    kind = estimator.label_binarizer_.y_type_
    classes: list[Json] = read_classes(builder, estimator, estimator.classes_)
    if kind == "multiclass":
        # Up to 1.7 the last of equal scores wins.
        op = "last_argmax_label" if installed_version("scikit-learn") < (1, 8) else "argmax_label"
        label = builder.add(op, scores, width=1, kind="label", attributes={"classes": classes})
    elif kind == "binary" and len(classes) == 2:
        label = _add_threshold(builder, estimator, readings, scores, classes)
    elif kind == "multilabel-indicator" and not estimator.label_binarizer_.sparse_input_:
        columns = [builder.select_columns(scores, [index]) for index in range(scores.width)]
        labels = [_add_threshold(builder, estimator, readings, column, [0, 1]) for column in columns]
        label = builder.add("per_output", *labels, width=len(labels), kind="label")
        classes = [[0, 1] for _ in labels]
    else:
        builder.refuse(
            f"OneVsRestClassifier: its target is {kind}, sparse or with a single class; "
            "expected a dense target with two or more classes"
        )
        return REFUSED
    outputs = {"predict": label}
    if hasattr(estimator, "predict_proba"):
        found = _add_each(builder, estimator, readings, "predict_proba")
        if found is None:
            return REFUSED
        if found.width == 1:
            found = add_complement(builder, found)
        if kind != "multilabel-indicator":
            attributes = {"keeps_zeros": installed_version("scikit-learn") >= (1, 7)}
            found = builder.add("normalize_unless_zero", found, width=found.width, attributes=attributes)
        outputs["predict_proba"] = found
    if hasattr(estimator, "decision_function"):
        found = _add_each(builder, estimator, readings, "decision_function")
        if found is None:
            return REFUSED
        outputs["decision_function"] = as_column(builder, found) if found.width == 1 else found
    return Reading("classifier", outputs, classes)


def read_one_vs_one(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Convert one estimator for each pair of classes: votes, with confidences to break ties."""
    if estimator.pairwise_indices_ is not None:
        builder.refuse(
            "OneVsOneClassifier: its estimators take distances to the training rows (pairwise); train them on the rows"
        )
    classes = read_classes(builder, estimator, estimator.classes_)
    readings = _read_binaries(builder, estimator, inputs)
    confidences = _add_scores(builder, estimator, readings)
    if confidences is None:
        return REFUSED
    predictions = builder.concat([as_table(builder, reading.outputs["predict"]) for reading in readings if reading])
    count = len(classes)
    scores = builder.add("pair_scores", predictions, confidences, width=count, attributes={"count": count})
    if count == 2:
        second = builder.select_columns(scores, [1])
        label = _add_threshold(builder, estimator, readings, second, classes)
        return Reading("classifier", {"predict": label, "decision_function": as_column(builder, second)}, classes)
    label = builder.add("argmax_label", scores, width=1, kind="label", attributes={"classes": classes})
    return Reading("classifier", {"predict": label, "decision_function": scores}, classes)


def read_output_code(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for the class whose code is nearest to the scores."""
    classes = read_classes(builder, estimator, estimator.classes_)
    scores = _add_scores(builder, estimator, _read_binaries(builder, estimator, inputs))
    if scores is None:
        return REFUSED
    codes = np.ascontiguousarray(estimator.code_book_, np.float64)
    tensors = {"vectors": codes, "norms": np.sum(codes * codes, axis=1)}
    attributes = {"with_row_norm": True}
    distances = builder.add("expanded_distances", scores, width=len(codes), attributes=attributes, tensors=tensors)
    label = builder.add("argmin_label", distances, width=1, kind="label", attributes={"classes": classes})
    return Reading("classifier", {"predict": label}, classes)


def _read_binaries(builder: GraphBuilder, owner: Estimator, inputs: Value) -> list[Reading | None]:
    """Convert the inner estimators. A target that was the same for all rows has a constant instead of one."""
    return [
        _read_constant(builder, inner, inputs)
        if type(inner).__name__ == "_ConstantPredictor"
        else builder.read(inner, inputs)
        for inner in owner.estimators_
    ]


def _read_constant(builder: GraphBuilder, constant: Estimator, inputs: Value) -> Reading:
    value = int(np.ravel(constant.y_)[0])
    label = builder.add("repeat", inputs, width=1, kind="label", attributes={"value": value})
    decision = builder.add("repeat", inputs, width=1, attributes={"value": float(value)})
    pair = builder.add("repeat", inputs, width=2, attributes={"value": [1.0 - value, float(value)]})
    outputs = {"predict": label, "decision_function": decision, "predict_proba": pair}
    return Reading("classifier", outputs, [0, 1])


def _add_scores(builder: GraphBuilder, owner: Estimator, readings: list[Reading | None]) -> Value | None:
    """Join the scores by which each binary estimator decides (`_predict_binary`)."""
    columns = []
    for inner, reading in zip(owner.estimators_, readings, strict=True):
        if reading is None:
            continue
        methods = ["predict"] if reading.task == "regressor" else ["decision_function", "predict_proba"]
        found = answer_of(builder, owner, inner, reading, methods)
        if found is None:
            continue
        table = as_table(builder, found[1])
        columns.append(builder.select_columns(table, [1]) if found[0] == "predict_proba" else table)
    if len(columns) != len(readings):
        return None
    if any(column.width != 1 for column in columns):
        builder.refuse(
            f"{type(owner).__name__}: its estimators return more than one decision per row; expected binary classifiers"
        )
        return None
    return builder.concat(columns)


def _add_each(builder: GraphBuilder, owner: Estimator, readings: list[Reading | None], method: str) -> Value | None:
    """Join the answers of one method of all estimators; of probabilities only the second column."""
    columns = []
    for inner, reading in zip(owner.estimators_, readings, strict=True):
        found = reading and answer_of(builder, owner, inner, reading, [method])
        if not found:
            return None
        table = as_table(builder, found[1])
        columns.append(builder.select_columns(table, [1]) if method == "predict_proba" else table)
    return builder.concat(columns)


def _add_threshold(
    builder: GraphBuilder, owner: Estimator, readings: list[Reading | None], scores: Value, classes: list[Json]
) -> Value:
    """Add the label by a threshold, which the first estimator sets for all: 0 for decisions, else one half."""
    first = readings[0]
    decides = first is not None and first.task == "classifier" and hasattr(owner.estimators_[0], "decision_function")
    attributes = {"classes": classes, "threshold": 0.0 if decides else 0.5}
    return builder.add("threshold_label", scores, width=1, kind="label", attributes=attributes)


READERS: dict[str, Reader] = {
    "sklearn.multiclass.OneVsRestClassifier": read_one_vs_rest,
    "sklearn.multiclass.OneVsOneClassifier": read_one_vs_one,
    "sklearn.multiclass.OutputCodeClassifier": read_output_code,
}
