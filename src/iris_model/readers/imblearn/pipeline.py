"""Convert pipelines with samplers. Source: imblearn.pipeline, whose `_iter` leaves out steps with `fit_resample`."""

from __future__ import annotations

from iris_model.readers.graph import Estimator, GraphBuilder, Reader, Reading, Value
from iris_model.readers.sklearn.pipeline import read_steps


def read_pipeline(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Convert the steps without the samplers, which change only the rows of training."""
    if hasattr(estimator.steps[-1][1], "fit_resample"):
        builder.refuse("Pipeline: its last step is a sampler, so it answers nothing; add a model after it")
        return Reading("", {})
    steps = [(name, step) for name, step in estimator.steps if not hasattr(step, "fit_resample")]
    return read_steps(builder, steps, inputs)


READERS: dict[str, Reader] = {
    "imblearn.pipeline.Pipeline": read_pipeline,
}
