"""Rules of the layers between a client and the function."""

from .rule import rule

MOST_SECONDS = 30.0


@rule(11, "https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html; serverless#4371, #7440")
def status_after(seconds: float) -> int:
    """The status that a client of an HTTP API gets when the function answers after so long."""
    return 503 if seconds > MOST_SECONDS else 200


@rule(12, "live captures in standard-server#93")
def raw_path_of_function_url(target: str) -> str:
    """`rawPath` in the event of a function URL: the path as it was sent, nothing decoded."""
    return target.partition("?")[0] or "/"


@rule(13, "aws-lambda-extensions#63, cargo-lambda#853")
def sends_sigterm(extensions: int) -> bool:
    """Whether Lambda sends SIGTERM to the runtime before a sandbox ends: only where an extension is registered."""
    return extensions > 0
