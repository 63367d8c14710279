"""The HTTPS endpoint of a function: what answers, for whom, and how browsers may call it."""

from __future__ import annotations

from dataclasses import dataclass

ENDPOINT_KINDS = ("http-api", "function-url", "none")
ENDPOINT_AUTHS = ("open", "iam", "jwt")

# What an account gets where nothing is set. https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
ACCOUNT_RATE = 10_000.0
ACCOUNT_BURST = 5_000


@dataclass(frozen=True)
class Cors:
    """Which pages of other origins may call."""

    allow_origins: tuple[str, ...]
    allow_methods: tuple[str, ...] = ("GET", "POST")
    allow_headers: tuple[str, ...] = ("content-type",)
    expose_headers: tuple[str, ...] = ()
    allow_credentials: bool = False
    max_age: int = 0
    """Seconds for which a browser may remember the answer to a preflight request."""


@dataclass(frozen=True)
class Throttling:
    """How many requests an HTTP API lets through: per second, and at once. None is the limit of the account."""

    rate: float | None = None
    burst: int | None = None

    @property
    def limits(self) -> tuple[float, int]:
        """Rate and burst, those of the account where nothing is set."""
        return (
            ACCOUNT_RATE if self.rate is None else self.rate,
            ACCOUNT_BURST if self.burst is None else self.burst,
        )


@dataclass(frozen=True)
class Jwt:
    """Whose tokens open the HTTP API."""

    issuer: str
    audience: tuple[str, ...]


@dataclass(frozen=True)
class Endpoint:
    """What answers HTTPS (one of `ENDPOINT_KINDS`), and for whom (one of `ENDPOINT_AUTHS`)."""

    kind: str = "http-api"
    auth: str = "open"
    route: str = "/"
    stage: str = "default"
    cors: Cors | None = None
    throttling: Throttling = Throttling()
    jwt: Jwt | None = None
    more_routes: tuple[str, ...] = ()
    """Further paths, each with its method before it if it is for one method alone."""
