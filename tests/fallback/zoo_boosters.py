"""CatBoost with categories, where the settings ask for it, and with texts; and boosters with what no reader takes."""

import numpy as np
import pandas as pd
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline

from tests.fallback.zoo import OWN, Animal, Entry, fit, labels, numbers, random, target

R = random()
ROWS = 90
X = pd.DataFrame(
    {
        "city": R.choice(["Berlin", "Paris", "Rome"], ROWS),
        "store": R.randint(1, 5, ROWS),
        "x": R.normal(size=ROWS).round(3),
        "note": R.choice(["good film", "bad movie", "fine day", "a bad day"], ROWS),
    }
)
X.loc[::13, "x"] = np.nan
Y = (X.city == "Berlin") * 1.0 + X.x.fillna(0) + (X.store == 2)
GRADES = np.where(Y > 1, "gold", np.where(Y > 0, "silver", "bronze"))
N = numbers()
SEVERAL = np.column_stack([N.a > 0, N.b > 0, N.a + N.c > 0]).astype(int)


def cat(
    name,
    y,
    columns=("city", "store", "x"),
    cat_features=("city", "store"),
    frame=True,
    change=None,
    compiles=True,
    **options,
):
    import catboost

    model = getattr(catboost, name)(
        iterations=8,
        depth=3,
        verbose=False,
        allow_writing_files=False,
        random_seed=1,
        cat_features=list(cat_features),
        **options,
    )
    table = X[list(columns)]
    table = change(table) if change else table
    if not frame:
        table = table.to_numpy()
    return Animal(fit(model, table, y), table, is_asked_for=compiles)


def store_as_text(table):
    return table.assign(store=table["store"].astype(str))


def city_as_category(table):
    return table.assign(city=pd.Categorical(table["city"]))


def own_first(model, y):
    import shop_steps as s

    return Animal(
        fit(make_pipeline(s.Columns(["a", "b", "c"]), model), N[["a", "b", "c"]], y), N[["a", "b", "c"]], (OWN,)
    )


def xgb(**options):
    import xgboost

    return xgboost.XGBClassifier(n_estimators=5, max_depth=3, n_jobs=1, **options)


def lgbm(**options):
    import lightgbm

    return lightgbm.LGBMClassifier(n_estimators=5, n_jobs=1, verbose=-1, **options)


ENTRIES = [
    Entry("catboost regressor, categories", lambda: cat("CatBoostRegressor", Y), slow=False),
    Entry("catboost classifier, categories", lambda: cat("CatBoostClassifier", Y > 0.5)),
    Entry("catboost of three classes", lambda: cat("CatBoostClassifier", GRADES)),
    Entry("catboost of digit texts", lambda: cat("CatBoostRegressor", Y, change=store_as_text)),
    Entry("catboost of a Categorical", lambda: cat("CatBoostRegressor", Y, change=city_as_category)),
    Entry("catboost of integer categories", lambda: cat("CatBoostRegressor", Y, ["store", "x"], ["store"])),
    Entry(
        "catboost of texts",
        lambda: cat(
            "CatBoostClassifier", Y > 0.5, ["city", "x", "note"], ["city"], text_features=["note"], compiles=False
        ),
    ),
    Entry("catboost of an array", lambda: cat("CatBoostRegressor", Y, ["city", "x"], [0], frame=False)),
    Entry("catboost of two targets", lambda: cat("CatBoostRegressor", np.c_[Y, -Y], loss_function="MultiRMSE")),
    Entry(
        "catboost with uncertainty",
        lambda: cat("CatBoostRegressor", Y, loss_function="RMSEWithUncertainty", compiles=False),
    ),
    Entry(
        "catboost of several labels",
        lambda: cat(
            "CatBoostClassifier", np.c_[Y > 0, Y > 1].astype(int), loss_function="MultiLogloss", compiles=False
        ),
    ),
    Entry("catboost ranker", lambda: own_first_ranker()),
    Entry("xgboost of several labels", lambda: own_first(xgb(), SEVERAL), slow=False),
    Entry("xgboost of two labels", lambda: own_first(xgb(), SEVERAL[:, :2])),
    Entry("several labels, one forest each", lambda: own_first(MultiOutputClassifier(lgbm()), SEVERAL)),
    Entry("several labels, a chain", lambda: own_first(ClassifierChain(lgbm()), SEVERAL)),
    Entry("several labels, neighbors", lambda: own_first(KNeighborsClassifier(3), SEVERAL)),
    Entry("several labels, a network", lambda: own_first(MLPClassifier((4,), max_iter=50, random_state=0), SEVERAL)),
    Entry("lightgbm of texts as labels", lambda: own_first(lgbm(), np.where(labels(N), "yes", "no"))),
    Entry("xgboost regressor of two targets", lambda: own_first(xgb_regressor(), np.c_[target(), -target()])),
]


def xgb_regressor():
    import xgboost

    return xgboost.XGBRegressor(n_estimators=5, max_depth=3, n_jobs=1)


def own_first_ranker():
    import lightgbm
    import shop_steps as s

    table = N[["a", "b", "c"]]
    model = make_pipeline(s.Columns(["a", "b", "c"]), lightgbm.LGBMRegressor(n_estimators=5, n_jobs=1, verbose=-1))
    return Animal(fit(model, table, target()), table, (OWN,))
