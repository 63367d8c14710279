"""The zoo of linear models beyond the first ones: paths, Bayes, robust regression, generalized linear models."""

from __future__ import annotations

import warnings

import numpy as np
from sklearn import linear_model

from tests.parity.zoo import CLASSES, NUMBERS, SMALL_NUMBERS, TABLES, DataSet, make_animals

SEED = 7
POSITIVE = {"positive": DataSet(NUMBERS["one target"].X, np.exp(NUMBERS["one target"].y / 200))}

with warnings.catch_warnings():
    # Deprecated, but still in many files.
    warnings.simplefilter("ignore")
    PASSIVE_CLASSIFIERS = {
        "passive aggressive": linear_model.PassiveAggressiveClassifier(random_state=SEED),
        "passive aggressive squared": linear_model.PassiveAggressiveClassifier(
            loss="squared_hinge", fit_intercept=False, random_state=SEED
        ),
    }
    PASSIVE_REGRESSORS = {"passive aggressive": linear_model.PassiveAggressiveRegressor(random_state=SEED)}

ANY_TARGETS = {
    "lars": linear_model.Lars(n_nonzero_coefs=3),
    "lasso lars": linear_model.LassoLars(alpha=0.5, fit_intercept=False),
    "orthogonal matching pursuit": linear_model.OrthogonalMatchingPursuit(n_nonzero_coefs=2),
    "ransac": linear_model.RANSACRegressor(residual_threshold=50.0, random_state=SEED),
}
ONE_TARGET = {
    "lars cv": linear_model.LarsCV(cv=3),
    "lasso lars cv": linear_model.LassoLarsCV(cv=3),
    "lasso lars ic": linear_model.LassoLarsIC(criterion="bic"),
    "orthogonal matching pursuit cv": linear_model.OrthogonalMatchingPursuitCV(cv=3),
    "bayesian ridge": linear_model.BayesianRidge(),
    "ard": linear_model.ARDRegression(fit_intercept=False),
    "ransac ridge": linear_model.RANSACRegressor(linear_model.Ridge(), min_samples=20, random_state=SEED),
    "huber": linear_model.HuberRegressor(),
    "theil sen": linear_model.TheilSenRegressor(random_state=SEED, max_subpopulation=100),
    "quantile": linear_model.QuantileRegressor(quantile=0.7, alpha=0.01),
} | PASSIVE_REGRESSORS
GENERALIZED = {
    "poisson": linear_model.PoissonRegressor(),
    "gamma": linear_model.GammaRegressor(fit_intercept=False),
    "tweedie": linear_model.TweedieRegressor(power=1.5, alpha=0.1),
    "tweedie normal": linear_model.TweedieRegressor(power=0),
    "tweedie with a logarithm": linear_model.TweedieRegressor(power=0, link="log"),
}
DETECTORS = {
    "sgd one class": linear_model.SGDOneClassSVM(random_state=SEED),
    "sgd one class without intercept": linear_model.SGDOneClassSVM(nu=0.2, fit_intercept=False, random_state=SEED),
}

ANIMALS = make_animals(
    (
        (PASSIVE_CLASSIFIERS, {name: CLASSES[name] for name in ("two texts", "three integers", "booleans")}),
        (ANY_TARGETS, NUMBERS | TABLES),
        (ONE_TARGET, NUMBERS | SMALL_NUMBERS),
        (GENERALIZED, POSITIVE),
        (DETECTORS, {"numbers": DataSet(NUMBERS["one target"].X + 2.0, None)}),
    )
)
