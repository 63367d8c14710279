"""Convert one estimator for each output, independent or in a chain. Source: sklearn.multioutput."""

from __future__ import annotations

import numpy as np

from iris_model.readers.classes import read_classes
from iris_model.readers.graph import Estimator, GraphBuilder, Reader, Reading, Value

from .inner import REFUSED, answer_of, answers_in_numbers, as_table, read_each, stand_in


def read_multi_output_classifier(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for one label and one list of probabilities for each output."""
    readings = read_each(builder, estimator.estimators_, inputs)
    if readings is None:
        return REFUSED
    if len({inner.classes_.dtype.kind for inner in estimator.estimators_}) > 1:
        builder.refuse("MultiOutputClassifier: its outputs have labels of different types; expected one type")
    classes = [read_classes(builder, estimator, inner.classes_) for inner in estimator.estimators_]
    labels = [reading.outputs["predict"] for reading in readings]
    outputs = {"predict": builder.add("per_output", *labels, width=len(labels), kind="label")}
    if hasattr(estimator, "predict_proba"):
        parts = [reading.outputs.get("predict_proba") for reading in readings]
        found = [part for part in parts if part is not None]
        if len(found) != len(parts):
            builder.refuse(
                "MultiOutputClassifier: some of its estimators have no probabilities; train all with predict_proba"
            )
            return REFUSED
        widths = tuple(part.width for part in found)
        outputs["predict_proba"] = builder.add("per_output", *found, width=len(found), widths=widths)
    return Reading("classifier", outputs, list(classes))


def read_multi_output_regressor(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for one number for each output."""
    readings = read_each(builder, estimator.estimators_, inputs)
    if readings is None:
        return REFUSED
    return Reading(
        "regressor",
        {"predict": builder.concat([as_table(builder, reading.outputs["predict"]) for reading in readings])},
    )


def read_classifier_chain(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Convert the chain: every estimator also gets the answers of the earlier ones.

    All answers are floats, even labels.
    """
    methods = [name for name in ("predict", "predict_proba", "decision_function") if hasattr(estimator, name)]
    columns = _add_chain(builder, estimator, inputs, estimator.chain_method_, methods)
    if columns is None:
        return REFUSED
    order = np.argsort(estimator.order_).tolist()
    classes = [[float(label) for label in estimator.estimators_[index].classes_] for index in order]
    outputs = {method: builder.concat([columns[method][index] for index in order]) for method in columns}
    labels = [
        builder.add("column", columns["predict"][index], width=1, kind="label", attributes={"index": 0})
        for index in order
    ]
    outputs["predict"] = builder.add("per_output", *labels, width=len(labels), kind="label")
    return Reading("classifier", outputs, list(classes))


def read_regressor_chain(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Convert the chain: every estimator also gets the predictions of the earlier ones."""
    columns = _add_chain(builder, estimator, inputs, "predict", ["predict"])
    if columns is None:
        return REFUSED
    order = np.argsort(estimator.order_).tolist()
    return Reading("regressor", {"predict": builder.concat([columns["predict"][index] for index in order])})


def _add_chain(
    builder: GraphBuilder, estimator: Estimator, inputs: Value, handed_on: str, methods: list[str]
) -> dict[str, list[Value]] | None:
    """Return the answers of each estimator by method, in the order of the chain, as tables with one column."""
    builder.refuse_missing(inputs)
    columns: dict[str, list[Value]] = {method: [] for method in methods}
    value: Value | None = inputs
    for inner in estimator.estimators_:
        reading = builder.read(inner, value or stand_in(inner, inputs))
        answers = {} if reading is None else _single_answers(builder, estimator, inner, reading, {*methods, handed_on})
        if reading is None or answers is None:
            value = None
            continue
        for method in methods:
            columns[method].append(answers[method])
        value = value and builder.concat([value, answers[handed_on]])
    return columns if value else None


def _single_answers(
    builder: GraphBuilder, owner: Estimator, inner: Estimator, reading: Reading, methods: set[str]
) -> dict[str, Value] | None:
    """Return one number for each method: the second of two probabilities. None, with a refusal, if there are more."""
    answers = {}
    for method in sorted(methods):
        found = answer_of(builder, owner, inner, reading, [method])
        if found is None or (method == "predict" and not answers_in_numbers(builder, owner, reading)):
            return None
        table = as_table(builder, found[1])
        if method == "predict_proba" and table.width == 2:
            table = builder.select_columns(table, [1])
        if table.width != 1:
            builder.refuse(
                f"{type(owner).__name__}: {method} of its {type(inner).__name__} is not one number per row; "
                "expected a binary classifier or a regressor"
            )
            return None
        answers[method] = table
    return answers


READERS: dict[str, Reader] = {
    "sklearn.multioutput.MultiOutputClassifier": read_multi_output_classifier,
    "sklearn.multioutput.MultiOutputRegressor": read_multi_output_regressor,
    "sklearn.multioutput.ClassifierChain": read_classifier_chain,
    "sklearn.multioutput.RegressorChain": read_regressor_chain,
}
