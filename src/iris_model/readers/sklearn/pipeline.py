"""Pipeline: each step reads what the step before it made."""

from __future__ import annotations

from iris_model.readers.graph import Estimator, GraphBuilder, Reader, Reading, Value


def read_pipeline(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Follow the steps. A refused step hides what comes after it in shape only: the later steps are still read."""
    value = inputs
    reading = Reading("transformer", {"transform": inputs})
    last = len(estimator.steps) - 1
    for position, (name, step) in enumerate(estimator.steps):
        if step is None or step == "passthrough":
            reading = Reading("transformer", {"transform": value})
            continue
        step_reading = builder.read(step, value)
        if step_reading is None:
            continue
        reading = step_reading
        if position == last:
            break
        if "transform" not in reading.outputs:
            builder.refuse(
                f"Pipeline: step {name!r} is a {type(step).__name__}, which transforms nothing, before the end"
            )
            continue
        value = reading.outputs["transform"]
    return reading


READERS: dict[str, Reader] = {
    "sklearn.pipeline.Pipeline": read_pipeline,
}
