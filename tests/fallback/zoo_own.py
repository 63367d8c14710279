"""Steps of the user's own: first, last and in between; with names and without; of every type of column."""

import numpy as np
import pandas as pd
import shop_steps as s
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, StandardScaler

from tests.fallback.zoo import OWN, Animal, Entry, fit, labels, numbers, random, shop, target

T = (OWN,)
DOCUMENTS = [
    *("state-of-the-art film", "Bad film", "GREAT play good cast", "an awful play", "good not great", "a bad-bad cast"),
    *("fine film", "the cast is GOOD", "no film at all", "play it again", "AWFUL awful film", "great great great"),
] * 4
MOODS = [["up", "down"][index % 2] for index in range(len(DOCUMENTS))]
A = shop()
N = numbers().assign(b=lambda X: X["b"].abs())


def forest(y=True):
    return RandomForestClassifier(8, random_state=0) if y else RandomForestRegressor(8, random_state=0)


def pipe(columns, *steps, y=None, X=None, **options):
    X = A[list(columns)] if X is None else X[list(columns)]
    return Animal(fit(make_pipeline(*steps), X, target(len(X)) if y is None else y), X, T, **options)


def zips(first):
    part = make_pipeline(first, OneHotEncoder(handle_unknown="ignore"))
    pre = make_column_transformer((part, ["zip"]), (StandardScaler(), ["amount"]))
    return pipe(["zip", "amount"], pre, LogisticRegression(), y=(A.zip > 50000).astype(int))


def own_in_middle():
    pre = make_column_transformer((OneHotEncoder(), ["city"]), (StandardScaler(), ["x"]), sparse_threshold=1)
    return pipe(["city", "x"], pre, FunctionTransformer(s.to_dense, accept_sparse=True), GaussianNB(), y=A.flag)


def dense():
    return pipe(
        ["city", "plz"],
        OneHotEncoder(handle_unknown="ignore"),
        FunctionTransformer(s.to_dense, accept_sparse=True),
        GaussianNB(),
        y=A.flag.astype(int),
    )


def with_missing(name, step, y=None):
    X = A[["x", "amount"]].copy()
    X.loc[::7, name] = np.nan
    return Animal(fit(make_pipeline(step, Ridge()), X, target()), X, (*T, "pandas"))


def integers_with_missing():
    X = A[["zip", "amount"]].copy()
    X["zip"] = X["zip"].astype(float)
    X.loc[::9, "zip"] = np.nan
    # pandas reads such a column as floats: the first step sees "123.0", and "nan".
    step = FunctionTransformer(s.lengths_of_texts)
    return Animal(fit(make_pipeline(step, Ridge()), X, target()), X, T)


def truths_with_missing():
    X = A[["flag", "count"]].rename(columns={"count": "n"}).astype({"flag": object})
    X.loc[::8, "flag"] = np.nan
    return Animal(fit(make_pipeline(s.Flags(), Ridge()), X, target()), X, T)


def dates(columns, step, y=None):
    return pipe(columns, step, forest(False))


def two_dates():
    X = pd.DataFrame({"start": A.when, "end": A.when + pd.to_timedelta(A["count"], "D")})
    return Animal(fit(make_pipeline(s.TwoDates(), Ridge()), X, target()), X, T)


def date_texts(step):
    X = pd.DataFrame({"when": A.when.dt.strftime("%Y-%m-%d"), "x": A.x})
    return Animal(fit(make_pipeline(step, forest(False)), X, target()), X, T)


def utc():
    X = A[["when", "x"]].assign(when=A.when.dt.tz_localize("UTC"))
    return Animal(fit(make_pipeline(s.UtcHours(), forest(False)), X, target()), X, T)


def zoned():
    """Winter and summer time: the hour is that of the row's own offset."""
    when = A.when.dt.tz_localize("UTC").dt.tz_convert("Europe/Berlin") + pd.to_timedelta(A["count"] * 30, "D")
    X = A[["when", "x"]].assign(when=when)
    return Animal(fit(make_pipeline(s.LocalHours(), forest(False)), X, target()), X, T)


def missing_dates():
    X = A[["when", "x"]].copy()
    X.loc[::11, "when"] = pd.NaT
    pre = make_column_transformer((make_pipeline(s.Missing()), ["when"]), (StandardScaler(), ["x"]))
    return Animal(fit(make_pipeline(pre, Ridge()), X, target()), X, T)


