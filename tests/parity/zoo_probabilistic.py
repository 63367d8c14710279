"""The zoo of naive Bayes, discriminant analysis, mixtures and Gaussian processes."""

from __future__ import annotations

import numpy as np
from sklearn.covariance import EllipticEnvelope
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from sklearn.gaussian_process import GaussianProcessClassifier, GaussianProcessRegressor
from sklearn.gaussian_process import kernels as gp
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture
from sklearn.naive_bayes import BernoulliNB, CategoricalNB, ComplementNB, GaussianNB, MultinomialNB

from tests.parity.zoo import CLASSES, NUMBERS, SMALL_NUMBERS, TABLES, DataSet, _classification, made, make_animals

SEED = 7
SOME_CLASSES = {name: CLASSES[name] for name in ("two texts", "three integers", "booleans", "whole numbers")}
# One feature never changes, and one hardly.
FLAT = _classification(["a", "b", "c"], features=9)
FLAT.X[:, 2], FLAT.X[:, 5] = 3.0, FLAT.X[:, 5] * 1e-7
WIDE = _classification([0, 1, 2], features=20)
COUNTS = {name: DataSet(np.floor(np.abs(data.X * 2)), data.y, 0.0, 9.0) for name, data in SOME_CLASSES.items()}
CATEGORIES = {name: DataSet(np.minimum(data.X, 3.0), data.y, 0.0, 3.0) for name, data in COUNTS.items()}
PLAIN = {"numbers": NUMBERS["one target"], "wide": DataSet(WIDE.X, None)}
SMALL = _classification(["a", "b", "c"], samples=50)
SMALL_CLASSES = {"two": _classification([False, True], samples=40), "three": SMALL}

COUNTING = {
    "multinomial nb": MultinomialNB(),
    "multinomial nb without prior": MultinomialNB(alpha=0.1, fit_prior=False),
    "bernoulli nb of counts": BernoulliNB(binarize=1.0),
}
# Not with the whole numbers: there two classes have the same weight for a feature, bit by bit, and a row with -1e9 in it
# gets probabilities from the original that are rounding noise in their sixth digit. Such a model is a ParityError.
COMPLEMENT = {"complement nb": ComplementNB(alpha=0.5)}
CATEGORICAL = {
    "categorical nb": CategoricalNB(),
    "categorical nb with unseen categories": CategoricalNB(alpha=0.3, min_categories=6, fit_prior=False),
}
BAYES = {
    "gaussian nb": GaussianNB(),
    "gaussian nb smoothed": GaussianNB(var_smoothing=1e-3),
    "bernoulli nb": BernoulliNB(alpha=0.2),
}
DISCRIMINANTS = {
    "lda": LinearDiscriminantAnalysis(),
    "lda lsqr": LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto"),
    "lda eigen": LinearDiscriminantAnalysis(solver="eigen", shrinkage=0.3, n_components=1),
    "qda": QuadraticDiscriminantAnalysis(reg_param=0.05),
    "qda eigen": made(QuadraticDiscriminantAnalysis, solver="eigen", shrinkage=0.2),
}
COVARIANCES = ("full", "tied", "diag", "spherical")
MIXTURES = {
    f"mixture {kind}": GaussianMixture(3, covariance_type=kind, random_state=SEED, reg_covar=1e-3)
    for kind in COVARIANCES
} | {
    f"bayesian mixture {kind} {prior.split('_')[1]}": BayesianGaussianMixture(
        n_components=3, covariance_type=kind, weight_concentration_prior_type=prior, random_state=SEED, max_iter=20
    )
    for kind in COVARIANCES
    for prior in ("dirichlet_process", "dirichlet_distribution")
}
DETECTORS = {"elliptic envelope": EllipticEnvelope(random_state=SEED, contamination=0.2)}

KERNELS = {
    "default": None,
    "rbf": 2.0 * gp.RBF([1.0, 2.0, 3.0, 0.5, 1.0]) + gp.WhiteKernel(0.5),
    "matern 1/2": gp.Matern(nu=0.5) + gp.WhiteKernel(0.1),
    "matern 3/2": gp.Matern(2.0, nu=1.5) * gp.ConstantKernel(3.0),
    "matern 5/2": gp.Matern([2.0, 1.0, 1.0, 1.0, 3.0], nu=2.5),
    "matern infinite": gp.Matern(nu=np.inf),
    "rational quadratic": gp.RationalQuadratic(1.5, 0.7),
    "periodic": gp.ExpSineSquared(2.0, 5.0) + gp.WhiteKernel(60.0),
    "dot product": gp.DotProduct(0.5) + gp.WhiteKernel(1.0),
    "power": gp.DotProduct() ** 2 + gp.WhiteKernel(1.0),
    "pairwise": gp.PairwiseKernel(gamma=0.3, metric="laplacian"),
    "two": gp.RBF() + gp.RationalQuadratic() * gp.ConstantKernel(0.5),
}
PROCESS_REGRESSORS = {
    f"process {name}": GaussianProcessRegressor(kernel, optimizer=None, alpha=1e-3, normalize_y=name == "rbf")
    for name, kernel in KERNELS.items()
} | {"process trained": GaussianProcessRegressor(gp.RBF() + gp.WhiteKernel(), normalize_y=True)}
PROCESS_CLASSIFIERS = {
    f"process {name}": GaussianProcessClassifier(kernel, optimizer=None) for name, kernel in KERNELS.items()
} | {"process trained": GaussianProcessClassifier(gp.RBF())}

ANIMALS = make_animals(
    (
        (BAYES, SOME_CLASSES | {"flat": FLAT, "wide": WIDE}),
        (COUNTING, COUNTS),
        (COMPLEMENT, {name: COUNTS[name] for name in ("two texts", "three integers", "booleans")}),
        (CATEGORICAL, CATEGORIES),
        (DISCRIMINANTS, SOME_CLASSES | {"wide": WIDE}),
        (MIXTURES | DETECTORS, PLAIN),
        (PROCESS_REGRESSORS, {"one target": DataSet(NUMBERS["one target"].X[:50], NUMBERS["one target"].y[:50] / 100)}),
        (
            {
                "process rbf": PROCESS_REGRESSORS["process rbf"],
                "process default": PROCESS_REGRESSORS["process default"],
            },
            TABLES,
        ),
        (
            {name: PROCESS_CLASSIFIERS[f"process {name}"] for name in ("default", "rbf", "dot product", "pairwise")},
            {"two": SMALL_CLASSES["two"]},
        ),
        ({"process default": PROCESS_CLASSIFIERS["process default"]}, {"three": SMALL}),
    )
)
SLOW_ANIMALS = make_animals(
    (
        (PROCESS_CLASSIFIERS, SMALL_CLASSES),
        (PROCESS_REGRESSORS, SMALL_NUMBERS),
    )
)
