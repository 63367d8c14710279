"""XGBoost boosters without a wrapper: pickled, or in XGBoost's own files, `.json` and `.ubj`.

XGBoost opens them, as the wrapper for the objective. The format contains only data, so no code of the file is executed.
"""

from __future__ import annotations

import json
import re
import warnings

from iris_model.readers.failures import NotABooster
from iris_model.readers.graph import Estimator

from .frame_columns import CODES_ARE_CELLS

# The version of XGBoost that wrote the file: in JSON, and in UBJSON, where each number follows the letter of its type.
_JSON_VERSION = re.compile(rb'"version"\s*:\s*\[\s*(\d+)\s*,\s*(\d+)')
_UBJSON_VERSION = re.compile(rb"version\[#L\0{7}\x03i(.)i(.)i.", re.DOTALL)


def load(data: bytes) -> Estimator:
    """Return an XGBClassifier, XGBRanker or XGBRegressor. Raises NotABooster."""
    import xgboost

    try:
        estimator = wrap(xgboost.Booster(model_file=bytearray(data)))
        # These versions store the categories of a DataFrame. A file without them is of a booster that was given codes.
        setattr(estimator, CODES_ARE_CELLS, _find_version(data) >= (3, 1))
        return estimator
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


def _find_version(data: bytes) -> tuple[int, int]:
    """Return major and minor version of the XGBoost that wrote the file, (0, 0) if they are not found."""
    if found := _JSON_VERSION.findall(data):
        return int(found[-1][0]), int(found[-1][1])
    if found := _UBJSON_VERSION.findall(data):
        return found[-1][0][0], found[-1][1][0]
    return 0, 0
