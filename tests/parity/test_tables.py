"""Mixed tables and documents: compiled, and compared with scikit-learn on the rows trained on and on strange ones."""

import warnings

import pytest
from sklearn.base import clone
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer

from iris_model.compiler import compile_model
from iris_model.engine import InvalidInput, load
from iris_model.errors import UnsupportedModel
from tests.parity.tables import ANIMALS, DOCUMENTS, FRAME, STRANGE
from tests.parity.test_zoo import METHODS, assert_same
from tests.parity.zoo import DataSet, fit


def plain_rows(X):
    """The same rows as a request has them."""
    if isinstance(X, list):
        return [[document] for document in X]
    table = X.astype(object).to_numpy() if hasattr(X, "columns") else X.astype(object)
    return [[None if cell is None or cell != cell else cell for cell in row] for row in table.tolist()]


def compile_to(path, fitted):
    compilation = compile_model(fitted)
    path.write_bytes(compilation.data)
    return compilation, load(str(path))


# `make test` has each kind of encoder once; the forests, whose splits look at each column alone, are in `make e2e`.
QUICK = set({name.partition(",")[0]: name for name, *_ in reversed(ANIMALS)}.values())
CASES = [
    pytest.param(
        *animal,
        id=name,
        marks=[] if name in QUICK else [pytest.mark.slow],
    )
    for name, *animal in ANIMALS
]


@pytest.mark.parametrize(("estimator", "X", "y"), CASES)
def test_compiled_model_answers_as_the_original(estimator, X, y, tmp_path, record_property):
    record_property("parity", "wrong")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = fit(estimator, DataSet(X, y))
        compilation, model = compile_to(tmp_path / "model.safetensors", fitted)
        asked = X + STRANGE if isinstance(X, list) else X
        offered = [method for method in METHODS if hasattr(fitted, method)]
        assert "predict" in model.outputs or set(model.outputs) == set(offered)
        for method in model.outputs:
            expected = getattr(fitted, method)(asked)
            expected = expected.toarray() if hasattr(expected, "toarray") else expected
            is_label = model.signature["outputs"][method]["kind"] == "label"
            assert_same(getattr(model, method)(plain_rows(asked)), expected, is_label)
    record_property("rows", len(asked) + compilation.report.row_count)
    record_property("parity", "exact")


def test_a_million_columns_are_not_written_out():
    with pytest.raises(UnsupportedModel, match="1,048,576 columns"):
        compile_model(HashingVectorizer().fit(DOCUMENTS))


def test_functions_of_the_users_are_refused_by_name():
    def split_at_commas(document):
        return document.split(",")

    with pytest.raises(UnsupportedModel, match=r"tokenizer is the custom function '.*split_at_commas'"):
        compile_model(CountVectorizer(tokenizer=split_at_commas, token_pattern=None).fit(DOCUMENTS))


def test_signature_says_what_a_column_holds(tmp_path):
    pipeline = next(one for one in ANIMALS if one[0] == "mixed table, logistic")
    compilation, model = compile_to(tmp_path / "model.safetensors", clone(pipeline[1]).fit(*pipeline[2:]))
    columns = {column["name"]: column for column in model.signature["columns"]}
    assert list(columns) == list(FRAME.columns)
    assert columns["city"]["kind"] == "categorical" and columns["city"]["dtype"] == "str"
    assert columns["city"]["categories"] == ["Bonn", "Lima", "Oslo", "Rome"]
    assert columns["size"]["categories"] == [1, 2, 3] and columns["size"]["dtype"] == "float64"
    assert columns["age"]["kind"] == "numeric" and columns["age"]["missing"]
    assert columns["note"]["kind"] == "text" and not columns["note"]["missing"]
    # The column is dropped: any cell is accepted.
    assert columns["junk"] == {
        "name": "junk",
        "kind": "categorical",
        "dtype": "object",
        "missing": True,
        "categories": [],
        "optional": True,
        "dropped": True,
    }
    assert {"unseen", "missing", "uniform"} <= set(compilation.report.rows)


def test_rows_of_a_csv_file_are_cells_of_their_columns(tmp_path):
    pipeline = next(one for one in ANIMALS if one[0] == "one hot, ignore")
    FRAME.to_csv(tmp_path / "rows.csv", index=False)
    compilation = compile_model(clone(pipeline[1]).fit(*pipeline[2:]), data=tmp_path / "rows.csv")
    assert compilation.report.rows["given"] == len(FRAME)
    row = compilation.golden[0]["row"]
    assert [type(cell) for cell in row[:3]] == [str, type(row[1]), float] and row[4] in (0.0, 1.0)


def test_unknown_category_is_refused_where_the_original_raises(tmp_path):
    pipeline = next(one for one in ANIMALS if one[0] == "one hot, error")
    _, model = compile_to(tmp_path / "model.safetensors", clone(pipeline[1]).fit(*pipeline[2:]))
    row = plain_rows(pipeline[2])[0]
    with pytest.raises(InvalidInput, match="'Atlantis' was not seen in training") as caught:
        model.predict([["Atlantis", *row[1:]]])
    assert caught.value.feature == "city"
    with pytest.raises(InvalidInput, match="one of its categories"):
        model.predict([[7, *row[1:]]])


def test_a_document_is_one_column_called_text(tmp_path):
    pipeline = next(one for one in ANIMALS if one[0] == "tfidf, logistic")
    _, model = compile_to(tmp_path / "model.safetensors", clone(pipeline[1]).fit(*pipeline[2:]))
    assert [(column["name"], column["kind"]) for column in model.signature["columns"]] == [("text", "text")]
    with pytest.raises(InvalidInput, match="the number 3"):
        model.predict([[3]])
    assert model.predict([[DOCUMENTS[0]]]) == model.predict([[DOCUMENTS[0]], [DOCUMENTS[1]]])[:1]
