"""Events of `[events]`: rows are answered, answers are delivered, refused records go to their destination, nothing is lost.

The destinations are checked against botocore: its models of the services, and its implementation of Signature Version 4.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.session import Session
from botocore.validate import ParamValidator
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

import iris_model as im
from iris_model.contract.event_source import EventSource, describe_events
from iris_model.runtime import InvalidInput, Model
from iris_model.runtime.event_sources import aws_calls, destinations
from iris_model.runtime.event_sources.destinations import DeliveryError
from tests.support.aws_rules.answers import find_retried, read_redshift_answer
from tests.support.http_serving import serving

ROW, BAD = [5.1, 3.5, 1.4, 0.2], "[5.1]"
ARN = "arn:aws:{}:eu-west-1:123456789012:{}"
QUEUE, ANSWERS, REFUSED = (ARN.format("sqs", name) for name in ("rows", "answers", "refused"))
STREAM, TABLE, CLUSTER = (
    ARN.format("kinesis", "stream/rows"),
    ARN.format("dynamodb", "table/rows"),
    ARN.format("kafka", "cluster/c/1"),
)
TOPIC, BUS = ARN.format("sns", "rows"), ARN.format("events", "event-bus/default")
KEYS = Credentials("AKIDEXAMPLE", "secret", "token")
TARGETS = {"AmazonSQS": "sqs", "Kinesis_20131202": "kinesis", "DynamoDB_20120810": "dynamodb"}


@dataclass
class Service:
    """The services of AWS that take answers: checks each call as botocore would make it, and keeps it."""

    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    objects: dict[str, bytes] = field(default_factory=dict)
    refuse: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    """Answers to the next calls instead of a success."""
    deliveries: list[str] = field(default_factory=list)
    regions: dict[str, str] = field(default_factory=dict)
    """Bucket -> its region, if it is another one."""
    redirected: list[str] = field(default_factory=list)

    def redirect(self, request: BaseHTTPRequestHandler) -> str:
        """The region of the bucket, if the request is signed for another one."""
        found = self.regions.get(request.path.split("/")[1], "")
        if not found or f"/{found}/s3/" in request.headers["Authorization"]:
            return ""
        self.redirected.append(request.path)
        return found

    def take(self, target: str, parameters: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        prefix, _, operation = target.partition(".")
        shape = Session().get_service_model(TARGETS[prefix]).operation_model(operation).input_shape
        checked = json.loads(json.dumps(parameters))
        for record in checked.get("Records", []):
            record["Data"] = base64.b64decode(record["Data"], validate=True)
        report = ParamValidator().validate(checked, shape)
        assert not report.has_errors(), report.generate_report()
        self.calls.append((operation, parameters))
        if self.refuse:
            status, answer = self.refuse.pop(0)
            return status, answer
        return 200, {}


def check_signature(request: BaseHTTPRequestHandler, body: bytes) -> None:
    """The same signature as botocore's."""
    found = re.fullmatch(
        r"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/\d{8}/([a-z0-9-]+)/(\w+)/aws4_request, SignedHeaders=([\w;-]+), "
        r"Signature=\w{64}",
        request.headers["Authorization"],
    )
    assert found, request.headers["Authorization"]
    region, service, names = found.groups()
    headers = {
        name: request.headers[name] for name in names.split(";") if name not in ("x-amz-security-token", "x-amz-date")
    }
    asked = AWSRequest(request.command, f"http://{request.headers['Host']}{request.path}", headers, body)
    asked.context["timestamp"] = request.headers["x-amz-date"]
    signer = (S3SigV4Auth if service == "s3" else SigV4Auth)(KEYS, service, region)
    canonical = AWSRequest(request.command, asked.url, {**headers, "X-Amz-Date": request.headers["x-amz-date"],
                                                        "X-Amz-Security-Token": "token"}, body)  # fmt: skip
    canonical.context["timestamp"] = request.headers["x-amz-date"]
    text = signer.string_to_sign(canonical, signer.canonical_request(canonical))
    assert request.headers["Authorization"].endswith(f"Signature={signer.signature(text, canonical)}")


