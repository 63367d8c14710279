"""Verification: which answers count as the same, how the endpoint is called, and what it waits for."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from iris_model.aws.client.failed_call import Failure
from iris_model.aws.deploying.deploy import VerificationFailed
from iris_model.aws.verification.endpoint import HttpAnswer, post, public_url
from iris_model.aws.verification.golden import compare, read_golden
from iris_model.aws.verification.invoke import invoke
from iris_model.aws.verification.verify import verify_endpoint, verify_version
from iris_model.contract.golden import GoldenRow
from iris_model.errors import DeploymentError
from tests.aws.conftest import GOLDEN, Cloud

FLOWER = GoldenRow(row=[5.1, 3.5], outputs={"predict": "setosa", "predict_proba": [0.9, 0.1]})


def answer(prediction: Any, probabilities: Any = None) -> str:
    return json.dumps({"prediction": prediction} | ({} if probabilities is None else {"probabilities": probabilities}))


@pytest.mark.parametrize(
    ("golden", "text"),
    [
        (FLOWER, answer("setosa", {"setosa": 0.9, "other": 0.1})),
        (FLOWER, answer("setosa", {"setosa": 0.9 * (1 + 1e-8), "other": 0.1})),
        (FLOWER, answer("setosa")),
        (GoldenRow(row=[1], outputs={"predict": 2}), answer(2)),
        (GoldenRow(row=[1], outputs={"predict": True}), answer(True)),
        (GoldenRow(row=[1], outputs={"predict": 2.0}), answer(2)),
        (GoldenRow(row=[1], outputs={"predict": [1.5, 2.5]}), answer([1.5, 2.5])),
        (
            GoldenRow(row=[1], outputs={"predict": ["a", "b"], "predict_proba": [[0.5, 0.5], [1.0]]}),
            answer(["a", "b"], [{"a": 0.5, "x": 0.5}, {"b": 1.0}]),
        ),
        (
            GoldenRow(row=[1], outputs={"predict": [1.0, 0.0], "predict_proba": [0.7, 0.2]}),
            answer([1, 0], [{"1.0": 0.7}, {"1.0": 0.2}]),
        ),
    ],
)
def test_the_same_answer(golden: GoldenRow, text: str):
    assert compare(golden, text) == ()


@pytest.mark.parametrize(
    ("golden", "text", "expected"),
    [
        (
            GoldenRow(row=[1], outputs={"predict_proba": [0.7, 0.2]}),
            answer(1, [{"1": 0.7}, {"1": 0.3}]),
            "probabilities[1]: expected 0.2",
        ),
        (
            GoldenRow(row=[1], outputs={"predict_proba": [0.7, 0.2]}),
            answer(1, [{"1": 0.7}]),
            "probabilities: expected [0.7, 0.2]",
        ),
        (FLOWER, answer("other", {"setosa": 0.9, "other": 0.1}), 'prediction: expected "setosa", got "other"'),
        (FLOWER, answer("setosa", {"setosa": 0.91, "other": 0.09}), "probabilities[0]: expected 0.9, got 0.91"),
        (FLOWER, answer("setosa", {"setosa": 0.9}), "probabilities: expected [0.9, 0.1], got [0.9]"),
        # A label keeps its type: 1 is neither "1" nor true.
        (GoldenRow(row=[1], outputs={"predict": 1}), answer("1"), 'prediction: expected 1, got "1"'),
        (GoldenRow(row=[1], outputs={"predict": 1}), answer(True), "prediction: expected 1, got true"),
        (GoldenRow(row=[1], outputs={"predict": 1.0}), answer(None), "prediction: expected 1.0, got null"),
        (GoldenRow(row=[1], outputs={"predict": [1.0, 2.0]}), answer(1.0), "prediction: expected [1.0, 2.0], got 1.0"),
        (FLOWER, '"setosa"', 'expected {"prediction": ...}'),
        (FLOWER, "<html>", "expected JSON, got <html>"),
        (FLOWER, "", "expected JSON"),
    ],
)
def test_another_answer_is_reported_with_both(golden: GoldenRow, text: str, expected: str):
    assert expected in "; ".join(compare(golden, text))


@pytest.mark.parametrize(
    ("content", "expected"),
    [(None, "is missing"), ("{", "cannot be read"), ("[]", "has no rows"), ('[{"row": 1}]', "cannot be read")],
)
def test_golden_rows_that_are_none_are_reported(tmp_path: Path, content: str | None, expected: str):
    if content is not None:
        (tmp_path / "golden.json").write_text(content)
    with pytest.raises(DeploymentError, match=expected):
        read_golden(tmp_path)


def test_a_function_that_fails_is_reported_with_its_error_and_its_log(cloud: Cloud):
    cloud.deploy()
    fake = cloud.fake
    working = fake._lambda_Invoke
    error = b'{"errorType": "ValueError", "errorMessage": "bad"}'
    fake._lambda_Invoke = lambda **asked: {**working(**asked), "FunctionError": "Unhandled", "Payload": error}  # type: ignore[method-assign]
    found = verify_version(cloud.aws, "iris", "1", GOLDEN)
    assert len(found.differences) == 3
    assert "the function failed (Unhandled)" in str(found.differences[0]) and "START" in found.log


def test_a_function_that_lambda_put_away_is_waited_for(cloud: Cloud):
    cloud.deploy()
    until = cloud.now + 100

    def asleep(number: int, service: str, operation: str) -> None:
        if operation == "Invoke" and cloud.now < until:
            raise Failure(
                "lambda", "Invoke", "CodeArtifactUserPendingException", "Lambda is initializing your function.", 409
            )

    cloud.fake.before = asleep
    assert invoke(cloud.aws, "iris", "live", b"[1.5]").payload == '{"prediction": 1.5}'
    until = cloud.now + 10_000
    with pytest.raises(DeploymentError, match="pulling its image for more than 4 minutes"):
        invoke(cloud.aws, "iris", "live", b"[1.5]")


def test_a_new_endpoint_gets_time_and_a_throttled_one_too(cloud: Cloud):
    answers = iter([HttpAnswer(0, "no route to host"), HttpAnswer(404, "Not Found"), HttpAnswer(200, answer(1.5))])
    later = iter([HttpAnswer(429, "Too Many Requests"), HttpAnswer(200, answer(2.5))])
    found = verify_endpoint(cloud.aws, lambda body: next(answers if b"1.5" in body else later), GOLDEN)
    assert found.differences == ()


def test_an_endpoint_that_never_answers_is_given_up(cloud: Cloud):
    found = verify_endpoint(cloud.aws, lambda body: HttpAnswer(403, '{"message":"Forbidden"}'), GOLDEN)
    assert cloud.now < 200
    (told,) = found.differences
    assert "status 403; the endpoint refuses the caller, or a permission is missing" in str(told)


def test_verification_stops_after_one_refused_row_and_the_hint_names_the_token(cloud: Cloud):
    asked: list[bytes] = []

    def refuse(body: bytes) -> HttpAnswer:
        asked.append(body)
        return HttpAnswer(401, '{"message":"Unauthorized"}')

    found = verify_endpoint(cloud.aws, refuse, GOLDEN)
    assert (len(asked), found.refused, cloud.now) == (1, 401, 0)
    error = VerificationFailed(found, "Version 1 answers again, as before.")
    assert error.problem.startswith(
        "the endpoint refuses the verification requests:\n  - row 1 [1.5, 2.0] through the endpoint"
    )
    assert "Set IRIS_MODEL_TOKEN to a valid token" in error.remedy


# --- the endpoint itself ---


@pytest.mark.parametrize(
    ("output", "endpoint", "expected"),
    [
        (
            "https://abc.execute-api.eu-west-1.amazonaws.com/default/iris", "https://lambda.eu-west-1.amazonaws.com",
            "https://abc.execute-api.eu-west-1.amazonaws.com/default/iris",
        ),
        (
            "https://abc.execute-api.eu-west-1.amazonaws.com/default/iris", "http://127.0.0.1:4566",
            "http://abc.execute-api.localhost:4566/default/iris",
        ),
        (
            "https://xyz.lambda-url.eu-west-1.on.aws/", "http://emulator.test:4566",
            "http://xyz.lambda-url.eu-west-1.emulator.test:4566/",
        ),
        ("", "http://127.0.0.1:4566", ""),
    ],
)  # fmt: skip
def test_the_address_is_that_of_the_stack_or_the_same_in_an_emulator(output: str, endpoint: str, expected: str):
    assert public_url(output, endpoint) == expected


class Echo(BaseHTTPRequestHandler):
    """Answers with the request."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        text = json.dumps({"path": self.path, "headers": dict(self.headers), "body": body.decode()}).encode()
        self.send_response(201)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture
def echo() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def test_a_body_is_posted_to_a_name_below_localhost_with_its_host_and_token(echo: int):
    found = post(f"http://abc.execute-api.localhost:{echo}/default/iris", b"[1]", token="t")
    came = json.loads(found.text)
    assert found.status == 201
    assert (came["path"], came["body"]) == ("/default/iris", "[1]")
    assert came["headers"]["Host"] == f"abc.execute-api.localhost:{echo}"
    assert came["headers"]["Authorization"] == "Bearer t"
    assert came["headers"]["Content-Type"] == "application/json"


def test_an_unreachable_endpoint_has_status_0():
    found = post("http://127.0.0.1:9/x", b"[1]")
    assert found.status == 0 and "refused" in found.text
