"""Which front end sent an event, what it asks, and how it wants its answer.

In: any Lambda event. Out: a Request; then a Reply in the form that the same front end understands. One entry of
EVENT_FORMATS per kind of event, in the order in which they are tried; the last one takes everything. Each entry has
`matches(event, features)`, `decode(event)` to a Request, and `encode(event, reply)` to what its front end expects back.
"""

from iris_model.engine.errors import InvalidInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container
    from typing import Any

# What Lambda itself takes and gives in one synchronous invocation, in bytes.
MAX_REQUEST_BYTES = 6_291_456
MAX_RESPONSE_BYTES = 6_291_556


NO_PAYLOAD = object()


class Request:
    """What was asked: `payload` (a JSON value) for a direct invocation, else `body` (bytes or text) with its headers.

    `path` matters to a GET alone: what a POST means is told by its body.
    """

    __slots__ = ("accept", "body", "content_encoding", "content_type", "method", "path", "payload")

    def __init__(
        self,
        method: str,
        headers: dict[str, str],
        body: "bytes | str | None" = None,
        payload: "Any" = NO_PAYLOAD,
        path: "Any" = "",
    ) -> None:
        self.method = method
        self.path = str(path)
        binary = "inference-header-content-length" in headers  # raw tensors after the JSON
        self.content_type = "binary tensors" if binary else headers.get("content-type", "")
        self.content_encoding = headers.get("content-encoding", "").strip().lower()
        self.accept = headers.get("accept", "")
        self.body = body
        self.payload = payload


class Reply:
    """What is answered: `value` (a JSON value), and for HTTP its `text`, `content_type`, `status` and further `headers`."""

    __slots__ = ("content_type", "headers", "status", "text", "value")

    def __init__(
        self,
        value: "Any",
        text: str = "",
        content_type: str = "application/json",
        status: int = 200,
        headers: "dict[str, str] | None" = None,
    ) -> None:
        self.value = value
        self.text = text
        self.content_type = content_type
        self.status = status
        self.headers = headers or {}


class HttpApi2:
    """HTTP API with payload format 2.0, and function URLs, which have the same shape."""

    name = "http-api-2.0"
    is_http = True

    @staticmethod
    def matches(event: "Any", features: "Container[str]") -> bool:
        context = _object(event).get("requestContext")
        return isinstance(context, dict) and isinstance(context.get("http"), dict)

    @staticmethod
    def decode(event: "Any") -> Request:
        method = str(event["requestContext"]["http"].get("method", "POST"))
        return Request(method, _lower(event.get("headers")), _body(event), path=event.get("rawPath"))

    @staticmethod
    def encode(event: "Any", reply: Reply) -> "Any":
        return {
            "statusCode": reply.status,
            "headers": {"content-type": reply.content_type, **reply.headers},
            "body": reply.text,
            "isBase64Encoded": False,
        }


class Rest1:
    """REST API, and HTTP API with payload format 1.0."""

    name = "rest-1.0"
    is_http = True

    @staticmethod
    def matches(event: "Any", features: "Container[str]") -> bool:
        return "httpMethod" in _object(event) and "requestContext" in event

    @staticmethod
    def decode(event: "Any") -> Request:
        headers = {name: values[-1] for name, values in _lower(event.get("multiValueHeaders")).items() if values}
        headers.update(_lower(event.get("headers")))
        return Request(str(event["httpMethod"]), headers, _body(event), path=event.get("path"))

    encode = HttpApi2.encode


class Alb:
    """Application Load Balancer: as REST, but with a status line, and lists of values if the target group has them."""

    name = "alb"
    is_http = True

    @staticmethod
    def matches(event: "Any", features: "Container[str]") -> bool:
        return Rest1.matches(event, features) and "elb" in _object(event["requestContext"])

    decode = Rest1.decode

    @staticmethod
    def encode(event: "Any", reply: Reply) -> "Any":
        answer = HttpApi2.encode(event, reply)
        answer["statusDescription"] = f"{reply.status} {REASONS.get(reply.status, 'OK')}"
        if "multiValueHeaders" in event:
            answer["multiValueHeaders"] = {name: [value] for name, value in answer.pop("headers").items()}
        return answer


class BodyAlone:
    """`{"body": ...}` and nothing that says who sent it: the test event people type into the Lambda console."""

    name = "body"
    is_http = False

    @staticmethod
    def matches(event: "Any", features: "Container[str]") -> bool:
        return (
            isinstance(event, dict)
            and "body" in event
            and "body" not in features
            and all(key in ("body", "headers", "isBase64Encoded") for key in event)
        )

    @staticmethod
    def decode(event: "Any") -> Request:
        body = event["body"]
        headers = _lower(event.get("headers"))
        if not isinstance(body, str):
            return Request("POST", headers, payload=body)
        if "isBase64Encoded" in event:
            return Request("POST", headers, _body(event))
        # Without the flag: text that is base64 throughout and no JSON, which no JSON array or object can be.
        try:
            return Request("POST", headers, decode_base64(body))
        except InvalidInput:
            return Request("POST", headers, body)

    @staticmethod
    def encode(event: "Any", reply: Reply) -> "Any":
        return reply.value


class Direct:
    """Anything else: the event is the payload itself."""

    name = "direct"
    is_http = False

    @staticmethod
    def matches(event: "Any", features: "Container[str]") -> bool:
        return True

    @staticmethod
    def decode(event: "Any") -> Request:
        if isinstance(event, (bytes, bytearray)):
            return Request("POST", {}, bytes(event))
        return Request("POST", {}, payload=event)

    encode = BodyAlone.encode


EVENT_FORMATS = (HttpApi2, Alb, Rest1, BodyAlone, Direct)

REASONS = {
    200: "OK",
    400: "Bad Request",
    405: "Method Not Allowed",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    422: "Unprocessable Content",
}


def find_format(event: "Any", features: "Container[str]") -> "Any":
    """Return the entry of EVENT_FORMATS for this event; `features` are the model's own column names."""
    for event_format in EVENT_FORMATS:
        if event_format.matches(event, features):
            return event_format
    raise AssertionError("the last event format takes everything")


def decode_base64(text: str) -> bytes:
    """Return the bytes; InvalidInput (malformed) if the text is not base64."""
    from binascii import Error, a2b_base64

    try:
        return a2b_base64("".join(text.split()).encode("ascii"), strict_mode=True)
    except (Error, ValueError):
        raise InvalidInput(
            "the body is marked as base64 but is not; send base64, or set isBase64Encoded to false",
            expected="base64",
            problem="malformed",
        ) from None


def _body(event: "Any") -> "bytes | str | None":
    body = event.get("body")
    if body is None or not isinstance(body, str):
        return None if body is None else str(body)
    return decode_base64(body) if event.get("isBase64Encoded") else body


def _object(value: "Any") -> "dict[str, Any]":
    return value if isinstance(value, dict) else {}


def _lower(headers: "Any") -> "dict[str, Any]":
    return {str(name).lower(): value for name, value in _object(headers).items() if value is not None}
