"""Answer a registry's 401: Basic with a password, or Bearer with a token of its token endpoint.

The Authorization header is kept for each scope, so that a hundred blobs need one token. Credentials are sent only to
the registry and to the token endpoint that it names.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from iris_model.errors import RegistryDenied, RegistryError
from iris_model.oci.registry.addresses import is_loopback, origin_of
from iris_model.oci.registry.answers import Answer
from iris_model.oci.registry.challenges import Challenge
from iris_model.oci.registry.credentials import Credentials, CredentialSource
from iris_model.oci.registry.failures import failure_of
from iris_model.oci.registry.redaction import Redactor

Ask = Callable[[str, str, dict[str, str], bytes | None], Answer]
"""Sends one request (method, URL, headers, body). Only its headers contain authentication."""

Scopes = tuple[str, ...]

_CLIENT = "iris-model"
# Responses to GET of token endpoints that support only OAuth 2's POST.
_POST_ONLY = (404, 405)


class Authentication:
    """The authentication at one registry."""

    def __init__(
        self, registry: str, source: CredentialSource, ask: Ask, redactor: Redactor, *, plain_http: bool = False
    ) -> None:
        self._registry = registry
        self._plain_http = plain_http
        self._source = source
        self._ask = ask
        self._redactor = redactor
        self._headers: dict[Scopes, str] = {}
        self._challenge: Challenge | None = None
        self._asked: Credentials | None = None
        self._lock = threading.Lock()

    def header(self, scopes: Scopes) -> str:
        """Return the Authorization header for a request with these scopes, "" if there is none yet."""
        with self._lock:
            if scopes not in self._headers and self._challenge is not None and self._challenge.scheme == "bearer":
                self._headers[scopes] = self._token(self._challenge, scopes)
            return self._headers.get(scopes) or (self._headers.get(()) or "" if self._is_basic else "")

    def answer(self, challenges: Sequence[Challenge], scopes: Scopes, sent: str) -> bool:
        """Process a 401 to a request with the header `sent`. Return False if there is nothing else to try."""
        with self._lock:
            known = self._headers.get(() if self._is_basic else scopes, "")
            if known and known != sent:
                return True  # another thread was faster
            if sent:
                self._asked = None  # the token has expired or is wrong: request another
            for challenge in challenges:
                header, key = "", scopes
                if challenge.scheme == "bearer":
                    header = self._token(challenge, scopes)
                elif challenge.scheme == "basic":
                    header, key = self._credentials().basic, ()
                if header and header != sent:
                    self._challenge, self._headers[key] = challenge, header
                    return True
        return False

    @property
    def _is_basic(self) -> bool:
        return self._challenge is not None and self._challenge.scheme == "basic"

    def _credentials(self) -> Credentials:
        """Return the credentials. They are requested only once, because the source may start a program or a prompt."""
        if self._asked is None:
            self._asked = self._source(self._registry)
            self._redactor.learn(*self._asked.secrets)
        return self._asked

    def _token(self, challenge: Challenge, scopes: Scopes) -> str:
        credentials = self._credentials()
        if credentials.registry_token:
            return f"Bearer {credentials.registry_token}"
        realm = self._check_realm(challenge.parameters.get("realm", ""))
        # The registry's own scope is included, because it may have actions that this client does not know.
        asked = list(dict.fromkeys([*scopes, *challenge.parameters.get("scope", "").split()]))
        service = challenge.parameters.get("service", "")
        if credentials.identity_token:
            answer = self._post(realm, service, asked, {"refresh_token": credentials.identity_token})
        else:
            fields = [("service", service), *(("scope", each) for each in asked)]
            headers = {"Authorization": credentials.basic} if credentials.basic else {}
            answer = self._ask("GET", _with_query(realm, [field for field in fields if field[1]]), headers, None)
            if answer.status in _POST_ONLY and credentials.password:
                answer = self._post(
                    realm, service, asked, {"username": credentials.username, "password": credentials.password}
                )
        return f"Bearer {self._read_token(answer)}"

    def _post(self, realm: str, service: str, scopes: Sequence[str], grant: Mapping[str, str]) -> Answer:
        """Use OAuth 2: https://distribution.github.io/distribution/spec/auth/oauth/"""
        kind = "refresh_token" if "refresh_token" in grant else "password"
        fields = {"grant_type": kind, "client_id": _CLIENT, "service": service, "scope": " ".join(scopes), **grant}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._ask("POST", realm, headers, urlencode(fields).encode())

    def _check_realm(self, realm: str) -> str:
        scheme, host, _ = origin_of(realm)
        plain = scheme == "http" and (self._plain_http or is_loopback(host))
        if not host or scheme not in ("http", "https"):
            raise RegistryError(
                f"{self._registry}: it has no valid token endpoint: {realm[:200]!r}",
                remedy="Check that this is the address of a registry.",
            )
        if scheme != "https" and not plain:
            problem = f"{self._registry}: its token endpoint {host} has no TLS, so the password was not sent"
            raise RegistryDenied(problem, remedy="Nothing was sent. Contact the operator of the registry.")
        return realm

    def _read_token(self, answer: Answer) -> str:
        if answer.status != 200:
            raise failure_of(answer, f"{self._registry}: requesting a token", self._registry, self._redactor)
        try:
            document = json.loads(answer.body)
            token = document.get("token") or document.get("access_token")
        except (ValueError, AttributeError, RecursionError):
            token = None
        if not isinstance(token, str) or not token:
            raise RegistryError(f"{self._registry}: its token endpoint answered without a token", status=answer.status)
        self._redactor.learn(token)
        return token


def _with_query(url: str, fields: Sequence[tuple[str, str]]) -> str:
    parts = urlsplit(url)
    query = urlencode([*parse_qsl(parts.query), *fields], safe=":/,")
    return urlunsplit((parts.scheme, parts.netloc, parts.path, query, ""))
