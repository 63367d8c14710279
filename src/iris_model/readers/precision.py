"""Find models that take only float32, because they were trained on it."""

from __future__ import annotations

import numpy as np

from .graph import Estimator
from .names import class_name

# Their compiled loops accept only the type of the centers.
OF_ONE_TYPE = frozenset(f"sklearn.cluster.{name}" for name in ("KMeans", "MiniBatchKMeans", "BisectingKMeans"))


def takes_only_float32(estimator: Estimator) -> bool:
    """Whether the original raises on float64, so that it must get float32."""
    if hasattr(estimator, "steps"):
        return any(takes_only_float32(step) for _, step in estimator.steps)
    centers = getattr(estimator, "cluster_centers_", None)
    return class_name(type(estimator)) in OF_ONE_TYPE and getattr(centers, "dtype", None) == np.float32
