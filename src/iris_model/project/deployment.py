"""How the function is reached and how it runs on AWS: the checked values of the deployment keys in, dataclasses out.

`HttpSettings` is what the local service and AWS have in common; `Deployment` is AWS's alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

# A function URL takes no OPTIONS in its CORS methods: it answers preflight requests by itself.
_FUNCTION_URL_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "*")


@dataclass(frozen=True)
class Cors:
    """Which pages of other origins may call; None in its place is no CORS."""

    allow_origins: tuple[str, ...]
    allow_methods: tuple[str, ...]
    allow_headers: tuple[str, ...]
    expose_headers: tuple[str, ...]
    allow_credentials: bool
    max_age: int


@dataclass(frozen=True)
class Throttling:
    """How many requests come through; None is the limit of the account."""

    rate: float | None = None
    burst: int | None = None


@dataclass(frozen=True)
class Jwt:
    """Whose tokens open the endpoint."""

    issuer: str
    audience: tuple[str, ...]


@dataclass(frozen=True)
class HttpSettings:
    """The HTTPS endpoint, beside its route and its stage."""

    endpoint: str = "http-api"
    auth: str = "open"
    cors: Cors | None = None
    throttling: Throttling = Throttling()
    jwt: Jwt | None = None
    more_routes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Deployment:
    """What only AWS needs to know."""

    stack: str
    repository: str
    region: str | None
    ephemeral_storage: int
    reserved_concurrency: int | None
    provisioned_concurrency: int | None
    log_retention_days: int
    log_format: str
    tracing: bool
    error_alarm: bool
    error_alarm_threshold: int
    keep_versions: int
    role: str | None
    permissions_boundary: str | None
    tags: Mapping[str, str]
    secrets: Mapping[str, str]


def take_http_settings(values: Mapping[str, dict[str, Any]]) -> HttpSettings:
    """Make the settings of the endpoint from the values of all keys, by section and field."""
    top, cors, jwt = values[""], values["cors"], values["jwt"]
    return HttpSettings(
        endpoint=top["endpoint"],
        auth=top["auth"],
        cors=Cors(**cors) if cors["allow_origins"] else None,
        throttling=Throttling(**values["throttling"]),
        jwt=Jwt(**jwt) if jwt["issuer"] else None,
        more_routes=tuple(top["more_routes"]),
    )


def take_deployment(values: Mapping[str, dict[str, Any]], project_name: str) -> Deployment:
    """Make the deployment from the values of all keys; the repository is that of the project, whatever the stage."""
    top = values[""]
    return Deployment(
        stack=top["stack"] or name_stack(top["name"]),
        repository=top["repository"] or name_repository(project_name),
        tags=MappingProxyType(dict(top["tags"])),
        secrets=MappingProxyType(dict(top["secrets"])),
        **{name: top[name] for name in _TAKEN_AS_THEY_ARE},
    )


_TAKEN_AS_THEY_ARE = (
    "region", "ephemeral_storage", "reserved_concurrency", "provisioned_concurrency", "log_retention_days", "log_format",
    "tracing", "error_alarm", "error_alarm_threshold", "keep_versions", "role", "permissions_boundary",
)  # fmt: skip


def name_stack(function_name: str) -> str:
    """Name the stack after the function: CloudFormation wants a letter first, and no underscores."""
    name = function_name.replace("_", "-")
    return name if name[0].isalpha() and name.isascii() else f"iris-model-{name.lstrip('-')}"


def name_repository(project_name: str) -> str:
    """Name the repository after the project: ECR wants small letters, and single separators between them."""
    words = [word for word in project_name.lower().replace("_", "-").split("-") if word]
    name = "-".join(words)
    return name if len(name) >= 2 else f"iris-model-{name or 'function'}"


def find_conflicts(values: Mapping[str, dict[str, Any]]) -> list[str]:
    """Say which keys contradict each other; each is right by itself."""
    top, cors, throttling, jwt = values[""], values["cors"], values["throttling"], values["jwt"]
    endpoint, auth = top["endpoint"], top["auth"]
    problems = []
    if auth == "jwt" and not (jwt["issuer"] and jwt["audience"]):
        problems.append('auth = "jwt": expected issuer and audience in [jwt]')
    if auth != "jwt" and (jwt["issuer"] or jwt["audience"]):
        problems.append(f'[jwt] has no effect with auth = "{auth}": expected auth = "jwt"')
    if endpoint != "http-api":
        if auth == "jwt":
            problems.append(f'auth = "jwt" with endpoint = "{endpoint}": only an HTTP API checks tokens')
        if throttling["rate"] is not None or throttling["burst"] is not None:
            way_out = "reserved-concurrency bounds it"
            problems.append(f'[throttling] with endpoint = "{endpoint}": only an HTTP API throttles; {way_out}')
    if endpoint == "none" and cors["allow_origins"]:
        problems.append('[cors] with endpoint = "none": there is nothing that pages could call')
    if endpoint == "function-url":
        refused = [method for method in cors["allow_methods"] if method not in _FUNCTION_URL_METHODS]
        if refused:
            problems.append(f"cors.allow-methods: a function URL does not take {', '.join(refused)}")
    if "*" in cors["allow_origins"] and cors["allow_credentials"]:
        problems.append(
            'cors.allow-credentials = true with "*" in allow-origins: browsers refuse that; name the origins'
        )
    reserved, provisioned = top["reserved_concurrency"], top["provisioned_concurrency"]
    if reserved is not None and provisioned is not None and provisioned > reserved:
        problems.append(f"provisioned-concurrency = {provisioned} is more than reserved-concurrency = {reserved}")
    if top["role"] and top["permissions_boundary"]:
        problems.append("permissions-boundary has no effect with role: it bounds the role that the stack makes")
    twice = sorted(set(top["environment"]) & set(top["secrets"]))
    problems += [f"secrets.{name}: environment has the same variable" for name in twice]
    return problems
