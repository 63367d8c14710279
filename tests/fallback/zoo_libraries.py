"""Models of other libraries: samplers, encoders, feature engineering, boosting of distributions, statistics.

Those of imbalanced-learn and feature-engine, and most of category_encoders, compile; here the settings ask for their own library.

Not here: sklearn-pandas 2.2, which imports a function that scikit-learn has no more.
"""

import numpy as np
from sklearn.decomposition import NMF
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier

from tests.fallback.zoo import Animal, Entry, fit, labels, numbers, shop, target

A = shop()
N = numbers()
Y = labels(N)
CATEGORIES = A[["city", "plz", "x"]]
ENCODERS = ("category_encoders", "pandas")
ENCODERS = ("category_encoders", "pandas")
MIXED = A[["city", "count", "amount"]]


def balanced(name, *arguments, **options):
    import imblearn.ensemble

    return Animal(
        fit(getattr(imblearn.ensemble, name)(*arguments, **options), N, Y), N, ("imblearn",), is_asked_for=True
    )


def resampled(module, name, **options):
    from importlib import import_module

    from imblearn.pipeline import make_pipeline as make_imblearn

    sampler = getattr(import_module(f"imblearn.{module}"), name)(**options)
    y = (N["a"] > 0.8).astype(int)
    return Animal(fit(make_imblearn(sampler, LogisticRegression()), N, y), N, ("imblearn",), is_asked_for=True)


def resampled_categories():
    from imblearn.over_sampling import RandomOverSampler
    from imblearn.pipeline import make_pipeline as make_imblearn
    from sklearn.preprocessing import OneHotEncoder

    X = A[["city", "plz"]]
    model = make_imblearn(
        RandomOverSampler(random_state=0), OneHotEncoder(handle_unknown="ignore"), LogisticRegression()
    )
    return Animal(fit(model, X, (A.x > 0.7).astype(int)), X, ("imblearn",), is_asked_for=True)


def encoded(name, X=CATEGORIES, **options):
    import category_encoders

    encoder = getattr(category_encoders, name)(**options)
    return Animal(
        fit(make_pipeline(encoder, LogisticRegression()), X, (A.x > 0).astype(int)), X, ENCODERS, is_asked_for=True
    )


def encoded_integers(name, **options):
    import category_encoders

    X = A[["zip", "x"]]
    encoder = getattr(category_encoders, name)(cols=["zip"], **options)
    return Animal(fit(make_pipeline(encoder, Ridge()), X, target()), X, ENCODERS, is_asked_for=True)


def engineered(module, name, X=MIXED, **options):
    from importlib import import_module

    step = getattr(import_module(f"feature_engine.{module}"), name)(**options)
    return Animal(fit(make_pipeline(step, Ridge()), X, target()), X, ("feature_engine", "pandas"), is_asked_for=True)


def engineered_dates():
    from feature_engine.datetime import DatetimeFeatures

    X = A[["when", "x"]]
    step = DatetimeFeatures(variables="when", features_to_extract=["month", "day_of_week", "hour"])
    return Animal(fit(make_pipeline(step, Ridge()), X, target()), X, ("feature_engine", "pandas"), is_asked_for=True)


def distribution(name, y):
    import ngboost

    model = getattr(ngboost, name)(n_estimators=8, verbose=False, random_state=0)
    X = N.to_numpy()
    return Animal(fit(model, X, y), X, ("ngboost", "scipy.stats"))


def statistics(name):
    import statsmodels.api as sm

    X = sm.add_constant(N[["a", "b"]])
    with np.errstate(all="ignore"):
        y = Y if name == "Logit" else target()
        y = np.where(np.arange(len(y)) % 7 == 0, 1 - y, y) if name == "Logit" else y
        fitted = getattr(sm, name)(y, X).fit(**({"disp": 0} if name == "Logit" else {}))
    return Animal(fitted, X, ("statsmodels", "pandas", "patsy", "numpy", "scipy"))


def formula():
    import statsmodels.formula.api as smf

    X = A[["city", "x", "count"]]
    fitted = smf.ols("y ~ C(city) + x * count", X.assign(y=target())).fit()
    return Animal(fitted, X, ("statsmodels", "pandas", "patsy", "numpy", "scipy", "formulaic", "builtins"))


def topics():
    X = N.abs()
    return Animal(fit(make_pipeline(NMF(2, max_iter=500, random_state=0, tol=1e-10), Ridge()), X, target()), X)


ENTRIES = [
    Entry("imblearn balanced forest", lambda: balanced("BalancedRandomForestClassifier", 8, random_state=0)),
    Entry("imblearn easy ensemble", lambda: balanced("EasyEnsembleClassifier", 3, random_state=0)),
    Entry("imblearn RUSBoost", lambda: balanced("RUSBoostClassifier", n_estimators=4, random_state=0)),
    Entry(
        "imblearn balanced bagging",
        lambda: balanced("BalancedBaggingClassifier", DecisionTreeClassifier(), n_estimators=4, random_state=0),
    ),
    Entry("imblearn SMOTE", lambda: resampled("over_sampling", "SMOTE", random_state=0)),
    Entry("imblearn under-sampling", lambda: resampled("under_sampling", "RandomUnderSampler", random_state=0)),
    Entry("imblearn SMOTE and Tomek", lambda: resampled("combine", "SMOTETomek", random_state=0)),
    Entry("imblearn over-sampling of texts", resampled_categories),
    *(
        Entry(f"category_encoders {name}", lambda name=name: encoded(name))
        for name in (
            *("TargetEncoder", "OrdinalEncoder", "OneHotEncoder", "BinaryEncoder", "CountEncoder", "WOEEncoder"),
            *("LeaveOneOutEncoder", "CatBoostEncoder", "JamesSteinEncoder", "HelmertEncoder", "SumEncoder"),
            *("BackwardDifferenceEncoder", "BaseNEncoder", "GLMMEncoder", "MEstimateEncoder", "RankHotEncoder"),
        )
    ),
    Entry("category_encoders HashingEncoder", lambda: encoded("HashingEncoder", max_process=1, n_components=4)),
    Entry(
        "category_encoders HashingEncoder of integers",
        lambda: encoded_integers("HashingEncoder", max_process=1, n_components=4),
    ),
    Entry("category_encoders CountEncoder of integers", lambda: encoded_integers("CountEncoder")),
    *(
        Entry(
            f"feature_engine {name}",
            lambda module=module, name=name, options=options: engineered(module, name, **options),
        )
        for module, name, options in (
            ("encoding", "OneHotEncoder", {}),
            ("encoding", "MeanEncoder", {}),
            ("encoding", "CountFrequencyEncoder", {}),
            ("discretisation", "EqualWidthDiscretiser", {"X": A[["count", "amount"]]}),
            ("outliers", "Winsorizer", {"X": A[["count", "amount"]]}),
            ("creation", "CyclicalFeatures", {"X": A[["count", "x"]]}),
            ("transformation", "YeoJohnsonTransformer", {"X": A[["count", "amount"]]}),
        )
    ),
    Entry("feature_engine DatetimeFeatures", engineered_dates),
    Entry("ngboost regressor", lambda: distribution("NGBRegressor", target())),
    Entry("ngboost classifier", lambda: distribution("NGBClassifier", Y)),
    Entry("statsmodels OLS", lambda: statistics("OLS")),
    Entry("statsmodels Logit", lambda: statistics("Logit")),
    Entry("statsmodels formula", formula),
    Entry("NMF", topics),
]
