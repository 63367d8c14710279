"""Bad input as RFC 9457 problem details. Imported only when there is one."""

from .events import REASONS, Reply

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from iris_model.engine.errors import InvalidInput

# Problem -> HTTP status: malformed is no request at all, invalid-input is well-formed but wrong for this model.
STATUSES = {
    "malformed": 400,
    "method-not-allowed": 405,
    "too-large": 413,
    "unsupported-media-type": 415,
    "invalid-input": 422,
    "undecided": 422,
}
HEADERS = {
    "method-not-allowed": {"allow": "GET, POST"},
    "unsupported-media-type": {"accept-post": "application/json, text/csv"},
}


def describe_problem(error: "InvalidInput") -> Reply:
    """Return the reply for an HTTP front end."""
    from .marshal import encode_json

    status = STATUSES[error.problem]
    value: dict[str, Any] = {
        "type": f"urn:iris-model:problem:{error.problem}",
        "title": REASONS[status],
        "status": status,
        "detail": str(error),
        "error": str(error),  # for KServe and Triton
    }
    for name in ("row", "feature", "expected"):
        found = getattr(error, name)
        if found is not None:
            value[name] = found
    return Reply(value, encode_json(value), "application/problem+json", status, HEADERS.get(error.problem))
