"""Calls to AWS from the function, without boto3: signed, over kept-alive connections of the standard library.

Imported only if an answer has a destination. `http.client` and `ssl` take 30 ms once per sandbox. The variables
`AWS_ENDPOINT_URL` and `AWS_ENDPOINT_URL_<SERVICE>` mean what they mean for the SDKs of AWS.
"""

import os
import time
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import quote

from iris_model.engine.json_text import make_decoder

from .signing import Credentials, sign

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

ATTEMPTS = 4
SECONDS = 30
TEMPORARY = (
    "throttl",
    "provisionedthroughput",
    "slowdown",
    "serviceunavailable",
    "internalfailure",
    "internalservererror",
    "requestlimit",
)


class CallError(Exception):
    """AWS refused a call, or cannot be reached. `status` is 0 without an answer; `headers` are those of the answer."""

    def __init__(self, message: str, status: int = 0, headers: "dict[str, str] | None" = None) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers or {}


def wait_before(attempt: int) -> None:
    """Wait before another attempt: 0.1, 0.2, 0.4 s, and up to as much again by chance."""
    wait = 0.05 * 2**attempt
    time.sleep(wait * (1 + os.urandom(1)[0] / 255))


def call_json(
    service: str,
    region: str,
    target: str,
    parameters: "dict[str, object]",
    version: str = "1.1",
    url_of: str = "",
) -> "Any":
    """Call an operation of a JSON service, and return its answer. Raises CallError.

    `url_of`: a parameter with a path that becomes a URL at the endpoint.
    """
    from iris_model.runtime.answers import strict_text

    base = _endpoint(service, region)
    if url_of:
        parameters = {**parameters, url_of: f"{base}/{parameters[url_of]}"}
        version = "1.0"
    headers = {"content-type": f"application/x-amz-json-{version}", "x-amz-target": target}
    body = strict_text(parameters).encode()
    _, text = _call("POST", base, "/", "", headers, body, service, region)
    return make_decoder()(text.decode()) if text else {}


def call_rest(
    method: str, bucket: str, key: str, body: bytes = b"", headers: "Mapping[str, str] | None" = None, query: str = ""
) -> "tuple[dict[str, str], bytes]":
    """Call S3 about one object. Return the headers (names in lower case) and the body. Raises CallError.

    The bucket may be in another region: S3 answers with the region, and is called there.
    """
    path = f"/{quote(bucket, safe='')}/{quote(key, safe='/~')}"

    def call(region: str) -> "tuple[dict[str, str], bytes]":
        return _call(method, _endpoint("s3", region), path, query, dict(headers or {}), body, "s3", region)

    asked = _regions.get(bucket) or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION", "")
    try:
        return call(asked)
    except CallError as error:
        found = error.headers.get("x-amz-bucket-region", asked)
        if found == asked or error.status not in (301, 307, 400):
            raise
    answer = call(found)
    _regions[bucket] = found
    return answer


# Bucket -> its region, if that is not the region of the function.
_regions: "dict[str, str]" = {}
_connections: "dict[str, HTTPConnection]" = {}


def _endpoint(service: str, region: str) -> str:
    override = os.environ.get(f"AWS_ENDPOINT_URL_{service.upper()}") or os.environ.get("AWS_ENDPOINT_URL")
    if override:
        return override.rstrip("/")
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return f"https://{service}.{region}.{suffix}"


def _call(
    method: str, base: str, path: str, query: str, headers: "dict[str, str]", body: bytes, service: str, region: str
) -> "tuple[dict[str, str], bytes]":
    for attempt in range(ATTEMPTS):
        if attempt:
            wait_before(attempt)
        try:
            status, found, text = _send(method, base, path, query, headers, body, service, region)
        except (OSError, HTTPException) as error:
            _close(base)
            failure = CallError(f"{service} at {base} cannot be reached: {error or type(error).__name__}")
            continue
        if status < 300:
            return found, text
        failure = CallError(f"{service} answered {status}: {_reason(text)}", status, found)
        words = _reason(text).lower().replace("_", "")
        if status not in (429, 500, 502, 503, 504) and not any(word in words for word in TEMPORARY):
            break
    raise failure


def _send(
    method: str, base: str, path: str, query: str, headers: "dict[str, str]", body: bytes, service: str, region: str
) -> "tuple[int, dict[str, str], bytes]":
    host = base.partition("://")[2]
    signed = sign(method, host, path, query, headers, body, service, region, _credentials(), time.gmtime())
    is_new = base not in _connections
    if is_new:
        make = HTTPSConnection if base.startswith("https://") else HTTPConnection
        _connections[base] = make(host, timeout=SECONDS)
    connection = _connections[base]
    target = f"{path}?{query}" if query else path
    try:
        connection.request(method, target, body, signed)
        answer = connection.getresponse()
    except (OSError, HTTPException):
        _close(base)
        if is_new:
            raise
        # The service may have closed the kept-alive connection.
        return _send(method, base, path, query, headers, body, service, region)
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()


def _close(base: str) -> None:
    if connection := _connections.pop(base, None):
        connection.close()


def _credentials() -> Credentials:
    found = os.environ.get
    key, secret = found("AWS_ACCESS_KEY_ID", ""), found("AWS_SECRET_ACCESS_KEY", "")
    if not key or not secret:
        raise CallError("there are no credentials in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; Lambda sets them")
    return Credentials(key, secret, found("AWS_SESSION_TOKEN", ""))


def _reason(text: bytes) -> str:
    """Return code and message of an error, from JSON or XML.

    Only the first line of the message: about a wrong signature, the others repeat the headers with the session token.
    """
    found = text.decode("utf-8", "replace")
    if found.startswith("{"):
        try:
            value = make_decoder()(found)
            code = str(value.get("__type", value.get("code", ""))).rpartition("#")[2]
            return f"{code}: {_first_line(value.get('message') or value.get('Message') or '')}"
        except (ValueError, AttributeError):
            return _first_line(found)
    code, message = (found.partition(f"<{tag}>")[2].partition(f"</{tag}>")[0] for tag in ("Code", "Message"))
    return f"{code}: {_first_line(message)}" if code else _first_line(found)


def _first_line(text: object) -> str:
    return str(text).partition("\n")[0][:300]
