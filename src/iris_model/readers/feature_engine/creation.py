"""Convert steps that add columns, and steps that remove some. Sources: feature_engine.creation, .selection, .wrappers."""

from __future__ import annotations

import math

import numpy as np

from iris_model.readers.graph import Estimator, GraphBuilder, Json, Reader, Reading, Trace, Value
from iris_model.readers.sklearn.pipeline import read_steps

from .frame import REFUSED, open_frame
from .numbers import add_function

AGGREGATES = ("sum", "prod", "mean", "min", "max", "median", "std", "var")


def read_math_features(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Convert MathFeatures: it adds one column for each function, such as the sum or the mean of the variables."""
    frame = open_frame(builder, estimator, inputs)
    if frame is None:
        return REFUSED
    functions = estimator.func if isinstance(estimator.func, list) else [estimator.func]
    names = [_aggregate_name(function) for function in functions]
    for name, function in zip(names, functions, strict=True):
        if name not in AGGREGATES:
            builder.refuse(f"MathFeatures: its function is {function!r}; expected one of {', '.join(AGGREGATES)}")
            return REFUSED
    chosen = frame.pick(list(estimator.variables_))
    if estimator.missing_values != "ignore":
        builder.refuse_missing(chosen)
    parameters: dict[str, Json] = {}
    # A missing cell is left out. A number is missing only if too few are there.
    traces = [Trace(makes_missing=parameters, makes_infinite=parameters)] * len(names)
    attributes = {"functions": names, "parameters": parameters}
    made = builder.add("aggregate_cells", chosen, width=len(names), traces=traces, attributes=attributes)
    without = list(estimator.variables_) if estimator.drop_original else ()
    return frame.extended(made, without, estimator._get_new_features_name())


def _aggregate_name(function: object) -> str:
    """Return pandas' name of a function; numpy's functions have the same ones."""
    if isinstance(function, str):
        return function
    name = str(getattr(function, "__name__", ""))
    # numpy.std of a row divides by n in some versions of pandas, and by n - 1 in others.
    return name if name not in ("std", "var") and getattr(np, name, None) is function else ""


def read_relative_features(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Convert RelativeFeatures: it adds one column for each function, reference and variable."""
    frame = open_frame(builder, estimator, inputs)
    if frame is None:
        return REFUSED
    columns = list(dict.fromkeys([*estimator.variables, *estimator.reference]))
    chosen = frame.pick(columns)
    if estimator.missing_values != "ignore":
        builder.refuse_missing(chosen)
    pairs, functions = [], []
    for function in estimator.func:
        for reference in estimator.reference:
            for variable in estimator.variables:
                pairs.append([columns.index(variable), columns.index(reference)])
                functions.append(function)
    fill = None if estimator.fill_value is None else float(estimator.fill_value)
    parameters: dict[str, Json] = {"fill": fill}
    traces = []
    for pair in pairs:
        missing = chosen.traces[pair[0]].missing_from | chosen.traces[pair[1]].missing_from
        traces.append(Trace(missing, makes_missing=parameters, makes_infinite=parameters))
    attributes = {"pairs": pairs, "functions": functions, "parameters": parameters}
    made = builder.add("relate_cells", chosen, width=len(pairs), traces=traces, attributes=attributes)
    return frame.extended(made, columns if estimator.drop_original else (), estimator._get_new_features_name())


def read_cyclical_features(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Convert CyclicalFeatures: it adds sine and cosine of each variable, whose largest value is a full circle."""
    frame = open_frame(builder, estimator, inputs)
    if frame is None:
        return REFUSED
    columns = list(estimator.variables_)
    chosen = frame.pick(columns)
    builder.refuse_missing(chosen)
    factors = [2.0 * math.pi / float(estimator.max_values_[column]) for column in columns]
    tensors = {"scale": np.array(factors), "offset": np.zeros(len(columns))}
    turned = builder.add("min_max_scale", chosen, width=len(columns), attributes={"clip": None}, tensors=tensors)
    both = builder.concat([add_function(builder, turned, "sin"), add_function(builder, turned, "cos")])
    order = [place for index in range(len(columns)) for place in (index, len(columns) + index)]
    made = builder.select_columns(both, order)
    return frame.extended(made, columns if estimator.drop_original else (), estimator._get_new_features_name())


def read_selector(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Keep the columns that the selector keeps."""
    frame = open_frame(builder, estimator, inputs)
    return REFUSED if frame is None else frame.extended(None, without=list(estimator.features_to_drop_))


def read_wrapper(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Convert the wrapped step of scikit-learn, applied to its variables."""
    frame = open_frame(builder, estimator, inputs)
    if frame is None:
        return REFUSED
    columns = list(estimator.variables_)
    wrapped = estimator.transformer_
    if hasattr(estimator, "features_to_drop_"):
        return frame.extended(None, without=list(estimator.features_to_drop_))
    reading = builder.read(wrapped, frame.pick(columns))
    if reading is None:
        return REFUSED
    made = reading.outputs["transform"]
    if type(wrapped).__name__ in ("OneHotEncoder", "PolynomialFeatures"):
        if made.sparse:
            made = builder.add("to_dense", made, width=made.width, attributes={"width": made.width})
        return frame.extended(made, without=columns)
    if made.width != len(columns):
        builder.refuse(f"SklearnTransformerWrapper: its {type(wrapped).__name__} changes the number of columns")
        return REFUSED
    return frame.replaced(columns, made)


def read_pipeline(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Convert the steps. Those that remove rows in training are refused: a request has an answer for each row."""
    return read_steps(builder, estimator.steps, inputs)


SELECTORS = (
    *("DropConstantFeatures", "DropCorrelatedFeatures", "DropDuplicateFeatures", "DropFeatures", "DropHighPSIFeatures"),
    *("ProbeFeatureSelection", "RecursiveFeatureAddition", "RecursiveFeatureElimination", "SelectByInformationValue"),
    *("SelectByShuffling", "SelectBySingleFeaturePerformance", "SelectByTargetMeanPerformance"),
    *("SmartCorrelatedSelection", "MRMR"),
)

READERS: dict[str, Reader] = {
    "feature_engine.creation.CyclicalFeatures": read_cyclical_features,
    "feature_engine.creation.MathFeatures": read_math_features,
    "feature_engine.creation.RelativeFeatures": read_relative_features,
    "feature_engine.pipeline.Pipeline": read_pipeline,
    "feature_engine.wrappers.SklearnTransformerWrapper": read_wrapper,
    **{f"feature_engine.selection.{name}": read_selector for name in SELECTORS},
}
