"""What is to be deployed, as data: names, the function's settings, and its endpoint.

The caller fills it in from `iris-model.toml`; nothing here reads a file or reaches AWS.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

ALIAS = "live"

OWNER_TAG = "iris-model"
"""The tag that says that a repository is ours, and whose; the stack says it for everything else."""


@dataclass(frozen=True)
class Cors:
    """Which pages of other origins may call."""

    allow_origins: tuple[str, ...]
    allow_methods: tuple[str, ...] = ("GET", "POST")
    allow_headers: tuple[str, ...] = ("content-type",)
    expose_headers: tuple[str, ...] = ()
    allow_credentials: bool = False
    max_age: int = 0


@dataclass(frozen=True)
class Throttling:
    """How many requests the HTTP API lets through; None is the limit of the account."""

    rate: float | None = None
    burst: int | None = None


@dataclass(frozen=True)
class Jwt:
    """Whose tokens open the HTTP API."""

    issuer: str
    audience: tuple[str, ...]


@dataclass(frozen=True)
class Endpoint:
    """What answers HTTPS: `http-api`, `function-url` or `none`; for whom: `open`, `iam` or `jwt`."""

    kind: str = "http-api"
    auth: str = "open"
    route: str = "/"
    stage: str = "default"
    cors: Cors | None = None
    throttling: Throttling = Throttling()
    jwt: Jwt | None = None
    more_routes: tuple[str, ...] = ()
    """Further paths, each with its method before it if it is for one method alone."""


@dataclass(frozen=True)
class Deployment:
    """One function on AWS with all that belongs to it."""

    function: str
    stack: str
    repository: str
    memory: int = 128
    timeout: int = 3
    architecture: str = "x86_64"
    ephemeral_storage: int = 512
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    endpoint: Endpoint = Endpoint()
    reserved_concurrency: int | None = None
    provisioned_concurrency: int | None = None
    log_retention_days: int = 30
    log_format: str = "text"
    tracing: bool = False
    error_alarm: bool = True
    error_alarm_threshold: int = 1
    keep_versions: int = 5
    role: str | None = None
    permissions_boundary: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def log_group(self) -> str:
        """The log group, called as Lambda calls it."""
        return f"/aws/lambda/{self.function}"
