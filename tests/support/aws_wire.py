"""AWS over HTTP: real boto3, in any process, reaches a `FakeAws` as it reaches AWS, in the protocols of botocore's own models.

A request is read by its service's model, so that a parameter in the wrong place is not found; what the fake answers, and what it
refuses, is written as the service writes it. One fake for each region.
"""

from __future__ import annotations

import base64
import json
import re
import threading
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from xml.sax.saxutils import escape

from iris_model.aws.client.failed_call import Failure
from tests.support.fake_aws import FakeAws, service_model
from tests.support.http_serving import serving

Refuse = Callable[[str, str, dict[str, Any]], Failure | None]

# What requests are signed for -> the service.
_SIGNED_FOR = {"monitoring": "cloudwatch"}


@dataclass
class Wire:
    """The fakes by region, where they are reached, and what refuses a call before a fake sees it."""

    url: str
    clouds: dict[str, FakeAws] = field(default_factory=dict)
    refuse: Refuse = lambda service, operation, parameters: None
    page: str = ""
    """If set, every request gets this page of HTML, with status 403."""

    def cloud(self, region: str = "eu-west-1") -> FakeAws:
        fake = self.clouds.setdefault(region, FakeAws())
        fake.region = region
        return fake


@contextmanager
def serve_aws() -> Iterator[Wire]:
    wire = Wire("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        lock = threading.Lock()

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            with self.lock:
                status, headers, content = _answer(wire, self, body)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = answer

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    wire.url = f"http://127.0.0.1:{server.server_port}"
    with serving(server):
        yield wire


Response = tuple[int, dict[str, str], bytes]


def _answer(wire: Wire, request: BaseHTTPRequestHandler, body: bytes) -> Response:
    if wire.page:
        return 403, {"Content-Type": "text/html"}, wire.page.encode()
    scope = re.search(r"Credential=[^/]+/\d{8}/([a-z0-9-]+)/([a-z-]+)/aws4_request", request.headers["Authorization"])
    assert scope, request.headers["Authorization"]
    region, name = scope[1], _SIGNED_FOR.get(scope[2], scope[2])
    model = service_model(name)
    protocol = model.resolved_protocol
    operation, parameters = _READERS[protocol](model, request, body)
    try:
        if failure := wire.refuse(name, operation.name, parameters):
            raise failure
        answer = wire.cloud(region)(name, operation.name, parameters)
    except Failure as failure:
        return _refusal(protocol, failure)
    return _WRITERS[protocol](operation, answer)


# --- requests ---


def _read_json(model: Any, request: BaseHTTPRequestHandler, body: bytes) -> tuple[Any, dict[str, Any]]:
    prefix, _, name = request.headers["X-Amz-Target"].rpartition(".")
    assert prefix == model.metadata["targetPrefix"]
    return model.operation_model(name), json.loads(body)


def _read_query(model: Any, request: BaseHTTPRequestHandler, body: bytes) -> tuple[Any, dict[str, Any]]:
    values = dict(urllib.parse.parse_qsl(body.decode(), keep_blank_values=True))
    assert values.pop("Version") == model.api_version
    operation = model.operation_model(values.pop("Action"))
    return operation, _from_query(operation.input_shape, values, "") if operation.input_shape else {}


def _from_query(shape: Any, values: Mapping[str, str], prefix: str) -> Any:
    if shape.type_name == "structure":
        found = {}
        for name, member in shape.members.items():
            key = prefix + member.serialization.get("name", name)
            if key in values or any(each.startswith(key + ".") for each in values):
                found[name] = _from_query(member, values, key + "." if member.type_name == "structure" else key)
        return found
    if shape.type_name == "list":
        element = shape.member
        found_all: list[Any] = []
        while True:
            key = f"{prefix}.{element.serialization.get('name', 'member')}.{len(found_all) + 1}"
            if key not in values and not any(each.startswith(key + ".") for each in values):
                return found_all
            found_all.append(_from_query(element, values, key + "." if element.type_name == "structure" else key))
    text = values[prefix]
    return {"boolean": lambda: text == "true", "integer": lambda: int(text)}.get(shape.type_name, lambda: text)()


def _read_rest(model: Any, request: BaseHTTPRequestHandler, body: bytes) -> tuple[Any, dict[str, Any]]:
    path, _, query = request.path.partition("?")
    for name in model.operation_names:
        operation = model.operation_model(name)
        template = operation.http["requestUri"].partition("?")[0]
        pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(template))
        if operation.http["method"] == request.command and (found := re.fullmatch(pattern, path)):
            where = {key: urllib.parse.unquote(value) for key, value in found.groupdict().items()}
            return operation, _from_rest(operation, where, dict(urllib.parse.parse_qsl(query)), request.headers, body)
    raise AssertionError(f"no operation is {request.command} {request.path}")


