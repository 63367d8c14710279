"""Cross-origin requests (CORS), as the gateway answers them.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html. If CORS is configured, a preflight
request never reaches the function, and the function's own CORS headers are removed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from iris_model.contract.endpoint import Cors

_PREFIX = "access-control-"


def is_preflight(method: str, headers: Mapping[str, str]) -> bool:
    """Whether it is a preflight request. `headers` finds names in any case."""
    return method == "OPTIONS" and "Origin" in headers and "Access-Control-Request-Method" in headers


def answer_preflight(cors: Cors, headers: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the CORS headers; none for an origin that is not allowed, which browsers treat as a refusal."""
    allowed = _allow_origin(cors, headers.get("Origin", ""))
    if not allowed:
        return []
    listed = [
        ("access-control-allow-methods", cors.allow_methods),
        ("access-control-allow-headers", cors.allow_headers),
        ("access-control-expose-headers", cors.expose_headers),
    ]
    allowed += [(name, ",".join(values)) for name, values in listed if values]
    return [*allowed, ("access-control-max-age", str(cors.max_age))]


def add_cors(cors: Cors, origin: str, headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the function's headers with its CORS headers replaced by those of the settings."""
    kept = [(name, value) for name, value in headers if not name.lower().startswith(_PREFIX)]
    allowed = _allow_origin(cors, origin)
    if allowed and cors.expose_headers:
        allowed.append(("access-control-expose-headers", ",".join(cors.expose_headers)))
    return kept + allowed


def _allow_origin(cors: Cors, origin: str) -> list[tuple[str, str]]:
    if not origin or not any(_matches(origin, each) for each in cors.allow_origins):
        return []
    headers = [("access-control-allow-origin", "*" if "*" in cors.allow_origins else origin)]
    if cors.allow_credentials:
        headers.append(("access-control-allow-credentials", "true"))
    return headers


def _matches(origin: str, allowed: str) -> bool:
    if allowed == "*":
        return True
    if allowed.endswith("://*"):  # every origin of one scheme
        return origin.lower().startswith(allowed[:-1].lower())
    return origin.lower() == allowed.lower()
