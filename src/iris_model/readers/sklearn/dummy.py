"""Convert baselines with the same answer for every row. Source: sklearn.dummy."""

from __future__ import annotations

import numpy as np

from iris_model.readers.classes import read_classes
from iris_model.readers.graph import Estimator, GraphBuilder, Reader, Reading, Value

from .inner import REFUSED

RANDOM = ("stratified", "uniform")


def read_dummy_classifier(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for the original's answer to any row, computed once."""
    if estimator.strategy in RANDOM or estimator.sparse_output_:
        how = f"its strategy is {estimator.strategy!r}" if estimator.strategy in RANDOM else "its output is sparse"
        builder.refuse(
            f"DummyClassifier: {how}; expected 'prior', 'most_frequent' or 'constant', because the others answer at random"
        )
        return REFUSED
    row = np.zeros((1, inputs.width))
    label = estimator.predict(row).tolist()[0]
    outputs = {"predict": _repeat(builder, inputs, label, kind="label")}
    if estimator.n_outputs_ == 1:
        classes = read_classes(builder, estimator, estimator.classes_)
        outputs["predict_proba"] = _repeat(builder, inputs, estimator.predict_proba(row).tolist()[0])
        return Reading("classifier", outputs, classes)
    lists = [part.tolist()[0] for part in estimator.predict_proba(row)]
    outputs["predict_proba"] = builder.add(
        "repeat", inputs, width=len(lists), widths=tuple(map(len, lists)), attributes={"value": lists}
    )
    return Reading("classifier", outputs, [read_classes(builder, estimator, part) for part in estimator.classes_])


def read_dummy_regressor(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for the constant, as a number or as a row of numbers."""
    answer = estimator.predict(np.zeros((1, inputs.width))).tolist()[0]
    return Reading("regressor", {"predict": _repeat(builder, inputs, answer)})


def _repeat(builder: GraphBuilder, inputs: Value, answer: object, *, kind: str = "number") -> Value:
    width = len(answer) if isinstance(answer, list) else 1
    if kind == "label":
        return builder.add("repeat", inputs, width=width, kind="label", attributes={"value": answer})
    return builder.add("repeat", inputs, width=width, attributes={"value": answer})


READERS: dict[str, Reader] = {
    "sklearn.dummy.DummyClassifier": read_dummy_classifier,
    "sklearn.dummy.DummyRegressor": read_dummy_regressor,
}
