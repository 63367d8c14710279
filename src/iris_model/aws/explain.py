"""What AWS answers when it refuses, in; what happened to what, and the way out, out.

A table of codes, in the order in which they are looked up. What no row knows is told as AWS says it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from iris_model.errors import DeploymentError

if TYPE_CHECKING:
    from iris_model.aws.calls import Failure


class _Row(NamedTuple):
    codes: frozenset[str]
    words: str
    problem: str
    remedy: str


def _row(codes: str, words: str, problem: str, remedy: str) -> _Row:
    return _Row(frozenset(codes.split()), words, problem, remedy)


_PERMISSIONS_PAGE = "docs/reference/permissions.md has the policy of a deployer."

_ROWS = (
    _row(
        "NoCredentials", "", "there are no credentials of AWS", "Set some: aws configure, aws sso login, or --profile NAME."
    ),
    _row("SSO", "", "the session of AWS SSO is over or was never begun", "Log in: aws sso login --profile NAME"),
    _row(
        "ExpiredToken ExpiredTokenException RequestExpired", "", "the credentials have expired",
        "Get new ones: aws sso login, or the way you got these; if they are new, the clock here is wrong.",
    ),
    _row(
        "InvalidSignatureException SignatureDoesNotMatch RequestTimeTooSkewed", "Signature expired",
        "the clock of this machine is not that of AWS", "Set the clock (NTP); AWS takes five minutes of difference.",
    ),
    _row(
        "RequestTimeTooSkewed", "", "the clock of this machine is not that of AWS",
        "Set the clock (NTP); AWS takes five minutes of difference.",
    ),
    _row(
        "InvalidSignatureException SignatureDoesNotMatch", "", "the secret access key does not belong to the key id",
        "Copy both anew: aws configure",
    ),
    _row(
        "UnrecognizedClientException InvalidClientTokenId InvalidAccessKeyId AuthFailure", "",
        "AWS does not know these credentials, or not in region {region}",
        "Look who you are: aws sts get-caller-identity; a region that must be opted into may be off in this account.",
    ),
    _row(
        "AccessDenied AccessDeniedException UnauthorizedOperation AuthorizationError", "iam:PassRole",
        "the role may not be passed to Lambda: {message}",
        "The deployer needs iam:PassRole on that role, for lambda.amazonaws.com. " + _PERMISSIONS_PAGE,
    ),
    _row(
        "AccessDenied AccessDeniedException UnauthorizedOperation AuthorizationError", "",
        "it is not allowed: {message}",
        "The deployer needs the permission {action}. " + _PERMISSIONS_PAGE,
    ),
    _row(
        "OptInRequired", "", "region {region} is off in this account", "Turn it on in the console, or name another: --region"
    ),
    _row(
        "ServiceQuotaExceededException CodeStorageExceededException LimitExceededException LimitExceeded", "",
        "a quota of the account is reached: {message}",
        "Free something, or ask for more in Service Quotas; then the same command goes on where it stopped.",
    ),
    _row(
        "InvalidParameterValueException", "UnreservedConcurrentExecution",
        "reserved-concurrency leaves too little for other functions: {message}",
        "Reserve less, or ask for more concurrency in Service Quotas.",
    ),
    _row(
        "CodeArtifactUserPendingException ResourceNotReadyException", "",
        "Lambda is still fetching the image of a function that was not called for weeks",
        "Wait a minute or two and run the same command again.",
    ),
    _row(
        "CodeArtifactUserFailedException CodeArtifactUserDeletedException", "",
        "Lambda cannot fetch the image any more: {message}",
        "Run: iris-model deploy, which pushes it again. If deploy itself says this, change a setting, such as memory: "
        "that makes a new version.",
    ),
    _row(
        "InvalidParameterValueException", "image", "Lambda does not take the image: {message}",
        "iris-model image inspect says what Lambda accepts.",
    ),
    _row(
        "ConnectionFailed", "", "there is no way to it: {message}",
        "Look at the network, and whether {region} is the region that you mean (--region).",
    ),
    _row(
        "ReadTimeout ConnectionClosed", "", "AWS did not answer, {message}",
        "Run the same command again: it goes on where it stopped.",
    ),
)  # fmt: skip


def explain_failure(failure: Failure, resource: str, region: str) -> DeploymentError:
    """Make the error that a user reads: the call, the resource, what AWS said, the way out."""
    action = f"{failure.service}:{failure.operation}"
    message = _shorten(failure.message)
    problem, remedy = (
        f"AWS answers {failure.code}: {message}",
        "Run the same command again: it goes on where it stopped.",
    )
    if not failure.is_transient:
        remedy = "Nothing was lost; when that is mended, run the same command again."
    for row in _ROWS:
        if failure.code in row.codes and row.words in failure.message:
            problem, remedy = row.problem, row.remedy
            break
    values = {"message": message, "region": region, "action": action}
    return DeploymentError(f"{resource} ({action} in {region}): {_fill(problem, values)}", remedy=_fill(remedy, values))


def _fill(text: str, values: dict[str, str]) -> str:
    return re.sub(r"\{(message|region|action)\}", lambda found: values[found[1]], text)


def _shorten(message: str) -> str:
    # AWS encodes details for administrators, which nobody can read.
    message = re.sub(r"Encoded authorization failure message: \S+", "", message)
    message = " ".join(message.split()).rstrip(".")
    return message if len(message) <= 400 else message[:397] + "..."
