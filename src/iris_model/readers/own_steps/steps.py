"""Convert a step that is marked with `iris_model.step` (runtime/executors/own_steps.py)."""

from __future__ import annotations

import json
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
    """Convert to the source of the step, and the attributes of its object."""
    declared = getattr(estimator, DECLARED)
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


def _read_state(estimator: Estimator) -> dict[str, Json]:
    """Return the attributes of the user's object, which must be plain data. Raises NotPacked."""
    state = {name: value for name, value in vars(estimator).items() if name not in OWN_ATTRIBUTES}
    for name, value in state.items():
        try:
            is_same = json.loads(json.dumps(value, allow_nan=False)) == value
        except (TypeError, ValueError):
            is_same = False
        if not is_same:
            raise NotPacked(
                f"its attribute {name!r} is a {type(value).__name__} that JSON does not express; "
                "keep strings, finite numbers, lists and dictionaries with strings as keys"
            )
    return state
