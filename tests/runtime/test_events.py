"""`Model.answer` reads any kind of Lambda event, and returns the response for it."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from iris_model.runtime import InvalidInput, Model
from iris_model.runtime.events import decode_base64
from tests.support.lambda_events import alb, http_api_2, rest_1

ROW = [5.7, 2.8, 4.5, 1.3]
TEXT = json.dumps(ROW)


def body_of(response: dict[str, Any]) -> Any:
    return json.loads(response["body"])


def test_a_direct_invocation_is_answered_with_the_value_itself(model: Model) -> None:
    answer = model.answer(ROW)
    assert answer["prediction"] == "versicolor"
    assert list(answer["probabilities"]) == ["setosa", "versicolor", "virginica"]
    assert sum(answer["probabilities"].values()) == pytest.approx(1)


def test_the_http_api(model: Model) -> None:
    response = model.answer(http_api_2(TEXT))
    assert {key: response[key] for key in ("statusCode", "headers", "isBase64Encoded")} == {
        "statusCode": 200,
        "headers": {"content-type": "application/json"},
        "isBase64Encoded": False,
    }
    assert body_of(response)["prediction"] == "versicolor"


def test_a_curl_body_without_content_type_is_read(model: Model) -> None:
    response = model.answer(http_api_2(TEXT.encode(), "application/x-www-form-urlencoded"))
    assert body_of(response)["prediction"] == "versicolor"
    assert body_of(model.answer(http_api_2(TEXT.encode(), None)))["prediction"] == "versicolor"


def test_a_rest_api(model: Model) -> None:
    response = model.answer(rest_1(TEXT))
    assert response["statusCode"] == 200
    assert body_of(response)["prediction"] == "versicolor"


def test_a_load_balancer_wants_a_status_line(model: Model) -> None:
    response = model.answer(alb(TEXT))
    assert response["statusDescription"] == "200 OK"
    assert response["headers"] == {"content-type": "application/json"}
    assert body_of(response)["prediction"] == "versicolor"


def test_a_load_balancer_with_lists_of_values_wants_lists_back(model: Model) -> None:
    response = model.answer(alb(TEXT, multi_value=True))
    assert response["multiValueHeaders"] == {"content-type": ["application/json"]}
    assert "headers" not in response


@pytest.mark.parametrize(
    "event",
    [
        {"body": base64.b64encode(TEXT.encode()).decode()},
        {"body": base64.b64encode(TEXT.encode()).decode(), "isBase64Encoded": True},
        {"body": TEXT},
        {"body": TEXT, "isBase64Encoded": False},
        {"body": ROW},
        {"body": "WzUuNywyLjgsNC41LDEuM10=\n"},
        {"body": "5.7,2.8,4.5,1.3", "headers": {"Content-Type": "text/csv"}},
        TEXT.encode(),
    ],
)
def test_a_body_alone_is_the_consoles_test_event(model: Model, event: Any) -> None:
    answer = model.answer(event)
    answer = answer["predictions"][0] if "predictions" in answer else answer
    assert answer["prediction"] == "versicolor"


def test_a_feature_called_body_is_a_feature(load: Any) -> None:
    columns = [{"name": "body", "kind": "numeric", "dtype": "float64"}]
    graph = {
        "nodes": [{"op": "column", "inputs": ["rows"], "output": "y", "attributes": {"index": 0}}],
        "outputs": {"predict": "y"},
    }
    model = load(graph=graph, signature={"columns": columns, "task": "regressor", "classes": None})
    assert model.answer({"body": 7}) == {"prediction": 7.0}


def test_get_answers_the_model_card(model: Model) -> None:
    card = body_of(model.answer(http_api_2(None, method="GET")))
    assert card["name"] == "iris_trained_model"
    assert card["task"] == "classifier"
    assert card["classes"] == ["setosa", "versicolor", "virginica"]
    assert card["executor"] == "compiled"
    assert card["digest"].startswith("sha256:")
    assert card["schema"]["required"] == [column["name"] for column in card["columns"]]


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_another_method_is_refused(model: Model, method: str) -> None:
    response = model.answer(http_api_2(TEXT, method=method))
    assert response["statusCode"] == 405
    assert response["headers"] == {"content-type": "application/problem+json", "allow": "GET, HEAD, POST"}


def test_a_problem_of_an_http_front_end_is_problem_details(model: Model) -> None:
    response = model.answer(http_api_2("[5.1, 3.5, 1.4]"))
    assert response["statusCode"] == 422
    assert response["headers"]["content-type"] == "application/problem+json"
    assert body_of(response) == {
        "type": "urn:iris-model:problem:invalid-input",
        "title": "Unprocessable Content",
        "status": 422,
        "detail": "row 0 has 3 values; expected a list of 4 values: sepal length (cm), sepal width (cm), "
        "petal length (cm), petal width (cm)",
        "error": "row 0 has 3 values; expected a list of 4 values: sepal length (cm), sepal width (cm), "
        "petal length (cm), petal width (cm)",
        "row": 0,
        "expected": "a list of 4 values: sepal length (cm), sepal width (cm), petal length (cm), petal width (cm)",
    }


def test_a_problem_of_a_direct_invocation_is_an_error_of_that_name(model: Model) -> None:
    with pytest.raises(InvalidInput, match="row 0 has 3 values") as caught:
        model.answer([5.1, 3.5, 1.4])
    assert type(caught.value).__name__ == "InvalidInput"


def test_a_request_after_an_invalid_one_is_answered(model: Model) -> None:
    assert model.answer(http_api_2("[1"))["statusCode"] == 400
    assert model.answer(http_api_2(TEXT))["statusCode"] == 200


@pytest.mark.parametrize("body", ["WsLC=", "WsLC==", "WsLC====", "Ws=", "W===", "===="])
def test_padding_that_does_not_belong_there_is_refused_by_every_python(body: str) -> None:
    with pytest.raises(InvalidInput, match="marked as base64"):
        decode_base64(body)
