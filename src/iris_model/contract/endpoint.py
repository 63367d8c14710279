"""The HTTPS endpoint of a function: its kind, who may call it, and its CORS settings."""

from __future__ import annotations

from dataclasses import dataclass

ENDPOINT_KINDS = ("http-api", "function-url", "none")
ENDPOINT_AUTHS = ("open", "iam", "jwt")

# The default limits of an account. https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
ACCOUNT_RATE = 10_000.0
ACCOUNT_BURST = 5_000


@dataclass(frozen=True)
class Cors:
    """The web pages of other origins that may call the endpoint (CORS)."""

    allow_origins: tuple[str, ...]
    allow_methods: tuple[str, ...] = ("GET", "POST")
    allow_headers: tuple[str, ...] = ("content-type",)
    expose_headers: tuple[str, ...] = ()
    allow_credentials: bool = False
    max_age: int = 0
    """Seconds for which a browser may cache the answer to a preflight request."""


@dataclass(frozen=True)
class Throttling:
    """The request limits of an HTTP API: requests per second, and burst. None: the limits of the account."""

    rate: float | None = None
    burst: int | None = None

    @property
    def limits(self) -> tuple[float, int]:
        """(rate, burst), with the limits of the account as default."""
        return (
            ACCOUNT_RATE if self.rate is None else self.rate,
            ACCOUNT_BURST if self.burst is None else self.burst,
        )


@dataclass(frozen=True)
class Jwt:
    """The issuer and audiences whose tokens the HTTP API accepts."""

    issuer: str
    audience: tuple[str, ...]


@dataclass(frozen=True)
class Endpoint:
    """The front end for HTTPS (one of `ENDPOINT_KINDS`), and who may call it (one of `ENDPOINT_AUTHS`)."""

    kind: str = "http-api"
    auth: str = "open"
    route: str = "/"
    stage: str = "default"
    cors: Cors | None = None
    throttling: Throttling = Throttling()
    jwt: Jwt | None = None
    more_routes: tuple[str, ...] = ()
    """Additional paths. A path may start with a method, such as `GET /health`."""
