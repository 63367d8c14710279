"""Golden rows of a model that is not compiled, and the task, classes and outputs that follow from its answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import numpy as np

from iris_model.compiler.data import Row
from iris_model.compiler.original import Original
from iris_model.compiler.parity.golden import is_finite
from iris_model.contract.golden import GoldenRow
from iris_model.contract.signature import Output, OutputSignature, Task
from iris_model.engine.errors import UnusableAnswer
from iris_model.readers.graph import Estimator

Golden = list[GoldenRow]
# The types of labels that are cluster numbers, or 1 and -1 of an outlier detector.
INTEGERS = (int, bool)


def ask_rows(original: Original, rows: Sequence[Row], methods: Sequence[str]) -> Golden:
    """Return the rows that the original answers, with its answers, as golden rows.

    Includes every method that answers; the first one must. Raises what the original raises if no row is answered.
    """
    first, *others = methods
    answered, values = _ask(original, rows, first)
    outputs = {first: values}
    for method in others:
        try:
            places, values = _ask(original, answered, method)
        except Exception:
            # A custom step may define methods that do not work.
            places, values = [], []
        if len(places) == len(answered):
            outputs[method] = values
    golden: Golden = [
        {"row": list(row), "outputs": {method: found[index] for method, found in outputs.items()}}
        for index, row in enumerate(answered)
    ]
    return [entry for entry in golden if is_finite(entry["outputs"])] or golden


def _ask(original: Original, rows: Sequence[Row], method: str) -> tuple[list[Row], list[Any]]:
    """Return the rows that the method answers, and the answers."""
    try:
        return list(rows), original.evaluate(rows, [method])[method]
    except UnusableAnswer:
        raise
    except Exception as refusal:
        kept, answers, error = [], [], refusal
        for row in rows:
            try:
                answers += original.evaluate([row], [method])[method]
                kept.append(row)
            except UnusableAnswer:
                raise
            except Exception as refused:
                error = refused
        if not kept:
            raise error from None
    # A step that mistakes a DataFrame for the list of its column names gives wrong answers for single rows.
    original.evaluate(kept, [method])
    return kept, answers


def describe_answers(estimator: Estimator, methods: Sequence[str], golden: Golden) -> OutputSignature:
    """Return `task`, `classes` and `outputs` of the signature."""
    answers = {method: [entry["outputs"][method] for entry in golden] for method in methods}
    predicted = answers.get("predict")
    classes = _read_classes(estimator) if predicted is not None else None
    if classes is not None and predicted is not None and not _are_among(predicted, classes):
        # The booster has classes, but returns raw values.
        classes = None
    if classes is not None and predicted is not None:
        classes = _fit_classes(classes, predicted[0], answers.get("predict_proba", [None])[0])
    task = _find_task(estimator, predicted, classes)
    outputs: dict[str, Output] = {method: _describe_output(method, task, found[0]) for method, found in answers.items()}
    return {"task": task, "classes": classes, "outputs": outputs}


def _read_classes(estimator: Estimator) -> list[Any] | None:
    try:
        classes = getattr(estimator, "classes_", None)
    except Exception:
        return None
    if classes is None or len(classes) == 0:
        return None
    # With several outputs there is one array of classes for each.
    several = isinstance(classes, (list, tuple)) and all(isinstance(part, np.ndarray) for part in classes)
    return [part.tolist() for part in classes] if several else np.asarray(classes).tolist()


def _fit_classes(classes: list[Any], predicted: Any, probabilities: Any) -> list[Any] | None:
    """Return the classes that match the answers.

    If `predict` returns a 0 or 1 for each of several labels, and `predict_proba` one number for each, the number is the
    probability of 1 for that label. `classes_` is ignored.
    """
    if isinstance(classes[0], list) or not isinstance(predicted, list):
        return classes
    if (
        isinstance(probabilities, list)
        and not isinstance(probabilities[0], list)
        and len(predicted) == len(probabilities)
    ):
        return [[0, 1] for _ in predicted]
    return [list(classes) for _ in predicted] if len(predicted) > 1 else classes


def _are_among(predicted: Iterable[Any], classes: Sequence[Any]) -> bool:
    flat = [label for part in classes for label in (part if isinstance(part, list) else [part])]
    found = {label for answer in predicted for label in (answer if isinstance(answer, list) else [answer])}
    return found <= {*flat, 0, 1} if any(isinstance(answer, list) for answer in predicted) else found <= set(flat)


def _find_task(estimator: Estimator, predicted: Sequence[Any] | None, classes: list[Any] | None) -> Task:
    """Return the task, from attributes of the fitted estimator and from its answers."""
    if classes is not None:
        return "classifier"
    if predicted is None:
        return "transformer"
    if hasattr(estimator, "score_samples") and hasattr(estimator, "offset_"):
        return "outlier_detector"
    if hasattr(estimator, "labels_") and all(isinstance(answer, INTEGERS) for answer in predicted):
        return "clusterer"
    texts = any(
        isinstance(part, str) for answer in predicted for part in (answer if isinstance(answer, list) else [answer])
    )
    return "classifier" if texts else "regressor"


def _describe_output(method: str, task: Task, answer: Any) -> Output:
    kind: Literal["label", "number"] = "label" if method == "predict" and task != "regressor" else "number"
    if not isinstance(answer, list):
        return {"kind": kind, "columns": 1}
    # With several targets, each has a list of probabilities.
    several = bool(answer) and isinstance(answer[0], list)
    return {"kind": kind, "columns": [len(part) for part in answer] if several else len(answer)}
