"""Parse the function names in requests: a name, a partial ARN or a full ARN, each with or without a qualifier."""

from __future__ import annotations

import re
from dataclasses import dataclass

from iris_model.local.functions import service_errors

LATEST = "$LATEST"

# The pattern in AWS's service model. The error message quotes it.
# https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#lambda-Invoke-request-FunctionName
_PATTERN = (
    r"(arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}(-gov)?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?"
    r"([a-zA-Z0-9-_\.]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?"
)
_NAME = re.compile(
    r"(?:arn:(?:aws[a-zA-Z-]*)?:lambda:)?(?:(?P<region>[a-z]{2}(?:-gov)?-[a-z]+-\d):)?(?:(?P<account>\d{12}):)?"
    r"(?:function:)?(?P<name>[a-zA-Z0-9-_.]+)(?::(?P<qualifier>\$LATEST|[a-zA-Z0-9-_]+))?"
)
_MAX_LENGTH = 256


@dataclass(frozen=True)
class FunctionReference:
    """The requested function. Region and account come from an ARN; without one they are None."""

    name: str
    qualifier: str | None
    region: str | None
    account: str | None


def parse_function_name(text: str) -> FunctionReference:
    """Parse a function name. Raises the service's ValidationException."""
    match = _NAME.fullmatch(text)
    if match is None or len(text) > _MAX_LENGTH:
        raise service_errors.invalid_parameter(text, "functionName", f"regular expression pattern: {_PATTERN}")
    return FunctionReference(match["name"], match["qualifier"], match["region"], match["account"])
