"""Steps of feature-engine: each alone and in pipelines, on training rows and on cells that are missing or unknown."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder as OneHot
from sklearn.preprocessing import StandardScaler

from iris_model.compiler import compile_model
from iris_model.compiler.emit import emit
from iris_model.compiler.passes import run_passes
from iris_model.engine import InvalidInput, load
from iris_model.errors import UnsupportedModel
from iris_model.readers import open_model, read_estimator

pytest.importorskip("feature_engine")

from feature_engine import creation, discretisation, encoding, imputation, outliers, scaling, selection
from feature_engine import transformation as functions
from feature_engine.pipeline import Pipeline as EnginePipeline
from feature_engine.wrappers import SklearnTransformerWrapper

random = np.random.RandomState(4)
NUMBERS = pd.DataFrame(
    {
        "a": random.uniform(0.05, 0.95, 160).round(3),
        "b": random.randint(1, 9, 160).astype(float),
        "c": random.gamma(2.0, 3.0, 160).round(3) + 0.01,
    }
)
HOLES = NUMBERS.mask(random.uniform(size=NUMBERS.shape) < 0.1)
TEXTS = pd.DataFrame(
    {
        "a": NUMBERS["a"],
        "city": random.choice(["Bonn", "Lima", "Oslo", "Rome", "Pisa"], 160, p=[0.4, 0.3, 0.2, 0.07, 0.03]),
        "size": random.choice([1, 2, 3], 160).astype(float),
        "c": NUMBERS["c"],
    }
)
TEXT_HOLES = TEXTS.assign(city=TEXTS["city"].where(TEXTS.index % 9 > 0, None), a=HOLES["a"])
AMOUNT = NUMBERS["a"] * 3 + NUMBERS["b"] + (TEXTS["city"] == "Oslo") * 2
BOUGHT = (AMOUNT + random.normal(size=160) > AMOUNT.median()).astype(int)
EDGE_NUMBERS = [0.0, -0.0, 0.5, 1.0, 1.0000001, -1.0, 2.0, 8.0, 9.0, 25.0, -3.5, 1e-3, 1e6, 1e300, None]
CITIES = ["Bonn", "Lima", "Oslo", "Rome", "Pisa", "Rare", "Missing", "Quito", "", None]


def fitted(step, frame, target):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return step.fit(frame, target)


def compiled(model, rows, tmp_path):
    """The compiled model, compared with the original by the compiler."""
    path = tmp_path / "model.safetensors"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path.write_bytes(compile_model(model, data=rows).data)
    return load(str(path))


def converted(model, rows, tmp_path):
    """The graph alone: the steps are many, and the tests compare them row by row."""
    path = tmp_path / "model.safetensors"
    path.write_bytes(emit(run_passes(read_estimator(model)), {}))
    return load(str(path))


def edges(frame):
    """Rows that differ from an ordinary one in one cell."""
    usual = [None if cell != cell else cell for cell in frame.dropna().iloc[0].tolist()]
    rows = []
    for place, column in enumerate(frame.columns):
        for cell in CITIES if column == "city" else EDGE_NUMBERS:
            rows.append([*usual[:place], cell, *usual[place + 1 :]])
    return rows


def original(model, frame, method, rows):
    table = pd.DataFrame(rows, columns=frame.columns)
    table = table.astype({column: frame[column].dtype for column in frame.columns})
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return np.asarray(getattr(model, method)(table), float)
        except Exception:
            return None


def answer(served, method, rows):
    try:
        return np.array(getattr(served, method)(rows), float)
    except (InvalidInput, OverflowError):
        return None


def assert_same(model, frame, tmp_path, method="transform", make=converted):
    trained = frame.astype(object).where(frame.notna(), None).to_numpy().tolist()
    served = make(model, trained, tmp_path)
    met = 0
    for row in [*trained[:10], *edges(frame)]:
        right, found = original(model, frame, method, [row]), answer(served, method, [row])
        if right is not None and np.isinf(right).any() and found is None:
            continue  # an overflow is refused
        assert (right is None) == (found is None), row
        if right is not None:
            np.testing.assert_allclose(found, right, rtol=1e-9, atol=1e-12, err_msg=str(row))
            met += 1
    np.testing.assert_allclose(
        answer(served, method, trained), original(model, frame, method, trained), rtol=1e-9, atol=1e-12
    )
    assert met > 12
    return served


IMPUTERS = [
    imputation.MeanMedianImputer(),
    imputation.MeanMedianImputer("mean", variables=["a", "c"]),
    imputation.ArbitraryNumberImputer(arbitrary_number=-1),
    imputation.ArbitraryNumberImputer(imputer_dict={"a": 3, "b": 7}),
    imputation.EndTailImputer(),
    imputation.EndTailImputer("iqr", tail="left"),
    imputation.EndTailImputer("max", fold=2, variables="b"),
    imputation.AddMissingIndicator(),
    imputation.AddMissingIndicator(missing_only=False, variables=["b"]),
]
STEPS = [
    discretisation.EqualWidthDiscretiser(bins=5),
    discretisation.EqualFrequencyDiscretiser(q=4, variables=["c", "a"], return_object=True),
    discretisation.GeometricWidthDiscretiser(bins=4),
    discretisation.ArbitraryDiscretiser({"a": [0, 0.2, 0.5, 1], "c": [-np.inf, 2, 8, np.inf]}),
    discretisation.ArbitraryDiscretiser({"b": [0, 2, 8, 9]}, errors="raise"),
    discretisation.DecisionTreeDiscretiser(random_state=0),
    discretisation.DecisionTreeDiscretiser(bin_output="bin_number", variables=["c"], random_state=0),
    outliers.Winsorizer(),
    outliers.Winsorizer("iqr", tail="both", fold=0.5, add_indicators=True),
    outliers.Winsorizer("quantiles", tail="left", fold=0.1, add_indicators=True, variables=["c"]),
    outliers.Winsorizer("mad", tail="right", missing_values="ignore", add_indicators=True),
    outliers.ArbitraryOutlierCapper(max_capping_dict={"a": 0.8, "b": 7}, min_capping_dict={"c": 1}),
    outliers.ArbitraryOutlierCapper(min_capping_dict={"c": 1}, missing_values="ignore"),
    scaling.MeanNormalizationScaler(),
    functions.LogTransformer(),
    functions.LogTransformer(base="10", variables=["c"]),
    functions.LogCpTransformer(),
    functions.LogCpTransformer(C={"a": 1, "c": 4.5}, base="10"),
    functions.LogCpTransformer(C=2),
    functions.ReciprocalTransformer(),
    functions.PowerTransformer(),
    functions.PowerTransformer(exp=1.7),
    functions.PowerTransformer(exp=3, variables=["b"]),
    functions.PowerTransformer(exp=-2, variables=["b"]),
    functions.BoxCoxTransformer(),
    functions.YeoJohnsonTransformer(),
    functions.ArcsinTransformer(variables=["a"]),
    functions.ArcSinhTransformer(loc=1.5, scale=2.0),
    creation.MathFeatures(["a", "b", "c"], ["sum", "mean", "std", "var", "min", "max", "median", "prod"]),
    creation.MathFeatures(["a", "b"], "mean", drop_original=True, missing_values="ignore"),
    creation.RelativeFeatures(["a", "b"], ["c"], ["add", "sub", "mul", "div", "truediv", "floordiv", "mod"]),
    creation.RelativeFeatures(["a"], ["b", "c"], ["div", "mod"], fill_value=-1, drop_original=True),
    creation.RelativeFeatures(["b"], ["a"], ["pow"], missing_values="raise"),
    creation.CyclicalFeatures(variables=["b"]),
    creation.CyclicalFeatures(max_values={"a": 1, "c": 12}, drop_original=True),
    creation.DecisionTreeFeatures(variables=["a", "b"], random_state=0),
    selection.DropFeatures(["b"]),
    selection.DropConstantFeatures(tol=0.99),
    selection.DropCorrelatedFeatures(threshold=0.01),
    selection.SmartCorrelatedSelection(threshold=0.01),
    SklearnTransformerWrapper(StandardScaler(), variables=["c", "a"]),
    SklearnTransformerWrapper(OneHot(sparse_output=False, handle_unknown="ignore"), variables=["b"]),
]
ENCODERS = [
    encoding.OneHotEncoder(),
    encoding.OneHotEncoder(top_categories=2, variables=["size", "city"], ignore_format=True),
    encoding.OneHotEncoder(drop_last=True),
    encoding.OrdinalEncoder(),
    encoding.OrdinalEncoder("arbitrary", unseen="encode"),
    encoding.OrdinalEncoder("arbitrary", unseen="raise"),
    encoding.CountFrequencyEncoder(),
    encoding.CountFrequencyEncoder("frequency", unseen="encode", variables=["city", "size"], ignore_format=True),
    encoding.MeanEncoder(),
    encoding.MeanEncoder(smoothing="auto", unseen="encode"),
    encoding.WoEEncoder(variables=["city"], fill_value=0.01),
    encoding.DecisionTreeEncoder(regression=False, scoring="roc_auc", random_state=0),
    make_pipeline(encoding.RareLabelEncoder(n_categories=2), encoding.OneHotEncoder()),
    make_pipeline(
        encoding.RareLabelEncoder(n_categories=2, tol=0.1, replace_with="few"), encoding.MeanEncoder(unseen="raise")
    ),
]


def title(step):
    return " ".join(part.strip() for part in repr(step).split("\n"))


def quick_once(steps):
    """The first step of every third class as a quick test, the others as slow ones: each asks the original row by row."""
    classes = list(dict.fromkeys(type(step) for step in steps))
    quick, params = set(classes[::3]), []
    for step in steps:
        marks = [] if type(step) in quick else [pytest.mark.slow]
        params.append(pytest.param(step, marks=marks, id=title(step)))
        quick.discard(type(step))
    return params


@pytest.mark.parametrize("step", quick_once(IMPUTERS))
def test_imputers(step, tmp_path):
    assert_same(fitted(step, HOLES, AMOUNT), HOLES, tmp_path)


@pytest.mark.parametrize("step", quick_once(STEPS))
def test_steps_of_numbers(step, tmp_path):
    assert_same(fitted(step, NUMBERS, AMOUNT), NUMBERS, tmp_path)


@pytest.mark.parametrize("step", quick_once(ENCODERS))
def test_encoders(step, tmp_path):
    assert_same(fitted(step, TEXTS, BOUGHT), TEXTS, tmp_path)


@pytest.mark.parametrize("unseen", ["ignore", "encode"])
@pytest.mark.parametrize(
    "encoder", [encoding.OrdinalEncoder("arbitrary"), encoding.CountFrequencyEncoder(), encoding.MeanEncoder()]
)
def test_missing_categories_are_ignored(encoder, unseen, tmp_path):
    step = encoder.set_params(missing_values="ignore", unseen=unseen)
    assert_same(fitted(step, TEXT_HOLES, BOUGHT), TEXT_HOLES, tmp_path)


def test_a_text_that_a_later_step_drops_is_not_read(tmp_path):
    steps = [
        imputation.MeanMedianImputer(variables=["a"]),
        encoding.CountFrequencyEncoder(variables=["size"], ignore_format=True),
    ]
    steps += [outliers.Winsorizer(variables=["c"], add_indicators=True), selection.DropFeatures(["city"]), Ridge()]
    served = assert_same(fitted(make_pipeline(*steps), TEXT_HOLES, AMOUNT), TEXT_HOLES, tmp_path, "predict")
    assert served.signature["columns"][1].get("dropped")


def test_missing_cells_of_the_string_type_of_pandas(tmp_path):
    frame = TEXT_HOLES.astype({"city": "string"})
    rare = encoding.RareLabelEncoder(n_categories=9, missing_values="ignore")
    numbered = encoding.OrdinalEncoder("arbitrary", missing_values="ignore", unseen="encode")
    assert_same(fitted(make_pipeline(rare, numbered), frame, BOUGHT), frame, tmp_path)


PIPELINES = {
    "one-hot": (
        imputation.MeanMedianImputer(),
        imputation.CategoricalImputer(),
        encoding.RareLabelEncoder(n_categories=2),
        encoding.OneHotEncoder(),
        LogisticRegression(max_iter=500),
    ),
    "means": (
        imputation.AddMissingIndicator(),
        imputation.EndTailImputer(),
        imputation.CategoricalImputer("frequent"),
        encoding.MeanEncoder(unseen="encode"),
        outliers.Winsorizer(variables=["c"]),
        functions.YeoJohnsonTransformer(variables=["a", "c"]),
        StandardScaler(),
        LogisticRegression(),
    ),
    "bins": (
        imputation.MeanMedianImputer(),
        encoding.RareLabelEncoder(n_categories=2, missing_values="ignore"),
        encoding.OrdinalEncoder(missing_values="ignore", unseen="encode"),
        discretisation.EqualFrequencyDiscretiser(q=5, variables=["c"], return_object=True),
        encoding.WoEEncoder(variables=["c"], fill_value=0.01),
        selection.DropFeatures(["size"]),
        LogisticRegression(),
    ),
}
MODELS = {
    "trees": (creation.MathFeatures(["a", "c"], ["sum", "std"]), RandomForestRegressor(5, max_depth=4, random_state=0)),
    "log": (functions.LogTransformer(), discretisation.EqualWidthDiscretiser(), Ridge()),
    "reciprocal": (functions.ReciprocalTransformer(), StandardScaler(), Ridge()),
}


@pytest.mark.parametrize(
    "name", ["one-hot", *(pytest.param(name, marks=pytest.mark.slow) for name in ("means", "bins"))]
)
def test_pipelines(name, tmp_path):
    model = fitted(make_pipeline(*PIPELINES[name]), TEXT_HOLES, BOUGHT)
    # A header names the columns: rows without one do not show what is missing in a column of text.
    named = tmp_path / "rows.csv"
    TEXT_HOLES.to_csv(named, index=False)
    assert_same(model, TEXT_HOLES, tmp_path, "predict_proba", lambda one, _, path: compiled(one, named, path))


@pytest.mark.parametrize(
    "name", ["trees", *(pytest.param(name, marks=pytest.mark.slow) for name in ("log", "reciprocal"))]
)
def test_models_of_numbers(name, tmp_path):
    model = EnginePipeline([(str(place), step) for place, step in enumerate(MODELS[name])])
    assert_same(fitted(model, NUMBERS, AMOUNT), NUMBERS, tmp_path, "predict", compiled)


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (discretisation.EqualWidthDiscretiser(return_boundaries=True), "returns the intervals as strings"),
        (imputation.DropMissingData(), r"imputation\.DropMissingData: it removes rows"),
        (outliers.OutlierTrimmer(), r"outliers\.OutlierTrimmer: it removes rows"),
        (imputation.RandomSampleImputer(), r"RandomSampleImputer: it fills missing cells with random ones"),
        (creation.MathFeatures(["a", "b"], ["sum", "skew"]), "its function is 'skew'; expected one of sum"),
        (discretisation.DecisionTreeDiscretiser(precision=2), "train it with precision=None"),
        (creation.MathFeatures(["a", "b"], ["sum"], new_variables_names=["c"]), "replaces the column 'c'"),
    ],
)
def test_refusals(step, reason):
    with pytest.raises(UnsupportedModel, match=reason):
        read_estimator(fitted(step, NUMBERS, AMOUNT))


def test_a_pickle_is_opened_without_trust(tmp_path):
    model = fitted(make_pipeline(imputation.CategoricalImputer(), encoding.OneHotEncoder(), Ridge()), TEXTS, AMOUNT)
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(model))
    assert open_model(path).class_name == "sklearn.pipeline.Pipeline"
