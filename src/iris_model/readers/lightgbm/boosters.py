"""LightGBM boosters without a wrapper: pickled, or in LightGBM's own text file.

The format contains only data, so no code of the file is executed.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from iris_model.readers.failures import NotABooster
from iris_model.readers.graph import Estimator, GraphBuilder, Reader, Reading, Value

from .wrappers import read_regressor

Array = np.ndarray[Any, Any]
END = "end of trees"


class BoosterEstimator:
    """A booster with the interface of an estimator, for converters and compiler. Its class is `lightgbm.Booster`."""

    __module__ = "lightgbm"
    __qualname__ = "Booster"
    objective = None

    def __init__(self, booster: Estimator) -> None:
        self.booster_ = booster
        self.n_features_in_ = int(booster.num_feature())
        names = booster.feature_name()
        # LightGBM's own names for columns without names.
        if names != [f"Column_{index}" for index in range(len(names))]:
            self.feature_names_in_ = np.array(names, dtype=object)

    def predict(self, rows: Array) -> Array:
        """Return the booster's predictions: probabilities of a classifier, numbers of a regressor."""
        answers: Array = self.booster_.predict(rows)
        return answers


def load(data: bytes) -> Estimator:
    """Open the text that `Booster.save_model` writes. Raises NotABooster."""
    import lightgbm

    text = data.decode("utf-8", errors="replace")
    if not text.startswith("tree\n") or END not in text:
        raise NotABooster(f"it does not start with 'tree', or lacks {END!r}")
    try:
        return BoosterEstimator(lightgbm.Booster(model_str=text))
    except lightgbm.basic.LightGBMError as error:
        raise NotABooster(str(error)) from None


def read_booster(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Convert a booster as a regressor, for every objective."""
    return read_regressor(builder, estimator, inputs)


READERS: dict[str, Reader] = {"lightgbm.Booster": read_booster}
