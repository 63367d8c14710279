"""Events that are unusual: large records, FIFO queues, empty and joined objects, and what AWS says about a bad signature."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from typing import Any

import pytest

from iris_model.contract.event_source import EventSource
from iris_model.engine.errors import InvalidInput
from iris_model.runtime import Model
from iris_model.runtime.event_sources import aws_calls, objects, redshift
from iris_model.runtime.event_sources.destinations import DeliveryError
from tests.runtime.test_event_sources import (
    ANSWERS,
    ARN,
    BAD,
    QUEUE,
    REFUSED,
    ROW,
    Service,
    of_queue,
    sent,
    service,  # noqa: F401
    use,  # noqa: F401
)
from tests.support.aws_rules.answers import find_retried

GOOD = json.dumps(ROW)
FIFO = f"{QUEUE}.fifo"


def of_object(key: str) -> dict[str, Any]:
    detail = {"bucket": {"name": "rows"}, "object": {"key": key, "size": 1}}
    return {"id": "e", "source": "aws.s3", "detail-type": "Object Created", "detail": detail}


def test_a_record_that_no_message_can_hold_fails_alone(model: Model, service: Service, use: Any) -> None:  # noqa: F811
    """Its refusal is too long for a message, because JSON escapes its quotes. The others must not be redelivered."""
    use(EventSource("orders", QUEUE, ANSWERS, REFUSED))
    answer = model.answer(of_queue(GOOD, '"' * 600_000, BAD))
    assert find_retried(answer, ["m0", "m1", "m2"], reports=True) == ["m1"]
    assert [each["id"] for each in sent(service)] == ["m0"]
    assert [each["id"] for each in sent(service, "refused")] == ["m2"]


@pytest.mark.parametrize(
    ("destination", "most"),
    [(ARN.format("kinesis", "stream/out"), 1_048_576), (ARN.format("dynamodb", "table/t"), 409_600)],
)
def test_an_answer_over_the_limit_of_one_item_fails_alone(
    model: Model,
    service: Service,  # noqa: F811
    use: Any,  # noqa: F811
    destination: str,
    most: int,
) -> None:
    """A call with one item that is too long is refused as a whole."""
    use(EventSource("orders", QUEUE, destination))
    one = len(json.dumps(model.answer(ROW)))
    answer = model.answer(of_queue(GOOD, json.dumps([ROW] * (most // one + 1)), GOOD))
    assert find_retried(answer, ["m0", "m1", "m2"], reports=True) == ["m1"]
    assert len(service.calls) == 1


def test_a_fifo_queue_stops_a_group_at_its_first_failed_message(model: Model, service: Service, use: Any) -> None:  # noqa: F811
    """Messages of a group after a failed one would otherwise be answered before it."""
    use(EventSource("orders", FIFO, ANSWERS))
    event = of_queue(GOOD, BAD, GOOD, GOOD, source=FIFO)
    for record, group in zip(event["Records"], ("a", "a", "a", "b"), strict=True):
        record["attributes"] = {"MessageGroupId": group}
    answer = model.answer(event)
    assert find_retried(answer, ["m0", "m1", "m2", "m3"], reports=True) == ["m1", "m2"]
    assert [each["id"] for each in sent(service)] == ["m0", "m3"]


def test_a_gzip_object_of_several_members_has_all_their_rows(model: Model, service: Service, use: Any) -> None:  # noqa: F811
    """Joined gzip files are one gzip file, and gunzip reads all of it."""
    use(EventSource("files", "arn:aws:s3:::rows", ANSWERS))
    line = (",".join(map(str, ROW)) + "\n").encode()
    service.objects["/rows/a.csv.gz"] = gzip.compress(line) + gzip.compress(line * 2)
    assert model.answer(of_object("a.csv.gz")) == [{"object": "s3://rows/a.csv.gz", "rows": 3, "refused": 0}]
    service.objects["/rows/a.csv.gz"] = gzip.compress(line) + gzip.compress(b"5.1,3.5,1.4,0.2\n" * 600_000)
    with pytest.raises(InvalidInput, match="more than 2097152 bytes"):
        model.answer(of_object("a.csv.gz"))
    service.objects["/rows/a.csv.gz"] = gzip.compress(line) + gzip.compress(line * 2)[:-9]
    with pytest.raises(InvalidInput, match="is cut off"):
        model.answer(of_object("a.csv.gz"))


def test_an_empty_object_has_no_rows(model: Model, use: Any, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    """S3 answers 416 to any range of it."""

    def refuse(*_: Any, **__: Any) -> Any:
        raise aws_calls.CallError("s3 answered 416: InvalidRange: ", 416)

    monkeypatch.setattr(objects, "call_rest", refuse)
    use(EventSource("files", "arn:aws:s3:::rows", ANSWERS))
    assert model.answer(of_object("a.csv")) == [{"object": "s3://rows/a.csv", "rows": 0, "refused": 0}]


def test_no_session_token_in_the_error_of_a_bad_signature(model: Model, service: Service, use: Any) -> None:  # noqa: F811
    """The message of AWS repeats the signed headers, and the error is logged."""
    use(EventSource("orders", QUEUE, ANSWERS))
    message = (
        "The request signature we calculated does not match.\n\nThe Canonical String for this request should have been\n"
        "'POST\n/\n\nhost:sqs\nx-amz-security-token:SECRETTOKEN\n'"
    )
    service.refuse = [(403, {"__type": "InvalidSignatureException", "message": message})]
    with pytest.raises(DeliveryError, match="InvalidSignatureException: The request signature we") as caught:
        model.answer(of_queue(GOOD))
    assert "SECRETTOKEN" not in str(caught.value)


class TwoClasses:
    """A model whose classes have the same name in SQL."""

    classes = ("A-B", "A_B", "c")
    outputs = ("predict", "predict_proba")

    @staticmethod
    def predict_proba(rows: list[Any]) -> list[list[float]]:
        return [[0.5, 0.3, 0.2] for _ in rows]


def test_classes_with_the_same_name_in_sql_are_not_mixed_up() -> None:
    def ask(function: str, *rows: list[Any]) -> Any:
        event = {"external_function": function, "arguments": list(rows)}
        return redshift.answer_redshift(TwoClasses(), event)  # type: ignore[arg-type]

    assert ask("f_probability", [1.0, "A-B"], [1.0, "A_B"], [1.0, "C"])["results"] == [0.5, 0.3, 0.2]
    assert ask("f_probability_c", [1.0])["results"] == [0.2]
    assert "2 classes are called a_b" in ask("f_probability_a_b", [1.0])["error_msg"]


@pytest.mark.slow
def test_the_answers_to_the_largest_object_fit_into_the_memory(
    model: Model,
    use: Any,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A row of 16 bytes has an answer of 150, and the objects of Python around it need more."""
    most = 4 << 20
    monkeypatch.setattr(objects, "_memory", lambda: most)
    row = b"5.1,3.5,1.4,0.2\n"
    text = row * (most // objects.SHARE // len(row))
    monkeypatch.setattr(objects, "call_rest", lambda *_, **__: ({}, text))
    stored: list[bytes] = []
    monkeypatch.setattr(objects, "put_object", lambda bucket, key, body: stored.append(body))
    use(EventSource("files", "arn:aws:s3:::rows", "arn:aws:s3:::answers"))
    model.answer(of_object("a.csv"))
    stored.clear()
    tracemalloc.start()
    try:
        model.answer(of_object("a.csv"))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert stored[0].count(b"\n") == len(text) // len(row)
    assert peak < most
    text = b"5.1\n" * (most // objects.SHARE // 4)
    monkeypatch.setattr(
        model, "_reply", lambda *_: type("Reply", (), {"value": {"predictions": [{"p": "x" * 150}] * 2000}})()
    )
    with pytest.raises(InvalidInput, match="do not fit into the memory of the function"):
        model.answer(of_object("a.csv"))
