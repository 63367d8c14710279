"""Open CatBoost's own files, `.cbm`, with CatBoost, as the estimator that fits the loss."""

from __future__ import annotations

from iris_model.readers.failures import NotABooster
from iris_model.readers.graph import Estimator

from .wrappers import BINARY, ONE_AGAINST_ALL, SOFTMAX


def load(data: bytes) -> Estimator:
    """Return a CatBoostClassifier or CatBoostRegressor; a ranker becomes a regressor. Raises NotABooster."""
    import catboost

    try:
        plain = catboost.CatBoost().load_model(blob=data)
        loss = str(plain.get_all_params()["loss_function"])
        is_classifier = loss.partition(":")[0] in (*BINARY, SOFTMAX, ONE_AGAINST_ALL)
        cls = catboost.CatBoostClassifier if is_classifier else catboost.CatBoostRegressor
        # An estimator needs the loss to convert raw values. The file alone does not provide it.
        return cls(loss_function=loss).load_model(blob=data)
    except catboost.CatBoostError as error:
        raise NotABooster(str(error).partition("\n")[0]) from None
