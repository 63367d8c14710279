"""Convert class labels to plain values: integers stay integers, and strings stay strings."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from iris_model.readers.graph import Estimator, GraphBuilder, Json

Array = np.ndarray[Any, Any]


def read_classes(builder: GraphBuilder, estimator: Estimator, classes: Array) -> list[Json]:
    """Return an array of classes as plain values. Refuses labels that JSON cannot represent."""
    labels = [label.item() if hasattr(label, "item") else label for label in classes.tolist()]
    for label in labels:
        if not isinstance(label, (str, int, float)) or (isinstance(label, float) and not math.isfinite(label)):
            builder.refuse(
                f"{type(estimator).__name__}: its class {label!r} is a {type(label).__name__}; "
                "expected strings, integers, booleans or finite numbers"
            )
            break
    return labels
