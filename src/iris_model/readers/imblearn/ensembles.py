"""Convert ensembles whose members are trained on balanced rows.

Source: imblearn.ensemble. Only `fit` is its own: each class inherits its predictions from a class of scikit-learn. The
members of the baggings are pipelines of a sampler and a classifier.
"""

from __future__ import annotations

from iris_model.readers.graph import Reader
from iris_model.readers.sklearn.ensembles import read_adaboost_classifier, read_bagging_classifier
from iris_model.readers.sklearn.trees import read_forest_classifier

READERS: dict[str, Reader] = {
    "imblearn.ensemble.BalancedBaggingClassifier": read_bagging_classifier,
    "imblearn.ensemble.BalancedRandomForestClassifier": read_forest_classifier,
    "imblearn.ensemble.EasyEnsembleClassifier": read_bagging_classifier,
    "imblearn.ensemble.RUSBoostClassifier": read_adaboost_classifier,
}
