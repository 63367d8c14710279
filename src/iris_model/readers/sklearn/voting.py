"""Convert voting ensembles. Source: sklearn.ensemble._voting. Voters are trained on the positions of the classes."""

from __future__ import annotations

import numpy as np

from iris_model.readers.classes import read_classes
from iris_model.readers.graph import Estimator, GraphBuilder, Reader, Reading, Value

from .inner import REFUSED, answer_of, answers_in_positions, as_column, as_table, read_each


def read_voting_classifier(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for the class with most votes (hard), or with the largest mean probability (soft)."""
    classes = read_classes(builder, estimator, estimator.classes_)
    readings = read_each(builder, estimator.estimators_, inputs)
    if readings is None:
        return REFUSED
    if estimator.voting == "soft":
        probabilities = []
        for inner, reading in zip(estimator.estimators_, readings, strict=True):
            found = answer_of(builder, estimator, inner, reading, ["predict_proba"])
            if found is None or found[1].width != len(classes):
                builder.refuse(
                    "VotingClassifier: its voters were trained with different classes; train all with the same classes"
                )
                return REFUSED
            probabilities.append(found[1])
        mean = _add_mean(builder, estimator, probabilities)
        label = builder.add("argmax_label", mean, width=1, kind="label", attributes={"classes": classes})
        return Reading("classifier", {"predict": label, "predict_proba": mean}, classes)
    # Tests every voter, because each may have its own reason.
    fitting = [answers_in_positions(builder, estimator, reading, len(classes)) for reading in readings]
    if not all(fitting):
        return REFUSED
    weights = _weights(estimator)
    if min(weights) < 0:
        builder.refuse("VotingClassifier: it has negative weights; expected weights of at least zero")
    label = builder.add(
        "majority_label",
        *[reading.outputs["predict"] for reading in readings],
        width=1,
        kind="label",
        attributes={"weights": weights, "classes": classes},
    )
    return Reading("classifier", {"predict": label}, classes)


def read_voting_regressor(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for the mean of the predictions, weighted if configured."""
    readings = read_each(builder, estimator.estimators_, inputs)
    if readings is None:
        return REFUSED
    tables = [as_table(builder, reading.outputs["predict"]) for reading in readings]
    return Reading("regressor", {"predict": as_column(builder, _add_mean(builder, estimator, tables))})


def _weights(estimator: Estimator) -> list[float]:
    """Return the weights of the voters that were not dropped; 1 for each if there are none."""
    if estimator.weights is None:
        return [1.0] * len(estimator.estimators_)
    pairs = zip(estimator.estimators, estimator.weights, strict=True)
    return [float(weight) for (_, voter), weight in pairs if not isinstance(voter, str)]


def _add_mean(builder: GraphBuilder, estimator: Estimator, tables: list[Value]) -> Value:
    weights = _weights(estimator)
    # The divisor as numpy.average sums it.
    shape = (len(weights), 1, 1)
    _, total = np.average(np.zeros(shape), axis=0, weights=np.reshape(weights, shape), returned=True)
    attributes = {"weights": weights, "total": float(total.item())}
    return builder.add("weighted_mean", *tables, width=tables[0].width, attributes=attributes)


READERS: dict[str, Reader] = {
    "sklearn.ensemble.VotingClassifier": read_voting_classifier,
    "sklearn.ensemble.VotingRegressor": read_voting_regressor,
}