def _from_rest(operation: Any, where: Mapping[str, str], query: Mapping[str, str], headers: Any, body: bytes) -> Any:
    shape, found = operation.input_shape, {}
    payload = shape.serialization.get("payload")
    document = json.loads(body) if body and not payload else {}
    for name, member in shape.members.items():
        key = member.serialization.get("name", name)
        source = {"uri": where, "querystring": query, "header": headers}.get(
            member.serialization.get("location", ""), document
        )
        if name == payload:
            found[name] = body
        elif (value := source.get(key)) is not None:
            found[name] = value
    return found


_READERS = {"json": _read_json, "query": _read_query, "rest-json": _read_rest}

# --- answers ---


def _write_json(operation: Any, answer: Mapping[str, Any]) -> Response:
    return 200, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(answer).encode()


def _write_query(operation: Any, answer: Mapping[str, Any]) -> Response:
    shape, name = operation.output_shape, operation.name
    inner = _to_xml(shape, answer) if shape else ""
    wrapper = shape.serialization.get("resultWrapper", f"{name}Result") if shape else f"{name}Result"
    metadata = "<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata>"
    text = f"<{name}Response><{wrapper}>{inner}</{wrapper}>{metadata}</{name}Response>"
    return 200, {"Content-Type": "text/xml"}, text.encode()


def _to_xml(shape: Any, value: Any) -> str:
    if shape.type_name == "structure":
        parts = []
        for name, each in value.items():
            member = shape.members[name]
            key = member.serialization.get("name", name)
            parts.append(f"<{key}>{_to_xml(member, each)}</{key}>")
        return "".join(parts)
    if shape.type_name == "list":
        key = shape.member.serialization.get("name", "member")
        return "".join(f"<{key}>{_to_xml(shape.member, each)}</{key}>" for each in value)
    if shape.type_name == "timestamp":
        return str(value.isoformat())
    return escape(str(value).lower() if isinstance(value, bool) else str(value))


def _write_rest(operation: Any, answer: Mapping[str, Any]) -> Response:
    shape = operation.output_shape
    headers, document, content = {"Content-Type": "application/json"}, {}, None
    status = operation.http.get("responseCode", 200)
    for name, value in answer.items():
        how = shape.members[name].serialization
        key = how.get("name", name)
        if how.get("location") == "header":
            headers[key] = str(value)
        elif how.get("location") == "statusCode":
            status = int(value)
        elif name == shape.serialization.get("payload"):
            content = value
        else:
            document[key] = base64.b64encode(value).decode() if isinstance(value, bytes) else value
    return status, headers, content if content is not None else json.dumps(document).encode()


_WRITERS = {"json": _write_json, "query": _write_query, "rest-json": _write_rest}


def _refusal(protocol: str, failure: Failure) -> Response:
    status = failure.status or 400
    if protocol == "query":
        kind = "Receiver" if status >= 500 else "Sender"
        text = (
            f"<ErrorResponse><Error><Type>{kind}</Type><Code>{escape(failure.code)}</Code>"
            f"<Message>{escape(failure.message)}</Message></Error><RequestId>1</RequestId></ErrorResponse>"
        )
        return status, {"Content-Type": "text/xml"}, text.encode()
    if protocol == "json":
        document = {"__type": failure.code, "message": failure.message}
        return status, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(document).encode()
    headers = {"Content-Type": "application/json", "x-amzn-ErrorType": failure.code}
    return status, headers, json.dumps({"Message": failure.message, "message": failure.message}).encode()
