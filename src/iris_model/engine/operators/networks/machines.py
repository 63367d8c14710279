"""Linear models and support vector machines of ai.onnx.ml."""

import math

from .arrays import make
from .features import as_float, listed, rows_of
from .products import product_sum
from .scores import NONE, label_array, labels_of, place_of_largest, transform

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .arrays import Array, Attributes, Inputs, Numbers, StepFunction


def _linear_scores(inputs: "Inputs", attributes: "Attributes", count: int) -> "list[list[float]]":
    value = inputs[0]
    height, width = rows_of(value)
    weights, starts = listed(attributes, "coefficients"), listed(attributes, "intercepts")
    lines = [weights[place * width : (place + 1) * width] for place in range(count)]
    source = as_float(value)
    found = []
    for row in range(height):
        cells = source[row * width : (row + 1) * width]
        sums = [product_sum(cells, line) for line in lines]
        found.append(list(make([one + by for one, by in zip(sums, starts)] if starts else sums, (), "f").cells))
    return found


def _linear_regressor(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    count = attributes.get("targets", 1)
    how = attributes.get("post_transform", NONE)
    cells: list[float] = []
    rows = _linear_scores(inputs, attributes, count)
    for scores in rows:
        cells += transform(scores, how)
    return [make(cells, (len(rows), count), "f")]


def _linear_classifier(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    labels, kind = labels_of(attributes)
    _, width = rows_of(inputs[0])
    count = len(listed(attributes, "intercepts")) or len(listed(attributes, "coefficients")) // (width or 1)
    how = attributes.get("post_transform", NONE)
    chosen, cells = [], []
    rows = _linear_scores(inputs, attributes, count)
    for scores in rows:
        if count == 1 and len(labels) == 2:
            # One score for the second class. Its complement depends on the transform.
            score = scores[0]
            if how == "LOGISTIC":
                positive = transform(scores, how)[0]
                chosen.append(labels[int(score > 0)])
                cells += [1.0 - make([positive], (), "f").cells[0], positive]
            else:
                chosen.append(labels[int(score > 0)])
                cells += transform([-score, score], how)
            continue
        chosen.append(labels[place_of_largest(scores)])
        cells += transform(scores, how)
    return [label_array(chosen, kind), make(cells, (len(rows), len(cells) // len(rows)), "f")]


def _kernel_of(attributes: "Attributes") -> "Callable[[Sequence[float], Sequence[float]], float]":
    gamma, start, degree = [*listed(attributes, "kernel_params"), 0.0, 0.0, 0.0][:3]
    name = attributes.get("kernel_type", "LINEAR")
    if name == "LINEAR":
        return product_sum
    if name == "POLY":
        return lambda x, y: (gamma * product_sum(x, y) + start) ** degree
    if name == "SIGMOID":
        return lambda x, y: math.tanh(gamma * product_sum(x, y) + start)
    return lambda x, y: math.exp(-gamma * math.fsum([(one - other) * (one - other) for one, other in zip(x, y)]))


def _svm_regressor(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    value = inputs[0]
    height, width = rows_of(value)
    supports, weights = attributes.get("n_supports", 0), listed(attributes, "coefficients")
    start = listed(attributes, "rho")[0]
    vectors = _vectors(attributes, supports, width)
    kernel, source, one_class = _kernel_of(attributes), as_float(value), attributes.get("one_class", 0)
    cells = []
    for row in range(height):
        x = source[row * width : (row + 1) * width]
        if supports:
            made = product_sum([kernel(x, vector) for vector in vectors], weights) + start
        else:
            made = kernel(x, weights[:width]) + start
        cells.append((1.0 if made > 0 else -1.0) if one_class else made)
    how = attributes.get("post_transform", NONE)
    return [make([transform([cell], how)[0] for cell in cells], (height, 1), "f")]


def _vectors(attributes: "Attributes", count: int, width: int) -> "list[list[float]]":
    flat = listed(attributes, "support_vectors")
    return [flat[place * width : (place + 1) * width] for place in range(count)]


def _svm_classifier(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    value = inputs[0]
    height, width = rows_of(value)
    labels, kind = labels_of(attributes)
    per_class = listed(attributes, "vectors_per_class")
    weights, rho = listed(attributes, "coefficients"), listed(attributes, "rho")
    source, kernel = as_float(value), _kernel_of(attributes)
    if not per_class or sum(per_class) == 0:
        return _linear_machine(source, height, width, attributes)
    count = sum(per_class)
    vectors = _vectors(attributes, count, width)
    starts = [sum(per_class[:place]) for place in range(len(per_class))]
    prob_a, prob_b = listed(attributes, "prob_a"), listed(attributes, "prob_b")
    how = attributes.get("post_transform", NONE)
    chosen, cells = [], []
    for row in range(height):
        x = source[row * width : (row + 1) * width]
        kernels = list(make([kernel(x, vector) for vector in vectors], (), "f").cells)
        decisions: list[float] = []
        votes = [0] * len(per_class)
        for one in range(len(per_class)):
            for other in range(one + 1, len(per_class)):
                first, second = starts[one], starts[other]
                terms = product_sum(
                    weights[count * (other - 1) + first : count * (other - 1) + first + per_class[one]],
                    kernels[first : first + per_class[one]],
                ) + product_sum(
                    weights[count * one + second : count * one + second + per_class[other]],
                    kernels[second : second + per_class[other]],
                )
                decision = make([terms + rho[len(decisions)]], (), "f").cells[0]
                decisions.append(decision)
                votes[one if decision > 0 else other] += 1
        if prob_a:
            from iris_model.engine.operators.svm import coupled_probabilities

            probabilities = coupled_probabilities([decisions], count=len(per_class), slopes=prob_a, shifts=prob_b)[0]
            # As in libsvm, the label has the most votes, even if another class is more probable.
            chosen.append(labels[place_of_largest(votes)])
            cells += probabilities
        else:
            place = place_of_largest(votes)
            chosen.append(labels[place])
            if len(decisions) == 1:
                cells += transform([-decisions[0], decisions[0]], how)
            else:
                cells += transform(decisions, how)
    return [label_array(chosen, kind), make(cells, (height, len(cells) // height), "f")]


def _linear_machine(source: "Numbers", height: int, width: int, attributes: "Attributes") -> "list[Array]":
    labels, kind = labels_of(attributes)
    weights, rho = listed(attributes, "coefficients"), listed(attributes, "rho")
    how = attributes.get("post_transform", NONE)
    count = len(weights) // width
    kernel = _kernel_of(attributes)
    chosen, cells = [], []
    for row in range(height):
        x = source[row * width : (row + 1) * width]
        scores = [kernel(x, weights[place * width : (place + 1) * width]) + rho[0] for place in range(count)]
        chosen.append(labels[place_of_largest(scores)])
        cells += transform(scores, how)
    return [label_array(chosen, kind), make(cells, (height, len(cells) // height), "f")]


FUNCTIONS: "dict[str, StepFunction]" = {
    "LinearClassifier": _linear_classifier,
    "LinearRegressor": _linear_regressor,
    "SVMClassifier": _svm_classifier,
    "SVMRegressor": _svm_regressor,
}
