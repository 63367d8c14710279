"""Boolean columns, which a model uses as numbers and does not store: what the user's rows show of them."""

import json
import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from iris_model.compiler import compile_model, describe_original
from iris_model.errors import IrisModelError
from iris_model.project.events import build_events
from iris_model.project.openapi_schemas import build_cell
from iris_model.runtime import Model
from iris_model.runtime.card import row_schema
from iris_model.runtime.executors.original import OriginalModel

random = np.random.RandomState(0)
# As pandas has them: booleans, and objects where one is missing.
FRAME = pd.DataFrame({"size": random.normal(size=60), "member": random.rand(60) > 0.5})
FRAME["paid"] = np.where(random.rand(60) > 0.3, FRAME["member"], None)
TRAINED_ON = FRAME.astype({"paid": float})
PREPARE = make_column_transformer((SimpleImputer(), ["size", "paid"]), remainder="passthrough")
FITTED = make_pipeline(PREPARE, RandomForestClassifier(9, random_state=0)).fit(
    TRAINED_ON, FRAME["member"] ^ (FRAME["size"] > 0)
)
AS_JSON = [{**row, "paid": row["paid"]} for row in json.loads(FRAME.to_json(orient="records"))]
POST = {"requestContext": {"http": {"method": "POST"}}, "headers": {"content-type": "text/csv"}}


@pytest.fixture(scope="module", params=["compiled", "original"])
def served(request, tmp_path_factory):
    directory = tmp_path_factory.mktemp("truths")
    FRAME.to_csv(directory / "rows.csv", index=False)
    model = directory / "model.pkl"
    model.write_bytes(pickle.dumps(FITTED))
    if request.param == "compiled":
        (directory / "model.safetensors").write_bytes(compile_model(model, data=directory / "rows.csv").data)
        return Model.load(str(directory / "model"))
    description = describe_original(model, data=directory / "rows.csv")
    written = {"signature": description.signature, "source": description.source}
    (directory / "model.signature.json").write_text(json.dumps(written), encoding="utf-8")
    return Model("model", str(model), "original", OriginalModel(str(model)))


def test_the_frame_of_training_is_answered_in_json_and_csv(served):
    right = FITTED.predict(TRAINED_ON).tolist()
    assert {row["member"] for row in AS_JSON} == {True, False}
    assert [one["prediction"] for one in served.answer(AS_JSON)["predictions"]] == right
    answer = served.answer({**POST, "body": FRAME.to_csv(index=False)})
    assert [one["prediction"] for one in json.loads(answer["body"])["predictions"]] == right


def test_numbers_are_still_taken(served):
    rows = [[0.5, 1, None], [-0.5, 0.0, 1], [0.5, 3.5, 0.25]]
    asked = pd.DataFrame(rows, columns=FRAME.columns).astype(float)
    np.testing.assert_allclose(served.predict_proba(rows), FITTED.predict_proba(asked), rtol=1e-9)


def test_both_schemas_have_it(served):
    member = next(column for column in served.signature["columns"] if column["name"] == "member")
    for schema in (row_schema([member])["properties"]["member"], build_cell(member)):
        assert {"number", "boolean"} <= set(schema["type"]) and "string" not in schema["type"]


def test_events_have_them_as_callers_do(served):
    events = build_events(
        [[0.5, 1.0, None], [0.5, 0.0, 1.0], [0.5, 3.5, 0.0]], served.signature["columns"], path="/default/p"
    )
    assert json.dumps(events["named-row"]) == '{"size": 0.5, "member": true, "paid": null}'
    assert json.dumps(events["rows"]) == "[[0.5, true, null], [0.5, false, true], [0.5, 3.5, false]]"
    assert served.answer(events["rows"])["predictions"]


def test_rows_without_a_header(tmp_path):
    FRAME.to_csv(tmp_path / "rows.csv", index=False, header=False)
    columns = compile_model(FITTED, data=tmp_path / "rows.csv").signature["columns"]
    assert [column["dtype"] for column in columns] == ["float64", "bool", "bool"]


def test_rows_that_are_lists():
    columns = compile_model(Ridge().fit(np.eye(3)[:, :2], [1, 2, 3]), data=[[True, 1], [False, 2]]).signature["columns"]
    assert [column["dtype"] for column in columns] == ["bool", "float64"]


def test_a_column_with_more_than_true_and_false_holds_numbers(tmp_path):
    (tmp_path / "rows.csv").write_text("size,member,paid\n1,True,1\n1,2,1\n")
    with pytest.raises(IrisModelError, match="line 2, column 'member' is 'True'; expected a finite number"):
        compile_model(FITTED, data=tmp_path / "rows.csv")
