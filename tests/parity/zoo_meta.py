"""The zoo of estimators that hold others."""

from __future__ import annotations

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import (
    RandomForestClassifier,
    RandomForestRegressor,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.experimental import enable_halving_search_cv  # noqa: F401 - switches the two classes on
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge, RidgeClassifier
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    HalvingGridSearchCV,
    RandomizedSearchCV,
    TunedThresholdClassifierCV,
)
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier, OutputCodeClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier, MultiOutputRegressor, RegressorChain
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, PowerTransformer, RobustScaler, StandardScaler
from sklearn.semi_supervised import SelfTrainingClassifier
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from tests.parity.zoo import (
    CLASSES,
    MISSING_CLASSES,
    MULTI_LABEL,
    NUMBERS,
    OUTPUT_CLASSES,
    TABLES,
    DataSet,
    make_animals,
)

SEED = 7


def _small(data):
    return DataSet(data.X[:60], data.y[:60], data.low, data.high)


SOME = {name: _small(CLASSES[name]) for name in ("two texts", "three integers", "booleans", "objects")}
TWO = {name: SOME[name] for name in ("two texts", "booleans")}
MISSING = {name: _small(data) for name, data in MISSING_CLASSES.items()}
LABELS = {name: _small(data) for name, data in MULTI_LABEL.items()}
OUTPUTS = {name: _small(data) for name, data in OUTPUT_CLASSES.items()}
TARGET = {"one target": _small(NUMBERS["one target"])}
POSITIVE = {"positive target": DataSet(TARGET["one target"].X, np.exp(TARGET["one target"].y / 100))}
TARGETS = {name: _small(data) for name, data in TABLES.items()}
# Of one label every training row has the same value.
CONSTANT_LABEL = {
    "a label that is always there": DataSet(
        LABELS["multi-label"].X, np.column_stack([LABELS["multi-label"].y[:, :2], np.ones(60, int)])
    )
}

LOGISTIC = LogisticRegression()
TREE = DecisionTreeClassifier(max_depth=3, random_state=SEED)
FOREST = RandomForestClassifier(4, max_depth=4, random_state=SEED)
VOTERS = [("logistic", LOGISTIC), ("tree", TREE), ("bayes", GaussianNB())]
TREE_REGRESSOR = DecisionTreeRegressor(max_depth=3, random_state=SEED)
REGRESSORS = [("ridge", Ridge()), ("tree", TREE_REGRESSOR)]

