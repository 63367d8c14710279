"""Pipeline: each step reads what the step before it made."""

from __future__ import annotations

from iris_model.readers.graph import Estimator, GraphBuilder, Reader, Reading, Value

from .inner import REFUSED, stand_in


def read_pipeline(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Follow the steps. The steps after a refused one are still read, to find their reasons too."""
    value = inputs
    reading = Reading("transformer", {"transform": inputs})
    refused = False
    last = len(estimator.steps) - 1
    for position, (name, step) in enumerate(estimator.steps):
        if step is None or step == "passthrough":
            reading = Reading("transformer", {"transform": value})
            continue
        step_reading = builder.read(step, stand_in(step, value) if refused else value)
        if step_reading is None:
            refused = True
            continue
        reading = step_reading
        if position == last:
            break
        if "transform" not in reading.outputs:
            builder.refuse(
                f"Pipeline: step {name!r} is a {type(step).__name__}, which transforms nothing, before the end"
            )
            refused = True
            continue
        value = reading.outputs["transform"]
    return REFUSED if refused else reading


READERS: dict[str, Reader] = {
    "sklearn.pipeline.Pipeline": read_pipeline,
}
