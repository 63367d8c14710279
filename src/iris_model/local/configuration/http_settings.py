"""The HTTP settings of a function: routes, payload format, CORS, throttling.

The key `http` of `function.json` contains the settings of `iris-model.toml`. The command line adds settings that only a
local service needs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from iris_model.contract.endpoint import ACCOUNT_BURST, ACCOUNT_RATE, ENDPOINT_KINDS, Cors, Throttling

PAYLOAD_FORMATS = ("2.0", "1.0")
_ROUTE = re.compile(r"(?:[A-Za-z]+ )?/\S*|\$default")


@dataclass(frozen=True)
class HttpSettings:
    """The HTTP settings of one function, without its first route and its stage."""

    endpoint: str = "http-api"
    auth: str = "open"
    payload_format: str = "2.0"
    more_routes: tuple[str, ...] = ()
    cors: Cors | None = None
    throttling: Throttling | None = field(default=None)


def read_http_settings(document: object) -> HttpSettings:
    """Return the `http` of a `function.json`. Raises ValueError."""
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
        values["throttling"] = Throttling(*_take(Throttling, throttling, "http.throttling").limits)
    return HttpSettings(**values)


def find_http_problems(settings: HttpSettings) -> list[str]:
    """Return all problems of the settings, one sentence each."""
    problems = []
    if settings.endpoint not in ENDPOINT_KINDS:
        problems.append(f"endpoint is {settings.endpoint!r}; expected one of {', '.join(ENDPOINT_KINDS)}")
    if settings.payload_format not in PAYLOAD_FORMATS:
        problems.append(f"payload format is {settings.payload_format!r}; expected one of {', '.join(PAYLOAD_FORMATS)}")
    problems += [find_route_problem(route) for route in settings.more_routes if find_route_problem(route)]
    if settings.throttling is not None:
        rate, burst = settings.throttling.limits
        if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 <= rate <= ACCOUNT_RATE:
            problems.append(f"throttling rate is {rate!r}; expected 0 to {ACCOUNT_RATE:.0f} requests/s")
        if isinstance(burst, bool) or not isinstance(burst, int) or not 0 <= burst <= ACCOUNT_BURST:
            problems.append(f"throttling burst is {burst!r}; expected a whole number from 0 to {ACCOUNT_BURST}")
    return problems


def find_route_problem(route: object) -> str:
    """Return the problem of one route, or ""."""
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
