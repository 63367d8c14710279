"""Convert stacking: answers of estimators are the columns of a final one. Source: sklearn.ensemble._stacking."""

from __future__ import annotations

from iris_model.readers.classes import read_classes
from iris_model.readers.graph import Estimator, GraphBuilder, Reader, Reading, Value

from .inner import REFUSED, answer_of, answers_in_numbers, answers_in_positions, as_table, read_each, stand_in


def read_stacking_classifier(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Convert the estimators and the final one.

    The final estimator was trained on the positions of the classes, or on 0 and 1 for several labels.
    """
    stacked = _add_stack(builder, estimator, inputs)
    final = builder.read(estimator.final_estimator_, stacked or stand_in(estimator.final_estimator_, inputs))
    if stacked is None or final is None:
        return REFUSED
    if isinstance(estimator.classes_, list):
        return _read_several(builder, estimator, final)
    classes = read_classes(builder, estimator, estimator.classes_)
    if not answers_in_positions(builder, estimator, final, len(classes)):
        return REFUSED
    outputs = dict(final.outputs)
    label = builder.add("label_at", final.outputs["predict"], width=1, kind="label", attributes={"classes": classes})
    outputs["predict"] = label
    return Reading("classifier", _answers(outputs), classes)


def read_stacking_regressor(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for the final estimator's prediction."""
    stacked = _add_stack(builder, estimator, inputs)
    final = builder.read(estimator.final_estimator_, stacked or stand_in(estimator.final_estimator_, inputs))
    if stacked is None or final is None:
        return REFUSED
    return Reading("regressor", {"predict": final.outputs["predict"]})


def _read_several(builder: GraphBuilder, estimator: Estimator, final: Reading) -> Reading:
    """Return the outputs for several labels: predictions, and each output's first probability."""
    outputs = dict(final.outputs)
    if any(encoder.classes_.tolist() != [0, 1] for encoder in estimator._label_encoder) or final.classes is None:
        builder.refuse("StackingClassifier: its labels are not all 0 or 1; expected 0 or 1 for each of several labels")
        return REFUSED
    if "predict_proba" in outputs:
        value = outputs["predict_proba"]
        if value.widths is None:
            builder.refuse(
                "StackingClassifier: its final estimator has no probabilities for each label; expected a multi-label classifier"
            )
            return REFUSED
        outputs["predict_proba"] = builder.add(
            "nested_columns", value, width=len(value.widths), attributes={"start": 0, "stop": 1}
        )
    return Reading("classifier", _answers(outputs), final.classes)


def _answers(outputs: dict[str, Value]) -> dict[str, Value]:
    return {name: outputs[name] for name in ("predict", "predict_proba", "decision_function") if name in outputs}


def _add_stack(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Value | None:
    """Join the answers; of two classes, only the second probability. Return None if an estimator was refused."""
    readings = read_each(builder, estimator.estimators_, inputs)
    if readings is None:
        return None
    two_classes = len(getattr(estimator, "classes_", ())) == 2
    parts = []
    for inner, reading, method in zip(estimator.estimators_, readings, estimator.stack_method_, strict=True):
        found = answer_of(builder, estimator, inner, reading, [method])
        if found is None or (method == "predict" and not answers_in_numbers(builder, estimator, reading)):
            return None
        value = found[1]
        if value.widths is not None:
            width = sum(value.widths) - len(value.widths)
            parts.append(builder.add("nested_columns", value, width=width, attributes={"start": 1, "stop": None}))
            continue
        table = as_table(builder, value)
        if two_classes and method == "predict_proba":
            table = builder.select_columns(table, range(1, table.width))
        parts.append(table)
    if estimator.passthrough:
        parts.append(inputs)
    return builder.concat(parts)


READERS: dict[str, Reader] = {
    "sklearn.ensemble.StackingClassifier": read_stacking_classifier,
    "sklearn.ensemble.StackingRegressor": read_stacking_regressor,
}
