"""Rounds the coefficients of a logistic regression to points."""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.utils.validation import check_is_fitted, validate_data


class PointsClassifier(ClassifierMixin, BaseEstimator):
    """Two classes. The probability of the second is 1 / (1 + exp(-points / `per_point`))."""

    def __init__(self, per_point=0.25):
        self.per_point = per_point

    def fit(self, X, y):
        X, y = validate_data(self, X, y)
        inner = LogisticRegression(max_iter=1000).fit(X, y)
        self.classes_ = inner.classes_
        self.points_ = np.round(inner.coef_[0] / self.per_point)
        self.start_ = float(np.round(inner.intercept_[0] / self.per_point))
        return self

    def decision_function(self, X):
        check_is_fitted(self)
        X = validate_data(self, X, reset=False)
        return (X @ self.points_ + self.start_) * self.per_point

    def predict_proba(self, X):
        second = 1 / (1 + np.exp(-self.decision_function(X)))
        return np.column_stack([1 - second, second])

    def predict(self, X):
        return self.classes_[(self.decision_function(X) > 0).astype(int)]
