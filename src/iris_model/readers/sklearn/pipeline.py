"""Convert pipelines: each step gets the output of the previous one."""

from __future__ import annotations

from collections.abc import Sequence

from iris_model.readers.graph import Estimator, GraphBuilder, Reader, Reading, Value

from .casts import refuse_float32
from .inner import REFUSED, stand_in


def read_pipeline(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Convert the steps."""
    return read_steps(builder, estimator.steps, inputs)


def read_steps(builder: GraphBuilder, steps: Sequence[tuple[str, Estimator]], inputs: Value) -> Reading:
    """Convert steps, each with its name. Steps after a refused one are converted too, to find their reasons."""
    value = inputs
    reading = Reading("transformer", {"transform": inputs})
    refused = False
    last = len(steps) - 1
    for position, (name, step) in enumerate(steps):
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
                f"Pipeline: step {name!r} is a {type(step).__name__}, which has no transform method; "
                "only the last step may have none"
            )
            refused = True
            continue
        value = reading.outputs["transform"]
        refuse_float32(builder, step, steps[position + 1][1])
    return REFUSED if refused else reading


READERS: dict[str, Reader] = {
    "sklearn.pipeline.Pipeline": read_pipeline,
}
