"""XGBoost boosters without a wrapper: pickled, or in XGBoost's own files, `.json` and `.ubj`.

XGBoost opens them, as the wrapper for the objective. The format contains only data, so no code of the file is executed.
"""

from __future__ import annotations

import json
import warnings

from iris_model.readers.graph import Estimator


class NotABooster(Exception):
    """XGBoost cannot read the bytes. The message is XGBoost's reason."""


def load(data: bytes) -> Estimator:
    """Return an XGBClassifier, XGBRanker or XGBRegressor. Raises NotABooster."""
    import xgboost

    try:
        return wrap(xgboost.Booster(model_file=bytearray(data)))
    except xgboost.core.XGBoostError as error:
        raise NotABooster(str(error).partition("\n")[0]) from None


def wrap(booster: Estimator) -> Estimator:
    """Return the wrapper of a booster: a classifier, ranker or regressor, depending on the objective."""
    import xgboost

    objective = json.loads(booster.save_config())["learner"]["objective"]["name"]
    if objective.startswith(("binary:", "multi:")):
        estimator = xgboost.XGBClassifier()
    elif objective.startswith("rank:"):
        estimator = xgboost.XGBRanker()
    else:
        estimator = xgboost.XGBRegressor()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        estimator.load_model(booster.save_raw("ubj"))
    return estimator
