"""Convert transformers of numbers, column by column or row by row.

Sources: sklearn.preprocessing._data, ._discretization, ._polynomial, ._function_transformer.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from iris_model.readers.graph import Estimator, GraphBuilder, Json, Reader, Reading, Trace, Value

from .scalers import add_scale
from .text import add_norm

Array = np.ndarray[Any, Any]

# The numpy functions that engine/functions.py has too.
FUNCTIONS = (
    *("absolute", "fabs", "ceil", "cos", "exp", "exp2", "expm1", "floor", "log", "log10", "log1p", "log2", "negative"),
    *("positive", "reciprocal", "rint", "sign", "sin", "sqrt", "square", "tan", "tanh", "trunc"),
)


# Wider products of columns take a megabyte for each row.
WIDEST = 32_768


def read_function_transformer(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for the identity, or for a numpy function by its name."""
    if estimator.validate:
        builder.refuse_missing(inputs)
    function = estimator.func
    if function is None:
        return Reading("transformer", {"transform": inputs})
    name = getattr(function, "__name__", "")
    if name not in FUNCTIONS or getattr(np, name, None) is not function or estimator.kw_args:
        builder.refuse(
            f"FunctionTransformer: its function is {name or function!r}; expected None, or one of numpy's {', '.join(FUNCTIONS)}"
        )
        return Reading("transformer", {"transform": inputs})
    parameters: dict[str, Json] = {"name": name}
    traces = [Trace(trace.missing_from, makes_missing=parameters, makes_infinite=parameters) for trace in inputs.traces]
    attributes = {"parameters": parameters}
    mapped = builder.add("map_cells", inputs, width=inputs.width, traces=traces, attributes=attributes)
    return Reading("transformer", {"transform": mapped})


