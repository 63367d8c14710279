"""Convert feature selection. Source: sklearn.feature_selection._base.SelectorMixin."""

from __future__ import annotations

from iris_model.readers.graph import Estimator, GraphBuilder, Reader, Reading, Value


def read_selector(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Select the columns of `get_support`."""
    return Reading("transformer", {"transform": _select(builder, estimator, inputs)})


def read_eliminator(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Select the columns, and convert the inner estimator."""
    chosen = _select(builder, estimator, inputs)
    reading = builder.read(estimator.estimator_, chosen)
    if reading is None:
        return Reading("transformer", {"transform": chosen})
    offered = {method: value for method, value in reading.outputs.items() if hasattr(estimator, method)}
    return Reading(reading.task, {**offered, "transform": chosen}, reading.classes)


def _select(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Value:
    indices = estimator.get_support(indices=True).tolist()
    if not indices:
        builder.refuse(f"{type(estimator).__name__}: it selects no column; train it with a lower threshold")
    if not _takes_missing(estimator):
        builder.refuse_missing(inputs)
    return builder.select_columns(inputs, indices)


def _takes_missing(estimator: Estimator) -> bool:
    tags = getattr(estimator, "__sklearn_tags__", None)
    if tags is not None:
        return bool(tags().input_tags.allow_nan)
    return bool(estimator._get_tags()["allow_nan"])  # before 1.6


READERS: dict[str, Reader] = {
    **{
        f"sklearn.feature_selection.{name}": read_selector
        for name in (
            "VarianceThreshold",
            "SelectKBest",
            "SelectPercentile",
            "SelectFpr",
            "SelectFdr",
            "SelectFwe",
            "GenericUnivariateSelect",
            "SelectFromModel",
            "SequentialFeatureSelector",
        )
    },
    "sklearn.feature_selection.RFE": read_eliminator,
    "sklearn.feature_selection.RFECV": read_eliminator,
}
