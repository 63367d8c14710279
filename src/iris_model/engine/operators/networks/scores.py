"""Scores of classifiers in ai.onnx.ml as answers: labels, and the transforms of scores.

Source of the rules: onnx/docs/Operators-ml.md; where it is silent, what onnxruntime answers.
"""

import math

from .activations import sigmoid
from .arrays import make
from .features import listed
from .normalizing import softmax

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from .arrays import Array, Attributes

NONE, LOGISTIC, SOFTMAX, SOFTMAX_ZERO, PROBIT = "NONE", "LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO", "PROBIT"


def _probit(value: float) -> float:
    """Return the inverse of the normal distribution, as onnxruntime approximates it."""
    inner = 2.0 * value - 1.0
    sign = -1.0 if inner < 0 else 1.0
    log = math.log((1.0 - inner) * (1.0 + inner))
    one = 2.0 / (3.14159 * 0.147) + 0.5 * log
    return 1.41421356 * sign * math.sqrt(-one + math.sqrt(one * one - log / 0.147))


def transform(scores: "Sequence[float]", how: str) -> "list[float]":
    """Return the scores of one row after the operator's transform."""
    if how == LOGISTIC:
        return [sigmoid(score) for score in scores]
    if how == SOFTMAX:
        return softmax(scores)
    if how == SOFTMAX_ZERO:
        # Scores of zero stay zero and do not count.
        largest = max(scores)
        powers = [math.exp(score - largest) if abs(score) > 1e-7 else 0.0 for score in scores]
        total = math.fsum(powers)
        return [power / total if total else 0.0 for power in powers]
    if how == PROBIT:
        return [_probit(score) for score in scores]
    return list(scores)


def labels_of(attributes: "Attributes") -> "tuple[list[Any], str]":
    """Return the labels of a classifier and the type of their cells."""
    for name, kind in (
        ("classlabels_strings", "s"), ("classlabels_int64s", "q"), ("classlabels_ints", "q"),
    ):  # fmt: skip
        if found := listed(attributes, name):
            return found, kind
    return [], "q"


def label_array(labels: "list[Any]", kind: str) -> "Array":
    """Return the column of labels."""
    return make(labels, (len(labels),), kind)


def place_of_largest(scores: "Sequence[float]") -> int:
    """Return the first place of the largest score."""
    best = 0
    for place, score in enumerate(scores):
        if score > scores[best]:
            best = place
    return best
