"""Turn errors of AWS into messages: what failed, on which resource, and a hint.

A table of error codes, in the order of lookup. An unknown error is shown with the message of AWS.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, Protocol

from iris_model.contract import documentation
from iris_model.errors import DeploymentError

if TYPE_CHECKING:
    from iris_model.aws.client.failed_call import Failure


class Caller(Protocol):
    """The region and credentials of the caller."""

    region: str
    profile: str
    origin: str
    """The owner of the credentials, as a phrase for messages: `of profile dev`."""


class _Row(NamedTuple):
    codes: frozenset[str]
    words: str
    """A pattern that is searched in `service:operation: message`."""
    problem: str
    remedy: str


def _row(codes: str, words: str, problem: str, remedy: str) -> _Row:
    return _Row(frozenset(codes.split()), words, problem, remedy)


_DENIED = (
    "AccessDenied AccessDeniedException AuthorizationError AuthorizationErrorException ForbiddenException "
    "UnauthorizedException UnauthorizedOperation"
)
_PERMISSIONS_PAGE = f"See {documentation.PERMISSIONS} for the policy of a deployer."
_DEPLOY_IT = "Run `iris-model deploy`, or choose another --stage, --region or --profile."

_CREDENTIALS = (
    _row(
        "NoCredentialsError", "", "no AWS credentials in the environment or in profile {profile}",
        "Run `aws configure` or `aws sso login`, or use --profile NAME.",
    ),
    _row(
        "SSOError SSOTokenLoadError UnauthorizedSSOTokenError TokenRetrievalError", "",
        "the SSO session has expired or was never started",
        "Log in: aws sso login --profile {profile}",
    ),
    _row(
        "ForbiddenException UnauthorizedException AccessDeniedException", "sso:GetRoleCredentials",
        "SSO does not allow the role: {message}",
        "Check sso_account_id and sso_role_name in the profile, and the assignment of the role in IAM Identity Center.",
    ),
    _row(
        "LoginError LoginRefreshRequired LoginTokenLoadError LoginAuthorizationCodeError LoginInsufficientPermissions", "",
        "the session has expired: {message}", "Log in: aws login --profile {profile}",
    ),
    _row(
        "NoTerminal", "", "the credentials require an MFA code, and there is no terminal to ask for it",
        "Run a command such as `iris-model status` in a terminal: the session lasts about an hour. In CI use a role without MFA.",
    ),
    _row(
        "RefreshWithMFAUnsupportedError", "", "the session has expired, and a new one requires an MFA code",
        "Run the same command again. It asks for the code and continues.",
    ),
    _row(
        "AccessDenied AccessDeniedException", "sts:AssumeRole", "the role cannot be assumed: {message}",
        "Check role_arn, source_profile and mfa_serial in the profile, and the trust policy of the role.",
    ),
    _row(
        "PartialCredentialsError", "", "they are incomplete: {message}",
        "Set both aws_access_key_id and aws_secret_access_key: aws configure --profile {profile}",
    ),
    _row(
        "CredentialRetrievalError CredentialsProgram", "", "the program or service that provides them failed: {message}",
        "Check credential_process in the profile. It must print the JSON that the AWS documentation describes.",
    ),
    _row(
        "BrokenKey", "", "a key in the credentials {origin} contains invalid characters, such as a line break",
        "Enter the key again: aws configure",
    ),
    _row(
        "CredentialsFile", "", "a file with credentials cannot be read: {message}",
        "Check the file that the profile or AWS_WEB_IDENTITY_TOKEN_FILE names.",
    ),
    _row(
        "InvalidConfigError InfiniteLoopConfigError UnknownCredentialError", "", "the AWS configuration is invalid: {message}",
        "Fix profile {profile} in ~/.aws/config, or choose another with --profile.",
    ),
    _row(
        "MissingDependencyException", "", "this kind of login requires a missing library: {message}",
        "pip install 'botocore[crt]'",
    ),
    _row(
        "ExpiredToken ExpiredTokenException RequestExpired", "", "the credentials {origin} have expired",
        "Log in again, for example with `aws sso login`. Unset old AWS_ACCESS_KEY_ID and AWS_SESSION_TOKEN: they "
        "override AWS_PROFILE. If the credentials are new, check the clock with `iris-model doctor`.",
    ),
    _row(
        "InvalidSignatureException SignatureDoesNotMatch RequestTimeTooSkewed",
        r"Signature (expired|not yet current)|time.*too large|difference between",
        "the clock of this machine is wrong: {message}", "Set the clock (NTP). AWS accepts a difference of five minutes.",
    ),
    _row(
        "RequestTimeTooSkewed", "", "the clock of this machine is wrong: {message}",
        "Set the clock (NTP). AWS accepts a difference of five minutes.",
    ),
    _row(
        "InvalidSignatureException SignatureDoesNotMatch IncompleteSignature", "",
        "the secret access key does not belong to the key id, in the credentials {origin}", "Enter both again: aws configure",
    ),
    _row(
        "UnrecognizedClientException InvalidClientTokenId InvalidAccessKeyId InvalidToken AuthFailure "
        "MissingAuthenticationToken", "",
        "AWS does not accept the credentials {origin} in region {region}",
        "Check the active identity with `aws sts get-caller-identity`. The region may be disabled in this account.",
    ),
    _row(
        "OptInRequired SubscriptionRequiredException RegionDisabledException", "",
        "region {region} is disabled in this account, or the account is not activated: {message}",
        "Enable it in the console, or choose another with --region.",
    ),
)  # fmt: skip

_PERMISSIONS = (
    _row(
        f"{_DENIED} BlockedByOrganizationPolicyException", r"service control policy|resource control policy|BlockedByOrg",
        "a policy of the organization denies it: {message}",
        "No policy of this account can allow it. Ask the administrators of the organization (SCP), or use another "
        "account or region.",
    ),
    _row(
        _DENIED, "explicit deny", "a policy denies it: {message}",
        "An explicit deny overrides every permission. Remove it, or deploy with another identity.",
    ),
    _row(
        _DENIED, "permissions boundary", "the permissions boundary does not allow it: {message}",
        "The boundary must allow {action}. " + _PERMISSIONS_PAGE,
    ),
    _row(
        _DENIED, "iam:PassRole",
        "you may not pass the role to Lambda: {message}",
        "The deployer needs iam:PassRole on that role, for lambda.amazonaws.com. " + _PERMISSIONS_PAGE,
    ),
    _row(
        # S3 refuses both in the same words: names of buckets are unique in all accounts.
        _DENIED, "^s3:ListObjectsV2:", "it is not allowed: {message}",
        "If another account has a bucket of this name, set repository in iris-model.toml to another name. Otherwise the "
        "deployer needs the permission {action}. " + _PERMISSIONS_PAGE,
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
        "Delete unused resources, or request an increase: `aws service-quotas list-service-quotas --service-code "
        "{service} --region {region}` lists the quotas. Then run the same command again.",
    ),
    _row(
        "InvalidParameterValueException", "UnreservedConcurrentExecution",
        "reserved-concurrency leaves too little for other functions: {message}",
        "Reserve less, or request more concurrency in Service Quotas.",
    ),
    _row(
        "TooManyRequestsException", "lambda:Invoke: ",
        "the function is throttled: {message}",
        "Wait, or raise reserved-concurrency in iris-model.toml (0 blocks all requests), or the quota of the account.",
    ),
    _row(
        "CodeArtifactUserPendingException ResourceNotReadyException", "",
        "Lambda is still loading the image of a function that was inactive for weeks",
        "Wait two minutes, then run the same command again.",
    ),
    _row(
        "CodeArtifactUserFailedException CodeArtifactUserDeletedException", "",
        "Lambda can no longer load the image: {message}",
        "Run `iris-model deploy`, which pushes it again. If deploy itself fails with this message, change a setting "
        "such as memory to create a new version.",
    ),
    _row(
        "ResourceNotFoundException", "lambda:", "not found in region {region}: {message}", _DEPLOY_IT,
    ),
    _row(
        "RequestTooLargeException RequestEntityTooLargeException SerializedRequestEntityTooLargeException", "",
        "the payload is too large: {message}", "The limit of Lambda is 6 MB. Send fewer rows at once.",
    ),
    _row(
        "InvalidParameterException", "logs:FilterLogEvents", "the filter pattern is invalid: {message}",
        "Quote text that has other characters than letters and digits: --filter '\"my text\"'",
    ),
    _row(
        "ValidationError", "_FAILED state|_COMPLETE state|_IN_PROGRESS state",
        "its state does not allow that: {message}",
        "Check `iris-model status`. `iris-model deploy` repairs most states. Otherwise see: aws cloudformation "
        "describe-stack-events --region {region} --stack-name NAME",
    ),
    _row(
        "InvalidParameterValueException", "image", "Lambda refuses the image: {message}",
        "Run `iris-model image inspect` to see the reasons.",
    ),
)  # fmt: skip

_NETWORK = (
    _row(
        "ConnectionFailed", "schemas:", "AWS cannot be reached: {message}",
        "Check the network. Test events need EventBridge Schemas, which is not available in every region ({region}).",
    ),
    _row(
        "ConnectionFailed", "", "AWS cannot be reached: {message}",
        "Check the network, AWS_ENDPOINT_URL if it is set, and the region {region} (--region).",
    ),
    _row(
        "ProxyConnectionError", "", "the proxy cannot be reached: {message}",
        "Check HTTPS_PROXY and HTTP_PROXY: http://HOST:PORT, not SOCKS. List hosts that need no proxy in NO_PROXY.",
    ),
    _row(
        "SSLError", "", "the TLS connection failed: {message}",
        "If a proxy of your network uses its own certificates, set AWS_CA_BUNDLE=/path/to/bundle.pem",
    ),
    _row(
        "InvalidEndpoint InvalidEndpointConfigurationError EndpointProviderError EndpointResolutionError", "",
        "the address of the service cannot be used: {message}",
        "Set AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_* and endpoint_url of the profile to https://HOST, or remove them.",
    ),
    _row(
        "NotAws", "", "the server that answers is not AWS: {message}",
        "A proxy or a login page of the network may have answered, or AWS_ENDPOINT_URL points to another server.",
    ),
    _row(
        "ReadTimeout ConnectionClosed", "", "AWS did not answer, {message}",
        "Run the same command again to continue.",
    ),
)  # fmt: skip

# Permissions whose name differs from that of the operation.
_PERMISSIONS_OF = {"lambda:Invoke": "lambda:InvokeFunction", "s3:ListObjectsV2": "s3:ListBucket"}

ROWS = (*_CREDENTIALS, *_PERMISSIONS, *_RESOURCES, *_NETWORK)


def explain_failure(failure: Failure, resource: str, caller: Caller) -> DeploymentError:
    """Return the error for the user: the call, the resource, the message of AWS, the hint."""
    call = f"{failure.service}:{failure.operation}"
    message = _shorten(failure.message)
    problem, remedy = (
        f"AWS answers {failure.code}: {message}",
        "Run the same command again to continue.",
    )
    if not failure.is_transient:
        remedy = "Nothing was lost. Fix the problem, then run the same command again."
    for row in ROWS:
        if failure.code in row.codes and re.search(row.words, f"{call}: {failure.code}: {failure.message}"):
            problem, remedy = row.problem, row.remedy
            break
    values = {
        "message": message, "region": caller.region, "action": _PERMISSIONS_OF.get(call, call), "service": failure.service,
        "profile": caller.profile, "origin": caller.origin,
    }  # fmt: skip
    # Without an operation AWS was not called: the problem is on this machine.
    where = f"{resource} ({call} in {caller.region})" if failure.operation else resource
    said = _fill(problem, values)
    return DeploymentError(f"{where}: {said}" if where else said, remedy=_fill(remedy, values))


def _fill(text: str, values: dict[str, str]) -> str:
    return re.sub(r"\{(message|region|action|service|profile|origin)\}", lambda found: values[found[1]], text)


def _shorten(message: str) -> str:
    # AWS encodes details for administrators in the message.
    message = re.sub(r"Encoded authorization failure message: \S+", "", message)
    message = " ".join(message.split()).rstrip(".")
    return message if len(message) <= 400 else message[:397] + "..."
