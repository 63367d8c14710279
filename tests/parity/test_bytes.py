"""Categories of bytes: a request has the text whose UTF-8 they are, compiled or with the model's own library."""

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, TargetEncoder

from iris_model.compiler import compile_model
from iris_model.compiler.original import Original
from iris_model.engine import InvalidInput, load
from iris_model.errors import UnsupportedModel
from iris_model.runtime.executors.original_table import make_table
from tests.support.spread import spread

RANDOM = np.random.default_rng(5)
TOWNS = np.array(["Rome", "Köln", "東京"])
TEXTS = np.c_[RANDOM.choice(TOWNS, 90), RANDOM.choice(["a", "b"], 90)]
BYTES = np.char.encode(TEXTS, "utf-8")
TARGET = (TEXTS[:, 0] == "Köln") ^ (RANDOM.uniform(size=90) < 0.2)

ENCODERS = {
    "one-hot": OneHotEncoder(),
    "one-hot that ignores": OneHotEncoder(handle_unknown="ignore"),
    "one-hot that drops": OneHotEncoder(drop="first"),
    "one-hot that groups": OneHotEncoder(min_frequency=0.4, handle_unknown="infrequent_if_exist"),
    "ordinal": OrdinalEncoder(),
    "ordinal with a number for others": OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1),
    "target": TargetEncoder(random_state=0),
}


# Each encoder with one form for `make test`, and each form with some encoders.
FORMS = ("array", "array of objects", "frame")
CASES = [
    pytest.param(form, name, marks=[pytest.mark.slow] if (number + place) % 3 else [])
    for number, name in enumerate(ENCODERS)
    for place, form in enumerate(FORMS)
]


@pytest.mark.parametrize(("form", "name"), spread(CASES, 3, unpack=True))
def test_a_row_has_the_text_of_bytes(name, form, tmp_path):
    given = BYTES if form == "array" else BYTES.astype(object)
    encoder = ENCODERS[name]
    if form == "frame":
        given = pd.DataFrame(given, columns=["town", "kind"])
        encoder = make_column_transformer((encoder, ["town", "kind"]))
    fitted = make_pipeline(encoder, LogisticRegression()).fit(given, TARGET)
    compilation = compile_model(fitted)
    (tmp_path / "model.safetensors").write_bytes(compilation.data)
    model = load(str(tmp_path / "model.safetensors"))
    rows = TEXTS.tolist()
    wanted = fitted.predict_proba(given)
    assert len(np.unique(wanted)) > 2 and compilation.report.row_count >= 200
    np.testing.assert_allclose(model.predict_proba(rows), wanted, rtol=1e-9)
    columns = model.signature["columns"]
    assert sorted(columns[0]["categories"]) == sorted(TOWNS) and all(column["encoded"] for column in columns)
    # What the encoder does with others: refuse or take them.
    others = [["Oslo", "a"], ["Köln", "c"]]
    try:
        known = np.array([[cell.encode() for cell in row] for row in others], object)
        wanted = fitted.predict_proba(pd.DataFrame(known, columns=["town", "kind"]) if form == "frame" else known)
    except ValueError:
        with pytest.raises(InvalidInput):
            model.predict_proba(others)
    else:
        np.testing.assert_allclose(model.predict_proba(others), wanted, rtol=1e-9)
    # The same where the model keeps its own library.
    signature = {"columns": columns, "named": form == "frame", "input": "frame" if form == "frame" else "table"}
    right = fitted.predict_proba(given)
    np.testing.assert_array_equal(fitted.predict_proba(make_table(rows, signature)), right)
    np.testing.assert_array_equal(Original(fitted, signature).evaluate(rows, ["predict_proba"])["predict_proba"], right)


def test_bytes_that_are_no_text_are_refused():
    fitted = OneHotEncoder().fit(np.array([[b"\xff\xfe"], [b"a"]]))
    with pytest.raises(UnsupportedModel, match="the categories of 'x0' are bytes that are not UTF-8"):
        compile_model(fitted)
