"""Kernel functions by name, for every estimator that compares rows with vectors.

Source: sklearn.metrics.pairwise (PAIRWISE_KERNEL_FUNCTIONS).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from iris_model.readers.graph import GraphBuilder, Json, Trace, Value

Array = np.ndarray[Any, Any]

# Kernel -> its parameters.
PARAMETERS: Mapping[str, tuple[str, ...]] = {
    "linear": (),
    "cosine": (),
    "additive_chi2": (),
    "chi2": ("gamma",),
    "laplacian": ("gamma",),
    "rbf": ("gamma",),
    "sigmoid": ("gamma", "coef0"),
    "poly": ("gamma", "coef0", "degree"),
    "polynomial": ("gamma", "coef0", "degree"),
}
OPERATORS = {
    "rbf": "rbf_kernel",
    "laplacian": "laplacian_kernel",
    "sigmoid": "sigmoid_kernel",
    "poly": "polynomial_kernel",
    "polynomial": "polynomial_kernel",
    "cosine": "cosine_kernel",
    "additive_chi2": "chi_squared_kernel",
    "chi2": "chi_squared_kernel",
}


def dense(matrix: Any) -> Array:
    """Return a training table as a dense array."""
    return np.asarray(matrix.toarray() if hasattr(matrix, "toarray") else matrix, np.float64)


def add_kernel(
    builder: GraphBuilder, inputs: Value, name: Any, vectors: Array, parameters: Mapping[str, Json], *, owner: str
) -> Value | None:
    """Add the kernel of `inputs` with `vectors`. None, with a recorded reason, if the name is unknown.

    `parameters` that the kernel does not have are ignored, and those that are None get scikit-learn's defaults.
    """
    if name not in PARAMETERS:
        said = f"the kernel {name!r}" if isinstance(name, str) else "a kernel that is a function of the user's"
        builder.refuse(f"{owner}: {said} is not supported; expected one of {', '.join(PARAMETERS)}")
        return None
    vectors = dense(vectors)
    if name == "linear":
        tensors = {"coefficients": vectors, "intercepts": np.zeros(len(vectors))}
        return builder.add("linear", inputs, width=len(vectors), tensors=tensors)
    if name == "cosine":
        lengths = np.sqrt(np.sum(vectors * vectors, axis=1))
        vectors = vectors / np.where(lengths == 0.0, 1.0, lengths)[:, np.newaxis]
    default_gamma = 1.0 if name == "chi2" else 1.0 / vectors.shape[1]
    defaults: Mapping[str, Json] = {"gamma": default_gamma, "coef0": 1.0, "degree": 3}
    attributes: dict[str, Json] = {}
    for key in PARAMETERS[name]:
        given = parameters.get(key)
        value = defaults[key] if given is None else given
        # A whole degree stays an int: negative numbers have whole powers.
        attributes[key] = int(value) if key == "degree" and value == int(value) else float(value)
    if name == "additive_chi2":
        attributes["gamma"] = None
    traces = None
    if isinstance(attributes.get("degree"), float):
        # A fractional power of a negative number is NaN; the operator raises if a later step of the original does.
        refusing: dict[str, Json] = {}
        attributes["refusing"] = refusing
        traces = (Trace(makes_missing=refusing),) * len(vectors)
    return builder.add(
        OPERATORS[name],
        inputs,
        width=len(vectors),
        traces=traces,
        attributes=attributes,
        tensors={"vectors": vectors},
    )


def add_weighted(builder: GraphBuilder, kernel: Value, coefficients: Array) -> Value:
    """Add sums of kernel values. A NaN in one of them makes each sum NaN; steps that refuse NaN mark it in `traces`."""
    count = len(coefficients)
    tensors = {
        "coefficients": np.ascontiguousarray(coefficients, np.float64),
        "intercepts": np.zeros(count),
    }
    makes = kernel.traces[0].makes_missing
    return builder.add("linear", kernel, width=count, traces=(Trace(makes_missing=makes),) * count, tensors=tensors)