VOTING = {
    "voting hard": VotingClassifier(VOTERS),
    "voting hard weighted": VotingClassifier(VOTERS, weights=[1, 0.3, 0.7]),
    "voting soft": VotingClassifier(VOTERS, voting="soft"),
    "voting soft weighted": VotingClassifier(
        [*VOTERS, ("gone", "drop")], voting="soft", weights=[3, 1, 2, 9], flatten_transform=False
    ),
    "voting of a pipeline": VotingClassifier([("a", make_pipeline(StandardScaler(), RidgeClassifier())), ("b", TREE)]),
}
STACKING = {
    "stacking": StackingClassifier(VOTERS, cv=2),
    "stacking of decisions": StackingClassifier(
        [("svc", LinearSVC(random_state=SEED)), ("forest", FOREST), ("gone", "drop")], TREE, cv=2, passthrough=True
    ),
    "stacking of predictions": StackingClassifier(VOTERS, RidgeClassifier(), stack_method="predict", cv=2),
}
CALIBRATION = {
    "calibrated sigmoid": CalibratedClassifierCV(LinearSVC(random_state=SEED), cv=2),
    "calibrated isotonic": CalibratedClassifierCV(FOREST, method="isotonic", cv=2),
    "calibrated in one": CalibratedClassifierCV(GaussianNB(), ensemble=False, cv=2),
}
# Fitted on texts and on 0, 1, 2 only: scikit-learn 1.8 and 1.9 take any other integers as the positions of the classes and
# read beyond their arrays, so that what they fit is a matter of luck (`_TemperatureScaling.fit`).
TEMPERATURE = {
    "calibrated temperature": CalibratedClassifierCV(LOGISTIC, method="temperature", cv=2),
    "calibrated temperature of probabilities": CalibratedClassifierCV(
        GaussianNB(var_smoothing=1.0), method="temperature", cv=2
    ),
}
PER_CLASS = {
    "one versus rest": OneVsRestClassifier(LOGISTIC),
    "one versus rest of trees": OneVsRestClassifier(TREE),
    "one versus rest of a regressor": OneVsRestClassifier(Ridge()),
    "one versus one": OneVsOneClassifier(LinearSVC(random_state=SEED)),
    "one versus one of trees": OneVsOneClassifier(TREE),
    "output code": OutputCodeClassifier(LOGISTIC, code_size=3, random_state=SEED),
    "output code of probabilities": OutputCodeClassifier(GaussianNB(), code_size=3, random_state=SEED),
}
WRAPPED = {
    "grid search": GridSearchCV(make_pipeline(StandardScaler(), LOGISTIC), {"logisticregression__C": [0.1, 1]}, cv=2),
    "randomized search": RandomizedSearchCV(TREE, {"max_depth": [2, 3]}, n_iter=2, cv=2, random_state=SEED),
    "halving search": HalvingGridSearchCV(TREE, {"max_depth": [2, 3]}, cv=2, random_state=SEED),
    "dummy prior": DummyClassifier(),
    "dummy most frequent": DummyClassifier(strategy="most_frequent"),
}
THRESHOLDS = {
    "fixed threshold": FixedThresholdClassifier(LOGISTIC, threshold=0.3),
    "fixed threshold of decisions": FixedThresholdClassifier(LinearSVC(random_state=SEED)),
    "tuned threshold": TunedThresholdClassifierCV(LOGISTIC, cv=2, random_state=SEED),
}
FIRST_CLASS = {
    "fixed threshold of the first class": FixedThresholdClassifier(LOGISTIC, threshold=0.6, pos_label="no"),
    "fixed threshold of decisions for the first class": FixedThresholdClassifier(
        LOGISTIC, threshold=0.1, pos_label="no", response_method="decision_function"
    ),
    "dummy constant": DummyClassifier(strategy="constant", constant="yes"),
}
SELF_TRAINING = {"self training": SelfTrainingClassifier(LOGISTIC), "self training svc": SelfTrainingClassifier(TREE)}
UNLABELED = {
    "integers with unlabeled": DataSet(
        SOME["three integers"].X, np.where(np.arange(60) % 5 == 0, -1, SOME["three integers"].y)
    )
}
MULTI_OUTPUT = {
    "output by output": MultiOutputClassifier(LOGISTIC),
    "output by output of trees": MultiOutputClassifier(TREE),
    "dummy": DummyClassifier(),
}
CHAINS = {
    "chain": ClassifierChain(LOGISTIC),
    "chain in another order": ClassifierChain(
        make_pipeline(StandardScaler(), TREE), order=[2, 0, 1], chain_method="predict_proba"
    ),
    "chain of decisions": ClassifierChain(LOGISTIC, order=[1, 2, 0], chain_method="decision_function"),
    "chain of predictions only": ClassifierChain(RidgeClassifier()),
    "one versus rest": OneVsRestClassifier(LOGISTIC),
    "one versus rest of trees": OneVsRestClassifier(TREE),
    "stacking of several labels": StackingClassifier([("tree", TREE), ("forest", FOREST)], TREE, cv=2),
}
REGRESSION = {
    "voting": VotingRegressor(REGRESSORS),
    "voting weighted": VotingRegressor(REGRESSORS, weights=[0.1, 3]),
    "stacking": StackingRegressor(REGRESSORS, cv=2),
    "stacking with a forest": StackingRegressor(
        REGRESSORS, RandomForestRegressor(3, random_state=SEED), cv=2, passthrough=True
    ),
    "grid search": GridSearchCV(Ridge(), {"alpha": [0.1, 10]}, cv=2),
    "dummy mean": DummyRegressor(),
    "dummy quantile": DummyRegressor(strategy="quantile", quantile=0.3),
    "dummy constant": DummyRegressor(strategy="constant", constant=3),
    "scaled target": TransformedTargetRegressor(Ridge(), transformer=StandardScaler()),
    "target scaled to its range": TransformedTargetRegressor(Ridge(), transformer=MinMaxScaler()),
    "target of two steps": TransformedTargetRegressor(
        LinearRegression(), transformer=make_pipeline(RobustScaler(), StandardScaler(with_mean=False))
    ),
    "target of another power": TransformedTargetRegressor(KNeighborsRegressor(), transformer=PowerTransformer()),
}
POSITIVE_REGRESSION = {
    "target in logarithms": TransformedTargetRegressor(Ridge(), func=np.log1p, inverse_func=np.expm1),
    "target of roots": TransformedTargetRegressor(Ridge(), func=np.sqrt, inverse_func=np.square),
    "target box-cox": TransformedTargetRegressor(TREE_REGRESSOR, transformer=PowerTransformer("box-cox")),
    "target unchanged": TransformedTargetRegressor(TREE_REGRESSOR, transformer=FunctionTransformer()),
}
SEVERAL_TARGETS = {
    "target by target": MultiOutputRegressor(Ridge()),
    "chain of regressors": RegressorChain(Ridge()),
    "dummy median": DummyRegressor(strategy="median"),
    "scaled targets": TransformedTargetRegressor(Ridge(), transformer=StandardScaler()),
}
DEEP = {
    "stacking of voting of calibrated": StackingClassifier(
        [
            (
                "voting",
                VotingClassifier([("calibrated", CALIBRATION["calibrated sigmoid"]), ("tree", TREE)], voting="soft"),
            ),
            ("search", GridSearchCV(SVC(), {"C": [1.0]}, cv=2)),
        ],
        OneVsRestClassifier(LOGISTIC),
        cv=2,
    )
}

ANIMALS = make_animals(
    (
        (VOTING | STACKING | CALIBRATION | PER_CLASS | WRAPPED, SOME),
        (TEMPERATURE, {"two texts": SOME["two texts"], "counted classes": CLASSES["whole numbers"]}),
        (DEEP, SOME),
        (THRESHOLDS, {"booleans": SOME["booleans"]}),
        (FIRST_CLASS | {"fixed threshold": FixedThresholdClassifier(TREE)}, {"two texts": SOME["two texts"]}),
        (SELF_TRAINING, UNLABELED),
        (MULTI_OUTPUT, OUTPUTS | LABELS),
        (CHAINS, LABELS),
        ({"one versus rest": OneVsRestClassifier(LOGISTIC)}, CONSTANT_LABEL),
        ({"voting of trees": VotingClassifier([("a", TREE), ("b", FOREST)], voting="soft")}, MISSING),
        (REGRESSION, TARGET),
        (POSITIVE_REGRESSION, POSITIVE),
        (SEVERAL_TARGETS, TARGETS),
        ({"another order": RegressorChain(Ridge(), order=[1, 2, 0])}, {"three targets": TARGETS["three targets"]}),
    )
)
