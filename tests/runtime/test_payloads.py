"""The answer comes back in the protocol of the request."""

from __future__ import annotations

import json
from typing import Any

import pytest

from iris_model.runtime import Model
from iris_model.runtime.answers import Answers
from iris_model.runtime.payloads import csv as payload_csv
from iris_model.runtime.payloads.open_inference import encode
from tests.support.lambda_events import http_api_2
from tests.support.tiny_model import NAMES

ROWS = [[5.1, 3.5, 1.4, 0.2], [5.7, 2.8, 4.5, 1.3]]
LABELS = ["setosa", "versicolor"]
NAMED = [dict(zip(NAMES, row, strict=True)) for row in ROWS]


def test_rows(model: Model) -> None:
    answer = model.answer(ROWS)
    assert [item["prediction"] for item in answer["predictions"]] == LABELS
    assert all(set(item) == {"prediction", "probabilities"} for item in answer["predictions"])
    assert model.answer(ROWS[:1])["predictions"][0] == model.answer(ROWS[0])


def test_named_rows_in_any_order(model: Model) -> None:
    backwards = dict(reversed(NAMED[1].items()))
    assert model.answer(backwards) == model.answer(ROWS[1])
    assert model.answer(NAMED) == model.answer(ROWS)


@pytest.mark.parametrize(
    "payload",
    [
        {"instances": ROWS},
        {"instances": NAMED},
        {"dataframe_records": NAMED},
        {"dataframe_split": {"data": ROWS}},
        {"dataframe_split": {"index": [0, 1], "columns": NAMES, "data": ROWS}},
        {"dataframe_split": {"index": [0, 1], "columns": [0, 1, 2, 3], "data": ROWS}},  # made without names
        {"inputs": ROWS},
        {"inputs": NAMED},
        {"inputs": {name: [row[index] for row in ROWS] for index, name in reversed(list(enumerate(NAMES)))}},
        {"dataframe_split": {"columns": NAMES[::-1], "data": [row[::-1] for row in ROWS]}},
    ],
)
def test_protocols_that_want_predictions_alone(model: Model, payload: Any) -> None:
    assert model.answer(payload) == {"predictions": LABELS}


def tensor(name: str, shape: list[int], data: list[Any]) -> dict[str, Any]:
    return {"name": name, "shape": shape, "datatype": "FP64", "data": data}


@pytest.mark.parametrize(
    "inputs",
    [
        [tensor("x", [2, 4], [value for row in ROWS for value in row])],
        [tensor("x", [2, 4], ROWS)],
        [tensor(name, [2], [row[index] for row in ROWS]) for index, name in enumerate(NAMES)],
        [tensor(name, [2, 1], [row[index] for row in ROWS]) for index, name in reversed(list(enumerate(NAMES)))],
    ],
)
def test_open_inference_protocol(model: Model, inputs: Any) -> None:
    answer = model.answer({"id": "42", "inputs": inputs})
    predict, predict_proba = answer["outputs"]
    assert answer["model_name"] == "iris_trained_model"
    assert answer["id"] == "42"
    assert predict == {"name": "predict", "shape": [2], "datatype": "BYTES", "data": LABELS}
    assert predict_proba["shape"] == [2, 3]
    assert predict_proba["datatype"] == "FP64"
    assert len(predict_proba["data"]) == 6


def test_open_inference_of_several_targets_has_a_tensor_for_each() -> None:
    answers = Answers("m", [["a", "b"], [1, 2, 3]], [["a", 3]] * 2, [[[0.9, 0.1], [0.2, 0.3, 0.5]]] * 2)
    outputs = encode(answers, {"id": None, "outputs": None})["outputs"]
    assert [(each["name"], each["shape"]) for each in outputs] == [
        ("predict", [2, 2]),
        ("predict_proba_0", [2, 2]),
        ("predict_proba_1", [2, 3]),
    ]
    assert outputs[2]["data"] == [0.2, 0.3, 0.5] * 2
    assert all(each["datatype"] == "FP64" for each in outputs[1:])


def test_open_inference_outputs_can_be_chosen(model: Model) -> None:
    payload = {"inputs": [tensor("x", [1, 4], ROWS[0])], "outputs": [{"name": "predict"}]}
    assert [output["name"] for output in model.answer(payload)["outputs"]] == ["predict"]
    payload["outputs"] = [{"name": "loss"}]
    with pytest.raises(ValueError, match="no output 'loss'; expected one or more of predict, predict_proba"):
        model.answer(payload)


@pytest.mark.parametrize("header", ["", ",".join(NAMES) + "\r\n", ",".join(f'"{name}"' for name in NAMES) + "\n"])
def test_csv_in(model: Model, header: str) -> None:
    body = header + "\n".join(",".join(map(str, row)) for row in ROWS)
    answer = json.loads(model.answer(http_api_2(body, "text/csv"))["body"])
    assert answer == model.answer(ROWS)


def test_csv_columns_follow_the_header(model: Model) -> None:
    body = ",".join(NAMES[::-1]) + "\n" + ",".join(map(str, ROWS[1][::-1]))
    answer = json.loads(model.answer(http_api_2(body, "text/csv; charset=utf-8"))["body"])
    assert answer["predictions"][0]["prediction"] == "versicolor"


def test_csv_out_when_asked(model: Model) -> None:
    response = model.answer(http_api_2("5.1,3.5,1.4,0.2\n", "text/csv", accept="text/csv, application/json;q=0.5"))
    assert response["headers"] == {"content-type": "text/csv; charset=utf-8"}
    header, line, rest = response["body"].split("\r\n")
    assert header == "prediction,probability_setosa,probability_versicolor,probability_virginica"
    assert line.startswith("setosa,0.9")
    assert rest == ""


