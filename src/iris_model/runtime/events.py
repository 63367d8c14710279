"""Recognize the front end that sent an event, decode the request and encode the reply.

EVENT_FORMATS has one entry for each kind of event, in the order in which they are tried; the last one accepts every
event. Each entry has `matches(event, features)`, `decode(event)`, which returns a Request, and `encode(event, reply)`,
which returns what its front end expects.
"""

from iris_model.engine.errors import InvalidInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container
    from typing import Protocol

    class EventFormat(Protocol):
        """An entry of EVENT_FORMATS. `takes_bytes`: the front end decodes base64; only for HTTP."""

        name: str
        is_http: bool

        def matches(self, event: object, features: "Container[str]") -> bool: ...
        def decode(self, event: object) -> "Request": ...
        def encode(self, event: object, reply: "Reply") -> object: ...
        def takes_bytes(self, event: object) -> bool: ...


# Lambda's limits for the request and the response of one synchronous invocation, in bytes.
MAX_REQUEST_BYTES = 6_291_456
MAX_RESPONSE_BYTES = 6_291_556


# Keys of events that are not requests; `triggers.py` examines such events. A key that is a feature's name is a feature.
HINTS = frozenset(
    "Records records eventSource source detail-type Event warmer requestContext methodArn routeArn agent arguments awslogs tasks "
    "iris-model-part triggerSource sessionState ResponseURL invokingEvent raw_path".split()
)

# Shorter answers are not worth compressing.
COMPRESS_FROM_BYTES = 1024

NO_PAYLOAD = object()


class Request:
    """A request: `payload` (a JSON value) of a direct invocation, else `body` (bytes or text) with its headers.

    `path` matters only for GET: the meaning of a POST follows from its body.
    """

    __slots__ = ("accept", "accept_encoding", "body", "content_encoding", "content_type", "method", "path", "payload")

    def __init__(
        self,
        method: str,
        headers: dict[str, str],
        body: "bytes | str | None" = None,
        payload: object = NO_PAYLOAD,
        path: object = "",
    ) -> None:
        self.method = method
        self.path = str(path)
        binary = "inference-header-content-length" in headers  # raw tensors follow the JSON
        self.content_type = "binary tensors" if binary else headers.get("content-type", "")
        self.content_encoding = headers.get("content-encoding", "").strip().lower()
        self.accept = headers.get("accept", "")
        self.accept_encoding = headers.get("accept-encoding", "")
        self.body = body
        self.payload = payload


