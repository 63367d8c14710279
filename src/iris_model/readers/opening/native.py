"""Open models in their library's own format, and wrap boosters without scikit-learn's methods.

Returns an estimator with `predict` that has a converter.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence

from iris_model.errors import ModelFileError
from iris_model.readers.failures import NotABooster
from iris_model.readers.formats import XGBOOST, is_old_xgboost
from iris_model.readers.graph import Estimator
from iris_model.readers.libraries import LIBRARIES, find_version

from .model_file import ModelFile


def open_native(file: ModelFile, trust: Sequence[str]) -> Estimator:
    """Open a file of a library. Raises ModelFileError if the file is invalid, or if the library is not installed."""
    path, data, package = file.path, file.data, file.format.name
    boosters = importlib.import_module(f"iris_model.readers.{package}.boosters")
    library = LIBRARIES[package].distribution
    try:
        return boosters.load(data)
    except ModelFileError:
        raise
    except ImportError:
        raise ModelFileError(
            f"{path} is a {library} file, and {library} is not installed", remedy=f"pip install {library}"
        ) from None
    except NotABooster as error:
        if package == XGBOOST and is_old_xgboost(data):
            raise ModelFileError(
                f"{path} is in XGBoost's old binary format, which the installed {library} {find_version(library)} does not read",
                remedy="Load it with XGBoost before 3.1, and save it as model.ubj: "
                f"xgboost.Booster(model_file='{path.name}').save_model('model.ubj')",
            ) from None
        raise ModelFileError(
            f"{path} has {len(data)} bytes, and {library} cannot read it: {error}",
            remedy="Save the booster again with save_model, and copy the file in binary mode.",
        ) from None
    except Exception as error:
        # The library may raise anything for a damaged model.
        said = str(error).partition("\n")[0][:300]
        raise ModelFileError(
            f"{path} has {len(data)} bytes, and {library} cannot read it: {type(error).__name__}: {said}",
            remedy="Save the booster again with save_model, and copy the file in binary mode.",
        ) from None


def adopt(estimator: Estimator) -> Estimator:
    """Wrap a bare booster. Return everything else unchanged."""
    module, name = type(estimator).__module__, type(estimator).__qualname__
    if (module, name) == ("xgboost.core", "Booster"):
        from iris_model.readers.xgboost.boosters import wrap

        return wrap(estimator)
    if (module, name) == ("lightgbm.basic", "Booster"):
        from iris_model.readers.lightgbm.boosters import BoosterEstimator

        return BoosterEstimator(estimator)
    return estimator