def test_a_row_whose_exponential_overflows_is_null_and_the_others_are_answered(load: Any) -> None:
    graph = {
        "nodes": [
            {"op": "select_columns", "inputs": ["rows"], "output": "x", "attributes": {"indices": [0]}},
            {"op": "exponential", "inputs": ["x"], "output": "e"},
            {"op": "column", "inputs": ["e"], "output": "y", "attributes": {"index": 0}},
        ],
        "outputs": {"predict": "y"},
    }
    columns = [{"name": name, "kind": "numeric", "dtype": "float64"} for name in NAMES]
    model = load(graph=graph, signature={"columns": columns, "task": "regressor", "classes": None})
    rows = [[0.0, 1.0, 1.0, 1.0], [800.0, 1.0, 1.0, 1.0], [-800.0, 1.0, 1.0, 1.0]]
    assert [one["prediction"] for one in model.answer(rows)["predictions"]] == [1.0, None, 0.0]
    assert model.answer(rows[1]) == {"prediction": None}
    assert model.answer({"instances": rows}) == {"predictions": [1.0, None, 0.0]}
    [predict] = model.answer({"inputs": [tensor("x", [3, 4], rows)]})["outputs"]
    assert predict == {"name": "predict", "shape": [3], "datatype": "FP64", "data": [1.0, None, 0.0]}
    csv = "\n".join(",".join(map(str, row)) for row in rows)
    assert model.answer(http_api_2(csv, "text/csv", accept="text/csv"))["body"] == 'prediction\r\n1.0\r\n""\r\n0.0\r\n'
    # Many rows are packed, and a kernel computes them.
    many = model.answer({"instances": rows * 40})["predictions"]
    assert many == [1.0, None, 0.0] * 40


def test_a_regressor_has_no_probabilities(load: Any) -> None:
    graph = {
        "nodes": [{"op": "column", "inputs": ["rows"], "output": "y", "attributes": {"index": 2}}],
        "outputs": {"predict": "y"},
    }
    signature = {
        "columns": [{"name": name, "kind": "numeric", "dtype": "float64"} for name in NAMES],
        "task": "regressor",
        "classes": None,
    }
    model = load(graph=graph, signature=signature)
    assert model.answer(ROWS[0]) == {"prediction": 1.4}
    outputs = model.answer({"inputs": [tensor("x", [1, 4], ROWS[0])]})["outputs"]
    assert outputs == [{"name": "predict", "shape": [1], "datatype": "FP64", "data": [1.4]}]


def test_a_prediction_that_is_no_number_is_null(load: Any) -> None:
    """Strict JSON has no infinity: 1e308 times 10 is one."""
    graph = {
        "nodes": [
            {
                "op": "min_max_scale",
                "inputs": ["rows"],
                "output": "z",
                "attributes": {"scale": [10.0], "offset": [0.0]},
            },
            {"op": "column", "inputs": ["z"], "output": "y", "attributes": {"index": 0}},
        ],
        "outputs": {"predict": "y"},
    }
    signature = {
        "columns": [{"name": "x", "kind": "numeric", "dtype": "float64"}],
        "task": "regressor",
        "classes": None,
    }
    model = load(graph=graph, signature=signature)
    assert model.answer([1e308]) == {"prediction": None}
    assert json.loads(model.answer(http_api_2("[1e308]"))["body"]) == {"prediction": None}


def test_classes_of_other_types_are_keys_as_json_spells_them(load: Any) -> None:
    from tests.support.tiny_model import columns, metadata

    graph = json.loads(metadata()["graph"])
    graph["nodes"][2]["attributes"]["classes"] = [0, 1, True]
    model = load(graph=graph, signature={"columns": columns(), "task": "classifier", "classes": [0, 1, True]})
    answer = model.answer(ROWS[1])
    assert answer["prediction"] == 1
    assert list(answer["probabilities"]) == ["0", "1", "true"]


def test_a_classifier_chain_answers_the_last_class_of_each_target() -> None:
    answers = Answers("chain", [[0.0, 1.0], ["no", "yes"]], [[1.0, "no"]], [[0.75, 0.25]])
    assert answers.detailed() == [{"prediction": [1.0, "no"], "probabilities": [{"1.0": 0.75}, {"yes": 0.25}]}]


def test_several_targets_and_classes_that_are_not_known() -> None:
    several = Answers("two", [[0, 1], [True, False]], [[1, True]], [[[0.25, 0.75], [0.5, 0.5]]])
    assert several.detailed()[0]["probabilities"] == [{"0": 0.25, "1": 0.75}, {"true": 0.5, "false": 0.5}]
    assert Answers("onnx", None, [1], [[0.25, 0.75]]).detailed() == [{"prediction": 1, "probabilities": {}}]


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        (Answers("two", None, [[1.5, 2.5], [3.5, 4.5]], None), "prediction_0,prediction_1\r\n1.5,2.5\r\n3.5,4.5\r\n"),
        (Answers("one", None, [[1.5]], None), "prediction\r\n1.5\r\n"),
        (
            Answers("chain", [[0.0, 1.0], [0.0, 1.0]], [[1.0, 0.0]], [[0.75, 0.25]]),
            "prediction_0,prediction_1,probability_0,probability_1\r\n1.0,0.0,0.75,0.25\r\n",
        ),
        (
            Answers("labels", [["a", "b"], ["x", "y"]], [["a", "y"]], [[[0.75, 0.25], [0.5, 0.5]]]),
            "prediction_0,prediction_1\r\na,y\r\n",
        ),
    ],
)
def test_csv_of_several_targets_has_a_name_for_each_column(answers: Answers, expected: str) -> None:
    assert payload_csv.encode(answers, True) == expected
