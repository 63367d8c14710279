"""The zoo of imbalanced-learn: pipelines with samplers, and ensembles of balanced members."""

from __future__ import annotations

from importlib.util import find_spec

from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from tests.parity.zoo import CLASSES, make_animals


def _make():
    from imblearn import FunctionSampler
    from imblearn.combine import SMOTETomek
    from imblearn.ensemble import (
        BalancedBaggingClassifier,
        BalancedRandomForestClassifier,
        EasyEnsembleClassifier,
        RUSBoostClassifier,
    )
    from imblearn.over_sampling import SMOTE
    from imblearn.pipeline import make_pipeline
    from imblearn.under_sampling import RandomUnderSampler

    return {
        "balanced forest": BalancedRandomForestClassifier(6, random_state=0),
        "balanced forest with replacement": BalancedRandomForestClassifier(
            6, random_state=0, sampling_strategy="all", replacement=True, bootstrap=False, max_depth=4
        ),
        "balanced bagging": BalancedBaggingClassifier(n_estimators=5, random_state=0),
        "balanced bagging of columns": BalancedBaggingClassifier(
            LogisticRegression(), n_estimators=4, max_features=0.6, random_state=0, sampler=SMOTE(k_neighbors=2)
        ),
        "easy ensemble": EasyEnsembleClassifier(3, random_state=0),
        "easy ensemble of bayes": EasyEnsembleClassifier(3, GaussianNB(), random_state=0),
        "RUSBoost": RUSBoostClassifier(n_estimators=5, random_state=0),
        "RUSBoost of trees": RUSBoostClassifier(DecisionTreeClassifier(max_depth=3), n_estimators=5, random_state=0),
        "SMOTE": make_pipeline(StandardScaler(), SMOTE(random_state=0), LogisticRegression()),
        "sampler first": make_pipeline(RandomUnderSampler(random_state=0), SelectKBest(k=3), GaussianNB()),
        "two samplers": make_pipeline(
            SMOTETomek(random_state=0), StandardScaler(), FunctionSampler(), DecisionTreeClassifier(max_depth=3)
        ),
    }


# The environments of older versions of scikit-learn have it not.
ESTIMATORS = _make() if find_spec("imblearn") else {}
ANIMALS = make_animals(
    [(ESTIMATORS, {name: CLASSES[name] for name in ("two texts", "three integers", "whole numbers")})]
)
