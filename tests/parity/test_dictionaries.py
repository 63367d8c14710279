"""Dictionaries of features: DictVectorizer and FeatureHasher, compared with scikit-learn on dictionaries of all shapes."""

import csv

import numpy as np
import pytest
import sklearn
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction import DictVectorizer, FeatureHasher
from sklearn.feature_selection import SelectKBest, chi2
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import MaxAbsScaler

from iris_model.compiler import compile_model
from iris_model.compiler.description.columns import find_columns
from iris_model.compiler.original import Original
from iris_model.engine import InvalidInput, load
from iris_model.errors import UnsupportedModel
from iris_model.readers.category_orders import NO_ORDERS
from iris_model.runtime.executors.original_table import make_table
from iris_model.runtime.payloads import order_features
from tests.parity.test_zoo import METHODS, assert_same

SAMPLES = 80
random = np.random.RandomState(3)


def _dictionary():
    row = {
        "city": str(random.choice(["Rome", "Oslo", "São Paulo"])),
        "age": float(random.randint(1, 90)),
        "mood": str(random.choice(["good", "a=b", ""])) if random.uniform() < 0.5 else float(random.randint(-2, 3)),
        "member": float(random.uniform() < 0.5),
    }
    return {name: cell for name, cell in row.items() if random.uniform() < 0.8}


ROWS = [_dictionary() for _ in range(SAMPLES)]
LABELS = random.choice(["u", "v", "w"], SAMPLES)
STRANGE = [
    {"city": "Atlantis", "age": 1e30},
    {"mood": 0.0, "age": -0.0},
    {"city": "", "mood": "a"},
    {"age": 5e-324},
    {"mood": "=", "city": "東京"},
]
VECTORIZERS = {
    "dictionaries": DictVectorizer(),
    "dictionaries, dense": DictVectorizer(sparse=False, sort=False),
    "dictionaries, another separator": DictVectorizer(separator=" is "),
    "hashed": FeatureHasher(64),
    "hashed upwards": FeatureHasher(7, alternate_sign=False),
}
ANIMALS = [
    *VECTORIZERS.items(),
    *(
        (f"{name}, logistic", make_pipeline(one, MaxAbsScaler(), LogisticRegression()))
        for name, one in VECTORIZERS.items()
    ),
    ("dictionaries, forest", make_pipeline(DictVectorizer(), RandomForestClassifier(5, random_state=0))),
    ("hashed wide", make_pipeline(FeatureHasher(2**20), LogisticRegression(max_iter=5))),
    # Before scikit-learn 1.6 a union takes its own hasher for not fitted.
    *(
        []
        if sklearn.__version__.startswith("1.5.")
        else [
            (
                "both",
                make_pipeline(
                    FeatureUnion([("known", DictVectorizer()), ("any", FeatureHasher(16))]), LogisticRegression()
                ),
            )
        ]
    ),
    (
        "restricted",
        make_pipeline(
            DictVectorizer(), SelectKBest(lambda X, y: chi2(abs(X), y), k=4), RandomForestClassifier(3, random_state=0)
        ),
    ),
]


@pytest.fixture
def header(tmp_path):
    path = tmp_path / "rows.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["city", "age", "mood", "member"], restval="")
        writer.writeheader()
        writer.writerows(ROWS)
    return path


@pytest.mark.parametrize(
    "estimator",
    [pytest.param(one, id=name, marks=[pytest.mark.slow] * (name == "hashed wide")) for name, one in ANIMALS],
)
def test_compiled_model_answers_as_the_original(estimator, header, tmp_path, record_property):
    record_property("parity", "wrong")
    fitted = estimator.fit(ROWS, LABELS)
    compilation = compile_model(fitted, data=header)
    (tmp_path / "model.safetensors").write_bytes(compilation.data)
    model = load(str(tmp_path / "model.safetensors"))
    columns = model.signature["columns"]
    asked = ROWS + STRANGE
    rows = [order_features(row, columns, 0) for row in asked]
    for method in model.outputs:
        expected = getattr(fitted, method)(asked)
        expected = expected.toarray() if hasattr(expected, "toarray") else expected
        assert_same(getattr(model, method)(rows), expected, model.signature["outputs"][method]["kind"] == "label")
    assert all(column["optional"] and column["missing"] for column in columns)
    record_property("rows", len(asked) + compilation.report.row_count)
    record_property("parity", "exact")


