"""Models with strings and categories that do not compile: the `original` executor answers as the model itself."""

import csv
import json
import pickle
import warnings
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import NMF, LatentDirichletAllocation
from sklearn.feature_extraction import DictVectorizer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder

from iris_model.compiler import compile_model, describe_original
from iris_model.compiler.description.answers import describe_answers
from iris_model.engine import InvalidInput
from iris_model.errors import UnsupportedModel
from iris_model.project.packaging.executors import Executable
from iris_model.runtime.executors.original import OriginalModel
from tests.parity.tables import DOCUMENTS, FRAME, GRADES, LABELS
from tests.parity.test_dictionaries import LABELS as MOODS
from tests.parity.test_dictionaries import ROWS as DICTIONARIES
from tests.parity.test_tables import plain_rows

# A step that no reader knows, after steps that describe the columns.
REFUSED = NMF(3, max_iter=50, random_state=0)
MIXED = ColumnTransformer(
    [
        ("age", make_pipeline(SimpleImputer(add_indicator=True), MinMaxScaler(clip=True)), ["age"]),
        ("categories", OneHotEncoder(), ["city", "grade", "size", "member"]),
        ("words", TfidfVectorizer(), "note"),
    ]
)


def serve(path, estimator, data=None):
    path = path / "model.pkl"
    path.write_bytes(pickle.dumps(estimator))
    with pytest.raises(UnsupportedModel):
        compile_model(path, data=data)
    description = describe_original(path, data=data)
    written = {"signature": description.signature, "source": description.source}
    path.with_name("model.signature.json").write_text(json.dumps(written), encoding="utf-8")
    return description, OriginalModel(str(path))


def fitted(estimator, X, y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return estimator.fit(X, y)


def assert_golden(description, model):
    assert description.golden
    for entry in description.golden:
        for method, right in entry["outputs"].items():
            answer = model.evaluate([entry["row"]], (method,))[0][0]
            if isinstance(right, str):
                assert answer == right
            else:
                # Where NMF stops depends on the other rows that it is asked with.
                np.testing.assert_allclose(answer, right, rtol=1e-4, atol=1e-5)


def test_a_mixed_table(tmp_path):
    estimator = fitted(make_pipeline(MIXED, REFUSED, LogisticRegression()), FRAME, LABELS)
    description, model = serve(tmp_path, estimator)
    columns = {column["name"]: column for column in description.signature["columns"]}
    assert columns["city"]["categories"] == ["Bonn", "Lima", "Oslo", "Rome"] and not columns["city"]["missing"]
    assert columns["note"]["kind"] == "text" and columns["age"]["missing"] and columns["grade"]["missing"]
    assert columns["member"]["dtype"] == "bool" and columns["size"]["dtype"] == "int64"
    assert_golden(description, model)
    rows = plain_rows(FRAME)
    np.testing.assert_allclose(model.evaluate(rows, ("predict_proba",))[0], estimator.predict_proba(FRAME), rtol=1e-9)
    with pytest.raises(InvalidInput, match=r"row 1: the original model does not take it: .*Atlantis") as caught:
        model.evaluate([rows[0], ["Atlantis", *rows[1][1:]]], ("predict",))
    assert caught.value.row == 1
    with pytest.raises(InvalidInput, match="feature 'age'"):
        model.evaluate([[*rows[0][:3], "old", *rows[0][4:]]], ("predict",))


def test_documents(tmp_path):
    topics = LatentDirichletAllocation(2, random_state=0)
    estimator = fitted(make_pipeline(TfidfVectorizer(), topics, LogisticRegression()), DOCUMENTS, LABELS)
    description, model = serve(tmp_path, estimator)
    assert [column["kind"] for column in description.signature["columns"]] == ["text"]
    assert_golden(description, model)
    rows = [[document] for document in DOCUMENTS]
    np.testing.assert_allclose(model.evaluate(rows, ("predict_proba",))[0], estimator.predict_proba(DOCUMENTS))
    with pytest.raises(InvalidInput, match="the number 3"):
        model.evaluate([[3]], ("predict",))


def test_dictionaries(tmp_path):
    positive = [
        {name: abs(cell) if isinstance(cell, float) else cell for name, cell in row.items()} for row in DICTIONARIES
    ]
    estimator = fitted(make_pipeline(DictVectorizer(), REFUSED), positive, MOODS)
    description, model = serve(tmp_path, estimator)
    names = [column["name"] for column in description.signature["columns"]]
    assert set(names) == {"city", "age", "mood", "member"} and description.signature["input"] == "dictionaries"
    rows = [[row.get(name) for name in names] for row in positive]
    np.testing.assert_allclose(model.evaluate(rows, ("transform",))[0], estimator.transform(positive), atol=1e-12)


def test_objects_without_names(tmp_path):
    steps = SimpleImputer(missing_values=None, strategy="most_frequent"), OneHotEncoder(), REFUSED
    estimator = fitted(make_pipeline(*steps, LogisticRegression()), GRADES, LABELS)
    description, model = serve(tmp_path, estimator)
    assert [column.get("missing_as") for column in description.signature["columns"]] == ["none", "none"]
    assert_golden(description, model)
    assert model.evaluate(GRADES.tolist(), ("predict",))[0] == estimator.predict(GRADES).tolist()


def test_column_types_come_from_the_rows(tmp_path):
    """The refused step is the first: only the user's rows show that a column holds strings."""
    estimator = fitted(make_pipeline(Lengths(), LogisticRegression()), FRAME[["city", "size"]], LABELS)
    path = tmp_path / "rows.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["size", "city", "target"])
        writer.writerows(zip(FRAME["size"], FRAME["city"], LABELS, strict=True))
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(estimator))
    trust = ["tests.compiler.test_describe"]
    with pytest.raises(UnsupportedModel, match="Lengths reads the column 'city', whose type in training is unknown"):
        describe_original(tmp_path / "model.pkl", trust=trust)
    description = describe_original(tmp_path / "model.pkl", data=path, trust=trust)
    city, size = description.signature["columns"]
    assert city["kind"] == "categorical" and city["categories"] == ["Bonn", "Lima", "Oslo", "Rome"]
    assert size["kind"] == "numeric" and description.golden[0]["row"][1] == float(FRAME["size"][0])


