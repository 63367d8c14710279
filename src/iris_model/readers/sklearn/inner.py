"""Convert inner estimators, and return their answers in the required shape."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from iris_model.readers.graph import Estimator, GraphBuilder, Reading, Trace, Value

# The result of a converter after a refusal. `GraphBuilder.read` turns it into None.
REFUSED = Reading("transformer", {})


def read_each(builder: GraphBuilder, estimators: Iterable[Estimator], inputs: Value) -> list[Reading] | None:
    """Convert all estimators, which get the same rows, to find every reason. Return None if one was refused."""
    readings = [builder.read(estimator, inputs) for estimator in estimators]
    found = [reading for reading in readings if reading is not None]
    return found if len(found) == len(readings) else None


def stand_in(estimator: Estimator, otherwise: Value) -> Value:
    """Return a value as wide as `estimator` expects, in place of a refused one, to find other refusals."""
    width = getattr(estimator, "n_features_in_", None)
    return otherwise if width is None else Value("refused", (Trace(),) * int(width))


def as_table(builder: GraphBuilder, value: Value) -> Value:
    """Return a table of numbers from a flat column or a table; labels become numbers."""
    return builder.add("as_table", value, width=value.width)


def as_column(builder: GraphBuilder, table: Value) -> Value:
    """Return the only column of a table as a flat one."""
    return builder.add("column", table, width=1, attributes={"index": 0})


def add_complement(builder: GraphBuilder, probability: Value) -> Value:
    """Add [1 - p, p] as a linear map, because -p + 1 rounds exactly like 1 - p."""
    pair = {"coefficients": np.array([[-1.0], [1.0]]), "intercepts": np.array([1.0, 0.0])}
    return builder.add("linear", probability, width=2, tensors=pair)


def answer_of(
    builder: GraphBuilder, owner: Estimator, inner: Estimator, reading: Reading, methods: Sequence[str]
) -> tuple[str, Value] | None:
    """Return the first of `methods` that the inner estimator offers, and its answer. Refuses if it offers none."""
    for method in methods:
        if method in reading.outputs:
            return method, reading.outputs[method]
    builder.refuse(f"{type(owner).__name__}: its {type(inner).__name__} has none of the methods {', '.join(methods)}")
    return None


def answers_in_numbers(builder: GraphBuilder, owner: Estimator, reading: Reading) -> bool:
    """Whether predictions can be used as numbers. Refuses string labels."""
    classes: list[object] = []
    for label in reading.classes or []:
        classes += label if isinstance(label, list) else [label]
    texts = [label for label in classes if isinstance(label, str)]
    if texts:
        builder.refuse(
            f"{type(owner).__name__}: it needs numbers, but its estimator predicts the label {texts[0]!r} as a number"
        )
    return not texts


def answers_in_positions(builder: GraphBuilder, owner: Estimator, reading: Reading, count: int) -> bool:
    """Whether the labels are the integers 0 to `count` - 1, as a label encoder returns them."""
    outside = [label for label in reading.classes or [] if type(label) is not int or not 0 <= label < count]
    if outside or reading.task != "classifier":
        found = f"the class {outside[0]!r}" if outside else f"a {reading.task}"
        builder.refuse(
            f"{type(owner).__name__}: inside it is {found}; expected classifiers trained on its own numbers "
            f"0 to {count - 1}"
        )
    return not outside and reading.task == "classifier"
