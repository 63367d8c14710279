"""Which error codes an operation can answer with: those of botocore's service model, and those that every service has.

The common ones are published: https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html and the pages of that name of
the other services, for S3 https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html; throttling and time-outs are
taken from botocore's own table of what it tries again.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from botocore.session import Session

COMMON = frozenset(
    """
    AccessDenied AccessDeniedException AuthFailure ExpiredToken ExpiredTokenException IncompleteSignature InternalFailure
    InvalidAccessKeyId InvalidClientTokenId InvalidSignatureException InvalidToken MissingAuthenticationToken OptInRequired
    RequestEntityTooLarge RequestEntityTooLargeException RequestExpired RequestTimeTooSkewed RequestTimeout
    RequestTimeoutException ServiceUnavailable SignatureDoesNotMatch SlowDown SubscriptionRequiredException ThrottlingException
    UnauthorizedOperation UnrecognizedClientException ValidationError ValidationException AuthorizationError
    AuthorizationErrorException ForbiddenException UnauthorizedException LimitExceeded
    NoSuchTagSet BucketNotEmpty BadDigest
    """.split()
)

SERVICES = ("cloudformation", "cloudwatch", "ecr", "iam", "lambda", "logs", "schemas", "sts", "sso")


@cache
def retried_by_botocore() -> frozenset[str]:
    """The codes in botocore's table of retries."""
    found: set[str] = set()

    def collect(value: Any) -> None:
        if isinstance(value, dict):
            if "service_error_code" in value:
                found.add(value["service_error_code"])
            for each in value.values():
                collect(each)
        elif isinstance(value, list):
            for each in value:
                collect(each)

    collect(Session().get_component("data_loader").load_data("_retry"))
    return frozenset(found)


@cache
def codes_of(service: str) -> frozenset[str]:
    """Every code in the model of a service, also under the name of its shape."""
    shapes = Session().get_service_model(service).error_shapes
    return frozenset(shape.error_code for shape in shapes) | frozenset(shape.name for shape in shapes)


def is_known(service: str, code: str) -> bool:
    """Whether a service can answer with a code."""
    return code in codes_of(service) or code in COMMON or code in retried_by_botocore()