class Reply:
    """A reply: `value` (a JSON value), and for HTTP its `text`, `content_type`, `status` and further `headers`.

    `is_base64`: the text is base64 of bytes, and the front end decodes it.
    """

    __slots__ = ("content_type", "headers", "is_base64", "status", "text", "value")

    def __init__(
        self,
        value: object,
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
        self.is_base64 = False


class HttpApi2:
    """HTTP API with payload format 2.0, and function URLs, which use the same format."""

    name = "http-api-2.0"
    is_http = True

    @staticmethod
    def matches(event: object, features: "Container[str]") -> bool:
        fields = _object(event)
        context = fields.get("requestContext")
        # An authorizer receives nearly the same event, with `routeArn`.
        return isinstance(context, dict) and isinstance(context.get("http"), dict) and "routeArn" not in fields

    @staticmethod
    def decode(event: object) -> Request:
        fields = _object(event)
        method = str(_object(_object(fields["requestContext"])["http"]).get("method", "POST"))
        return Request(method, _lower(fields.get("headers")), _body(fields), path=fields.get("rawPath"))

    @staticmethod
    def encode(event: object, reply: Reply) -> "dict[str, object]":
        return {
            "statusCode": reply.status,
            "headers": {"content-type": reply.content_type, **reply.headers},
            "body": reply.text,
            "isBase64Encoded": reply.is_base64,
        }

    @staticmethod
    def takes_bytes(event: object) -> bool:
        return True


class Rest1:
    """REST API, and HTTP API with payload format 1.0."""

    name = "rest-1.0"
    is_http = True

    @staticmethod
    def matches(event: object, features: "Container[str]") -> bool:
        fields = _object(event)
        return "httpMethod" in fields and "requestContext" in fields and "methodArn" not in fields

    @staticmethod
    def decode(event: object) -> Request:
        fields = _object(event)
        lists = _object(fields.get("multiValueHeaders")).items()
        headers = _lower({name: values[-1] for name, values in lists if isinstance(values, list) and values})
        headers.update(_lower(fields.get("headers")))
        return Request(str(fields["httpMethod"]), headers, _body(fields), path=fields.get("path"))

    encode = HttpApi2.encode

    @staticmethod
    def takes_bytes(event: object) -> bool:
        """Whether the front end decodes base64: an HTTP API always, a REST API only with `binaryMediaTypes` set."""
        return _object(event).get("version") == "1.0"


class Alb:
    """Application Load Balancer: like REST, with a status line; lists of values if the target group enables them."""

    name = "alb"
    is_http = True

    @staticmethod
    def matches(event: object, features: "Container[str]") -> bool:
        return Rest1.matches(event, features) and "elb" in _object(_object(event)["requestContext"])

    decode = Rest1.decode
    takes_bytes = HttpApi2.takes_bytes

    @staticmethod
    def encode(event: object, reply: Reply) -> object:
        answer = HttpApi2.encode(event, reply)
        answer["statusDescription"] = f"{reply.status} {REASONS.get(reply.status, 'OK')}"
        if "multiValueHeaders" in _object(event):
            headers = _object(answer.pop("headers"))
            answer["multiValueHeaders"] = {name: [value] for name, value in headers.items()}
        return answer


class BodyAlone:
    """`{"body": ...}` without the fields of a front end: a test event that people write in the Lambda console."""

    name = "body"
    is_http = False

    @staticmethod
    def matches(event: object, features: "Container[str]") -> bool:
        return (
            isinstance(event, dict)
            and "body" in event
            and "body" not in features
            and all(key in ("body", "headers", "isBase64Encoded") for key in event)
        )

    @staticmethod
    def decode(event: object) -> Request:
        fields = _object(event)
        body = fields["body"]
        headers = _lower(fields.get("headers"))
        if not isinstance(body, str):
            return Request("POST", headers, payload=body)
        if "isBase64Encoded" in fields:
            return Request("POST", headers, _body(fields))
        # Without the flag, a body that is valid base64 is decoded. No JSON array or object is valid base64.
        try:
            return Request("POST", headers, decode_base64(body))
        except InvalidInput:
            return Request("POST", headers, body)

    @staticmethod
    def encode(event: object, reply: Reply) -> object:
        return reply.value

    @staticmethod
    def takes_bytes(event: object) -> bool:
        return False


class Direct:
    """Every other event: the event is the payload."""

    name = "direct"
    is_http = False

    @staticmethod
    def matches(event: object, features: "Container[str]") -> bool:
        return True

    @staticmethod
    def decode(event: object) -> Request:
        if isinstance(event, (bytes, bytearray)):
            return Request("POST", {}, bytes(event))
        return Request("POST", {}, payload=event)

    encode = BodyAlone.encode
    takes_bytes = BodyAlone.takes_bytes


EVENT_FORMATS: "tuple[EventFormat, ...]" = (HttpApi2, Alb, Rest1, BodyAlone, Direct)

REASONS = {
    200: "OK",
    400: "Bad Request",
    405: "Method Not Allowed",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    422: "Unprocessable Content",
}


def find_format(event: object, features: "Container[str]") -> "EventFormat":
    """Return the entry of EVENT_FORMATS for this event. `features` are the column names of the model."""
    for event_format in EVENT_FORMATS:
        if event_format.matches(event, features):
            return event_format
    raise AssertionError("the last event format takes everything")


def decode_base64(text: str) -> bytes:
    """Return the decoded bytes. Raises InvalidInput (malformed) if the text is not base64."""
    from binascii import Error, a2b_base64

    packed = "".join(text.split())
    try:
        if len(packed) % 4 or packed.endswith("==="):
            raise Error("excess padding")  # accepted before Python 3.13
        return a2b_base64(packed.encode("ascii"), strict_mode=True)
    except (Error, ValueError):
        raise InvalidInput(
            "the body is marked as base64 but is not; send base64, or set isBase64Encoded to false",
            expected="base64",
            problem="malformed",
        ) from None


def _body(fields: "dict[str, object]") -> "bytes | str | None":
    body = fields.get("body")
    if body is None or not isinstance(body, str):
        return None if body is None else str(body)
    return decode_base64(body) if fields.get("isBase64Encoded") else body


def _object(value: object) -> "dict[str, object]":
    return value if isinstance(value, dict) else {}


def _lower(headers: object) -> "dict[str, str]":
    """Return headers with names in lower case. A direct caller may have sent another value."""
    return {str(name).lower(): value for name, value in _object(headers).items() if isinstance(value, str)}
