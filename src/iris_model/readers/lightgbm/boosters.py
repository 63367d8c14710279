"""Boosters of LightGBM without a wrapper: pickled, or in LightGBM's own text file.

The format is data, so nothing of the file is run.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from iris_model.readers.graph import Estimator, GraphBuilder, Reader, Reading, Value

from .wrappers import read_regressor

Array = np.ndarray[Any, Any]
END = "end of trees"


class NotABooster(Exception):
    """The bytes are no model text; the text says why."""


class BoosterEstimator:
    """A booster with what readers and the compiler ask an estimator for. It goes by the name of the class in it."""

    __module__ = "lightgbm"
    __qualname__ = "Booster"
    objective = None

    def __init__(self, booster: Estimator) -> None:
        self.booster_ = booster
        self.n_features_in_ = int(booster.num_feature())
        names = booster.feature_name()
        # LightGBM's own names for columns that had none.
        if names != [f"Column_{index}" for index in range(len(names))]:
            self.feature_names_in_ = np.array(names, dtype=object)

    def predict(self, rows: Array) -> Array:
        """What the booster predicts: probabilities of a classification, numbers of a regression."""
        answers: Array = self.booster_.predict(rows)
        return answers


def load(data: bytes) -> Estimator:
    """Open the text that `Booster.save_model` writes."""
    import lightgbm

    text = data.decode("utf-8", errors="replace")
    if not text.startswith("tree\n") or END not in text:
        raise NotABooster(f"it does not start with 'tree', or lacks {END!r}")
    try:
        return BoosterEstimator(lightgbm.Booster(model_str=text))
    except lightgbm.basic.LightGBMError as error:
        raise NotABooster(str(error)) from None


def read_booster(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """A booster predicts as a regressor does, whatever its objective."""
    return read_regressor(builder, estimator, inputs)


READERS: dict[str, Reader] = {"lightgbm.Booster": read_booster}
