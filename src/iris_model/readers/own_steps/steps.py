"""Convert a step that is marked with `iris_model.step` (runtime/executors/own_steps.py)."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from hashlib import sha256

from iris_model.readers.graph import Estimator, GraphBuilder, Json, Reader, Reading, Trace, Value

from .sources import NotPacked, pack

# As in runtime/executors/own_steps.py, which readers cannot import.
DECLARED = "iris_model_step"
OWN_ATTRIBUTES = ("feature_names_in_", "n_features_in_", "seen_in_training_")


def find_step_reader(cls: type) -> Reader | None:
    """Return the converter if the class was made by `iris_model.step`, else None. Subclasses are other code."""
    return read_step if DECLARED in vars(cls) else None


def read_step(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph with the source of the step, and the attributes of its object."""
    # Of the class: a file may give its objects any attribute.
    declared = getattr(type(estimator), DECLARED)
    name = declared.__name__
    seen = estimator.seen_in_training_
    if inputs.width != len(seen["columns"]):
        builder.refuse(f"{name}: trained on {len(seen['columns'])} columns; the step before it returns {inputs.width}")
        return Reading("", {})
    try:
        source = pack(declared)
        state = _read_state(estimator) if isinstance(declared, type) else None
    except NotPacked as problem:
        builder.refuse(f"{name}: {problem}")
        return Reading("", {})
    for index, column in enumerate(seen["columns"]):
        if column["texts"]:
            dtype = "mixed" if column["numbers"] else "object"
            builder.expect_categories(inputs, index, column["texts"], dtype=dtype)
        if not column["missing"]:
            builder.refuse_missing(replace(inputs, traces=(inputs.traces[index],)))
    columns: list[dict[str, Json]] = [{} for _ in range(seen["width"])]
    answered = builder.add(
        "run_own_step",
        inputs,
        width=len(columns),
        takes_infinite=True,
        traces=[Trace(makes_missing=column, makes_infinite=column) for column in columns],
        attributes={
            "source": source,
            "sha256": sha256(source.encode()).hexdigest(),
            "name": name,
            "state": state,
            "columns": columns,
        },
    )
    return Reading("transformer", {"transform": answered})


def _read_state(estimator: Estimator) -> str:
    """Return the attributes of the user's object as JSON, in their order. They must be plain data. Raises NotPacked."""
    state = {name: value for name, value in vars(estimator).items() if name not in OWN_ATTRIBUTES}
    for name, value in state.items():
        if (other := _find_other(value)) is not None:
            inside = "" if other is value else f" with a {type(other).__name__} in it"
            raise NotPacked(
                f"its attribute {name!r} is a {type(value).__name__}{inside} that JSON does not express; "
                "keep strings, finite numbers, lists and dictionaries with strings as keys"
            )
    return json.dumps(state)


def _find_other(value: object) -> object | None:
    """Return the part that JSON would change or cannot hold, or None: a `Counter` answers 0 where a dict raises."""
    if value is None or type(value) in (str, bool, int) or (type(value) is float and math.isfinite(value)):
        return None
    if type(value) is list:
        parts = value
    elif type(value) is dict and all(type(key) is str for key in value):
        parts = list(value.values())
    else:
        return value
    return next((other for part in parts if (other := _find_other(part)) is not None), None)