class Lengths(OneHotEncoder):
    """A class that no reader knows."""

    def fit(self, X, y=None):
        self.feature_names_in_, self.n_features_in_ = np.array(X.columns, object), X.shape[1]
        return self

    def transform(self, X):
        return np.column_stack([[len(cell) for cell in X["city"]], X["size"]])


class Codes(Lengths):
    """Numbers categories by their codes."""

    def transform(self, X):
        return np.column_stack([X["plan"].astype("category").cat.codes, X["n"]])


class CodesOfCategories(Codes):
    def transform(self, X):
        return np.column_stack([X["plan"].cat.codes, X["n"]])


class Table(Codes):
    def transform(self, X):
        return np.column_stack([X["plan"].map({"basic": 0, "plus": 3, "all": 1}).astype(float), X["n"]])


@pytest.mark.parametrize("step", [Codes(), CodesOfCategories(), Table()], ids=lambda one: type(one).__name__)
def test_categories_that_a_step_numbers_are_assumed_until_they_are_declared(step, tmp_path):
    """A CSV file does not say that training had categories, nor their order."""
    plans = ["basic", "plus", "all"]
    frame = pd.DataFrame({"plan": pd.Categorical(plans * 8, plans), "n": np.arange(24) / 4})
    estimator = make_pipeline(step, LinearRegression()).fit(frame, np.array([1.0, 2.0, 5.0] * 8))
    path, rows = tmp_path / "model.pkl", tmp_path / "rows.csv"
    path.write_bytes(pickle.dumps(estimator))
    frame.to_csv(rows, index=False)

    def assumptions(**options):
        found = describe_original(path, rows, ["tests.compiler.test_describe"], **options)
        executable = Executable("original", "", "", {}, found.signature, found.source, found.golden)
        return found.golden, executable.assumptions

    _, sentences = assumptions()
    if isinstance(step, Table):
        assert not sentences
        return
    (sentence,) = sentences
    assert "of the column 'plan' is assumed, not verified" in sentence and "categories = { plan = [" in sentence
    golden, sentences = assumptions(categories={"plan": plans})
    assert not sentences
    right = estimator.predict(
        pd.DataFrame([entry["row"] for entry in golden], columns=["plan", "n"]).astype({"plan": frame["plan"].dtype})
    )
    assert [entry["outputs"]["predict"] for entry in golden] == pytest.approx(right.tolist(), rel=1e-12)


def test_types_of_an_mlflow_signature(tmp_path):
    """Digits that are strings, and integers: only the description in the directory says which column is which."""
    estimator = make_pipeline(Digits(), LogisticRegression())
    X = pd.DataFrame({"plz": ["01067", "10115", "80331"] * 4, "n": range(12)})
    fitted(estimator, X, [0, 1, 1] * 4)
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(estimator))
    trust = ["tests.compiler.test_describe"]
    with pytest.raises(UnsupportedModel, match="its columns are unknown"):
        describe_original(tmp_path / "model.pkl", trust=trust)
    inputs = json.dumps([{"type": "string", "name": "plz"}, {"type": "long", "name": "n"}])
    (tmp_path / "MLmodel").write_text(
        f"flavors:\n  sklearn:\n    pickled_model: model.pkl\nsignature:\n  inputs: '{inputs}'\n", encoding="utf-8"
    )
    description = describe_original(tmp_path / "model.pkl", trust=trust)
    assert [column["dtype"] for column in description.signature["columns"]] == ["str", "int64"]
    assert description.signature["input"] == "frame"


class Digits(OneHotEncoder):
    """Says nothing of its columns; takes texts and integers, and nothing else."""

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return np.array(
            [[float("0" + "".join(filter(str.isdigit, cell))), n << 1] for cell, n in zip(X["plz"], X["n"])]
        )


def test_classes_of_several_labels_and_a_regressor_with_classes():
    """XGBoost's `classes_` are those of one label; CatBoost's regressor has the attribute, and nothing in it."""
    golden = [{"row": [], "outputs": {"predict": [1, 0, 1], "predict_proba": [0.9, 0.2, 0.7]}}]
    labels = describe_answers(SimpleNamespace(classes_=np.array([0, 1])), ["predict", "predict_proba"], golden)
    assert labels["classes"] == [[0, 1]] * 3 and labels["outputs"]["predict_proba"]["columns"] == 3
    golden = [{"row": [], "outputs": {"predict": 1.5}}]
    assert describe_answers(SimpleNamespace(classes_=[]), ["predict"], golden)["task"] == "regressor"
    # Raw values of a booster that knows its classes.
    found = describe_answers(SimpleNamespace(classes_=np.array([0, 1])), ["predict"], golden)
    assert found["task"] == "regressor" and found["classes"] is None
