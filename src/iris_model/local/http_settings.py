"""How a function is reached over HTTP: routes, payload format, CORS, throttling. Settings in, nothing started.

The part of `function.json` called `http` holds what `iris-model.toml` says; the command line adds what only a local
service needs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

PAYLOAD_FORMATS = ("2.0", "1.0")
ENDPOINTS = ("http-api", "function-url", "none")
# What an account gets where nothing is set. https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
ACCOUNT_RATE = 10_000.0
ACCOUNT_BURST = 5_000

_ROUTE = re.compile(r"(?:[A-Za-z]+ )?/\S*|\$default")


@dataclass(frozen=True)
class Cors:
    """Which pages of other origins may call."""

    allow_origins: tuple[str, ...]
    allow_methods: tuple[str, ...] = ()
    allow_headers: tuple[str, ...] = ()
    expose_headers: tuple[str, ...] = ()
    allow_credentials: bool = False
    max_age: int = 0


@dataclass(frozen=True)
class Throttling:
    """A token bucket: requests per second, and how many may come at once."""

    rate: float = ACCOUNT_RATE
    burst: int = ACCOUNT_BURST


@dataclass(frozen=True)
class HttpSettings:
    """The HTTP side of one function, beside its first route and its stage."""

    endpoint: str = "http-api"
    auth: str = "open"
    payload_format: str = "2.0"
    more_routes: tuple[str, ...] = ()
    cors: Cors | None = None
    throttling: Throttling | None = field(default=None)


def read_http_settings(document: object) -> HttpSettings:
    """The `http` of a `function.json`; ValueError says what is wrong with it."""
    if document is None:
        return HttpSettings()
    if not isinstance(document, Mapping):
        raise ValueError(f"http is {document!r}; expected an object")
    values: dict[str, Any] = {key: document[key] for key in ("endpoint", "auth") if key in document}
    if document.get("cors") is not None:
        values["cors"] = _take(Cors, document["cors"], "http.cors")
    routes = document.get("more_routes", [])
    if not isinstance(routes, list) or not all(isinstance(route, str) for route in routes):
        raise ValueError(f"http.more_routes is {routes!r}; expected a list of routes")
    values["more_routes"] = tuple(routes)
    throttling = document.get("throttling")
    if isinstance(throttling, Mapping):
        throttling = {name: value for name, value in throttling.items() if value is not None}
    if throttling:
        values["throttling"] = _take(Throttling, throttling, "http.throttling")
    return HttpSettings(**values)


def find_http_problems(settings: HttpSettings) -> list[str]:
    """All that is wrong with the settings, one sentence each."""
    problems = []
    if settings.endpoint not in ENDPOINTS:
        problems.append(f"endpoint is {settings.endpoint!r}; expected one of {', '.join(ENDPOINTS)}")
    if settings.payload_format not in PAYLOAD_FORMATS:
        problems.append(f"payload format is {settings.payload_format!r}; expected one of {', '.join(PAYLOAD_FORMATS)}")
    problems += [find_route_problem(route) for route in settings.more_routes if find_route_problem(route)]
    if settings.throttling is not None:
        rate, burst = settings.throttling.rate, settings.throttling.burst
        if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 <= rate <= ACCOUNT_RATE:
            problems.append(f"throttling rate is {rate!r}; expected 0 to {ACCOUNT_RATE:.0f} requests/s")
        if isinstance(burst, bool) or not isinstance(burst, int) or not 0 <= burst <= ACCOUNT_BURST:
            problems.append(f"throttling burst is {burst!r}; expected a whole number from 0 to {ACCOUNT_BURST}")
    return problems


def find_route_problem(route: object) -> str:
    """What is wrong with one route, or nothing."""
    if isinstance(route, str) and _ROUTE.fullmatch(route):
        return ""
    return f"route is {route!r}; expected a path such as /predict, or METHOD /predict, or $default"


def _take(kind: type[Any], document: object, where: str) -> Any:
    if not isinstance(document, Mapping):
        raise ValueError(f"{where} is {document!r}; expected an object")
    names = {each.name for each in fields(kind)}
    if unknown := sorted(set(document) - names):
        raise ValueError(f"{where}.{unknown[0]} is not known; expected {', '.join(sorted(names))}")
    try:
        return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in document.items()})
    except TypeError:
        raise ValueError(f"{where} is not complete; expected {', '.join(sorted(names))}") from None