def lookup():
    X = A[["city"]].rename(columns={"city": "code"})
    table = {"Bonn": 1.0, "Lima": 2.0, "Oslo": 5.0}
    refused = ({"code": "Rome"}, {"code": None})
    return Animal(fit(make_pipeline(s.Lookup(table), Ridge()), X, target()), X, T, unanswered=refused)


def lookup_of_integers():
    X = pd.DataFrame({"code": random().randint(1, 4, len(A))})
    step = s.Lookup({1: 0.5, 2: 3.0, 3: 1.0})
    return Animal(fit(make_pipeline(step, Ridge()), X, target()), X, T, unanswered=({"code": 9},))


def lookup_of_digits():
    """Digits that are texts, without a leading zero: only the table knows."""
    X = pd.DataFrame({"code": random().choice(["10115", "80331"], len(A))})
    return Animal(fit(make_pipeline(s.Lookup({"10115": 0.5, "80331": 3.0}), Ridge()), X, target()), X, T)


def upper():
    X = A[["city", "count"]].rename(columns={"city": "code", "count": "n"})
    return Animal(fit(make_pipeline(s.Upper(), Ridge()), X, target()), X, T, unanswered=({"code": None, "n": 3},))


def categorical():
    X = A[["city", "x"]].assign(city=pd.Categorical(A.city))
    return Animal(fit(make_pipeline(s.CategoryCodes(), forest(False)), X, target()), X, T)


def documents(*steps):
    return Animal(fit(make_pipeline(*steps), DOCUMENTS, MOODS), DOCUMENTS, T)


def series():
    X = pd.Series(DOCUMENTS, name="text")
    return Animal(fit(make_pipeline(s.CleanSeries(), TfidfVectorizer(), LogisticRegression()), X, MOODS), X, T)


def bundle(cls):
    X = N[["a", "b"]]
    return Animal(cls(fit(LogisticRegression(), X, labels(N)), 0.3), X, (*T,))


def frame_bundle():
    X = N[["a", "b"]]
    return Animal(s.FrameBundle(fit(Ridge(), X.assign(sum=X.a + X.b), target()), 0), X, T)


def rules():
    X = pd.DataFrame({"age": random().randint(5, 60, len(A)), "member": A.flag})
    return Animal(s.Rules(), X, T)


def per_city():
    X = A[["city", "x"]]
    return Animal(fit(s.PerCity(Ridge()), X, target()), X, T, unanswered=({"city": "Rome", "x": 1.0},))


def array(step, integer):
    X = random().randint(0, 9, (len(A), 3)) if integer else random().normal(size=(len(A), 3))
    return Animal(fit(make_pipeline(step, Ridge()), X, target()), X, T)


def wrapped(cls, model, X=None, y=None):
    X = N[["a", "b"]] if X is None else X
    return Animal(fit(cls(model), X, labels(N) if y is None else y), X, T)


def big_integers():
    X = pd.DataFrame({"zip": 2**53 + 1 + 2 * random().randint(0, 500, len(A)), "amount": A.amount})
    return Animal(fit(make_pipeline(s.ZipDigits(), Ridge()), X, target()), X, T)


def selected_texts():
    pre = make_column_transformer(
        (make_pipeline(FunctionTransformer(s.first_two), OneHotEncoder(handle_unknown="ignore")), ["plz"]),
        ("passthrough", ["x"]),
    )
    return pipe(["plz", "x"], pre, Ridge())


def tokenizer(cls, **options):
    return documents(cls(tokenizer=s.split_words, token_pattern=None, **options), LogisticRegression())


def text_column():
    X = pd.DataFrame({"note": DOCUMENTS, "x": np.arange(len(DOCUMENTS)) / 10})
    pre = make_column_transformer((TfidfVectorizer(preprocessor=s.shout), "note"), (StandardScaler(), ["x"]))
    return Animal(fit(make_pipeline(pre, LogisticRegression()), X, MOODS), X, T)


def union():
    parts = make_union(StandardScaler(), s.Ratio())
    X = N[["a", "b"]]
    return Animal(fit(make_pipeline(parts, Ridge()), X, target()), X, T)


def transformer():
    X = A[["city", "plz"]]
    return Animal(fit(make_pipeline(s.FrequencyEncoder(), StandardScaler()), X), X, T)


def with_target_in_data():
    """The rows have the target as a last column, and the first step does not say its columns."""
    X = A[["zip", "amount"]]
    model = fit(make_pipeline(s.ZipDigits(), Ridge()), X, target())
    return Animal(model, X.assign(target=target()), T)


