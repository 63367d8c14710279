"""Convert multi-layer perceptrons: a linear map and an activation for each layer.

Source: sklearn.neural_network._multilayer_perceptron.
"""

from __future__ import annotations

import numpy as np

from iris_model.readers.classes import read_classes
from iris_model.readers.graph import Estimator, GraphBuilder, Reader, Reading, Value

# None: the identity.
ACTIVATIONS = {
    "identity": None,
    "logistic": "expit",
    "tanh": "tanh",
    "relu": "relu",
    "softmax": "softmax",
    "exp": "exponential",
}


def read_mlp_classifier(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Convert the layers.

    The output is a logistic function for two classes, a softmax for more, and a logistic function for each label of a
    multi-label target.
    """
    outputs = _add_layers(builder, estimator, inputs)
    if estimator._label_binarizer.y_type_.startswith("multilabel"):
        labels = []
        for index in range(outputs.width):
            one = builder.select_columns(outputs, [index])
            attributes = {"classes": [0, 1], "threshold": 0.5}
            labels.append(builder.add("threshold_label", one, width=1, kind="label", attributes=attributes))
        predictions = builder.add("per_output", *labels, width=len(labels), kind="label")
        return Reading("classifier", {"predict": predictions, "predict_proba": outputs}, [[0, 1] for _ in labels])
    classes = read_classes(builder, estimator, estimator.classes_)
    if outputs.width == 1:
        if len(classes) == 1:
            # Whatever the probability is: the inverse of its label binarizer knows no other class.
            predicted = builder.add("repeat", outputs, width=1, kind="label", attributes={"value": classes[0]})
        else:
            attributes = {"classes": classes, "threshold": 0.5}
            predicted = builder.add("threshold_label", outputs, width=1, kind="label", attributes=attributes)
        pair = {"coefficients": np.array([[-1.0], [1.0]]), "intercepts": np.array([1.0, 0.0])}
        outputs = builder.add("linear", outputs, width=2, tensors=pair)
    else:
        predicted = builder.add("argmax_label", outputs, width=1, kind="label", attributes={"classes": classes})
    return Reading("classifier", {"predict": predicted, "predict_proba": outputs}, classes)


def read_mlp_regressor(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for the last layer; for the Poisson loss, its exponential."""
    outputs = _add_layers(builder, estimator, inputs)
    if outputs.width == 1:
        outputs = builder.add("column", outputs, width=1, attributes={"index": 0})
    return Reading("regressor", {"predict": outputs})


def _add_layers(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Value:
    builder.refuse_missing(inputs)
    value = inputs
    last = len(estimator.coefs_) - 1
    for layer, (weights, intercepts) in enumerate(zip(estimator.coefs_, estimator.intercepts_, strict=True)):
        tensors = {
            "coefficients": np.ascontiguousarray(weights.T, np.float64),
            "intercepts": np.asarray(intercepts, np.float64),
        }
        value = builder.add("linear", value, width=len(intercepts), tensors=tensors)
        name = estimator.out_activation_ if layer == last else estimator.activation
        if name not in ACTIVATIONS:
            builder.refuse(f"{type(estimator).__name__}: its activation is {name!r}; expected {', '.join(ACTIVATIONS)}")
            continue
        activation = ACTIVATIONS[name]
        if activation is not None:
            value = builder.add(activation, value, width=value.width)
    return value


READERS: dict[str, Reader] = {
    "sklearn.neural_network.MLPClassifier": read_mlp_classifier,
    "sklearn.neural_network.MLPRegressor": read_mlp_regressor,
}