def read_robust_scaler(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for (x - center_) / scale_; each can be switched off."""
    width = inputs.width
    offset = estimator.center_ if estimator.with_centering else np.zeros(width)
    divisor = estimator.scale_ if estimator.with_scaling else np.ones(width)
    return _read_scaler(builder, inputs, offset, divisor)


def read_max_abs_scaler(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for x / scale_, clipped to [-1, 1] if `clip` is set (since 1.9)."""
    if not getattr(estimator, "clip", False):
        return _read_scaler(builder, inputs, np.zeros(inputs.width), estimator.scale_)
    scaled = _read_scaler(builder, inputs, np.zeros(inputs.width), estimator.scale_).outputs["transform"]
    tensors = {"scale": np.ones(inputs.width), "offset": np.zeros(inputs.width)}
    attributes = {"clip": [-1.0, 1.0]}
    clipped = builder.add(
        "min_max_scale", scaled, width=inputs.width, keeps_missing=True, attributes=attributes, tensors=tensors
    )
    return Reading("transformer", {"transform": clipped})


def _read_scaler(builder: GraphBuilder, inputs: Value, offset: Array, divisor: Array) -> Reading:
    return Reading("transformer", {"transform": add_scale(builder, inputs, offset, divisor)})


def read_normalizer(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for each row divided by its norm."""
    builder.refuse_missing(inputs)
    return Reading("transformer", {"transform": add_norm(builder, estimator.norm, inputs)})


def read_binarizer(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for 1 above the threshold, else 0."""
    builder.refuse_missing(inputs)
    attributes = {"threshold": float(estimator.threshold)}
    return Reading(
        "transformer", {"transform": builder.add("binarize", inputs, width=inputs.width, attributes=attributes)}
    )


def read_bins_discretizer(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for the bin of each cell, as a number or one-hot."""
    builder.refuse_missing(inputs)
    if estimator.dtype is not None and np.dtype(estimator.dtype) != np.float64:
        builder.refuse(f"KBinsDiscretizer: dtype is {np.dtype(estimator.dtype)}; expected float64")
    edges = [np.asarray(edges, np.float64)[1:-1].tolist() for edges in estimator.bin_edges_]
    if estimator.encode == "ordinal":
        binned = builder.add("bin_columns", inputs, width=inputs.width, attributes={"edges": edges})
        return Reading("transformer", {"transform": binned})
    ends = np.cumsum(estimator.n_bins_).tolist()
    attributes = {"edges": edges, "starts": [0, *ends[:-1]]}
    is_stored_sparse = estimator.encode == "onehot"
    binned = builder.add(
        "bin_columns_one_hot",
        inputs,
        width=ends[-1],
        sparse=True,
        zeros_absent=is_stored_sparse,
        attributes=attributes,
    )
    return Reading("transformer", {"transform": binned})


def read_polynomial_features(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for products of columns, from `powers_`."""
    builder.refuse_missing(inputs)
    count = int(estimator.n_output_features_)
    if count > WIDEST:
        builder.refuse(
            f"PolynomialFeatures: {inputs.width:,} columns make {count:,} of degree {estimator.degree}; expected at most "
            f"{WIDEST:,}: use fewer columns, a lower degree, or interaction_only=True"
        )
        return Reading("transformer", {"transform": inputs})
    terms = [tuple(np.repeat(np.arange(len(powers)), powers).tolist()) for powers in estimator.powers_]
    # Products are rounded in the order of the original: from the last factor for a dense table, from the first for a
    # sparse one.
    rest, last = (slice(None, -1), -1) if inputs.zeros_absent else (slice(1, None), 0)
    starts = set(terms)
    for term in terms:
        while term := term[rest]:
            starts.add(term)
    places = {term: place for place, term in enumerate(sorted(starts | {()}, key=lambda term: (len(term), term)))}
    steps = [term for term in places if term]
    tensors = {
        "parents": np.array([places[term[rest]] for term in steps], np.int32),
        "factors": np.array([term[last] for term in steps], np.int32),
        "kept": np.array([places[term] for term in terms], np.int32),
    }
    products = builder.add("polynomial", inputs, width=len(terms), tensors=tensors)
    return Reading("transformer", {"transform": products})


def read_power_transformer(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for a power for each column, then the inner scaler."""
    lambdas = np.asarray(estimator.lambdas_)
    # Two minus lambda, in the precision of training as in the library.
    tensors = {"lambdas": lambdas.astype(np.float64), "rests": (2 - lambdas).astype(np.float64)}
    powered = builder.add(
        "power_transform",
        inputs,
        width=inputs.width,
        keeps_missing=True,
        attributes={"method": estimator.method},
        tensors=tensors,
    )
    if not estimator.standardize:
        return Reading("transformer", {"transform": powered})
    scaled = builder.read(estimator._scaler, powered)
    return scaled or Reading("transformer", {"transform": powered})


def read_quantile_transformer(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for the position of a cell among the training quantiles; missing cells stay missing."""
    quantiles = np.ascontiguousarray(np.asarray(estimator.quantiles_, np.float64).T)
    tensors = {"quantiles": quantiles, "references": np.asarray(estimator.references_, np.float64)}
    placed = builder.add(
        "quantile_transform",
        inputs,
        width=inputs.width,
        keeps_missing=True,
        attributes={"normal": estimator.output_distribution == "normal"},
        tensors=tensors,
    )
    return Reading("transformer", {"transform": placed})


def read_spline_transformer(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for the B-splines of each column, and their extrapolation."""
    as_zeros = getattr(estimator, "handle_missing", "error") == "zeros"
    if not as_zeros:
        builder.refuse_missing(inputs)
    if estimator.degree == 0 and estimator.extrapolation == "constant":
        builder.refuse(
            "SplineTransformer: with degree 0 and extrapolation='constant' the original raises above the last knot; "
            "train with degree 1 or higher"
        )
    splines = estimator.bsplines_
    count = splines[0].c.shape[1]
    bounds, edges = _spline_ends(estimator, splines, count)
    kept = count if estimator.include_bias else count - 1
    attributes = {
        "degree": int(estimator.degree),
        "count": count,
        "kept": kept,
        "extrapolation": estimator.extrapolation,
        "missing_as_zeros": as_zeros,
    }
    tensors = {"knots": np.array([spline.t for spline in splines]), "bounds": bounds, "edges": edges}
    basis = builder.add("spline_basis", inputs, width=kept * inputs.width, attributes=attributes, tensors=tensors)
    return Reading("transformer", {"transform": basis})


def _spline_ends(estimator: Estimator, splines: list[Any], count: int) -> tuple[Array, Array]:
    """Return for each column the smallest and largest point, and for each end the values and slopes for extrapolation."""
    degree = estimator.degree
    bounds, edges = [], []
    for spline in splines:
        low, high = spline.t[degree], spline.t[-degree - 1]
        bounds.append((low, high))
        values = [np.zeros(count) for _ in range(4)]
        if estimator.extrapolation == "constant" and degree > 0:
            values[0][:degree] = spline(low)[:degree]
            values[2][-degree:] = spline(high)[-degree:]
        elif estimator.extrapolation == "linear":
            ends = (spline(low), spline(low, nu=1), spline(high), spline(high, nu=1))
            if degree <= 1:
                # As in the library, the next columns use the higher degree too.
                degree += 1
            for position, chosen in enumerate(
                (slice(degree), slice(degree), slice(-degree, None), slice(-degree, None))
            ):
                values[position][chosen] = ends[position][chosen]
        edges += values
    return np.array(bounds, np.float64), np.array(edges)


READERS: dict[str, Reader] = {
    "sklearn.preprocessing.FunctionTransformer": read_function_transformer,
    "sklearn.preprocessing.RobustScaler": read_robust_scaler,
    "sklearn.preprocessing.MaxAbsScaler": read_max_abs_scaler,
    "sklearn.preprocessing.Normalizer": read_normalizer,
    "sklearn.preprocessing.Binarizer": read_binarizer,
    "sklearn.preprocessing.KBinsDiscretizer": read_bins_discretizer,
    "sklearn.preprocessing.PolynomialFeatures": read_polynomial_features,
    "sklearn.preprocessing.PowerTransformer": read_power_transformer,
    "sklearn.preprocessing.QuantileTransformer": read_quantile_transformer,
    "sklearn.preprocessing.SplineTransformer": read_spline_transformer,
}