ENTRIES = [
    Entry("prefix of a zip code", lambda: zips(s.Prefix()), slow=False),
    Entry("digits of a zip code, unnamed", lambda: pipe(["zip", "amount"], s.ZipDigits(), Ridge()), slow=False),
    Entry("digits of a zip code, named", lambda: pipe(["zip", "amount"], s.NamedZipDigits(), Ridge())),
    Entry("digits of large integers", big_integers),
    Entry("target in the data", with_target_in_data),
    Entry("leading zeros", selected_texts),
    Entry("parity of integers", lambda: pipe(["count"], s.Parity(), Ridge())),
    Entry("flags", lambda: pipe(["flag", "n"], s.Flags(), Ridge(), X=A.rename(columns={"count": "n"})), slow=False),
    Entry("flags, some missing", truths_with_missing),
    Entry("integers, some missing", integers_with_missing),
    Entry("dates, unnamed", lambda: dates(["when", "x"], s.DateParts()), slow=False),
    Entry("dates, named", lambda: dates(["when", "x"], s.NamedDateParts())),
    Entry("dates since a start", lambda: dates(["when"], s.SinceStart())),
    Entry("dates by a function", lambda: dates(["when"], FunctionTransformer(s.weekday))),
    Entry("two dates", two_dates),
    Entry("dates, some missing", missing_dates),
    Entry("dates in a time zone", zoned),
    Entry("moments in UTC", utc),
    Entry("dates as texts", lambda: date_texts(s.DateTexts())),
    Entry("dates as texts, parsed", lambda: date_texts(s.ParsedDates())),
    Entry("lookup of texts", lookup, slow=False),
    Entry("lookup of integers", lookup_of_integers),
    Entry("lookup of digits", lookup_of_digits),
    Entry("upper case", upper),
    Entry("category codes", categorical),
    Entry("by dtype", lambda: pipe(["city", "x", "count"], s.ByDtype(), Ridge())),
    Entry("integers only", lambda: pipe(["zip", "x", "count"], s.IntegersOnly(), Ridge())),
    Entry("frequency encoder", transformer),
    Entry("median of columns", lambda: with_missing("x", s.MedianFill())),
    Entry("own step in the middle", own_in_middle),
    Entry("sparse to dense", dense),
    Entry("columns by names", lambda: pipe("abc", s.Columns(["a", "c"]), Ridge(), X=N)),
    Entry("ratio", lambda: pipe("ab", s.Ratio(), Ridge(), X=N)),
    Entry("ratio by a function", lambda: pipe("ab", FunctionTransformer(s.add_ratio), Ridge(), X=N)),
    Entry("union", union),
    Entry("own logarithm", lambda: pipe(["amount"], FunctionTransformer(s.log_amount), Ridge())),
    Entry("array of integers", lambda: array(s.ClipArray(), integer=True)),
    Entry("array of integers, halved", lambda: array(s.Halves(), integer=True)),
    Entry("array of floats", lambda: array(s.ClipArray(), integer=False)),
    Entry("own tokenizer", lambda: tokenizer(TfidfVectorizer), slow=False),
    Entry("own tokenizer, counts", lambda: tokenizer(CountVectorizer, ngram_range=(1, 2))),
    Entry("own preprocessor in a column", text_column),
    Entry("own lengths of texts", lambda: documents(s.Lengths(), LogisticRegression())),
    Entry("own cleaning of a Series", series),
    Entry("own cleaning of texts", lambda: documents(s.Clean(), TfidfVectorizer(), LogisticRegression())),
    Entry("bundle", lambda: bundle(s.Bundle), slow=False),
    Entry("bundle with texts", lambda: bundle(s.TextBundle)),
    Entry("bundle with a frame and a Series", frame_bundle),
    Entry("rules", rules),
    Entry("one model per city", per_city),
    Entry("one probability", lambda: wrapped(s.OneProbability, LogisticRegression())),
    Entry("answers as a frame", lambda: wrapped(s.FrameAnswers, Ridge(), y=target())),
    Entry("answers as a list", lambda: wrapped(s.ListAnswers, Ridge(), y=target())),
    Entry("answers as objects", lambda: wrapped(s.ObjectAnswers, Ridge(), y=target())),
    Entry("intervals", lambda: wrapped(s.Intervals, Ridge(), y=target())),
    Entry("ordinal codes, own filter", lambda: pipe(["city", "x"], ordinal(), s.ClipArray(), forest(False))),
]


def ordinal():
    return make_column_transformer((OrdinalEncoder(), ["city"]), remainder="passthrough")
