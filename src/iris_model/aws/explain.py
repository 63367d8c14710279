"""What AWS answers when it refuses, in; what happened to what, and the way out, out.

A table of codes, in the order in which they are looked up. What no row knows is told as AWS says it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, Protocol

from iris_model.errors import DeploymentError

if TYPE_CHECKING:
    from iris_model.aws.calls import Failure


class Caller(Protocol):
    """Who asks: where, and with which credentials."""

    region: str
    profile: str
    origin: str
    """Whose the credentials are, after the word: `of profile dev`."""


class _Row(NamedTuple):
    codes: frozenset[str]
    words: str
    """A pattern to be found in `service:operation: message`."""
    problem: str
    remedy: str


def _row(codes: str, words: str, problem: str, remedy: str) -> _Row:
    return _Row(frozenset(codes.split()), words, problem, remedy)


_DENIED = (
    "AccessDenied AccessDeniedException AuthorizationError AuthorizationErrorException ForbiddenException "
    "UnauthorizedException UnauthorizedOperation"
)
_PERMISSIONS_PAGE = "docs/reference/permissions.md has the policy of a deployer."
_DEPLOY_IT = "Deploy it: iris-model deploy; or name another --stage, --region or --profile."

_CREDENTIALS = (
    _row(
        "NoCredentialsError", "", "there are no credentials of AWS, neither in the environment nor in profile {profile}",
        "Set some: aws configure, aws sso login, or --profile NAME.",
    ),
    _row(
        "SSOError SSOTokenLoadError UnauthorizedSSOTokenError TokenRetrievalError", "",
        "the SSO session is over or was never begun",
        "Log in: aws sso login --profile {profile}",
    ),
    _row(
        "ForbiddenException UnauthorizedException AccessDeniedException", "sso:GetRoleCredentials",
        "SSO does not give the role: {message}",
        "Look at sso_account_id and sso_role_name in the profile, and who is assigned that role in IAM Identity Center.",
    ),
    _row(
        "LoginError LoginRefreshRequired LoginTokenLoadError LoginAuthorizationCodeError LoginInsufficientPermissions", "",
        "the session is over: {message}", "Log in: aws login --profile {profile}",
    ),
    _row(
        "NoTerminal", "", "they want a code of an MFA device, and there is no terminal to ask for it",
        "Run any command once in a terminal, such as iris-model status: the session is kept for about an hour. In CI use a "
        "role that wants no code.",
    ),
    _row(
        "RefreshWithMFAUnsupportedError", "", "the session is over, and a new one wants a code of the MFA device",
        "Run the same command again: it asks for the code, and goes on where it stopped.",
    ),
    _row(
        "AccessDenied AccessDeniedException", "sts:AssumeRole", "the role cannot be assumed: {message}",
        "Look at role_arn, source_profile and mfa_serial in the profile, and at the trust policy of the role.",
    ),
    _row(
        "PartialCredentialsError", "", "they are not whole: {message}",
        "Expected are aws_access_key_id and aws_secret_access_key together: aws configure --profile {profile}",
    ),
    _row(
        "CredentialRetrievalError CredentialsProgram", "", "the program or service that gives them failed: {message}",
        "Look at credential_process in the profile: expected is a program that prints the JSON of the AWS documentation.",
    ),
    _row(
        "BrokenKey", "", "a key in the credentials {origin} holds what no key has, such as a line end",
        "Copy it anew: aws configure",
    ),
    _row(
        "CredentialsFile", "", "a file that they come from cannot be read: {message}",
        "Look at what the profile, or AWS_WEB_IDENTITY_TOKEN_FILE, names.",
    ),
    _row(
        "InvalidConfigError InfiniteLoopConfigError UnknownCredentialError", "", "the configuration of AWS is wrong: {message}",
        "Mend profile {profile} in ~/.aws/config, or name another: --profile",
    ),
    _row(
        "MissingDependencyException", "", "this kind of login needs a library that is not here: {message}",
        "Install it: pip install 'botocore[crt]'",
    ),
    _row(
        "ExpiredToken ExpiredTokenException RequestExpired", "", "the credentials {origin} have expired",
        "Get new ones as you got these, such as: aws sso login. Variables (AWS_ACCESS_KEY_ID, AWS_SESSION_TOKEN) win over "
        "AWS_PROFILE, so unset old ones. If these are new, the clock here is wrong: iris-model doctor",
    ),
    _row(
        "InvalidSignatureException SignatureDoesNotMatch RequestTimeTooSkewed",
        r"Signature (expired|not yet current)|time.*too large|difference between",
        "the clock of this machine is not that of AWS: {message}", "Set the clock (NTP); AWS takes five minutes of difference.",
    ),
    _row(
        "RequestTimeTooSkewed", "", "the clock of this machine is not that of AWS: {message}",
        "Set the clock (NTP); AWS takes five minutes of difference.",
    ),
    _row(
        "InvalidSignatureException SignatureDoesNotMatch IncompleteSignature", "",
        "the secret access key does not belong to the key id, in the credentials {origin}", "Copy both anew: aws configure",
    ),
    _row(
        "UnrecognizedClientException InvalidClientTokenId InvalidAccessKeyId InvalidToken AuthFailure "
        "MissingAuthenticationToken", "",
        "AWS does not know the credentials {origin}, or not in region {region}",
        "Look who you are: aws sts get-caller-identity; a region that must be opted into may be off in this account.",
    ),
    _row(
        "OptInRequired SubscriptionRequiredException RegionDisabledException", "",
        "region {region} is off in this account, or the account is not whole yet: {message}",
        "Turn it on in the console, or name another: --region",
    ),
)  # fmt: skip

_PERMISSIONS = (
    _row(
        f"{_DENIED} BlockedByOrganizationPolicyException", r"service control policy|resource control policy|BlockedByOrg",
        "the organization forbids it: {message}",
        "No policy of this account can allow it. Ask who keeps the organization's policies (SCP), or use another account or "
        "region.",
    ),
    _row(
        _DENIED, "explicit deny", "a policy forbids it: {message}",
        "An explicit deny wins over every permission: take it away, or deploy as somebody whom it does not meet.",
    ),
    _row(
        _DENIED, "permissions boundary", "the permissions boundary does not allow it: {message}",
        "It must allow {action} too. " + _PERMISSIONS_PAGE,
    ),
    _row(
        _DENIED, "iam:PassRole",
        "the role may not be passed to Lambda: {message}",
        "The deployer needs iam:PassRole on that role, for lambda.amazonaws.com. " + _PERMISSIONS_PAGE,
    ),
    _row(
        _DENIED, "", "it is not allowed: {message}",
        "The deployer needs the permission {action}. " + _PERMISSIONS_PAGE,
    ),
)  # fmt: skip

_RESOURCES = (
    _row(
        "ServiceQuotaExceededException CodeStorageExceededException LimitExceededException LimitExceeded", "",
        "a quota of the account is reached: {message}",
        "Free something, or ask for more: aws service-quotas list-service-quotas --service-code {service} --region {region} "
        "names them. Then the same command goes on where it stopped.",
    ),
    _row(
        "InvalidParameterValueException", "UnreservedConcurrentExecution",
        "reserved-concurrency leaves too little for other functions: {message}",
        "Reserve less, or ask for more concurrency in Service Quotas.",
    ),
    _row(
        "TooManyRequestsException", "lambda:Invoke: ",
        "the function is called more often than it may run at once: {message}",
        "Wait; or raise reserved-concurrency in iris-model.toml (0 lets nobody in), or the quota of the account.",
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
        "ResourceNotFoundException", "lambda:", "it is not there in region {region}: {message}", _DEPLOY_IT,
    ),
    _row(
        "RequestTooLargeException RequestEntityTooLargeException SerializedRequestEntityTooLargeException", "",
        "the payload is too large: {message}", "Lambda takes 6 MB at most; send fewer rows at once.",
    ),
    _row(
        "InvalidParameterException", "logs:FilterLogEvents", "CloudWatch does not understand the pattern: {message}",
        "Text with other characters than letters and digits goes into quotes: --filter '\"my text\"'",
    ),
    _row(
        "ValidationError", "_FAILED state|_COMPLETE state|_IN_PROGRESS state",
        "its state does not allow that: {message}",
        "Look at iris-model status. iris-model deploy mends what it can mend; else ask CloudFormation: "
        "aws cloudformation describe-stack-events --region {region} --stack-name NAME",
    ),
    _row(
        "InvalidParameterValueException", "image", "Lambda does not take the image: {message}",
        "iris-model image inspect says what Lambda accepts.",
    ),
)  # fmt: skip

_NETWORK = (
    _row(
        "ConnectionFailed", "schemas:", "AWS cannot be reached: {message}",
        "Look at the network. Test events are kept by EventBridge Schemas, which not every region has ({region}).",
    ),
    _row(
        "ConnectionFailed", "", "AWS cannot be reached: {message}",
        "Look at the network, at AWS_ENDPOINT_URL if it is set, and whether {region} is the region that you mean (--region).",
    ),
    _row(
        "ProxyConnectionError", "", "the proxy cannot be reached: {message}",
        "Look at HTTPS_PROXY and HTTP_PROXY; what must not go through it stands in NO_PROXY.",
    ),
    _row(
        "SSLError", "", "there is no safe connection: {message}",
        "If a proxy of your network shows certificates of its own, name its bundle: AWS_CA_BUNDLE=/path/to/bundle.pem",
    ),
    _row(
        "InvalidEndpoint InvalidEndpointConfigurationError EndpointProviderError EndpointResolutionError", "",
        "the address of the service cannot be used: {message}",
        "Expected is https://HOST or nothing: look at AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_*, and endpoint_url in the profile.",
    ),
    _row(
        "NotAws", "", "what answers is not AWS: {message}",
        "A proxy or a login page of the network may stand between, or AWS_ENDPOINT_URL names another server.",
    ),
    _row(
        "ReadTimeout ConnectionClosed", "", "AWS did not answer, {message}",
        "Run the same command again: it goes on where it stopped.",
    ),
)  # fmt: skip

ROWS = (*_CREDENTIALS, *_PERMISSIONS, *_RESOURCES, *_NETWORK)


def explain_failure(failure: Failure, resource: str, caller: Caller) -> DeploymentError:
    """Make the error that a user reads: the call, the resource, what AWS said, the way out."""
    action = f"{failure.service}:{failure.operation}"
    message = _shorten(failure.message)
    problem, remedy = (
        f"AWS answers {failure.code}: {message}",
        "Run the same command again: it goes on where it stopped.",
    )
    if not failure.is_transient:
        remedy = "Nothing was lost; when that is mended, run the same command again."
    for row in ROWS:
        if failure.code in row.codes and re.search(row.words, f"{action}: {failure.code}: {failure.message}"):
            problem, remedy = row.problem, row.remedy
            break
    values = {
        "message": message, "region": caller.region, "action": action, "service": failure.service,
        "profile": caller.profile, "origin": caller.origin,
    }  # fmt: skip
    # Without an operation nobody was asked: something is wrong on this machine.
    where = f"{resource} ({action} in {caller.region})" if failure.operation else resource
    said = _fill(problem, values)
    return DeploymentError(f"{where}: {said}" if where else said, remedy=_fill(remedy, values))


def _fill(text: str, values: dict[str, str]) -> str:
    return re.sub(r"\{(message|region|action|service|profile|origin)\}", lambda found: values[found[1]], text)


def _shorten(message: str) -> str:
    # AWS encodes details for administrators, which nobody can read.
    message = re.sub(r"Encoded authorization failure message: \S+", "", message)
    message = " ".join(message.split()).rstrip(".")
    return message if len(message) <= 400 else message[:397] + "..."