def test_features_are_columns_that_a_request_may_leave_out():
    columns = compile_model(DictVectorizer().fit(ROWS)).signature["columns"]
    named = {column["name"]: column for column in columns}
    assert set(named) == {"city", "age", "mood", "member"}
    assert named["city"]["categories"] == ["Oslo", "Rome", "São Paulo"] and named["city"]["dtype"] == "str"
    assert named["age"]["kind"] == "numeric" and named["mood"]["dtype"] == "object"
    assert order_features({"age": 3, "unheard of": 1}, columns, 0) == [
        3 if column["name"] == "age" else None for column in columns
    ]


def test_a_hasher_that_is_not_compiled_needs_names(header):
    # Its own library does not know the names.
    for model, names in ((FeatureHasher(8), None), (FeatureHasher(8, input_type="string"), ["city"])):
        model = make_pipeline(model, LogisticRegression())
        with pytest.raises(UnsupportedModel, match="FeatureHasher takes any features") as caught:
            next(find_columns(model, None, names, "the model", {}, NO_ORDERS))
        assert "header line" in caught.value.remedy
    assert compile_model(FeatureHasher(8), data=header).signature["columns"][0]["name"] == "city"


def test_lists_of_texts_are_refused(tmp_path):
    fitted = DictVectorizer().fit(ROWS)
    (tmp_path / "model.safetensors").write_bytes(compile_model(fitted).data)
    model = load(str(tmp_path / "model.safetensors"))
    with pytest.raises(InvalidInput, match="a list of 2"):
        model.transform([[["Rome", "Oslo"] if one["name"] == "city" else None for one in model.signature["columns"]]])


WHOLE = [
    {1: float(index % 3), 20: index / 7, **({3: "x" if index % 2 else "y"} if index % 5 else {})} for index in range(60)
]


@pytest.mark.parametrize("vectorizer", [DictVectorizer(), DictVectorizer(sort=False), DictVectorizer(sparse=False)])
def test_names_that_were_integers_are_digits_in_a_row(vectorizer, tmp_path):
    rows = [{name: cell for name, cell in row.items() if name != 3} for row in WHOLE] if vectorizer.sort else WHOLE
    fitted = make_pipeline(vectorizer, LogisticRegression()).fit(rows, [index % 3 for index in range(60)])
    (tmp_path / "model.safetensors").write_bytes(compile_model(fitted).data)
    model = load(str(tmp_path / "model.safetensors"))
    columns = model.signature["columns"]
    assert {column["name"]: column.get("whole_name", False) for column in columns} == {
        "1": True,
        "20": True,
        # Of a name and a string the vectorizer makes a string.
        **({} if vectorizer.sort else {"3": False}),
    }
    sent = [order_features({str(name): cell for name, cell in row.items()}, columns, 0) for row in rows]
    wanted = fitted.predict_proba(rows)
    assert len(np.unique(wanted)) > 20
    np.testing.assert_allclose(model.predict_proba(sent), wanted, rtol=1e-9)
    # The same where the model keeps its own library.
    signature = {"columns": columns, "named": True, "input": "dictionaries"}
    np.testing.assert_array_equal(fitted.predict_proba(make_table(sent, signature)), wanted)
    np.testing.assert_array_equal(
        Original(fitted, signature).evaluate(sent, ["predict_proba"])["predict_proba"], wanted
    )


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({1: 1.0, "1": 2.0}, "it has the features 1 and '1', which are the same key in a JSON object"),
        ({(1, 2): 1.0}, r"its feature name \(1, 2\) is a tuple; expected strings or integers"),
        ({1.5: 1.0}, "its feature name 1.5 is a float; expected strings or integers"),
    ],
)
def test_names_that_no_key_can_be_are_refused(row, said):
    fitted = DictVectorizer(sort=False).fit([row])
    for ask in (compile_model, lambda one: next(find_columns(one, None, None, "the model", {}))):
        with pytest.raises(UnsupportedModel, match=said) as caught:
            ask(fitted)
        assert caught.value.remedy == "Train it with names that are strings."


def test_the_signature_has_the_methods_of_the_estimator(header):
    fitted = make_pipeline(DictVectorizer(), LogisticRegression()).fit(ROWS, LABELS)
    outputs = compile_model(fitted, data=header).signature["outputs"]
    assert set(outputs) == {method for method in METHODS if hasattr(fitted, method)}
