"""Requests to one registry: authentication, redirects, retries, and messages without secrets.

Credentials are sent only to the registry's own origin (scheme, host and port). A redirect or an upload address
elsewhere is followed without them, and never from TLS to plain HTTP.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urljoin, urlsplit

import urllib3
from urllib3.exceptions import HTTPError, NewConnectionError, SSLError

from iris_model.errors import RegistryError, RegistryUnreachable
from iris_model.oci.references import DOCKER_HUB
from iris_model.oci.registry.addresses import host_of, is_loopback, join_address, origin_of
from iris_model.oci.registry.answers import Answer, Body
from iris_model.oci.registry.authentication import Authentication, Scopes
from iris_model.oci.registry.challenges import parse_challenges
from iris_model.oci.registry.connections import Connections
from iris_model.oci.registry.credentials import CredentialSource
from iris_model.oci.registry.failures import failure_of
from iris_model.oci.registry.redaction import Redactor, redact_url
from iris_model.oci.registry.retries import RETRYABLE, Retries

LARGEST_ANSWER = 8 << 20
"""The limit, in bytes, of responses that are read at once: manifests, tags, errors. Blobs are streamed."""

_MOST_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_401 = 2  # one for the first request, one for a token that expired meanwhile
_CONNECTING = 3  # tries for a host that does not answer

Read = TypeVar("Read")


@dataclass(frozen=True)
class Request:
    """A request. `what` is for messages: "pull host/name:tag"."""

    method: str
    path: str
    """A path of the registry, or a whole URL from one of its responses."""

    what: str
    scopes: Scopes = ()
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | Body | None = None


class Transport:
    """Calls one registry."""

    def __init__(
        self,
        registry: str,
        credentials: CredentialSource,
        *,
        plain_http: bool | None = None,
        retries: Retries | None = None,
        connections: Connections | None = None,
    ) -> None:
        host = "registry-1.docker.io" if registry == DOCKER_HUB else registry
        name = urlsplit(f"//{host}").hostname or ""
        self._plain_anywhere = plain_http is True  # explicit; a registry on this machine implies nothing for others
        self.plain_http = is_loopback(name) if plain_http is None else plain_http
        self.registry = registry
        self.base = f"{'http' if self.plain_http else 'https'}://{host}"
        self.retries = retries or Retries()
        self.redactor = Redactor()
        self._connections = connections or Connections()
        self._authentication = Authentication(
            registry, credentials, self._ask_token, self.redactor, plain_http=self._plain_anywhere
        )

    def close(self) -> None:
        """Close all connections."""
        self._connections.close()

    def ask(self, request: Request, *, again: bool = True) -> Answer:
        """Send the request and read the whole response. With `again`, temporary failures are retried."""
        return self._with_retries(request, _read_whole, again)

    def stream(self, request: Request) -> tuple[Answer, urllib3.BaseHTTPResponse]:
        """Send the request. The caller reads the body and closes it."""
        return self._with_retries(request, _read_nothing, True)

    def failure(self, answer: Answer, what: str) -> RegistryError:
        """Convert a response to an error for the user."""
        return failure_of(answer, what, self.registry, self.redactor)

    def _with_retries(
        self,
        request: Request,
        read: Callable[[urllib3.BaseHTTPResponse, str], Read],
        again: bool,
        send: Callable[[Request], tuple[urllib3.BaseHTTPResponse, str]] | None = None,
    ) -> Read:
        attempt = 0
        while True:
            attempt += 1
            failure: HTTPError | None = None
            retry_after = ""
            try:
                response, url = (send or self._follow)(request)
                retry_after = response.headers.get("Retry-After", "")
                wait = self.retries.wait_before(attempt, retry_after) if again else None
                if response.status not in RETRYABLE or wait is None:
                    return read(response, url)
                _drop(response)
            except HTTPError as broken:
                failure, wait = broken, self.retries.wait_before(attempt) if again else None
                if isinstance(failure, SSLError) or (
                    isinstance(failure, NewConnectionError) and attempt >= _CONNECTING
                ):
                    wait = None
            if wait is None:
                assert failure is not None
                raise self._unreachable(failure, request, attempt) from failure
            self.retries.sleep(wait)

    def _follow(self, request: Request) -> tuple[urllib3.BaseHTTPResponse, str]:
        """Send the request, follow redirects, and authenticate."""
        url, method, body = urljoin(self.base, request.path), request.method, request.body
        asked, redirected = 0, 0
        while True:
            ours = origin_of(url) == origin_of(self.base)
            sent = self._authentication.header(request.scopes) if ours else ""
            headers = {**dict(request.headers), **({"Authorization": sent} if sent else {})}
            response = self._send(method, url, headers, body)
            if response.status == 401 and ours and asked < _MOST_401:
                asked += 1
                challenges = parse_challenges(response.headers.getlist("WWW-Authenticate"))
                if self._authentication.answer(challenges, request.scopes, sent):
                    _drop(response)
                    continue
            location = response.headers.get("Location", "")
            if response.status not in _REDIRECTS or not location:
                return response, url
            _drop(response)
            redirected += 1
            target = join_address(url, location, request.what)
            if redirected > _MOST_REDIRECTS:
                problem = f"{request.what}: more than {_MOST_REDIRECTS} redirects, the last one to {redact_url(target)}"
                raise RegistryError(
                    problem, remedy="Check that this is the address of a registry.", status=response.status
                )
            self.check_address(target, request.what)
            if response.status == 303:
                method, body = "GET", None
            url = target

    def check_address(self, url: str, what: str) -> None:
        """Refuse an invalid address from the registry, and one that changes from TLS to plain HTTP."""
        scheme, host, _ = origin_of(url)
        if (
            not host
            or scheme not in ("http", "https")
            or (scheme == "http" and not (self._plain_anywhere or is_loopback(host)))
        ):
            raise RegistryError(
                f"{what}: the registry redirects to {redact_url(url)}, which has no TLS",
                remedy="Nothing was sent there. Contact the operator of the registry.",
            )

    def _send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | Body | None
    ) -> urllib3.BaseHTTPResponse:
        headers = {"User-Agent": "iris-model", **headers}
        content: Any = body
        if body is not None and not isinstance(body, bytes):
            headers["Content-Length"] = str(body.length)
            content = body.open()
        elif body is None and method in ("POST", "PUT", "PATCH"):
            headers["Content-Length"] = "0"
        try:
            return self._connections.pool_for(url).request(
                method, url, headers=headers, body=content, preload_content=False, redirect=False, decode_content=False
            )
        finally:
            if content is not body:
                content.close()

    def _ask_token(self, method: str, url: str, headers: dict[str, str], body: bytes | None) -> Answer:
        """Send a request to a token endpoint, with no authentication but its own headers, and without redirects."""
        request = Request(method, url, f"ask {host_of(url)} for a token")
        return self._with_retries(request, _read_whole, True, lambda _: (self._send(method, url, headers, body), url))

    def _unreachable(self, failure: HTTPError, request: Request, attempts: int) -> RegistryUnreachable:
        reason = self.redactor.clean(_reason(failure))
        host = host_of(urljoin(self.base, request.path))
        tried = f" after {attempts} tries" if attempts > 1 else ""
        if isinstance(failure, SSLError):
            remedy = "Set SSL_CERT_FILE to the certificate authority of that host."
        elif isinstance(failure, NewConnectionError):
            remedy = "Check the name of the registry, the network, and HTTPS_PROXY."
        else:
            remedy = "Check the network connection to the registry, and try again."
        return RegistryUnreachable(f"{request.what}: no answer from {host}{tried}: {reason}", remedy=remedy)


def _reason(failure: HTTPError) -> str:
    """Return the innermost message: urllib3 wraps the system's message several times."""
    inner: BaseException = failure
    for _ in range(5):
        cause = inner.__cause__ or next((each for each in inner.args if isinstance(each, BaseException)), None)
        if cause is None:
            break
        inner = cause
    text = str(inner).rpartition(">: ")[2] or type(inner).__name__
    return text if isinstance(inner, OSError) or len(text) > 3 else type(inner).__name__


def _answer(response: urllib3.BaseHTTPResponse, url: str, body: bytes = b"") -> Answer:
    return Answer(response.status, response.headers, body, url)


def _read_nothing(response: urllib3.BaseHTTPResponse, url: str) -> tuple[Answer, urllib3.BaseHTTPResponse]:
    """Leave the body unread, except for that of an error, which contains the reason."""
    return (_read_whole(response, url) if response.status >= 400 else _answer(response, url)), response


def _read_whole(response: urllib3.BaseHTTPResponse, url: str) -> Answer:
    try:
        body = b"".join(_blocks(response))
        return _answer(response, url, body)
    finally:
        _drop(response)


def _blocks(response: urllib3.BaseHTTPResponse) -> Any:
    left = LARGEST_ANSWER
    while left > 0 and (block := response.read(min(1 << 16, left))):
        left -= len(block)
        yield block


def _drop(response: urllib3.BaseHTTPResponse) -> None:
    """Return the connection to the pool if the body was read, else close it."""
    with contextlib.suppress(HTTPError, OSError):
        if response.read(1 << 16) and response.read(1):
            response.close()
    response.release_conn()