@contextmanager
def serve() -> Iterator[tuple[str, Service]]:
    service = Service()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        lock = threading.Lock()

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers: dict[str, str] = {}
            with self.lock:
                check_signature(self, body)
                if target := self.headers.get("x-amz-target"):
                    status, found = service.take(target, json.loads(body))
                    content = json.dumps(found).encode()
                elif region := service.redirect(self):
                    # https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html, PermanentRedirect
                    headers["x-amz-bucket-region"] = region
                    status, content = 301, b"<Error><Code>PermanentRedirect</Code><Message>m</Message></Error>"
                elif self.command == "PUT":
                    service.objects[self.path] = body
                    status, content = 200, b""
                else:
                    content = service.objects.get(self.path, b"")
                    status = 206 if content else 404
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = answer

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    with serving(server):
        yield f"http://127.0.0.1:{server.server_port}", service


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    with serve() as (url, found):
        for name, value in {
            "AWS_ENDPOINT_URL": url, "AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": KEYS.access_key,
            "AWS_SECRET_ACCESS_KEY": KEYS.secret_key, "AWS_SESSION_TOKEN": "token",
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(aws_calls, "_connections", {})
        monkeypatch.setattr(aws_calls, "_regions", {})
        monkeypatch.setattr(aws_calls, "wait_before", lambda attempt: None)
        monkeypatch.setattr(destinations, "wait_before", lambda attempt: None)
        yield found
        for connection in aws_calls._connections.values():
            connection.close()


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that sets the entries of `[events]`."""

    def set_entries(*sources: EventSource, local: bool = False) -> None:
        for name, value in describe_events(sources, local=local).items():
            monkeypatch.setenv(name, value)

    return set_entries


def of_queue(*bodies: str, source: str = QUEUE) -> dict[str, Any]:
    return {
        "Records": [
            {
                "messageId": f"m{number}",
                "body": body,
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": source,
            }
            for number, body in enumerate(bodies)
        ]
    }


def of_stream(*bodies: str) -> dict[str, Any]:
    return {
        "Records": [
            {
                "eventSource": "aws:kinesis", "eventSourceARN": STREAM,
                "kinesis": {"sequenceNumber": f"{number}", "data": base64.b64encode(body.encode()).decode()},
            }
            for number, body in enumerate(bodies)
        ]
    }  # fmt: skip


def sent(service: Service, queue: str = "answers") -> list[dict[str, Any]]:
    return [
        json.loads(entry["MessageBody"])
        for operation, parameters in service.calls
        if operation == "SendMessageBatch" and parameters["QueueUrl"].endswith(f"/123456789012/{queue}")
        for entry in parameters["Entries"]
    ]


@pytest.fixture
def expected(model: Model) -> Any:
    return model.answer(ROW)


def test_a_batch_of_a_queue(model: Model, service: Service, use: Any, expected: Any) -> None:
    """Answers are sent once; only refused records are redelivered."""
    use(EventSource("orders", QUEUE, ANSWERS))
    text = json.dumps(ROW)
    event = of_queue(text, BAD, *[text] * 20)
    answer = model.answer(event)
    identifiers = [each["messageId"] for each in event["Records"]]
    assert find_retried(answer, identifiers, reports=True) == ["m1"]
    assert sent(service) == [{"id": name, **expected} for name in identifiers if name != "m1"]
    assert [len(parameters["Entries"]) for _, parameters in service.calls] == [10, 10, 1]


def test_a_refused_message_goes_to_failures_and_is_not_retried(model: Model, service: Service, use: Any) -> None:
    use(EventSource("orders", QUEUE, ANSWERS, REFUSED))
    assert model.answer(of_queue(json.dumps(ROW), BAD, "not JSON")) == {"batchItemFailures": []}
    first, second = sent(service, "refused")
    assert (first["id"], first["event"], first["source"], first["record"]) == ("m1", "orders", QUEUE, BAD)
    assert first["problem"]["type"] == "urn:iris-model:problem:invalid-input" and first["problem"]["row"] == 0
    assert second["problem"]["type"] == "urn:iris-model:problem:malformed"
    assert [each["id"] for each in sent(service)] == ["m0"]


def test_every_protocol_in_a_message(model: Model, service: Service, use: Any, expected: Any) -> None:
    use(EventSource("orders", QUEUE, ANSWERS))
    event = of_queue(json.dumps([ROW, ROW]), json.dumps({"instances": [ROW]}), ",".join(map(str, ROW)))
    event["Records"][2]["messageAttributes"] = {"Content-Type": {"stringValue": "text/csv", "dataType": "String"}}
    assert model.answer(event) == {"batchItemFailures": []}
    assert sent(service) == [
        {"id": "m0", "predictions": [expected, expected]},
        {"id": "m1", "predictions": [expected["prediction"]]},
        {"id": "m2", "predictions": [expected]},
    ]


def test_messages_that_the_queue_refuses_are_redelivered(model: Model, service: Service, use: Any) -> None:
    """Some messages are refused temporarily: they are retried, and after the last attempt their records are redelivered."""
    use(EventSource("orders", QUEUE, ANSWERS))
    busy = {"Failed": [{"Id": "1", "Code": "InternalError", "SenderFault": False}]}
    service.refuse = [(200, busy), (503, {})]
    assert model.answer(of_queue(*[json.dumps(ROW)] * 3)) == {"batchItemFailures": []}
    assert [each["id"] for each in sent(service)] == ["m0", "m1", "m2", "m1", "m1"]
    service.calls.clear()
    service.refuse = [(200, busy)] + [(200, {"Failed": [{"Id": "0", "Code": "x", "SenderFault": False}]})] * 9
    answer = model.answer(of_queue(*[json.dumps(ROW)] * 3))
    assert find_retried(answer, ["m0", "m1", "m2"], reports=True) == ["m1"]


def test_a_message_that_the_queue_never_takes_fails_alone(model: Model, service: Service, use: Any) -> None:
    """Its record is redelivered, and the answers to the others are not delivered twice because of it."""
    use(EventSource("orders", QUEUE, ANSWERS))
    service.refuse = [
        (200, {"Failed": [{"Id": "1", "Code": "InvalidParameterValue", "Message": "too long", "SenderFault": True}]})
    ]
    answer = model.answer(of_queue(*[json.dumps(ROW)] * 3))
    assert find_retried(answer, ["m0", "m1", "m2"], reports=True) == ["m1"]
    assert len(service.calls) == 1


def test_an_answer_may_have_a_mebibyte_in_a_call_of_its_own(
    model: Model, service: Service, use: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """As botocore's model of SQS says. A queue with a lower limit refuses the call: only its record is redelivered."""
    use(EventSource("orders", QUEUE, ANSWERS))
    text, long, longest = (json.dumps([ROW] * rows) for rows in (1, 3_000, 14_000))
    event = of_queue(text, long, text, longest)
    identifiers = [each["messageId"] for each in event["Records"]]
    assert find_retried(model.answer(event), identifiers, reports=True) == ["m3"]
    sizes = [[len(entry["MessageBody"]) for entry in parameters["Entries"]] for _, parameters in service.calls]
    assert [len(each) for each in sizes] == [1, 1, 1] and 256_000 < sizes[1][0] < 1_048_576
    service.calls.clear()
    service.refuse = [
        (400, {"__type": "com.amazonaws.sqs#InvalidParameterValue", "message": "shorter than 262144 bytes"})
    ]
    event = of_queue(long, text)
    assert find_retried(model.answer(event), ["m0", "m1"], reports=True) == ["m0"]
    assert [each["id"] for each in sent(service)][-1] == "m1"
    assert "InvalidParameterValue: shorter than 262144 bytes" in capsys.readouterr().out


def test_no_permission_fails_the_batch(model: Model, service: Service, use: Any) -> None:
    use(EventSource("orders", QUEUE, ANSWERS))
    service.refuse = [(403, {"__type": "com.amazonaws.sqs#AccessDenied", "message": "no identity-based policy"})]
    with pytest.raises(DeliveryError, match=f"not delivered to {ANSWERS}: sqs answered 403: AccessDenied: no identity"):
        model.answer(of_queue(json.dumps(ROW)))


def test_without_response_types_a_failed_record_fails_the_batch(model: Model, service: Service, use: Any) -> None:
    use(EventSource("orders", QUEUE, ANSWERS, function_response_types=()))
    with pytest.raises(DeliveryError, match="1 of 2 records of Amazon SQS failed, so all are redelivered"):
        model.answer(of_queue(json.dumps(ROW), BAD))


def test_a_fifo_queue_stores_an_answer_once(model: Model, service: Service, use: Any) -> None:
    use(EventSource("orders", QUEUE, f"{ANSWERS}.fifo"))
    model.answer(of_queue(json.dumps(ROW)))
    model.answer(of_queue(json.dumps(ROW)))
    one, two = (parameters["Entries"][0] for _, parameters in service.calls)
    assert one["MessageDeduplicationId"] == two["MessageDeduplicationId"] and one["MessageGroupId"] == "orders"


def test_a_stream_stops_at_the_first_failed_record(model: Model, service: Service, use: Any) -> None:
    """All records after it are redelivered, so none of them may be answered now."""
    use(EventSource("clicks", STREAM, ANSWERS))
    text = json.dumps(ROW)
    assert model.answer(of_stream(text, text, BAD, text)) == {"batchItemFailures": [{"itemIdentifier": "2"}]}
    assert [each["id"] for each in sent(service)] == ["0", "1"]


def test_refused_records_of_a_stream_go_to_failures(model: Model, service: Service, use: Any) -> None:
    use(EventSource("clicks", STREAM, ANSWERS, "arn:aws:s3:::refused/of/"))
    text = json.dumps(ROW)
    event = of_stream(text, BAD, text)
    event["Records"][0]["kinesis"]["data"] = "no base64!"
    assert model.answer(event) == {"batchItemFailures": []}
    assert [each["id"] for each in sent(service)] == ["2"]
    ((path, body),) = service.objects.items()
    assert path.startswith("/refused/of/clicks/") and path.endswith(".jsonl")
    assert [json.loads(line)["id"] for line in body.splitlines()] == ["0", "1"]
    model.answer(event)
    assert len(service.objects) == 1  # the same records again: the same object


def test_answers_into_a_stream(model: Model, service: Service, use: Any, expected: Any) -> None:
    use(EventSource("orders", QUEUE, ARN.format("kinesis", "stream/out")))
    service.refuse = [
        (200, {"FailedRecordCount": 1, "Records": [{"SequenceNumber": "1"}, {"ErrorCode": "Throughput"}]})
    ]
    assert model.answer(of_queue(json.dumps(ROW), json.dumps(ROW))) == {"batchItemFailures": []}
    first, again = (parameters["Records"] for _, parameters in service.calls)
    assert [json.loads(base64.b64decode(each["Data"])) for each in first] == [
        {"id": name, **expected} for name in ("m0", "m1")
    ]
    assert again == first[1:]


def test_answers_into_a_table(model: Model, service: Service, use: Any, expected: Any) -> None:
    use(EventSource("orders", QUEUE, TABLE, key="message"))
    assert model.answer(of_queue(*[json.dumps(ROW)] * 30)) == {"batchItemFailures": []}
    chunks = [parameters["RequestItems"]["rows"] for _, parameters in service.calls]
    assert [len(chunk) for chunk in chunks] == [25, 5]
    item = chunks[0][0]["PutRequest"]["Item"]
    assert (item["message"], item["prediction"]) == ({"S": "m0"}, {"S": expected["prediction"]})
    found = {name: float(value["N"]) for name, value in item["probabilities"]["M"].items()}
    assert found == expected["probabilities"]


def test_the_stream_of_a_table(model: Model, service: Service, use: Any, expected: Any) -> None:
    """New items are rows; keys and other attributes are left out; a deleted item is none."""
    source = f"{TABLE}/stream/2026-01-01T00:00:00.000"
    use(EventSource("items", source, ANSWERS))
    names = [column["name"] for column in model.signature["columns"]]
    image = {
        **{name: {"N": str(value)} for name, value in zip(names, ROW, strict=True)},
        "pk": {"S": "1"},
        "tags": {"SS": ["a"]},
    }
    common = {"eventSource": "aws:dynamodb", "eventSourceARN": source}
    event = {
        "Records": [
            {**common, "eventName": "INSERT", "dynamodb": {"SequenceNumber": "1", "NewImage": image}},
            {**common, "eventName": "REMOVE", "dynamodb": {"SequenceNumber": "2", "Keys": {}}},
            {**common, "eventName": "MODIFY", "dynamodb": {"SequenceNumber": "3", "Keys": {}}},
        ]
    }
    assert model.answer(event) == {"batchItemFailures": [{"itemIdentifier": "3"}]}
    assert sent(service) == [{"id": "1", **expected}]


def test_a_cluster(model: Model, service: Service, use: Any, expected: Any) -> None:
    use(EventSource("broker", CLUSTER, ANSWERS, topic="t"))
    value = base64.b64encode(json.dumps(ROW).encode()).decode()
    csv = base64.b64encode(",".join(map(str, ROW)).encode()).decode()
    header = [{"content-type": list(b"text/csv")}]
    messages = [{"offset": 7, "value": value, "headers": []}, {"offset": 8, "value": csv, "headers": header}]
    event = {"eventSource": "aws:kafka", "eventSourceArn": CLUSTER, "records": {"t-0": messages}}
    model.answer(event)
    assert sent(service) == [{"id": "t-0:7", **expected}, {"id": "t-0:8", "predictions": [expected]}]
    messages.append({"offset": 9, "value": base64.b64encode(b"[]").decode()})
    with pytest.raises(DeliveryError, match="1 of 3 records of Amazon MSK failed"):
        model.answer(event)


def test_a_tombstone_of_a_topic_has_no_rows(model: Model, service: Service, use: Any, expected: Any) -> None:
    """A record without a value deletes its key. Without `failures`, it would block its partition for ever."""
    use(EventSource("broker", CLUSTER, ANSWERS, topic="t"))
    value = base64.b64encode(json.dumps(ROW).encode()).decode()
    messages = [
        {"offset": 7, "key": "YQ==", "value": None},
        {"offset": 8, "key": "YQ=="},
        {"offset": 9, "value": value},
    ]
    event = {"eventSource": "aws:kafka", "eventSourceArn": CLUSTER, "records": {"t-0": messages}}
    assert model.answer(event) == {"batchItemFailures": []}
    assert sent(service) == [{"id": "t-0:9", **expected}]
    del messages[2]
    assert model.answer(event) == {"batchItemFailures": []}
    messages.append({"offset": 10, "value": ""})  # a value of no bytes is a value
    with pytest.raises(DeliveryError, match="1 of 1 records of Amazon MSK failed"):
        model.answer(event)


def test_a_bucket_in_another_region_is_called_in_its_region(model: Model, service: Service, use: Any) -> None:
    """S3 names the region in its answer; the following calls go there at once."""
    use(EventSource("orders", QUEUE, "arn:aws:s3:::far/"))
    service.regions["far"] = "us-west-2"
    assert model.answer(of_queue(json.dumps(ROW))) == {"batchItemFailures": []}
    assert model.answer(of_queue(json.dumps(ROW), json.dumps(ROW))) == {"batchItemFailures": []}
    assert len(service.objects) == 2 and len(service.redirected) == 1


def test_a_topic_and_a_bus_return_the_answer(model: Model, service: Service, use: Any, expected: Any) -> None:
    """The answer is what `on-success` gets; a refused record fails, so that `on-failure` gets it."""
    use(EventSource("news", TOPIC), EventSource("bus", BUS, ANSWERS, REFUSED))
    message = {"MessageId": "s1", "TopicArn": TOPIC, "Message": json.dumps(ROW), "MessageAttributes": {}}
    news = {"Records": [{"EventSource": "aws:sns", "Sns": message}]}
    assert model.answer(news) == {"id": "s1", **expected}
    message["Message"] = BAD
    with pytest.raises(InvalidInput, match="row 0"):
        model.answer(news)
    event = {"id": "e1", "detail-type": "row", "source": "shop", "detail": {"instances": [ROW]}}
    assert model.answer(event) == {"id": "e1", "predictions": [expected["prediction"]]} == sent(service)[0]
    assert model.answer({**event, "detail": {"instances": [[1]]}})["refused"]["row"] == 0
    assert sent(service, "refused")[0]["record"] == {"instances": [[1]]}


@pytest.mark.parametrize("packed", [False, True])
def test_a_new_object(model: Model, service: Service, use: Any, expected: Any, packed: bool) -> None:
    """More rows than a block, two of them refused: every line has its answer or its refusal, under its number."""
    use(EventSource("files", "arn:aws:s3:::rows", "arn:aws:s3:::answers/a/", "arn:aws:s3:::refused"))
    names = ",".join(f'"{column["name"]}"' for column in model.signature["columns"])
    lines = [",".join(map(str, ROW))] * 2500
    lines[3], lines[2100] = "5.1,x,1.4,0.2", '5.1,"3\n.5",1.4,0.2'
    text = "\n".join([names, *lines]).encode()
    key = "in/two words.csv" + (".gz" if packed else "")
    service.objects[f"/rows/in/two%20words.csv{'.gz' if packed else ''}"] = gzip.compress(text) if packed else text
    detail = {"bucket": {"name": "rows"}, "object": {"key": key, "size": 1}}
    answer = model.answer({"id": "e", "source": "aws.s3", "detail-type": "Object Created", "detail": detail})
    assert answer == [{"object": f"s3://rows/{key}", "rows": 2498, "refused": 2}]
    quoted = key.replace(" ", "%20")
    found = [json.loads(line) for line in service.objects[f"/answers/a/{quoted}.jsonl"].splitlines()]
    assert found == [{"id": f"{key}:{number}", **expected} for number in range(2500) if number not in (3, 2100)]
    refused = [json.loads(line) for line in service.objects[f"/refused/{quoted}.refused.jsonl"].splitlines()]
    assert [(each["id"], each["record"]) for each in refused] == [(f"{key}:3", lines[3]), (f"{key}:2100", lines[2100])]


def test_a_notification_of_a_bucket_about_json_lines(model: Model, service: Service, use: Any, expected: Any) -> None:
    use(EventSource("files", "arn:aws:s3:::rows", ANSWERS))
    service.objects["/rows/a%2Bb%20c.jsonl"] = b"[5.1,3.5,1.4,0.2]\n\n[5.1,3.5,1.4,0.2]"
    s3 = {"bucket": {"name": "rows"}, "object": {"key": "a%2Bb+c.jsonl"}}
    model.answer({"Records": [{"eventSource": "aws:s3", "s3": s3}]})
    assert sent(service) == [{"id": f"a+b c.jsonl:{number}", **expected} for number in (0, 1)]
    service.objects["/rows/a%2Bb%20c.jsonl"] = b"[5.1,3.5,1.4\n0.2]"
    with pytest.raises(InvalidInput, match="not valid JSON"):
        model.answer({"Records": [{"eventSource": "aws:s3", "s3": s3}]})


def test_an_object_that_does_not_fit(model: Model, service: Service, use: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    use(EventSource("files", "arn:aws:s3:::rows", ANSWERS))
    detail = {"bucket": {"name": "rows"}, "object": {"key": "rows.csv"}}
    event = {"source": "aws.s3", "detail-type": "Object Created", "detail": detail}
    service.objects["/rows/rows.csv"] = b"5.1,3.5,1.4,0.2\n" * 600_000
    with pytest.raises(InvalidInput, match="expected at most 2097152, 1/64 of the memory of the function"):
        model.answer(event)
    detail["object"] = {"key": "rows.parquet"}
    with pytest.raises(InvalidInput, match=r"rows.parquet is not .csv, .jsonl or .ndjson"):
        model.answer(event)


def test_a_source_without_an_entry_is_named(model: Model, use: Any) -> None:
    use(EventSource("orders", QUEUE, ANSWERS))
    with pytest.raises(InvalidInput, match=r"event of Amazon SQS, and its source arn:other has no entry; add a table"):
        model.answer(of_queue("[1]", source="arn:other"))
    with pytest.raises(InvalidInput, match=r"expected an HTTP request, rows, or an event of \[events\]"):
        model.answer({"awslogs": {"data": "x"}})


def test_the_local_service_logs_the_answers(model: Model, use: Any, expected: Any, capsys: Any) -> None:
    use(EventSource("orders", QUEUE, ANSWERS, REFUSED), local=True)
    assert model.answer(of_queue(json.dumps(ROW), BAD)) == {"batchItemFailures": []}
    answered, refused = map(json.loads, capsys.readouterr().out.splitlines())
    assert answered == {"id": "m0", **expected} and refused["id"] == "m1"


def of_redshift(function: str, *rows: list[Any]) -> dict[str, Any]:
    return {
        "request_id": "r", "cluster": "arn", "user": "u", "database": "d", "external_function": function, "query_id": 1,
        "num_records": len(rows), "arguments": list(rows),
    }  # fmt: skip


def test_redshift(model: Model, use: Any, expected: Any) -> None:
    use(EventSource("sql", "redshift"))
    label, probabilities = expected["prediction"], expected["probabilities"]

    def ask(function: str, *rows: list[Any]) -> list[Any]:
        return read_redshift_answer(model.answer(of_redshift(function, *rows)), len(rows))

    assert ask("public.iris", ROW, ROW) == [label, label]
    assert ask("public.iris") == []
    assert ask("public.iris_probability_virginica", ROW) == [probabilities["virginica"]]
    assert ask("public.iris_probability", [*ROW, "setosa"], [*ROW, "virginica"]) == [
        probabilities["setosa"], probabilities["virginica"],
    ]  # fmt: skip
    with pytest.raises(ValueError, match="row 1"):
        ask("public.iris", ROW, [1.0])
    with pytest.raises(ValueError, match="the class is 'rosa'; expected one of setosa"):
        ask("public.iris_probability_rosa", ROW)


def test_redshift_asks_a_model_without_predict(use: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A density has scores only, and a transformer has rows, of which SQL takes one column."""
    use(EventSource("sql", "redshift"))
    monkeypatch.setenv("LAMBDA_TASK_ROOT", str(tmp_path))
    rows = [[1.0, 2.0], [3.0, 5.0], [4.0, 4.5]]
    for name, original, given, expected in (
        ("scaler", StandardScaler(), [row[:1] for row in rows], "one"),
        ("components", PCA(2), rows, "several"),
    ):
        compiled = im.compile(original.fit(given), data=given)
        compiled.save(tmp_path / f"{name}.safetensors")
        answer: Any = Model.load(name).answer(of_redshift("f", *given))
        if expected == "one":
            assert read_redshift_answer(answer, 3) == original.transform(given)[:, 0].tolist()
        else:
            assert answer == {
                "success": False,
                "error_msg": "the model has several outputs for a row; a UDF returns one value",
            }
