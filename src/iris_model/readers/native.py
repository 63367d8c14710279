"""Models in their library's own format, and boosters that have none of scikit-learn's methods.

In: the bytes of a file, or an opened object. Out: an estimator with `predict`, for which there is a reader.
"""

from __future__ import annotations

import importlib
from pathlib import Path

from iris_model.errors import ModelFileError

from .graph import Estimator
from .libraries import LIBRARIES

# Suffix of a file -> the library that wrote it.
NATIVE_SUFFIXES = {
    ".json": "xgboost",
    ".ubj": "xgboost",
    ".xgb": "xgboost",
    ".txt": "lightgbm",
    ".lgb": "lightgbm",
    ".cbm": "catboost",
}


def open_native(path: Path, data: bytes) -> Estimator:
    """Open a library's own file; ModelFileError if it is none, or if the library is not installed."""
    package = NATIVE_SUFFIXES[path.suffix.lower()]
    boosters = importlib.import_module(f"iris_model.readers.{package}.boosters")
    library = LIBRARIES[package].distribution
    try:
        return boosters.load(data)
    except ImportError:
        raise ModelFileError(
            f"{path} is a file of {library}, which is not installed here", remedy=f"pip install {library}"
        ) from None
    except boosters.NotABooster as error:
        raise ModelFileError(
            f"{path} has {len(data)} bytes but is no model that {library} can read: {error}",
            remedy="Save the booster again with save_model, and copy the file in binary mode.",
        ) from None


def adopt(estimator: Estimator) -> Estimator:
    """Wrap a bare booster; return everything else as it is."""
    module, name = type(estimator).__module__, type(estimator).__qualname__
    if (module, name) == ("xgboost.core", "Booster"):
        from .xgboost.boosters import wrap

        return wrap(estimator)
    if (module, name) == ("lightgbm.basic", "Booster"):
        from .lightgbm.boosters import BoosterEstimator

        return BoosterEstimator(estimator)
    return estimator
