"""Convert linear models: a decision for each row and output, then a link function or a label.

Sources: sklearn.linear_model._base (LinearModel, LinearClassifierMixin), _logistic, _stochastic_gradient, _ridge,
_ransac and _glm.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from iris_model.readers.classes import read_classes
from iris_model.readers.graph import Estimator, GraphBuilder, Reader, Reading, Value
from iris_model.readers.libraries import installed_version

from .inner import as_column

Array = np.ndarray[Any, Any]
Link = Callable[[GraphBuilder, Value], Value]


def read_linear_regressor(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for X @ coef_.T + intercept_: a column for a one-dimensional target, otherwise a table."""
    decisions = add_decisions(builder, estimator, inputs)
    if _dense(estimator.coef_).ndim == 1:
        decisions = as_column(builder, decisions)
    return Reading("regressor", {"predict": decisions})


def read_linear_classifier(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for decisions and labels, for classifiers without probabilities."""
    return read_with_link(builder, estimator, inputs, probabilities=None)


def read_logistic_regression(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Convert LogisticRegression and LogisticRegressionCV, for every solver.

    Up to scikit-learn 1.7 `multi_class` selects one-versus-rest or the multinomial loss. Since 1.8 the parameter does
    not exist, and two classes always use a single logistic function.
    """
    binary = len(estimator.classes_) <= 2
    multi_class = getattr(estimator, "multi_class", None)
    if multi_class is None:
        one_versus_rest = binary
    elif multi_class in ("auto", "deprecated"):
        binary_solvers = ["liblinear"]
        if installed_version("scikit-learn") < (1, 6):
            binary_solvers.append("newton-cholesky")
        one_versus_rest = binary or estimator.solver in binary_solvers
    else:
        one_versus_rest = multi_class in ("ovr", "warn")
    return read_with_link(builder, estimator, inputs, probabilities=add_expit if one_versus_rest else add_softmax)


def read_sgd_classifier(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Convert SGDClassifier. It has probabilities for only two of its losses."""
    links = {"log_loss": add_expit, "modified_huber": _add_modified_huber}
    return read_with_link(builder, estimator, inputs, probabilities=links.get(estimator.loss))


def read_ridge_classifier(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Convert as other linear classifiers; a multi-label target gives 1 or 0 for each label."""
    if not estimator._label_binarizer.y_type_.startswith("multilabel"):
        return read_linear_classifier(builder, estimator, inputs)
    decisions = add_decisions(builder, estimator, inputs)
    labels = []
    for index in range(decisions.width):
        one = builder.select_columns(decisions, [index])
        labels.append(builder.add("threshold_label", one, width=1, kind="label", attributes={"classes": [0, 1]}))
    predictions = builder.add("per_output", *labels, width=len(labels), kind="label")
    classes = [[0, 1] for _ in labels]
    return Reading("classifier", {"predict": predictions, "decision_function": decisions}, classes)


def read_generalized_linear(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Convert Poisson, gamma and Tweedie regression, with the inverse of the identity or logarithmic link."""
    link = type(estimator._base_loss.link).__name__
    decisions = add_decisions(builder, estimator, inputs)
    if link == "LogLink":
        decisions = builder.add("exponential", decisions, width=1)
    elif link != "IdentityLink":
        builder.refuse(f"{type(estimator).__name__}: its link function is {link}; expected LogLink or IdentityLink")
    return Reading("regressor", {"predict": as_column(builder, decisions)})


def read_ransac(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Convert the estimator that was trained on the inliers."""
    inner = builder.read(estimator.estimator_, inputs)
    return Reading("regressor", {"predict": inner.outputs["predict"] if inner else inputs})


def read_sgd_one_class_svm(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Reading:
    """Write a graph for X @ coef_ - offset_; zero itself is an inlier (1)."""
    builder.refuse_missing(inputs)
    coefficients = np.atleast_2d(_dense(estimator.coef_)).astype(np.float64)
    tensors = {"coefficients": coefficients, "intercepts": -np.asarray(estimator.offset_, np.float64).reshape(1)}
    decisions = builder.add("linear", inputs, width=1, tensors=tensors)
    negative = {"offset": np.zeros(1), "divisor": -np.ones(1)}
    turned = builder.add("scale", decisions, width=1, tensors=negative)
    labels = builder.add("threshold_label", turned, width=1, kind="label", attributes={"classes": [1, -1]})
    return Reading("outlier_detector", {"predict": labels, "decision_function": as_column(builder, decisions)})


def read_with_link(
    builder: GraphBuilder, estimator: Estimator, inputs: Value, *, probabilities: Link | None
) -> Reading:
    """Return the outputs of LinearClassifierMixin, with probabilities if a link function is given."""
    classes = read_classes(builder, estimator, estimator.classes_)
    decisions = add_decisions(builder, estimator, inputs)
    op = "threshold_label" if decisions.width == 1 else "argmax_label"
    outputs = {"predict": builder.add(op, decisions, width=1, kind="label", attributes={"classes": classes})}
    if probabilities is not None:
        outputs["predict_proba"] = probabilities(builder, decisions)
    outputs["decision_function"] = as_column(builder, decisions) if decisions.width == 1 else decisions
    return Reading("classifier", outputs, classes)


def add_decisions(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Value:
    """Add X @ coef_.T + intercept_, always as a table."""
    builder.refuse_missing(inputs)
    coefficients = np.atleast_2d(_dense(estimator.coef_)).astype(np.float64)
    intercepts = np.broadcast_to(np.asarray(estimator.intercept_, np.float64).ravel(), coefficients.shape[:1])
    tensors = {"coefficients": coefficients, "intercepts": np.array(intercepts)}
    return builder.add("linear", inputs, width=len(coefficients), tensors=tensors)


def _dense(coefficients: Array) -> Array:
    """Return dense coefficients: `sparsify()` converts them to a scipy matrix."""
    return coefficients.toarray() if hasattr(coefficients, "toarray") else np.asarray(coefficients)


def add_expit(builder: GraphBuilder, decisions: Value) -> Value:
    """Add one logistic function for each class, divided by their sum (LinearClassifierMixin._predict_proba_lr)."""
    if decisions.width == 1:
        return builder.add("expit_pair", decisions, width=2)
    each = builder.add("expit", decisions, width=decisions.width)
    return builder.add("normalize_rows", each, width=decisions.width)


def add_softmax(builder: GraphBuilder, decisions: Value) -> Value:
    """Add the multinomial link; for two classes, the softmax of [-d, d]."""
    if decisions.width == 1:
        return builder.add("softmax_pair", decisions, width=2)
    return builder.add("softmax", decisions, width=decisions.width)


def _add_modified_huber(builder: GraphBuilder, decisions: Value) -> Value:
    """Add (clip(d, -1, 1) + 1) / 2 (SGDClassifier.predict_proba)."""
    width = decisions.width
    clipped = builder.add(
        "min_max_scale",
        decisions,
        width=width,
        attributes={"clip": [-1.0, 1.0]},
        tensors={"scale": np.ones(width), "offset": np.zeros(width)},
    )
    halves = {"offset": np.full(width, -1.0), "divisor": np.full(width, 2.0)}
    each = builder.add("scale", clipped, width=width, tensors=halves)
    if width > 1:
        return builder.add("normalize_rows", each, width=width)
    # Add [1 - p, p] as a linear map: -p + 1 rounds exactly like 1 - p.
    pair = {"coefficients": np.array([[-1.0], [1.0]]), "intercepts": np.array([1.0, 0.0])}
    return builder.add("linear", each, width=2, tensors=pair)


READERS: dict[str, Reader] = {
    "sklearn.linear_model.LinearRegression": read_linear_regressor,
    "sklearn.linear_model.Ridge": read_linear_regressor,
    "sklearn.linear_model.RidgeCV": read_linear_regressor,
    "sklearn.linear_model.Lasso": read_linear_regressor,
    "sklearn.linear_model.LassoCV": read_linear_regressor,
    "sklearn.linear_model.ElasticNet": read_linear_regressor,
    "sklearn.linear_model.ElasticNetCV": read_linear_regressor,
    "sklearn.linear_model.MultiTaskLasso": read_linear_regressor,
    "sklearn.linear_model.MultiTaskLassoCV": read_linear_regressor,
    "sklearn.linear_model.MultiTaskElasticNet": read_linear_regressor,
    "sklearn.linear_model.MultiTaskElasticNetCV": read_linear_regressor,
    "sklearn.linear_model.SGDRegressor": read_linear_regressor,
    "sklearn.linear_model.Lars": read_linear_regressor,
    "sklearn.linear_model.LarsCV": read_linear_regressor,
    "sklearn.linear_model.LassoLars": read_linear_regressor,
    "sklearn.linear_model.LassoLarsCV": read_linear_regressor,
    "sklearn.linear_model.LassoLarsIC": read_linear_regressor,
    "sklearn.linear_model.OrthogonalMatchingPursuit": read_linear_regressor,
    "sklearn.linear_model.OrthogonalMatchingPursuitCV": read_linear_regressor,
    "sklearn.linear_model.BayesianRidge": read_linear_regressor,
    "sklearn.linear_model.ARDRegression": read_linear_regressor,
    "sklearn.linear_model.HuberRegressor": read_linear_regressor,
    "sklearn.linear_model.TheilSenRegressor": read_linear_regressor,
    "sklearn.linear_model.QuantileRegressor": read_linear_regressor,
    "sklearn.linear_model.PassiveAggressiveRegressor": read_linear_regressor,
    "sklearn.linear_model.PoissonRegressor": read_generalized_linear,
    "sklearn.linear_model.GammaRegressor": read_generalized_linear,
    "sklearn.linear_model.TweedieRegressor": read_generalized_linear,
    "sklearn.linear_model.RANSACRegressor": read_ransac,
    "sklearn.linear_model.SGDOneClassSVM": read_sgd_one_class_svm,
    "sklearn.svm.LinearSVR": read_linear_regressor,
    "sklearn.linear_model.LogisticRegression": read_logistic_regression,
    "sklearn.linear_model.LogisticRegressionCV": read_logistic_regression,
    "sklearn.linear_model.SGDClassifier": read_sgd_classifier,
    "sklearn.linear_model.Perceptron": read_linear_classifier,
    "sklearn.linear_model.PassiveAggressiveClassifier": read_linear_classifier,
    "sklearn.svm.LinearSVC": read_linear_classifier,
    "sklearn.linear_model.RidgeClassifier": read_ridge_classifier,
    "sklearn.linear_model.RidgeClassifierCV": read_ridge_classifier,
}
