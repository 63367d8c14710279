"""Problem details (RFC 9457) for bad input. Imported only after an error."""

from .events import REASONS, Reply

TYPE_CHECKING = False
if TYPE_CHECKING:
    from iris_model.engine.errors import InvalidInput

# Problem -> HTTP status. malformed: the request cannot be parsed. invalid-input: it is well-formed but does not fit the
# model.
STATUSES = {
    "malformed": 400,
    "method-not-allowed": 405,
    "too-large": 413,
    "unsupported-media-type": 415,
    "invalid-input": 422,
    "undecided": 422,
}
HEADERS = {
    "method-not-allowed": {"allow": "GET, HEAD, POST"},
    "unsupported-media-type": {"accept-post": "application/json, text/csv"},
}


def describe_problem(error: "InvalidInput") -> Reply:
    """Return the reply for an HTTP front end."""
    from .answers import strict_text

    status = STATUSES[error.problem]
    value: dict[str, object] = {
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
    return Reply(value, strict_text(value), "application/problem+json", status, HEADERS.get(error.problem))
