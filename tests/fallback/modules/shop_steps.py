"""A module of a user's own: the steps that people write, as they write them."""

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, TransformerMixin


class Step(TransformerMixin, BaseEstimator):
    """Learns nothing, says nothing of its columns."""

    def fit(self, X, y=None):
        return self


class NamedStep(Step):
    """Remembers its columns, as the steps of scikit-learn do."""

    def fit(self, X, y=None):
        self.feature_names_in_ = np.asarray(X.columns, dtype=object)
        self.n_features_in_ = X.shape[1]
        return self


class ZipDigits(Step):
    def transform(self, X):
        text = X["zip"].astype(str)
        return pd.DataFrame({"length": text.str.len(), "first": text.str[:2].astype(int), "amount": X["amount"]})


class NamedZipDigits(NamedStep, ZipDigits):
    pass


class Prefix(Step):
    def transform(self, X):
        return X.apply(lambda column: column.astype(str).str[:2])


class Parity(NamedStep):
    """Only integers can be shifted."""

    def transform(self, X):
        return np.array([[n & 1, n >> 1] for n in X["count"]])


class Flags(NamedStep):
    """Only a real boolean is `True` itself."""

    def transform(self, X):
        return np.array([[1 if flag is True or flag is np.True_ else 0, n] for flag, n in zip(X["flag"], X["n"])])


class DateParts(Step):
    def transform(self, X):
        when = X["when"]
        return pd.DataFrame({"month": when.dt.month, "day": when.dt.dayofweek, "hour": when.dt.hour, "x": X["x"]})


class NamedDateParts(NamedStep, DateParts):
    pass


class SinceStart(NamedStep):
    def transform(self, X):
        return (X[["when"]] - pd.Timestamp("2023-01-01")).apply(lambda column: column.dt.total_seconds() / 86400)


class TwoDates(Step):
    def transform(self, X):
        return pd.DataFrame({"days": (X["end"] - X["start"]).dt.days, "month": X["start"].dt.month})


class DateTexts(Step):
    def transform(self, X):
        return pd.DataFrame({"year": X["when"].str[:4].astype(int), "month": X["when"].str[5:7].astype(int)})


class ParsedDates(Step):
    def transform(self, X):
        when = pd.to_datetime(X["when"])
        return pd.DataFrame({"month": when.dt.month, "x": X["x"]})


class UtcHours(NamedStep):
    def transform(self, X):
        return pd.DataFrame({"hour": X["when"].dt.tz_convert("UTC").dt.hour, "x": X["x"]})


class LocalHours(NamedStep):
    def transform(self, X):
        return pd.DataFrame({"hour": X["when"].dt.hour, "month": X["when"].dt.month, "x": X["x"]})


class Lookup(Step):
    """What the table does not have is a KeyError."""

    def __init__(self, table=None):
        self.table = table

    def transform(self, X):
        return np.array([[self.table[code]] for code in X["code"]])


class Upper(NamedStep):
    """A missing code is an AttributeError."""

    def transform(self, X):
        return np.array([[len(code.upper()), n % 7] for code, n in zip(X["code"], X["n"])])


class CategoryCodes(NamedStep):
    def transform(self, X):
        return pd.DataFrame({name: X[name].cat.codes if name == "city" else X[name] for name in X.columns})


class ByDtype(NamedStep):
    """Numbers as they are, texts by their lengths."""

    def transform(self, X):
        numbers = X.select_dtypes("number")
        texts = X.select_dtypes(exclude="number").apply(lambda column: column.str.len())
        return np.column_stack([numbers.to_numpy(float), texts.to_numpy(float)])


class IntegersOnly(NamedStep):
    def transform(self, X):
        return X.select_dtypes("integer").to_numpy(float)


class Lengths(Step):
    """Takes a list of texts, not a table."""

    def transform(self, texts):
        return [[len(text), text.count(" "), text.isupper()] for text in texts]


class Clean(Step):
    def transform(self, texts):
        return [text.lower().replace("-", " ") for text in texts]


class CleanSeries(Step):
    """Takes a column of a DataFrame."""

    def transform(self, X):
        return X.str.lower().str.replace("-", " ")


def lengths_of_texts(X):
    return X.apply(lambda column: column.map(lambda cell: len(str(cell))))


class Columns(Step):
    def __init__(self, names=()):
        self.names = names

    def transform(self, X):
        return X[list(self.names)]


