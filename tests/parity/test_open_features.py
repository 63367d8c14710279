"""FeatureHasher without a header that names its features: a row has any features, compared with scikit-learn."""

import json

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction import FeatureHasher
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from iris_model.compiler import compile_model
from iris_model.engine import InvalidInput, load
from iris_model.project.openapi_schemas import build_schemas
from iris_model.runtime.card import row_schema
from iris_model.runtime.payloads import order_features
from tests.support.spread import spread

RANDOM = np.random.RandomState(0)
VALUES = (1, 2.5, -3, "x", "Caf\u00e9", 0, True, 1e-3)


def rows_of(form, count=80):
    rows = []
    for _ in range(count):
        size = RANDOM.randint(0, 7)
        names = [f"feature {number} \u65e5" for number in RANDOM.randint(0, 30, size)]
        values = [VALUES[place] for place in RANDOM.randint(0, len(VALUES), size)]
        pairs = list(zip(names, values, strict=True))
        rows.append({"dict": dict(pairs), "pair": pairs, "string": names}[form])
    return rows


def compiled(model, tmp_path):
    (tmp_path / "model.safetensors").write_bytes(compile_model(model).data)
    return load(str(tmp_path / "model.safetensors"))


@pytest.mark.parametrize("sign", [True, False], ids=["signs", "no signs"])
@pytest.mark.parametrize("form", ["dict", "pair", "string"])
@pytest.mark.parametrize(
    "width, last",
    spread([(2**20, LogisticRegression()), (33, RandomForestClassifier(5))], 2, start=1, unpack=True),
    ids=["wide", "trees"],
)
def test_any_features(width, last, form, sign, tmp_path, record_property):
    record_property("parity", "wrong")
    hasher = FeatureHasher(width, input_type=form, alternate_sign=sign)
    fitted = make_pipeline(hasher, last).fit(rows_of(form), RANDOM.randint(0, 3, 80))
    model = compiled(fitted, tmp_path)
    asked = rows_of(form)
    cells = [[json.dumps(row)] for row in asked]
    np.testing.assert_allclose(model.predict_proba(cells), fitted.predict_proba(asked), rtol=1e-9)
    columns = model.signature["columns"]
    assert columns == [{"name": "features", "kind": "text", "dtype": "str", "missing": False, "json": form}]
    named = [order_features({"features": row}, columns, 0) for row in asked]
    if form == "dict":
        named += [order_features(row, columns, 0) for row in asked]
        asked = asked * 2
    np.testing.assert_allclose(model.predict_proba(named), fitted.predict_proba(asked), rtol=1e-9)
    record_property("rows", len(asked))
    record_property("parity", "exact")


WRONG = {
    "dict": (
        "[]",
        '{"a": null}',
        '{"a": [1]}',
        '{"a": {}}',
        '{"a": 1, "a": 2}',
        '{"a": NaN}',
        '{"a": 1e999}',
        "1",
        "a",
        "",
    ),
    "pair": ("{}", '[["a"]]', '[["a", 1, 2]]', '[[1, "a"]]', '[["a", null]]', '["a"]', '"a"'),
    "string": ("{}", "[1]", "[null]", '[["a"]]', '"a"', "[" * 100_000),
}


@pytest.mark.parametrize("form", WRONG)
def test_other_texts_are_refused_by_row(form, tmp_path):
    model = compiled(FeatureHasher(8, input_type=form).fit(rows_of(form)), tmp_path)
    right = [json.dumps(rows_of(form, 1)[0])]
    for text in WRONG[form]:
        with pytest.raises(InvalidInput, match=r"row 1: the features are .* in JSON"):
            model.transform([right, [text]])


def test_a_table_has_null_for_an_absent_feature(tmp_path):
    columns = compiled(FeatureHasher(8).fit(rows_of("dict")), tmp_path).signature["columns"]
    assert order_features({"a": 1, "b": None}, columns, 0, from_table=True) == ['{"a": 1}']
    assert order_features({"a": 1, "b": None}, columns, 0) == ['{"a": 1, "b": null}']


@pytest.mark.parametrize("form", WRONG)
def test_the_schemas_describe_the_features(form, tmp_path):
    signature = compiled(FeatureHasher(8, input_type=form).fit(rows_of(form)), tmp_path).signature
    for schema in (row_schema(signature["columns"]), build_schemas(signature)["NamedRow"]):
        assert schema["required"] == ([] if form == "dict" else ["features"])
        assert bool(schema["additionalProperties"]) is (form == "dict")
        assert "string" in schema["properties"]["features"]["type"]