class Ratio(Step):
    def transform(self, X):
        return X.assign(ratio=X["a"] / (X["b"] + 1))


class ClipArray(Step):
    """Takes an array, and keeps its type: integers stay integers."""

    def transform(self, X):
        return np.clip(np.asarray(X), 0, 3)


class Halves(Step):
    def transform(self, X):
        return np.asarray(X) // 2 if np.asarray(X).dtype.kind == "i" else np.asarray(X) / 2


class MedianFill(NamedStep):
    def fit(self, X, y=None):
        super().fit(X)
        self.medians_ = X.median()
        return self

    def transform(self, X):
        return X.fillna(self.medians_)


class Missing(NamedStep):
    def transform(self, X):
        return X.isna().astype(int)


class FrequencyEncoder(NamedStep):
    def fit(self, X, y=None):
        super().fit(X)
        self.counts_ = {name: X[name].value_counts(normalize=True).to_dict() for name in X.columns}
        return self

    def transform(self, X):
        return pd.DataFrame({name: X[name].map(self.counts_[name]).fillna(0.0) for name in X.columns})


class Bundle:
    """No estimator: a model and its threshold, with `predict`."""

    def __init__(self, model, threshold):
        self.model, self.threshold = model, threshold

    def predict(self, X):
        return (self.model.predict_proba(X)[:, 1] > self.threshold).astype(int)


class TextBundle(Bundle):
    def predict(self, X):
        return ["yes" if one else "no" for one in super().predict(X)]


class FrameBundle(Bundle):
    """Adds its own features first, and answers with a Series."""

    def predict(self, X):
        X = X.assign(sum=X["a"] + X["b"])
        return pd.Series(self.model.predict(X), index=X.index)


class OneProbability(ClassifierMixin, BaseEstimator):
    """`predict_proba` gives the probability of the second class, and no table."""

    def __init__(self, model=None):
        self.model = model

    def fit(self, X, y):
        self.model.fit(X, y)
        self.classes_ = self.model.classes_
        self.n_features_in_ = self.model.n_features_in_
        return self

    def predict(self, X):
        return self.model.predict(X)

    def predict_proba(self, X):
        return self.model.predict_proba(X)[:, 1]


class FrameAnswers(RegressorMixin, BaseEstimator):
    def __init__(self, model=None):
        self.model = model

    def fit(self, X, y):
        self.model.fit(X, y)
        self.feature_names_in_ = np.asarray(X.columns, dtype=object)
        self.n_features_in_ = X.shape[1]
        return self

    def predict(self, X):
        low = self.model.predict(X)
        return pd.DataFrame({"low": low - 1, "high": low + 1})


class ListAnswers(FrameAnswers):
    def predict(self, X):
        return [float(value) for value in self.model.predict(X)]


class ObjectAnswers(FrameAnswers):
    def predict(self, X):
        return np.array([np.float64(value) for value in self.model.predict(X)], dtype=object)


class Intervals(FrameAnswers):
    def predict(self, X):
        value = self.model.predict(X)
        return np.column_stack([value - 1, value, value + 1])


class PerCity(FrameAnswers):
    """One model for each city; an unknown city is a KeyError."""

    def fit(self, X, y):
        super().fit(X[["x"]], y)
        self.feature_names_in_ = np.asarray(X.columns, dtype=object)
        self.n_features_in_ = X.shape[1]
        self.offsets_ = {city: index * 10.0 for index, city in enumerate(sorted(set(X["city"])))}
        return self

    def predict(self, X):
        return self.model.predict(X[["x"]]) + np.array([self.offsets_[city] for city in X["city"]])


class Rules:
    """No learning at all: rules on a DataFrame."""

    def predict(self, X):
        return np.where(X["age"] < 18, "child", np.where(X["member"], "member", "guest"))


def split_words(text):
    return [word for word in text.lower().replace("-", " ").split() if len(word) > 1]


def shout(text):
    return text.upper()


def add_ratio(X):
    return X.assign(ratio=X["a"] / (X["b"] + 1))


def first_two(X):
    return X.apply(lambda column: column.astype(str).str[:2])


def to_dense(X):
    return X.toarray()


def log_amount(X):
    return np.log1p(X)


def weekday(X):
    return X.apply(lambda column: column.dt.dayofweek)
